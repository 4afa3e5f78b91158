//! Every sink opened, before the first row is made.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::run::paces;
use super::running::Options;
use super::watch::Watched;

use crate::batch::{Batch, Resume};
use crate::error::{Error, Fault, Problem, Result};
use crate::pace::Pace;
use crate::plan::{Job, Plan, SinkPlan};
use crate::report::Meter;
use crate::sink::{self, Finished, Found, Lane, Publish, Ready, Recovered, SinkPlace, Target};
use crate::source::Batches;
use crate::sync::lock;

/// The sinks of one job, opened.
pub(super) struct OpenJob<'p> {
    pub(super) job: &'p Job,
    pub(super) sinks: Vec<OpenSink<'p>>,
}

/// One sink, opened: one lane, or one for each partition.
pub(super) struct OpenSink<'p> {
    pub(super) plan: &'p SinkPlan,
    pub(super) meter: Arc<Meter>,
    pub(super) lanes: Vec<Arc<dyn Lane>>,
    /// Makes the output visible in the end.
    ready: Mutex<Option<Box<dyn Ready>>>,
    /// Its output is there already and stays.
    pub(super) skipped: bool,
    /// Nothing of what it writes is seen before it is published.
    pub(super) holds_back: bool,
    /// What a run before had published for it is kept at its place until this run is done.
    pub(super) kept: Option<Target>,
    /// What runs before had left at its place, and what became of it.
    pub(super) recovered: Vec<String>,
    /// It took nothing for too long and is not waited for any more.
    pub(super) released: AtomicBool,
    identity: bool,
}

/// One sink that was looked at and can be opened.
struct Checked {
    meter: Arc<Meter>,
    lanes: usize,
    found: Found,
    /// It was published by a run before, which could not end.
    kept: Option<Target>,
}

/// What a sink's lanes have done, safe and not visible yet.
pub(super) struct Prepared {
    pub(super) finished: Vec<Finished>,
    pub(super) publish: Option<Box<dyn Publish>>,
}

/// Checks what the world allows for every sink and stream, and changes nothing. What runs before have
/// left, a line each.
///
/// # Errors
/// Everything that stands in the way.
pub fn connect(plan: &Plan, options: &Options) -> Result<Vec<String>> {
    let run: Arc<dyn sink::Run> = Arc::new(());
    let watched = Watched::new(plan);
    let targets = targets(plan, options, &watched, &paces(plan), &run);
    let recovered = recover(plan, &targets, true)?;
    check(plan, targets, &recovered)?;
    let all = recovered.into_iter().flatten();
    Ok(all.flat_map(|recovered| recovered.lines).collect())
}

/// Opens every sink of the plan.
///
/// # Errors
/// Everything that stands in the way, or the first sink that cannot be opened; those opened before
/// are aborted.
pub(super) fn open<'p>(
    plan: &'p Plan,
    options: &Options,
    watched: &Watched,
    paces: &[Option<Arc<Pace>>],
    run: &Arc<dyn sink::Run>,
) -> Result<Vec<OpenJob<'p>>> {
    let targets = targets(plan, options, watched, paces, run);
    let recovered = recover(plan, &targets, false)?;
    settle(plan, &targets, &recovered)?;
    let checked = check(plan, targets, &recovered)?;
    let mut opened: Vec<OpenJob<'p>> = Vec::new();
    for ((job, checked), recovered) in plan.jobs.iter().zip(checked).zip(recovered) {
        let mut sinks = Vec::new();
        for ((sink, checked), recovered) in job.sinks.iter().zip(checked).zip(recovered) {
            match open_one(job, sink, checked) {
                Ok(mut open) => {
                    open.recovered = recovered.lines;
                    sinks.push(open);
                }
                Err(error) => {
                    sinks.iter().for_each(OpenSink::abort);
                    opened
                        .iter()
                        .flat_map(|job| &job.sinks)
                        .for_each(OpenSink::abort);
                    return Err(named(error, &sink.name));
                }
            }
        }
        opened.push(OpenJob { job, sinks });
    }
    Ok(opened)
}

