//! How the rows of a run follow each other, and what is wrong with asking for it.

use super::Job;
use crate::column::hash::Key;
use crate::error::Problem;
use crate::pace::{Arrivals, CatchUp, Pace, Ramp, Tempo};
use crate::place::Placed;
use crate::sink::Delivery;
use crate::source::Batches;
use crate::spec::{self, Pipeline, Run};

/// The tempo that a pipeline asks for.
pub(super) fn of(pipeline: &Pipeline) -> Tempo {
    let run = &pipeline.run;
    let arrivals = match run.arrivals.unwrap_or_default() {
        spec::Arrivals::Fixed => Arrivals::Fixed,
        spec::Arrivals::Poisson => {
            // The lower half of the key is as random as all of it.
            // From the seed: the same run again has the same gaps, so that two runs compare.
            Arrivals::Poisson(Key::new(&pipeline.seed).child("arrivals").bits() as u64)
        }
    };
    let ramp = run.ramp.as_ref().map(|ramp| Ramp {
        from: ramp.from.value.0,
        over: ramp.over.value.0,
    });
    let warm_up = run.warm_up.as_ref().map(|time| time.value.0);
    Tempo {
        arrivals,
        ramp,
        catch_up: match skips(run) {
            Some(_) => CatchUp::Skip,
            None => CatchUp::Burst,
        },
        warm_up: warm_up.unwrap_or_default(),
    }
}

/// Where the file asks to leave out late rows, if it does.
pub(super) fn skips(run: &Run) -> Option<&Placed<spec::CatchUp>> {
    let asked = run.catch_up.as_ref();
    asked.filter(|asked| asked.value == spec::CatchUp::Skip)
}

/// What is wrong with the tempo for these jobs.
pub(super) fn problems(run: &Run, jobs: &[Job]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(spec::Ramp { from, .. }) = &run.ramp {
        let problem = Pace::problem(from.value.0);
        problems.extend(problem.map(|problem| Problem::new(problem).at(&from.place)));
    }
    if jobs.iter().all(|job| job.rate.is_none()) {
        problems.extend(unpaced(run));
    }
    if let Some(asked) = skips(run) {
        let paced = jobs.iter().filter(|job| job.rate.is_some());
        let problem = paced.flat_map(unskippable);
        problems.extend(problem.map(|problem| problem.at(&asked.place)));
    }
    problems
}

/// Why rows of a job cannot be left out.
fn unskippable(job: &Job) -> Vec<Problem> {
    let refused = |why: String, hint| {
        Problem::new(format!("`catch_up: skip` leaves rows out, and {why}")).hint(hint)
    };
    let is_read = !matches!(job.source, Batches::Made(_));
    let read = is_read.then(|| {
        refused(
            format!("those of `{}` are read: they would be lost", job.table),
            "leave `catch_up` out: what is late is sent late",
        )
    });
    // Such a sink promises that what is there is complete; rows that were left out would make that
    // a lie.
    let whole = |delivery| matches!(delivery, Delivery::Idempotent | Delivery::Transactional);
    let sinks = job.sinks.iter();
    let sinks = sinks.filter(|sink| whole(sink.options.takes().delivery));
    let written = sinks.map(|sink| {
        refused(
            format!("what sink `{}` writes is whole or not there", sink.name),
            "leave `catch_up` out, or write to sinks that send messages",
        )
    });
    read.into_iter().chain(written).collect()
}

/// What makes no sense without a rate.
fn unpaced(run: &Run) -> Vec<Problem> {
    let ramp = run
        .ramp
        .as_ref()
        .filter(|ramp| !ramp.over.value.0.is_zero());
    let warm_up = run.warm_up.as_ref().filter(|time| !time.value.0.is_zero());
    let asked = [
        ("ramp", ramp.map(|ramp| &ramp.over.place)),
        ("warm_up", warm_up.map(|time| &time.place)),
        ("catch_up", skips(run).map(|asked| &asked.place)),
    ];
    let problem = |(name, place): (&str, Option<&crate::place::Place>)| {
        let problem = Problem::new(format!("`{name}` needs a rate")).at(place?);
        Some(problem.hint(format!("say `rate` under `run:`, or leave `{name}` out")))
    };
    asked.into_iter().filter_map(problem).collect()
}
