//! Where a report may be written: nothing is there that is read, or that a sink writes.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::engine;
use crate::error::{Error, Problem, Result};
use crate::plan::Plan;
use crate::sink::file::outside_datasets;
use crate::source::in_the_way;

/// Looks at the places of the plan, of which `whose` is told: `this run`.
///
/// # Errors
/// Something else is read or written there.
pub(super) fn check(path: &Path, plan: &Plan, out: &Path, whose: &str) -> Result<()> {
    refuse_pipe(path)?;
    let mut reads = plan.reads.iter();
    let read = reads.find_map(|read| in_the_way(read, path, false));
    let (does, cause) = match read {
        Some(cause) => ("reads", cause),
        None => match engine::written(plan, out, path) {
            Some(cause) => ("writes", cause),
            None => return outside_datasets(path),
        },
    };
    Err(refused(path, &format!("{whose} {does} that"), cause))
}

/// A pipe that nobody reads would be waited for without an end; what the system gives, `/dev/stdout`, is
/// open already.
fn refuse_pipe(path: &Path) -> Result<()> {
    let given = ["/dev", "/proc"]
        .iter()
        .any(|folder| path.starts_with(folder));
    let there = path.metadata().map(|there| there.file_type());
    match there {
        Ok(there) if !given && (there.is_fifo() || there.is_socket()) => {
            let cause = "it is a pipe or a socket, not a plain file";
            Err(refused(path, "something else is there", cause))
        }
        _ => Ok(()),
    }
}

/// It cannot be there.
pub(super) fn refused(path: &Path, why: &str, cause: impl std::fmt::Display) -> Error {
    let what = format!("the report cannot be `{}`: {why}", path.display());
    let problem = Problem::new(what).cause(cause);
    Error::user(problem.hint("give `--report` a path of its own"))
}
