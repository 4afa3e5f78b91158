//! What a run writes is nothing that it reads: neither the pipeline, nor what that names.

use std::path::{Path, PathBuf};

use super::running::Options;
use crate::error::{Problem, Problems, Result};
use crate::place::{LocalPath, Placed};
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::SinkPlace;
use crate::source::{OnBadRow, in_the_way};

/// Looks at every place that the plan's run would write.
///
/// # Errors
/// Something is read there.
pub fn check(plan: &Plan, options: &Options) -> Result<()> {
    let mut problems = Problems::default();
    let read = |path: &Placed<LocalPath>, folder| problem(path, folder, &options.out, &plan.reads);
    for job in &plan.jobs {
        let sinks = job.sinks.iter().filter_map(of_sink);
        problems.extend(sinks.filter_map(|path| read(&path, path.names_folder())));
        let letters = of_letters(job).filter(|_| !options.measured);
        problems.extend(letters.and_then(|path| read(&path, false)));
    }
    problems.into_result()
}

/// Where a sink writes.
fn of_sink(sink: &SinkPlan) -> Option<Placed<LocalPath>> {
    match sink.options.takes().place {
        SinkPlace::Path(path) => Some(path),
        _ => None,
    }
}

/// Where rows are kept that cannot be read.
fn of_letters(job: &Job) -> Option<Placed<LocalPath>> {
    match job.source.source()?.0.on_bad_row() {
        OnBadRow::DeadLetter(path) => Some(path),
        _ => None,
    }
}

fn problem(
    path: &Placed<LocalPath>,
    folder: bool,
    out: &Path,
    reads: &[PathBuf],
) -> Option<Problem> {
    let place = out.join(path.as_str());
    let cause = reads
        .iter()
        .find_map(|read| in_the_way(read, &place, folder))?;
    let what = format!("`{}` holds what this run reads", path.as_str());
    let problem = Problem::new(what).at(&path.place).cause(cause);
    Some(problem.hint("write to another path"))
}
