//! Where a report may be written: nothing is there that is read, or that a sink writes.

use std::path::Path;

use crate::engine;
use crate::error::{Error, Problem, Result};
use crate::outlet;
use crate::plan::Plan;
use crate::sink::file::outside_datasets;
use crate::source::in_the_way;

/// Looks at the places of the plan, of which `whose` is told: `this run`. A flag names the path.
///
/// # Errors
/// Something else is read or written there.
pub(super) fn check(
    (flag, path): (&str, &Path),
    plan: &Plan,
    out: &Path,
    whose: &str,
) -> Result<()> {
    refuse_pipe((flag, path))?;
    let mut reads = plan.reads.iter();
    let read = reads.find_map(|read| in_the_way(read, path, false));
    let (does, cause) = match read {
        Some(cause) => ("reads", cause),
        None => match engine::written(plan, out, path) {
            Some(cause) => ("writes", cause),
            None => return outside_datasets(path),
        },
    };
    Err(refused(
        (flag, path),
        &format!("{whose} {does} that"),
        cause,
    ))
}

/// Refuses what is neither a file nor a device. A report in a named pipe once hung when the pipe
/// was opened a second time, and heard no signal while it did. Folders are refused by whoever
/// writes, with the name of what is made in them.
fn refuse_pipe((flag, path): (&str, &Path)) -> Result<()> {
    match outlet::check(path) {
        Err(cause) if !path.is_dir() => {
            Err(refused((flag, path), "something else is there", cause))
        }
        _ => Ok(()),
    }
}

/// The error for a place where no report can be.
pub(super) fn refused(
    (flag, path): (&str, &Path),
    why: &str,
    cause: impl std::fmt::Display,
) -> Error {
    let what = format!("the report cannot be `{}`: {why}", path.display());
    let problem = Problem::new(what).cause(cause);
    Error::user(problem.hint(format!("give `{flag}` a path of its own")))
}
