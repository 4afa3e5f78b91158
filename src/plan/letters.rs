//! Where dead letters are kept: in no sink's output, and of one table's file in no other's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::sinks::normal;
use super::{Job, SinkPlan};
use crate::error::Problem;
use crate::place::{FilePath, Placed};
use crate::sink::SinkPlace;
use crate::source::Batches;

/// The dead letters of a table that is read, and where they are kept.
struct OfTable<'p> {
    table: &'p str,
    path: Placed<FilePath>,
    /// Each run begins the file anew; dead letters of a stream's earlier runs stay.
    anew: bool,
}

/// Outputs by their paths.
type OutputPaths<'p> = HashMap<PathBuf, (&'p SinkPlan, Placed<FilePath>)>;

/// Everything that would be written over, or among other rows.
pub(super) fn problems(jobs: &[Job]) -> Vec<Problem> {
    let tables: Vec<OfTable<'_>> = jobs.iter().flat_map(of_table).collect();
    // A sink with the path of the dead letters once replaced them, while the report said that they
    // were kept.
    let (mut outputs, mut letters) = (OutputPaths::new(), Vec::new());
    letters.extend(tables.iter().map(|of| PathBuf::from(of.path.as_str())));
    for sink in jobs.iter().flat_map(|job| &job.sinks) {
        let takes = sink.options.takes();
        letters.extend(takes.letters);
        if let SinkPlace::Path(path) = takes.place {
            outputs.insert(normal(Path::new(path.as_str())), (sink, path));
        }
    }
    letters.sort();
    letters.dedup();
    let mut problems: Vec<Problem> = letters
        .iter()
        .filter_map(|kept| written_over(kept, &outputs))
        .collect();
    problems.extend(shared(&tables));
    problems
}

fn of_table(job: &Job) -> impl Iterator<Item = OfTable<'_>> {
    let letters = job.letters().into_iter();
    letters.map(|path| OfTable {
        table: &job.table,
        path,
        anew: !matches!(job.source, Batches::Streamed(_)),
    })
}

/// A sink writes there, or into a folder above.
fn written_over(kept: &Path, outputs: &OutputPaths<'_>) -> Option<Problem> {
    let there = normal(kept);
    // One look for each folder above, in a map: comparing all sinks with all letters took 80 s for
    // five thousand of them.
    let (sink, path) = there.ancestors().find_map(|above| {
        let found = outputs.get(above)?;
        (above == there || found.1.names_folder()).then_some(found)
    })?;
    let what = format!(
        "sink `{}` writes where dead letters are kept, `{}`",
        sink.name,
        kept.display()
    );
    Some(alone(Problem::new(what).at(&path.place)))
}

/// Tables whose dead letters go to one file, where one of the tables begins it anew.
fn shared(tables: &[OfTable<'_>]) -> Vec<Problem> {
    let mut first: HashMap<PathBuf, &OfTable<'_>> = HashMap::new();
    let mut problems = Vec::new();
    for one in tables {
        let before = *first
            .entry(normal(Path::new(one.path.as_str())))
            .or_insert(one);
        if before.table != one.table && (before.anew || one.anew) {
            let what = format!(
                "the dead letters of `{}` would replace those of `{}`",
                one.table, before.table
            );
            problems.push(alone(Problem::new(what).at(&one.path.place)));
        }
    }
    problems
}

fn alone(problem: Problem) -> Problem {
    problem.hint("give `dead_letter` a file of its own")
}
