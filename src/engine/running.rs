//! A run that one can hold: started from a plan, watched, stopped, waited for.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::run;
use super::stop::Stop;
use super::watch::{RunState, Status, Watched};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::report::{About, Ended, Outcome, Report, SinkReport, Times};
use crate::sync::lock;

/// How a plan is carried out, beside what it says.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Where relative sink paths start; the current folder when empty.
    pub out: PathBuf,
    /// Replaces output that is there.
    pub overwrite: bool,
    /// Files are begun though there may be no room for them on the disk.
    pub force: bool,
    /// Checksums of files are wanted for the report.
    pub checksums: bool,
    /// The run is only measured: streams are read beside their groups, nothing of them is told to be
    /// safe, and rows that are left out are only counted.
    pub measured: bool,
    /// Whoever starts this run starts it again when it fails.
    pub begins_again: bool,
    /// Ends the run early; whoever holds a copy can ask for it.
    pub stop: Stop,
}

/// A run in motion. It goes on by itself, on threads of its own; several may run at once. Dropped, it
/// is stopped and waited for.
pub struct Running {
    plan: Arc<Plan>,
    watched: Arc<Watched>,
    stop: Stop,
    /// The thread, or why there is none; nothing once it was waited for.
    thread: Mutex<Option<Result<JoinHandle<Report>>>>,
}

/// Starts to carry a plan out. Whatever goes wrong, already while sinks are opened, is in the report.
pub fn start(plan: Arc<Plan>, options: RunOptions) -> Running {
    let watched = Arc::new(Watched::new(&plan));
    let stop = options.stop.clone();
    let own_plan = plan.clone();
    // Dropped also by a panic, and where no thread could be started: whoever waits for the end of the run
    // would wait for ever.
    let over = RunEndGuard(watched.clone());
    let work = move || {
        let RunEndGuard(watched) = &over;
        run::carry_out(&own_plan, &options, watched)
    };
    let thread = std::thread::Builder::new().name("run".into()).spawn(work);
    Running {
        plan,
        watched,
        stop,
        thread: Mutex::new(Some(
            thread.map_err(|error| Error::because("starting the run's thread", error)),
        )),
    }
}

/// Says that a run is over, also when it panics.
struct RunEndGuard(Arc<Watched>);

impl Drop for RunEndGuard {
    fn drop(&mut self) {
        self.0.turn_to(RunState::Ended);
    }
}

/// What is known of a run before it begins.
pub(super) fn about(plan: &Plan) -> About {
    About {
        pipeline: plan.name.clone(),
        seed: plan.seed.clone(),
        fingerprint: plan.fingerprint.clone(),
        params: plan.params.clone(),
        threads: plan.threads,
        paced: plan.jobs.iter().any(|job| job.rate.is_some()),
        streams: plan
            .jobs
            .iter()
            .any(|job| job.rows.is_none() && job.source.source().is_some()),
    }
}

/// The report of a run that made nothing.
pub(super) fn failed(plan: &Plan, watched: &Watched, stop: &Stop, error: Error) -> Report {
    let ended = Ended {
        // A signal that came while servers were waited for decides the outcome, whatever the
        // servers said.
        outcome: match stop.signal() {
            // A run that was told to end while it opened its sinks once ended with exit code 2, for
            // what they said.
            Some(signal) => Outcome::Interrupted(signal),
            None => Outcome::NotBegun(error.fault),
        },
        elapsed: watched.elapsed(),
        error: Some(error),
    };
    let (rows, sinks) = (watched.rows(), left(plan, watched));
    Report::new(
        about(plan),
        ended,
        Times::default(),
        Vec::new(),
        sinks,
        rows,
    )
}

/// The sinks that had begun with files, which stay hidden.
fn left(plan: &Plan, watched: &Watched) -> Vec<SinkReport> {
    let mut reports = Vec::new();
    for (job, watched) in plan.jobs.iter().zip(&watched.jobs) {
        for (sink, watched) in job.sinks.iter().zip(&watched.sinks) {
            let mut report = SinkReport::new(&sink.name, &sink.kind, &job.table);
            (report.aborted, report.left) = (true, watched.meter.left());
            reports.extend(Some(report).filter(|report| !report.left.is_empty()));
        }
    }
    reports
}

impl Running {
    /// Its figures now.
    pub fn status(&self) -> Status {
        self.watched.status()
    }

    /// Asks it to end: no new batch is begun, and every sink finishes. Tables that have an end and were
    /// not made whole are not published.
    pub fn stop(&self) {
        self.stop.request();
    }

    /// No new batch is begun until it goes on; what is under way is finished, and a stop still ends it.
    pub fn pause(&self, paused: bool) {
        self.watched.pause(paused);
    }

    /// True once `wait` returns at once.
    pub fn is_over(&self) -> bool {
        self.wait_for(Duration::ZERO)
    }

    /// Waits at most so long; true once it is over.
    pub fn wait_for(&self, most: Duration) -> bool {
        self.watched.wait_until_over(most)
    }

    /// Waits until every sink has ended, and tells what happened, once.
    pub fn wait(&self) -> Report {
        let thread = lock(&self.thread).take();
        let ended = match thread {
            Some(Ok(thread)) => thread
                .join()
                .map_err(|panic| Error::of_panic("the run", panic.as_ref())),
            Some(Err(error)) => Err(error),
            None => Err(Error::run("the run was waited for before")),
        };
        ended.unwrap_or_else(|error| failed(&self.plan, &self.watched, &self.stop, error))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let thread = lock(&self.thread).take();
        if let Some(Ok(thread)) = thread {
            self.stop.request();
            // Nobody waits for its report any more.
            let _ = thread.join();
        }
    }
}