/// What every sink of every job is told.
fn targets(
    plan: &Plan,
    options: &Options,
    watched: &Watched,
    paces: &[Option<Arc<Pace>>],
    run: &Arc<dyn sink::Run>,
) -> Vec<Vec<Target>> {
    let mut targets = Vec::new();
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
            fingerprint: sink.fingerprint.clone(),
            overwrite: options.overwrite,
            checksums: options.checksums,
            meter: watched.meter.clone(),
            run: run.clone(),
        });
        targets.push(target.collect());
    }
    targets
}

/// What runs before have left at each place: finished or removed, or with `only_look` only told.
fn recover(plan: &Plan, targets: &[Vec<Target>], only_look: bool) -> Result<Vec<Vec<Recovered>>> {
    let mut recovered = Vec::new();
    for (job, targets) in plan.jobs.iter().zip(targets) {
        let sinks = job.sinks.iter().zip(targets);
        let lines = sinks.map(|(sink, target)| {
            let lines = sink.options.recover(target, only_look);
            lines.map_err(|error| named(error, &sink.name))
        });
        recovered.push(lines.collect::<Result<_>>()?);
    }
    Ok(recovered)
}

/// The outputs that a run before had ready and that are published now.
fn published(recovered: &[Vec<Recovered>]) -> BTreeSet<&String> {
    let all = recovered.iter().flatten();
    all.flat_map(|one| &one.published).collect()
}

/// What is kept beside outputs that this run makes anew goes.
fn settle(plan: &Plan, targets: &[Vec<Target>], recovered: &[Vec<Recovered>]) -> Result<()> {
    let published = published(recovered);
    for ((job, targets), recovered) in plan.jobs.iter().zip(targets).zip(recovered) {
        for ((sink, target), recovered) in job.sinks.iter().zip(targets).zip(recovered) {
            if !published.contains(&recovered.output) {
                let settled = sink.options.settle(target);
                settled.map_err(|error| named(error, &sink.name))?;
            }
        }
    }
    Ok(())
}

/// Looks at every sink of every job once, then at the streams.
/// A sink whose output was published just now, for a run that was killed, has nothing left to do.
fn check(
    plan: &Plan,
    targets: Vec<Vec<Target>>,
    recovered: &[Vec<Recovered>],
) -> Result<Vec<Vec<Checked>>> {
    let published = published(recovered);
    let mut problems = Vec::new();
    let mut jobs = Vec::new();
    for ((job, targets), recovered) in plan.jobs.iter().zip(targets).zip(recovered) {
        let mut sinks = Vec::new();
        for ((sink, target), recovered) in job.sinks.iter().zip(targets).zip(recovered) {
            let read = reads_itself(sink, &target.out, &plan.reads);
            let kept = published.contains(&recovered.output);
            let found = match read {
                Some(problem) => Err(Error::user(problem)),
                None if kept => Ok(Found::Same),
                None => sink.options.connect(&target),
            };
            match found {
                Ok(found) => sinks.push(Checked {
                    meter: target.meter.clone(),
                    lanes: target.lanes.len(),
                    found,
                    kept: kept.then_some(target),
                }),
                Err(error) => problems.extend(named(error, &sink.name).problems),
            }
        }
        jobs.push(sinks);
    }
    for job in &plan.jobs {
        if let Batches::Streamed(streamed) = &job.source
            && let Err(error) = streamed.stream().connect()
        {
            let doing = format!("could not read table `{}`", job.table);
            problems.extend(error.context(doing).problems);
        }
    }
    match problems.is_empty() {
        true => Ok(jobs),
        false => Err(Error {
            fault: Fault::Run,
            problems,
        }),
    }
}

