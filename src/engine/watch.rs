//! What can be seen of a run from outside: its meters and its state, for bars, log lines, metrics and
//! pages alike.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::plan::Plan;
use crate::report::{Meter, Reading};
use crate::sync::{lock, wait_while_within};

/// What the run and those who watch it share.
#[derive(Debug)]
pub(super) struct Watched {
    pipeline: String,
    began: Instant,
    state: Mutex<RunState>,
    over: Condvar,
    /// How long sources and sinks were opened.
    opening: OnceLock<Duration>,
    /// No new batch is begun for now.
    paused: AtomicBool,
    pub(super) jobs: Vec<WatchedJob>,
    /// Warnings of no table and no sink alone.
    warnings: Mutex<Vec<String>>,
}

/// The meters of one job of the plan.
#[derive(Debug)]
pub(super) struct WatchedJob {
    table: String,
    rows: Option<u64>,
    /// What the table is read from, if it is.
    source: Option<String>,
    /// Counts what was made or read.
    pub(super) made: Arc<Meter>,
    /// A warning for whoever watches, once there is one.
    warning: Mutex<Option<String>>,
    /// When the last batch was made, in microseconds since the start of the run.
    last_made: AtomicU64,
    pub(super) sinks: Vec<WatchedSink>,
}

#[derive(Debug)]
pub(super) struct WatchedSink {
    name: String,
    kind: String,
    pub(super) meter: Arc<Meter>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Sources and sinks are being opened.
    Opening,
    /// Rows are made or read.
    Running,
    /// No more rows are made; sinks finish.
    Ending,
    /// It is over.
    Ended,
}

/// A run at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The pipeline's name.
    pub pipeline: String,
    /// What it does.
    pub state: RunState,
    /// Seconds since the start.
    pub seconds: f64,
    /// Seconds until the first rows were asked for: sources and sinks were opened.
    #[serde(skip)]
    pub opening: f64,
    /// Rows that arrived, each counted once however many sinks it went to.
    pub rows: u64,
    /// What is read or made, by table.
    pub sources: Vec<SourceStatus>,
    /// Where rows go.
    pub sinks: Vec<SinkStatus>,
}

/// One table on its way.
#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    /// The table.
    pub table: String,
    /// What it is read from; nothing for tables that are made.
    pub source: Option<String>,
    /// What whoever watches must know.
    pub warning: Option<String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Reading,
}

/// One sink of one table.
#[derive(Debug, Clone, Serialize)]
pub struct SinkStatus {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its table.
    pub table: String,
    /// Rows it will get; none without end.
    pub rows_expected: Option<u64>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Reading,
}

impl WatchedJob {
    pub(super) fn warn(&self, warning: String) {
        *lock(&self.warning) = Some(warning);
    }

    pub(super) fn warning(&self) -> Option<String> {
        lock(&self.warning).clone()
    }
}

impl Watched {
    pub(super) fn new(plan: &Plan) -> Self {
        let jobs = plan.jobs.iter().map(|job| WatchedJob {
            table: job.table.clone(),
            rows: job.rows,
            source: job.source.source().map(|(opened, _)| opened.describe()),
            made: Arc::default(),
            warning: Mutex::default(),
            last_made: AtomicU64::new(0),
            sinks: job
                .sinks
                .iter()
                .map(|sink| WatchedSink {
                    name: sink.name.clone(),
                    kind: sink.kind.clone(),
                    meter: Arc::default(),
                })
                .collect(),
        });
        Self {
            pipeline: plan.name.clone(),
            began: Instant::now(),
            state: Mutex::new(RunState::Opening),
            over: Condvar::new(),
            opening: OnceLock::new(),
            paused: AtomicBool::new(false),
            jobs: jobs.collect(),
            warnings: Mutex::default(),
        }
    }

    /// A warning of no table and no sink alone.
    pub(super) fn warn(&self, warning: String) {
        tracing::warn!("{warning}");
        lock(&self.warnings).push(warning);
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        lock(&self.warnings).clone()
    }

    pub(super) fn turn_to(&self, state: RunState) {
        *lock(&self.state) = state;
        if state == RunState::Running {
            self.opening.get_or_init(|| self.elapsed());
        }
        if state == RunState::Ended {
            self.over.notify_all();
        }
    }

    pub(super) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    /// Waits at most so long; true once it is over.
    pub(super) fn wait_until_over(&self, most: Duration) -> bool {
        let goes_on = |state: &mut RunState| *state != RunState::Ended;
        *wait_while_within(&self.over, lock(&self.state), most, goes_on) == RunState::Ended
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A batch of a job was made, which took so long.
    pub(super) fn count(&self, job: usize, rows: u64, took: Duration) {
        let job = &self.jobs[job];
        job.made.add(rows, 0);
        job.made.batch(rows, took);
        tracing::debug!(
            worker_id = rayon::current_thread_index(),
            batch_size = rows,
            duration = ?took,
            throughput_per_sec = rows as f64 / took.as_secs_f64().max(1e-9),
            "Batch processed successfully"
        );
        let now = u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Each job by its own end: of two rates side by side the faster one was once measured until
        // the slower one had ended, and the run exited with 3.
        job.last_made.fetch_max(now, Ordering::Relaxed);
    }

    /// How long after the start of the run a job made its last batch.
    pub(super) fn last_made(&self, job: usize) -> Duration {
        Duration::from_micros(self.jobs[job].last_made.load(Ordering::Relaxed))
    }

    /// Rows that arrived, each counted once however many sinks and jobs it went to.
    pub(super) fn rows(&self) -> u64 {
        let mut tables: BTreeMap<&str, u64> = BTreeMap::new();
        for job in &self.jobs {
            // The most and not the sum: a row that goes to three sinks is one row.
            let most = job.sinks.iter().map(|sink| sink.meter.rows()).max();
            let rows = tables.entry(&job.table).or_default();
            *rows = most.unwrap_or(0).max(*rows);
        }
        tables.values().sum()
    }

    pub(super) fn status(&self) -> Status {
        let sources = self.jobs.iter().map(|job| SourceStatus {
            table: job.table.clone(),
            source: job.source.clone(),
            warning: job.warning(),
            figures: job.made.read(),
        });
        let sinks = self.jobs.iter().flat_map(|job| {
            job.sinks.iter().map(|sink| SinkStatus {
                name: sink.name.clone(),
                kind: sink.kind.clone(),
                table: job.table.clone(),
                rows_expected: job.rows,
                figures: sink.meter.read(),
            })
        });
        Status {
            pipeline: self.pipeline.clone(),
            state: *lock(&self.state),
            seconds: self.elapsed().as_secs_f64(),
            opening: self.opening.get().map_or(0.0, Duration::as_secs_f64),
            rows: self.rows(),
            sources: sources.collect(),
            sinks: sinks.collect(),
        }
    }
}
