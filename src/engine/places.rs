//! What a run writes is nothing that it reads: neither the pipeline, nor what that names. Nor does it replace
//! what no run may.

use std::path::{Path, PathBuf};

use super::running::RunOptions;
use crate::error::{Problem, Problems, Result};
use crate::place::{FilePath, Placed};
use crate::plan::{Plan, SinkPlan};
use crate::source::{in_the_way, is_within};

/// Looks at every place that the plan's run would write.
///
/// # Errors
/// Something is read there, or may not be replaced as `--overwrite` asks.
pub fn check(plan: &Plan, options: &RunOptions) -> Result<()> {
    let mut problems = Problems::default();
    let read = |path: &Placed<FilePath>, folder| problem(path, folder, &options.out, &plan.reads);
    for job in &plan.jobs {
        let sinks = job.sinks.iter().filter_map(SinkPlan::path);
        problems.extend(sinks.filter_map(|path| read(&path, path.names_folder())));
        if !options.measured {
            let letters = job.letters();
            problems.extend(letters.iter().filter_map(|path| read(path, false)));
        }
        let sinks = job.sinks.iter().filter(|_| options.overwrite);
        problems.extend(sinks.filter_map(|sink| sink.options.overwritten()));
    }
    problems.into_result()
}

/// What the run writes at this path, if anything: a report there would be written over it.
pub fn written(plan: &Plan, out: &Path, path: &Path) -> Option<String> {
    let is_there = |place: &Path, folder| is_within(path, &out.join(place), folder);
    let writes = |sink: &&SinkPlan| {
        let to = sink.path();
        to.is_some_and(|to| is_there(Path::new(to.as_str()), to.names_folder()))
    };
    plan.jobs.iter().find_map(|job| {
        if let Some(sink) = job.sinks.iter().find(writes) {
            return Some(format!("sink `{}` writes there", sink.name));
        }
        let own = job.letters().into_iter();
        let own = own.map(|letters| PathBuf::from(letters.as_str()));
        let sinks = job.sinks.iter();
        let theirs = sinks.filter_map(|sink| sink.options.takes().letters);
        let mut letters = own.chain(theirs);
        let kept = letters.any(|letters| is_there(&letters, false));
        kept.then(|| format!("dead letters of `{}` are kept there", job.table))
    })
}

fn problem(
    path: &Placed<FilePath>,
    folder: bool,
    out: &Path,
    reads: &[PathBuf],
) -> Option<Problem> {
    let place = path.from(out);
    let cause = reads
        .iter()
        .find_map(|read| in_the_way(read, &place, folder))?;
    let what = format!("`{}` holds what this run reads", path.as_str());
    let problem = Problem::new(what).at(&path.place).cause(cause);
    Some(problem.hint("write to another path"))
}