/// What the run reads is not written over, whatever its path is spelled like.
fn reads_itself(sink: &SinkPlan, out: &Path, reads: &[PathBuf]) -> Option<Problem> {
    let SinkPlace::Path(path) = sink.options.takes().place else {
        return None;
    };
    let place = out.join(path.as_str()).canonicalize().ok()?;
    let same = |read: &&PathBuf| {
        read.canonicalize()
            .is_ok_and(|read| is_within(&read, &place))
    };
    let read = reads.iter().find(same)?;
    let what = format!("`{}` holds what this run reads", path.as_str());
    let cause = format!("`{}` would be written over", read.display());
    let problem = Problem::new(what).at(&path.place).cause(cause);
    Some(problem.hint("write to another path"))
}

/// The same file, by another name too, or a file below the folder.
fn is_within(read: &Path, place: &Path) -> bool {
    let identity = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
    read.starts_with(place) || (identity(read).is_some() && identity(read) == identity(place))
}

fn named(error: Error, sink: &str) -> Error {
    error.context(format!("could not open sink `{sink}`"))
}

fn open_one<'p>(job: &Job, sink: &'p SinkPlan, checked: Checked) -> Result<OpenSink<'p>> {
    let width = job.source.schema().fields().len();
    let identity =
        sink.columns.iter().copied().eq(0..width) && &sink.shape.schema == job.source.schema();
    let mut open = OpenSink {
        plan: sink,
        meter: checked.meter,
        lanes: Vec::new(),
        ready: Mutex::new(None),
        skipped: true,
        holds_back: false,
        kept: checked.kept,
        recovered: Vec::new(),
        released: AtomicBool::new(false),
        identity,
    };
    if let Found::Ready { sink, .. } = checked.found {
        for lane in 0..checked.lanes {
            match sink.open(lane) {
                Ok(lane) => open.lanes.push(lane),
                Err(error) => {
                    open.abort();
                    return Err(error);
                }
            }
        }
        (open.skipped, open.holds_back) = (false, sink.holds_back());
        *lock(&open.ready) = Some(sink);
    }
    Ok(open)
}

impl OpenSink<'_> {
    /// True while it takes batches.
    pub(super) fn live(&self) -> bool {
        !self.skipped
            && !self.released.load(Ordering::Relaxed)
            && !self.lanes.iter().any(|lane| lane.failed())
    }

    /// The least number of batches that its lanes have accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.lanes
            .iter()
            .map(|lane| lane.accepted())
            .min()
            .unwrap_or(u64::MAX)
    }

    /// The least number of batches that are safe in all of its lanes.
    pub(super) fn durable(&self) -> u64 {
        let durable = self.lanes.iter().map(|lane| lane.durable());
        durable.min().unwrap_or(0)
    }

    /// Where a stream goes on, if the sink keeps offsets.
    pub(super) fn resume(&self) -> Option<Arc<dyn Resume>> {
        lock(&self.ready).as_ref().and_then(|ready| ready.resume())
    }

    /// The columns this sink gets, under its names.
    pub(super) fn project(&self, batch: &Batch) -> Result<Batch> {
        if self.identity {
            return Ok(batch.clone());
        }
        let rows = self.plan.shape.take(&self.plan.columns, &batch.rows)?;
        Ok(batch.with(rows))
    }

    /// Waits for its lanes until all they have written is safe; or says why it is not.
    pub(super) fn prepare(&self, batches: u64) -> Result<Prepared> {
        if self.released.load(Ordering::Relaxed) {
            self.abort();
            return Err(Error::run("it took nothing for too long and was released")
                .hint("see `stall_timeout` under `run:`"));
        }
        let mut finished = Vec::new();
        let mut failure = None;
        for lane in &self.lanes {
            match lane.finish(batches) {
                Ok(done) => finished.push(done),
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let ready = lock(&self.ready).take();
        let publish = ready.map(|ready| ready.prepare(&finished)).transpose()?;
        Ok(Prepared { finished, publish })
    }

    /// Ends it without committing.
    pub(super) fn abort(&self) {
        self.lanes.iter().for_each(|lane| lane.abort());
    }
}
