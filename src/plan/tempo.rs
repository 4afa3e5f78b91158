//! How the rows of a run follow each other, and what is wrong with asking for it.

use super::Job;
use crate::column::hash::Key;
use crate::error::Problem;
use crate::pace::{Arrivals, CatchUp, Pace, Ramp, Tempo};
use crate::place::Placed;
use crate::sink::Delivery;
use crate::source::Batches;
use crate::spec::{self, Pipeline, Run};

/// What a pipeline says of it.
pub(super) fn of(pipeline: &Pipeline) -> Tempo {
    let run = &pipeline.run;
    let arrivals = match run.arrivals.unwrap_or_default() {
        spec::Arrivals::Fixed => Arrivals::Fixed,
        spec::Arrivals::Poisson => {
            // The lower half of the key is as random as all of it.
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

/// Where it is asked to leave out what is late.
pub(super) fn skips(run: &Run) -> Option<&Placed<spec::CatchUp>> {
    let asked = run.catch_up.as_ref();
    asked.filter(|asked| asked.value == spec::CatchUp::Skip)
}

/// What of it these jobs cannot do.
pub(super) fn problems(run: &Run, jobs: &[Job]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ramp = run.ramp.iter();
    let from = ramp.map(|ramp| &ramp.from);
    problems.extend(
        from.filter_map(|from| Some(Problem::new(Pace::problem(from.value.0)?).at(&from.place))),
    );
    if jobs.iter().all(|job| job.rate.is_none()) {
        problems.extend(unpaced(run));
    }
    let Some(asked) = skips(run) else {
        return problems;
    };
    for job in jobs.iter().filter(|job| job.rate.is_some()) {
        if !matches!(job.source, Batches::Made(_)) {
            let message = format!(
                "`catch_up: skip` leaves rows out, and those of `{}` are read: they would be lost",
                job.table
            );
            problems.push(
                Problem::new(message)
                    .at(&asked.place)
                    .hint("leave `catch_up` out: what is late is sent late"),
            );
        }
        let whole = |delivery| matches!(delivery, Delivery::Idempotent | Delivery::Transactional);
        for sink in job
            .sinks
            .iter()
            .filter(|sink| whole(sink.options.takes().delivery))
        {
            let message = format!(
                "`catch_up: skip` leaves rows out, and what sink `{}` writes is whole or not there",
                sink.name
            );
            problems.push(
                Problem::new(message)
                    .at(&asked.place)
                    .hint("leave `catch_up` out, or write to sinks that send messages"),
            );
        }
    }
    problems
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
