//! Every sink opened, before the first row is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::NoRun;
use super::failures::Failures;
use super::opened::{OpenJob, OpenSink};
use super::run::paces;
use super::running::RunOptions;
use super::watch::Watched;
use super::{places, room};

use crate::error::{Error, Fault, Result};
use crate::pace::Pace;
use crate::plan::{Plan, SinkPlan};
use crate::report::Meter;
use crate::sink::applied::{Changing, Together};
use crate::sink::{self, Earlier, Found, Publish, Recovered, TakesChanges, Target};
use crate::source::Batches;

/// One sink that was looked at and can be opened.
pub(super) struct CheckedSink {
    pub(super) meter: Arc<Meter>,
    pub(super) lanes: usize,
    pub(super) found: Found,
    /// What an earlier run that was killed had published of it, and its place among that run's
    /// outputs.
    pub(super) kept: Option<(usize, Box<dyn Publish>)>,
}

impl CheckedSink {
    /// What the sink has to say of what is there.
    fn told(self) -> Vec<String> {
        match self.found {
            Found::Ready { told, .. } => told,
            Found::Same | Found::Made(_) => Vec::new(),
        }
    }
}

/// Looks at every sink and stream, as far as that changes nothing. Returns a line for each thing
/// that earlier runs have left.
///
/// # Errors
/// Everything that stands in the way.
pub fn connect(plan: &Plan, options: &RunOptions) -> Result<Vec<String>> {
    places::check(plan, options)?;
    let stall_timeout = plan.stall_timeout;
    let run: Arc<dyn sink::RunHandle> = Arc::new(NoRun { stall_timeout });
    let watched = Watched::new(plan);
    let targets = targets(plan, options, &watched, &paces(plan), &run);
    let mut failures = Failures::new(plan, options);
    let recovered = recover(plan, &targets, true, &mut failures);
    failures.none()?;
    let checked = check(plan, targets, &recovered, &mut failures)?;
    failures.none()?;
    let tight = room::check(plan, options, &checked)?;
    let all = recovered.into_iter().flatten();
    let lines = all.flat_map(|recovered| recovered.lines);
    let told = checked
        .into_iter()
        .flatten()
        .flat_map(|checked| checked.told());
    Ok(lines.chain(told).chain(tight).collect())
}

/// Opens every sink of the plan; one that cannot be opened is left to fail alone, where the others go on
/// without it.
///
/// # Errors
/// Everything that stands in the way; what was opened before is aborted.
pub(super) fn open<'p>(
    plan: &'p Plan,
    options: &RunOptions,
    watched: &Watched,
    paces: &[Option<Arc<Pace>>],
    run: &Arc<dyn sink::RunHandle>,
) -> Result<Vec<OpenJob<'p>>> {
    places::check(plan, options)?;
    let targets = targets(plan, options, watched, paces, run);
    let mut failures = Failures::new(plan, options);
    let recovered = recover(plan, &targets, false, &mut failures);
    failures.verdict()?;
    // Before anything is opened: what an earlier run has decided of an output that is made anew
    // must not be carried out by whoever looks at the folder next.
    withdraw_all(plan, &targets, &recovered, &mut failures);
    failures.verdict()?;
    let checked = check(plan, targets, &recovered, &mut failures)?;
    failures.verdict()?;
    let tight = room::check(plan, options, &checked)?;
    let (mut opened, mut fault) = (Vec::<OpenJob<'p>>::new(), Fault::Run);
    for (index, (job, checked)) in plan.jobs.iter().zip(checked).enumerate() {
        let mut sinks = Vec::new();
        for (place, (sink, checked)) in job.sinks.iter().zip(checked).enumerate() {
            let at = (index, place);
            let mut open = OpenSink::new(job, sink, checked.meter.clone());
            if !failures.has(at)
                && let Err(error) = open.begin(checked)
            {
                fault = error.fault;
                failures.add(at, error);
            }
            open.unopened = failures.of(at);
            sinks.push(open);
        }
        opened.push(OpenJob { job, sinks });
        if let Err(error) = failures.verdict() {
            // What is open already is given up, so that a run that cannot begin leaves no hidden
            // files behind.
            let sinks = opened.iter().flat_map(|job| &job.sinks);
            sinks.for_each(OpenSink::abort);
            return Err(Error { fault, ..error });
        }
    }
    for (sink, recovered) in opened
        .iter_mut()
        .flat_map(|job| &mut job.sinks)
        .zip(recovered.into_iter().flatten())
    {
        sink.recovered.splice(0..0, recovered.lines);
        if let Some(error) = &sink.unopened {
            let name = &sink.plan.name;
            tracing::warn!(sink = name, "{error}\n  the other sinks go on without it");
        }
    }
    tight.into_iter().for_each(|line| watched.warn(line));
    Ok(opened)
}

