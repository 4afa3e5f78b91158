//! Every sink opened, before the first row is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::Batch;
use crate::error::{Error, Fault, Result};
use crate::plan::{Job, Plan, SinkPlan};
use crate::report::Meter;
use crate::sink::claims::Claims;
use crate::sink::{self, Connected, Finished, Lane, Target};
use crate::source::Opened;

/// How a plan is carried out, beside what it says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where relative sink paths start; the current folder when empty.
    pub out: PathBuf,
    /// Replaces output that is there.
    pub overwrite: bool,
    /// Checksums of files are wanted for the report.
    pub checksums: bool,
}

/// The sinks of one job, opened.
pub(super) struct OpenJob<'p> {
    pub(super) job: &'p Job,
    pub(super) sinks: Vec<OpenSink<'p>>,
}

/// One sink, opened: one lane, or one for each partition.
pub(super) struct OpenSink<'p> {
    pub(super) plan: &'p SinkPlan,
    pub(super) meter: Arc<Meter>,
    pub(super) targets: Vec<Target>,
    pub(super) lanes: Vec<Arc<dyn Lane>>,
    /// Its output is there already and stays.
    pub(super) skipped: bool,
    /// What is there already goes when it commits.
    pub(super) replaces: bool,
    /// It took nothing for too long and is not waited for any more.
    pub(super) released: AtomicBool,
    identity: bool,
}

/// One sink that was looked at and can be opened.
struct Checked {
    meter: Arc<Meter>,
    targets: Vec<Target>,
    connected: Connected,
}

/// Checks what the world allows for every sink and stream, and changes nothing.
///
/// # Errors
/// Everything that stands in the way.
pub fn connect(plan: &Plan, options: &Options) -> Result<()> {
    let run: Arc<dyn sink::Run> = Arc::new(());
    check(plan, options, &run).map(|_| ())
}

/// Opens every sink of the plan.
///
/// # Errors
/// Everything that stands in the way, or the first sink that cannot be opened; those opened before
/// are aborted.
pub(super) fn open<'p>(
    plan: &'p Plan,
    options: &Options,
    run: &Arc<dyn sink::Run>,
) -> Result<Vec<OpenJob<'p>>> {
    let checked = check(plan, options, run)?;
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
fn check(plan: &Plan, options: &Options, run: &Arc<dyn sink::Run>) -> Result<Vec<Vec<Checked>>> {
    let mut problems = Vec::new();
    let mut jobs = Vec::new();
    for job in &plan.jobs {
        let mut sinks = Vec::new();
        for sink in &job.sinks {
            match check_one(plan, job, sink, options, run) {
                Ok(checked) => sinks.push(checked),
                Err(error) => problems.extend(named(error, &sink.name).problems),
            }
        }
        jobs.push(sinks);
    }
    for job in &plan.jobs {
        if let Some(Opened::Stream(stream)) = job.source.input.as_ref().map(|input| &input.opened)
            && let Err(error) = stream.connect()
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

fn check_one(
    plan: &Plan,
    job: &Job,
    sink: &SinkPlan,
    options: &Options,
    run: &Arc<dyn sink::Run>,
) -> Result<Checked> {
    let meter = Arc::new(Meter::default());
    let targets = targets(plan, job, sink, options, &meter, run);
    let connected = match targets.first() {
        Some(target) => sink.options.connect(target)?,
        None => Connected::Ready,
    };
    Ok(Checked {
        meter,
        targets,
        connected,
    })
}

fn named(error: Error, sink: &str) -> Error {
    error.context(format!("could not open sink `{sink}`"))
}

fn open_one<'p>(job: &Job, sink: &'p SinkPlan, checked: Checked) -> Result<OpenSink<'p>> {
    let skipped = checked.connected == Connected::Skip;
    let mut lanes: Vec<Arc<dyn Lane>> = Vec::new();
    for target in checked.targets.iter().filter(|_| !skipped) {
        match sink.options.open(target.clone()) {
            Ok(lane) => lanes.push(lane),
            Err(error) => {
                lanes.iter().for_each(|lane| lane.abort());
                return Err(error);
            }
        }
    }
    let width = job.source.schema.fields().len();
    let identity =
        sink.columns.iter().copied().eq(0..width) && sink.shape.schema == job.source.schema;
    Ok(OpenSink {
        plan: sink,
        meter: checked.meter,
        targets: checked.targets,
        lanes,
        skipped,
        replaces: checked.connected == Connected::Replaces,
        released: AtomicBool::new(false),
        identity,
    })
}

fn targets(
    plan: &Plan,
    job: &Job,
    sink: &SinkPlan,
    options: &Options,
    meter: &Arc<Meter>,
    run: &Arc<dyn sink::Run>,
) -> Vec<Target> {
    let claims: Arc<Claims> = Arc::default();
    let target = |partitions: &Arc<Vec<crate::sink::Partition>>| Target {
        shape: sink.shape.clone(),
        out: options.out.clone(),
        slice: plan.slice,
        rate: plan.rate,
        run_id: plan.run_id,
        first_row: job.first_row,
        partitions: partitions.clone(),
        fingerprint: sink.fingerprint.clone(),
        overwrite: options.overwrite,
        checksums: options.checksums,
        claims: claims.clone(),
        meter: meter.clone(),
        run: run.clone(),
    };
    sink.lanes.iter().map(target).collect()
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

    /// The columns this sink gets, under its names.
    pub(super) fn project(&self, batch: &Batch) -> Result<Batch> {
        if self.identity {
            return Ok(batch.clone());
        }
        let rows = self.plan.shape.take(&self.plan.columns, &batch.rows)?;
        Ok(batch.with(rows))
    }

    /// Waits for its lanes and makes its output visible; or says why that cannot be. `whole` if all
    /// rows of the table came.
    pub(super) fn finish(&self, batches: u64, whole: bool) -> Result<Vec<Finished>> {
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
        if let Some(target) = self.targets.first().filter(|_| !self.skipped) {
            self.plan.options.commit(target, &finished, whole)?;
        }
        Ok(finished)
    }

    /// Ends it without committing.
    pub(super) fn abort(&self) {
        self.lanes.iter().for_each(|lane| lane.abort());
    }
}
