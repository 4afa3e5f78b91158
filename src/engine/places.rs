//! What a run writes is nothing that it reads: neither the pipeline, nor what that names.

use std::path::{Path, PathBuf};

use super::running::Options;
use crate::error::{Problem, Problems, Result};
use crate::place::{LocalPath, Placed};
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::SinkPlace;
use crate::source::{OnBadRow, in_the_way, is_within};

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

/// What the run writes at this path, if anything: a report there would be written over it.
pub fn written(plan: &Plan, out: &Path, path: &Path) -> Option<String> {
    let is_there = |place: &Path, folder| is_within(path, &out.join(place), folder);
    plan.jobs.iter().find_map(|job| {
        let mut sinks = job
            .sinks
            .iter()
            .filter_map(|sink| Some((sink, of_sink(sink)?)));
        let sink = sinks.find(|(_, to)| is_there(Path::new(to.as_str()), to.names_folder()));
        let own = of_letters(job).map(|letters| PathBuf::from(letters.as_str()));
        let theirs = job
            .sinks
            .iter()
            .filter_map(|sink| sink.options.takes().letters);
        let mut letters = own.into_iter().chain(theirs);
        match sink {
            Some((sink, _)) => Some(format!("sink `{}` writes there", sink.name)),
            None => letters
                .find(|letters| is_there(letters, false))
                .map(|_| format!("dead letters of `{}` are kept there", job.table)),
        }
    })
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