/// What every sink of every job is told.
pub(super) fn targets(
    plan: &Plan,
    options: &RunOptions,
    watched: &Watched,
    paces: &[Option<Arc<Pace>>],
    run: &Arc<dyn sink::RunHandle>,
) -> Vec<Vec<Target>> {
    let (mut targets, together) = (Vec::new(), Arc::new(Together::default()));
    for ((job, watched), pace) in plan.jobs.iter().zip(&watched.jobs).zip(paces) {
        let sinks = job.sinks.iter().zip(&watched.sinks);
        let target = sinks.map(|(sink, watched)| Target {
            shape: sink.shape.clone(),
            out: options.out.clone(),
            slice: plan.slice,
            pace: pace.clone(),
            run_id: plan.run_id,
            first_row: job.first_row,
            lanes: sink.lanes.clone(),
            is_sorted: job.order.is_some(),
            late_partitions: job.order.is_some() && !sink.shape.folders.is_empty(),
            is_stream: matches!(job.source, Batches::Streamed(_)),
            changes: job.changes.as_ref().map(|changes| Changing {
                table: changes.table.clone(),
                together: together.clone(),
                sinks: applying(plan, &sink.kind),
            }),
            fingerprint: sink.fingerprint.clone(),
            load: sink.load.clone(),
            overwrite: options.overwrite,
            checksums: options.checksums,
            meter: watched.meter.clone(),
            run: run.clone(),
        });
        targets.push(target.collect());
    }
    targets
}

/// How many sinks of a kind apply changes.
fn applying(plan: &Plan, kind: &str) -> usize {
    let jobs = plan.jobs.iter().filter(|job| job.changes.is_some());
    let sinks = jobs.flat_map(|job| &job.sinks);
    let applies = |sink: &&SinkPlan| {
        sink.kind == kind && sink.options.takes().changes == TakesChanges::Applied
    };
    sinks.filter(applies).count()
}

/// Finishes or removes what earlier runs have left at each place; with `only_look` it is only told.
fn recover(
    plan: &Plan,
    targets: &[Vec<Target>],
    only_look: bool,
    failures: &mut Failures<'_>,
) -> Vec<Vec<Recovered>> {
    let mut recovered = Vec::new();
    for (index, (job, targets)) in plan.jobs.iter().zip(targets).enumerate() {
        let mut one = |(place, (sink, target)): (usize, (&SinkPlan, &Target))| {
            let recovered = sink.options.recover(target, only_look);
            recovered.unwrap_or_else(|error| {
                failures.add((index, place), error);
                Recovered::default()
            })
        };
        let sinks = job.sinks.iter().zip(targets).enumerate();
        recovered.push(sinks.map(&mut one).collect());
    }
    recovered
}

/// The outputs that a run before had ready and that are published now.
fn published(recovered: &[Vec<Recovered>]) -> BTreeMap<&str, &Earlier> {
    let all = recovered.iter().flatten().flat_map(|one| &one.published);
    all.map(|earlier| (earlier.output.as_str(), earlier))
        .collect()
}

/// Withdraws earlier decisions on outputs that this run makes anew; all else that earlier runs have
/// left there is looked at when the sink is connected.
fn withdraw_all(
    plan: &Plan,
    targets: &[Vec<Target>],
    recovered: &[Vec<Recovered>],
    failures: &mut Failures<'_>,
) {
    let published = published(recovered);
    for (index, ((job, targets), recovered)) in
        plan.jobs.iter().zip(targets).zip(recovered).enumerate()
    {
        let sinks = job.sinks.iter().zip(targets).zip(recovered).enumerate();
        for (place, ((sink, target), recovered)) in sinks {
            let at = (index, place);
            if !failures.has(at)
                && !published.contains_key(recovered.output.as_str())
                && let Err(error) = withdraw(sink, target)
            {
                failures.add(at, error);
            }
        }
    }
}

fn withdraw(sink: &SinkPlan, target: &Target) -> Result<()> {
    sink.options.earlier(target, None)?.withdraw()
}

/// Looks at every sink of every job once, then at the streams.
/// A sink whose output was published just now, for a run that was killed, has nothing left to do.
///
/// # Errors
/// What stands in the way of a stream, after what stands in the way of sinks.
fn check(
    plan: &Plan,
    targets: Vec<Vec<Target>>,
    recovered: &[Vec<Recovered>],
    failures: &mut Failures<'_>,
) -> Result<Vec<Vec<CheckedSink>>> {
    let published = published(recovered);
    let mut jobs = Vec::new();
    for (index, ((job, targets), recovered)) in
        plan.jobs.iter().zip(targets).zip(recovered).enumerate()
    {
        let mut sinks = Vec::new();
        let all = job.sinks.iter().zip(targets).zip(recovered).enumerate();
        for (place, ((sink, target), recovered)) in all {
            let at = (index, place);
            let kept = published.get(recovered.output.as_str()).map(|earlier| {
                let publish = sink.options.earlier(&target, Some(&earlier.record));
                publish.map(|publish| (earlier.position, publish))
            });
            let kept = kept.transpose().unwrap_or_else(|error| {
                failures.add(at, error);
                None
            });
            let found = match kept.is_some() || failures.has(at) {
                true => Ok(Found::Same),
                false => sink.options.connect(&target),
            };
            sinks.push(CheckedSink {
                meter: target.meter.clone(),
                lanes: target.lanes.len(),
                found: found.unwrap_or_else(|error| {
                    failures.add(at, error);
                    Found::Same
                }),
                kept,
            });
        }
        jobs.push(sinks);
    }
    check_streams(plan, failures)?;
    Ok(jobs)
}

fn check_streams(plan: &Plan, failures: &Failures<'_>) -> Result<()> {
    let mut problems = Vec::new();
    for job in &plan.jobs {
        if let Batches::Streamed(streamed) = &job.source
            && let Err(error) = streamed.stream().connect()
        {
            let doing = format!("could not read table `{}`", job.table);
            problems.extend(error.context(doing).problems);
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(failures.and(problems)),
    }
}
