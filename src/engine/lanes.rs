//! Every sink opened, before the first row is made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::run::paces;
use super::running::Options;
use super::watch::Watched;

use crate::batch::{Batch, Resume};
use crate::error::{Error, Fault, Result};
use crate::pace::Pace;
use crate::plan::{Job, Plan, SinkPlan};
use crate::report::Meter;
use crate::sink::{self, Finished, Found, Lane, Publish, Ready, Target};
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
    /// What is there already goes when it is published.
    pub(super) replaces: bool,
    /// It took nothing for too long and is not waited for any more.
    pub(super) released: AtomicBool,
    identity: bool,
}

/// One sink that was looked at and can be opened.
struct Checked {
    meter: Arc<Meter>,
    lanes: usize,
    found: Found,
}

/// What a sink's lanes have done, safe and not visible yet.
pub(super) struct Prepared {
    pub(super) finished: Vec<Finished>,
    pub(super) publish: Option<Box<dyn Publish>>,
}

/// Checks what the world allows for every sink and stream, and changes nothing.
///
/// # Errors
/// Everything that stands in the way.
pub fn connect(plan: &Plan, options: &Options) -> Result<()> {
    let run: Arc<dyn sink::Run> = Arc::new(());
    check(plan, options, &Watched::new(plan), &paces(plan), &run).map(|_| ())
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
    let checked = check(plan, options, watched, paces, run)?;
    let mut opened: Vec<OpenJob<'p>> = Vec::new();
    for (job, checked) in plan.jobs.iter().zip(checked) {
        let mut sinks = Vec::new();
        for (sink, checked) in job.sinks.iter().zip(checked) {
            match open_one(job, sink, checked) {
                Ok(sink) => sinks.push(sink),
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

/// Looks at every sink of every job once, then at the streams.
fn check(
    plan: &Plan,
    options: &Options,
    watched: &Watched,
    paces: &[Option<Arc<Pace>>],
    run: &Arc<dyn sink::Run>,
) -> Result<Vec<Vec<Checked>>> {
    let mut problems = Vec::new();
    let mut jobs = Vec::new();
    for ((job, watched), pace) in plan.jobs.iter().zip(&watched.jobs).zip(paces) {
        let mut sinks = Vec::new();
        for (sink, watched) in job.sinks.iter().zip(&watched.sinks) {
            let target = Target {
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
            };
            match sink.options.connect(&target) {
                Ok(found) => sinks.push(Checked {
                    meter: watched.meter.clone(),
                    lanes: target.lanes.len(),
                    found,
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
        replaces: false,
        released: AtomicBool::new(false),
        identity,
    };
    if let Found::Ready { replaces, sink } = checked.found {
        for lane in 0..checked.lanes {
            match sink.open(lane) {
                Ok(lane) => open.lanes.push(lane),
                Err(error) => {
                    open.abort();
                    return Err(error);
                }
            }
        }
        (open.skipped, open.replaces) = (false, replaces);
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
