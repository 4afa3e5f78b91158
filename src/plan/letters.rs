//! Where dead letters are kept: in no sink's output, and of one table's file in no other's.

use std::path::Path;

use super::sinks::normal;
use super::{Job, SinkPlan};
use crate::error::Problem;
use crate::place::{LocalPath, Placed};
use crate::sink::SinkPlace;
use crate::source::OnBadRow;

/// What a table that is read keeps, and where.
struct OfTable<'p> {
    table: &'p str,
    path: Placed<LocalPath>,
    /// Each run begins it anew: of a stream, those of earlier runs stay.
    anew: bool,
}

/// Everything that would be written over, or among other rows.
pub(super) fn problems(jobs: &[Job]) -> Vec<Problem> {
    let tables: Vec<OfTable<'_>> = jobs.iter().filter_map(of_table).collect();
    let sinks = || jobs.iter().flat_map(|job| &job.sinks);
    let mut problems = Vec::new();
    for output in sinks() {
        let SinkPlace::Path(path) = output.options.takes().place else {
            continue;
        };
        let own = tables.iter().map(|of| of.path.as_str().into());
        let letters = own.chain(sinks().filter_map(|sink| sink.options.takes().letters));
        problems.extend(letters.filter_map(|kept| within(output, &path, &kept)));
    }
    for (at, one) in tables.iter().enumerate() {
        problems.extend(tables[..at].iter().find_map(|before| shared(before, one)));
    }
    problems
}

fn of_table(job: &Job) -> Option<OfTable<'_>> {
    let (source, _) = job.source.source()?;
    let OnBadRow::DeadLetter(path) = source.on_bad_row() else {
        return None;
    };
    Some(OfTable {
        table: &job.table,
        path,
        anew: !source.is_stream(),
    })
}

fn within(output: &SinkPlan, path: &Placed<LocalPath>, kept: &Path) -> Option<Problem> {
    let (own, there) = (normal(Path::new(path.as_str())), normal(kept));
    let is_in = there == own || path.names_folder() && there.starts_with(&own);
    let what = format!(
        "sink `{}` writes where dead letters are kept, `{}`",
        output.name,
        kept.display()
    );
    is_in.then(|| alone(Problem::new(what).at(&path.place)))
}

fn shared(before: &OfTable<'_>, one: &OfTable<'_>) -> Option<Problem> {
    let path = |of: &OfTable<'_>| normal(Path::new(of.path.as_str()));
    let same = before.table != one.table && path(before) == path(one);
    let what = format!(
        "the dead letters of `{}` would replace those of `{}`",
        one.table, before.table
    );
    (same && (before.anew || one.anew)).then(|| alone(Problem::new(what).at(&one.path.place)))
}

fn alone(problem: Problem) -> Problem {
    problem.hint("give `dead_letter` a file of its own")
}
