//! Whether the outputs of a pipeline tell its slots apart: asked before the first one is made.

use std::collections::BTreeSet;

use crate::error::{Problem, Problems};
use crate::place::{FilePath, Placed};
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::SlotsBy;
use crate::spec::Slot;

/// The problems of a pipeline, found in its plans of two slots.
pub fn problems(one: (&Plan, Slot), other: (&Plan, Slot)) -> Problems {
    let mut problems = Problems::default();
    for job in &one.0.jobs {
        if job.rows.is_none() {
            let what = format!(
                "table `{}` has no end, so that no slot of it is ever done",
                job.table
            );
            problems.push(Problem::new(what).hint("give it `rows`, or leave out `schedule`"));
        }
    }
    let sinks =
        |plan: &'_ Plan| -> Vec<usize> { plan.jobs.iter().map(|job| job.sinks.len()).collect() };
    // Which sinks are enabled may depend on the slot; then sinks of the two plans cannot be
    // compared one by one.
    let alike = sinks(one.0) == sinks(other.0);
    let jobs = one.0.jobs.iter().zip(&other.0.jobs);
    let pairs = jobs.flat_map(|jobs| {
        jobs.0
            .sinks
            .iter()
            .zip(&jobs.1.sinks)
            .map(move |sinks| (jobs, sinks))
    });
    for (jobs, (a, b)) in pairs.filter(|_| alike) {
        match (a.options.slots(), b.options.slots()) {
            (Ok(SlotsBy::Path(path)), Ok(SlotsBy::Path(same))) if path.value == same.value => {
                problems.push(shared_path(&path, one.1, other.1));
            }
            (Ok(SlotsBy::Partition(path)), Ok(SlotsBy::Partition(same)))
                if path.value == same.value =>
            {
                problems.extend(shared_partition(&path, (a, one.1), (b, other.1)));
                if may_share(jobs.0, jobs.1) {
                    problems.push(unknown_partitions(&path, one.1, other.1));
                }
            }
            (Ok(SlotsBy::Commit(path)), Ok(SlotsBy::Commit(_)))
                if a.fingerprint == b.fingerprint =>
            {
                problems.push(same_commit(&path, one.1, other.1));
            }
            (Err(problem), _) => problems.push(Problem {
                message: format!("sink `{}`: {}", a.name, problem.message),
                ..problem
            }),
            _ => {}
        }
    }
    problems
}

fn shared_path(path: &Placed<FilePath>, one: Slot, other: Slot) -> Problem {
    let what = format!(
        "`{}` is the path of the slots {one} and {other}",
        path.as_str()
    );
    let hint = match one.day() == other.day() {
        true => "put `${slot}` in it: `${run_date}` is the same for all slots of a day",
        false => "put `${run_date}` or `${slot}` in it",
    };
    Problem::new(what).at(&path.place).hint(hint)
}

/// Partitions that are known once rows are sorted, some of which two slots may both have.
fn may_share(one: &Job, other: &Job) -> bool {
    let orders = [&one.order, &other.order].map(|order| {
        let order = order.as_ref();
        order.filter(|order| !order.folders.is_empty())
    });
    match orders {
        [None, None] => false,
        [Some(one), Some(other)] => !one.sorting.is_apart(&other.sorting),
        _ => true,
    }
}

fn unknown_partitions(path: &Placed<FilePath>, one: Slot, other: Slot) -> Problem {
    let what = format!(
        "the slots {one} and {other} may both write a partition in `{}`: which ones they have is known once their rows are sorted",
        path.as_str()
    );
    Problem::new(what).at(&path.place).hint(
        "partition also by a column that `${run_date}` or `${slot}` decides alone, or write to a path of each slot",
    )
}

/// Two slots would make the same commit, so that the second one would be taken for done.
fn same_commit(path: &Placed<FilePath>, one: Slot, other: Slot) -> Problem {
    let what = format!(
        "the slots {one} and {other} make the same rows, and `{}` takes those once",
        path.as_str()
    );
    let hint = match one.day() == other.day() {
        true => "let `${slot}` decide them: `seed: \"${slot}\"`",
        false => "let `${run_date}` or `${slot}` decide them: `seed: \"${run_date}\"`",
    };
    Problem::new(what).at(&path.place).hint(hint)
}

/// A partition that two slots would both write: the later one would replace what the other has made.
fn shared_partition(
    path: &Placed<FilePath>,
    (one, one_slot): (&SinkPlan, Slot),
    (other, other_slot): (&SinkPlan, Slot),
) -> Option<Problem> {
    let names = |sink: &SinkPlan| -> BTreeSet<String> {
        let partitions = sink.lanes.iter().flat_map(|lane| lane.iter());
        let name = |(column, value): &(String, Option<String>)| {
            format!("{column}={}", value.as_deref().unwrap_or_default())
        };
        let folder =
            partitions.map(|partition| partition.values.iter().map(name).collect::<Vec<_>>());
        folder.map(|names| names.join("/")).collect()
    };
    let (names, others) = (names(one), names(other));
    let shared = names.intersection(&others).next()?;
    let what = format!(
        "the slots {one_slot} and {other_slot} both write the partition `{shared}` in `{}`",
        path.as_str()
    );
    Some(Problem::new(what).at(&path.place).hint(
        "partition by a column that `${run_date}` or `${slot}` decides alone, or write to a path of each slot",
    ))
}
