//! One pipeline of a service: it runs until it is told to stop. What a server has ended begins again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engine::{self, RunOptions, RunState, Running, Status, Stop};
use crate::plan::Plan;
use crate::report::{Outcome, Report};
use crate::sync::lock;
use crate::units::one_line;

/// How long is waited before a run that has failed begins again: at first, and at most.
// Doubled after each failure, so that a server which comes back is found within half a minute and
// one that is away is not asked all the time. The figures are choices.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often it is looked whether a run is over.
const LOOK: Duration = Duration::from_millis(100);

/// A pipeline of a service.
pub struct Supervised {
    plan: Arc<Plan>,
    stop: Stop,
    run: Mutex<PipelineRun>,
    paused: AtomicBool,
}

/// How far it is.
enum PipelineRun {
    /// It has not begun.
    Waits,
    /// It runs.
    Runs(Arc<Running>),
    /// It has failed, and begins again.
    Failed(String),
    /// It will not begin again.
    Over(Option<String>),
}

impl Supervised {
    /// It will run this plan, until it is told to stop.
    pub fn new(plan: Arc<Plan>, stop: Stop) -> Arc<Self> {
        Arc::new(Self {
            plan,
            stop,
            run: Mutex::new(PipelineRun::Waits),
            paused: AtomicBool::new(false),
        })
    }

    /// A pipeline whose run is started elsewhere (`rowgen run --serve`).
    pub fn of(plan: Arc<Plan>, running: Arc<Running>, stop: Stop) -> Arc<Self> {
        Arc::new(Self {
            plan,
            stop,
            run: Mutex::new(PipelineRun::Runs(running)),
            paused: AtomicBool::new(false),
        })
    }

    /// Runs it on this thread until it has ended: by itself, because it was told to, or because of what
    /// its user has to mend. `options` are those of each run, and
    /// `told` hears of each that has failed before it begins again.
    pub fn work(&self, options: &RunOptions, told: &dyn Fn(&Report)) -> Report {
        let mut wait = WAIT.0;
        loop {
            let began = Instant::now();
            let report = self.run_once(options);
            // A mistake of the user would be the same mistake each time.
            let over = self.stop.requested() || !begins_again(&report);
            let failure = failure(&report);
            *lock(&self.run) = match over {
                true => PipelineRun::Over(failure),
                // The state is set before the report is told and before the wait: whoever asks
                // meanwhile is told that it failed, not that it runs.
                false => PipelineRun::Failed(failure.unwrap_or_default()),
            };
            if over {
                return report;
            }
            told(&report);
            // A run that lasted longer than the longest wait was well: its failure is a new one,
            // and the waits begin anew.
            if began.elapsed() > WAIT.1 {
                wait = WAIT.0;
            }
            self.rest(wait);
            if self.stop.requested() {
                return report;
            }
            wait = (2 * wait).min(WAIT.1);
        }
    }

    fn run_once(&self, options: &RunOptions) -> Report {
        let options = RunOptions {
            // A stop of its own: what ends this run ends neither the next one nor another pipeline.
            stop: Stop::of(&self.stop),
            // A sink of a stream that cannot be opened then ends the run, and the next one asks for
            // it again. Before, the run went on without it: nothing could be acknowledged, and
            // nobody asked for the sink.
            begins_again: true,
            ..options.clone()
        };
        let running = Arc::new(engine::start(self.plan.clone(), options));
        {
            // `pause` sets the flag and then takes this lock: whichever of the two comes first, the
            // run hears of it.
            let mut run = lock(&self.run);
            *run = PipelineRun::Runs(running.clone());
            running.pause(self.is_paused());
        }
        running.wait()
    }

    fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.stop.requested() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
    }

    /// It takes nothing more until it is resumed; what is under way goes on.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
        if let PipelineRun::Runs(running) = &*lock(&self.run) {
            running.pause(paused);
        }
    }

    /// True while it is paused.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The figures of the run, while there is one.
    pub fn figures(&self) -> Option<Status> {
        match &*lock(&self.run) {
            PipelineRun::Runs(running) => Some(running.status()),
            _ => None,
        }
    }

    /// Worker threads that work.
    pub fn workers(&self) -> usize {
        let runs = matches!(&*lock(&self.run), PipelineRun::Runs(_));
        if runs && !self.is_paused() {
            self.plan.threads
        } else {
            0
        }
    }

    /// Why it does not do what it should.
    pub fn troubles(&self) -> Vec<String> {
        let name = &self.plan.name;
        let mut troubles = match &*lock(&self.run) {
            PipelineRun::Waits => vec![format!("pipeline `{name}` has not begun")],
            PipelineRun::Failed(error) => vec![format!("pipeline `{name}` begins again: {error}")],
            PipelineRun::Over(Some(error)) => vec![format!("pipeline `{name}` has ended: {error}")],
            PipelineRun::Over(None) => Vec::new(),
            PipelineRun::Runs(running) => troubles(name, &running.status()),
        };
        if self.stop.requested() {
            troubles.push(format!("pipeline `{name}` is being ended"));
        }
        troubles
    }

    /// What it does, in words and figures.
    pub fn status(&self) -> Value {
        let run = lock(&self.run);
        let (state, status) = match &*run {
            PipelineRun::Waits => ("waiting", None),
            PipelineRun::Failed(_) => ("failed", None),
            PipelineRun::Over(_) => ("ended", None),
            PipelineRun::Runs(running) => {
                let status = running.status();
                (word(status.state), Some(status))
            }
        };
        json!({
            "pipeline": self.plan.name,
            "state": if self.is_paused() && state == "running" { "paused" } else { state },
            "workers": self.plan.threads,
            "run": status,
        })
    }
}

/// True for what a server may have ended: the next run may succeed.
fn begins_again(report: &Report) -> bool {
    use crate::error::Fault;
    match report.outcome {
        Outcome::Failed | Outcome::NotBegun(Fault::Run | Fault::Busy) => true,
        Outcome::Done
        | Outcome::TooSlow
        | Outcome::Rejected
        | Outcome::NotBegun(Fault::User)
        | Outcome::Interrupted(_) => false,
    }
}

/// The first thing that went wrong, on one line.
fn failure(report: &Report) -> Option<String> {
    let said = report.first_error()?;
    Some(one_line(said))
}

fn troubles(name: &str, status: &Status) -> Vec<String> {
    let mut troubles = Vec::new();
    if status.state == RunState::Opening {
        troubles.push(format!("pipeline `{name}` is connecting"));
    }
    for source in &status.sources {
        let said = source.figures.troubles.iter().chain(&source.warning);
        troubles.extend(said.map(|trouble| format!("table `{}`: {trouble}", source.table)));
    }
    for sink in &status.sinks {
        let said = sink.figures.troubles.iter();
        troubles.extend(said.map(|trouble| format!("sink `{}`: {trouble}", sink.name)));
    }
    troubles
}

fn word(state: RunState) -> &'static str {
    match state {
        RunState::Opening => "connecting",
        RunState::Running => "running",
        RunState::Ending => "ending",
        RunState::Ended => "ended",
    }
}

/// Now, as `2026-01-31T12:00:00.000Z`.
pub fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
