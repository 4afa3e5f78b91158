//! Drives lanes as an engine does: N threads pull batch numbers within a window of what was accepted.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rowgen::batch::Batch;
use rowgen::error::Result;
use rowgen::place::{Source, decode, parse};
use rowgen::report::Meter;
use rowgen::sink::{
    Finished, Found, Lane, Partition, Ready, Record, Sink, SinkKind, Slice, Target,
};

use crate::rows::{self, BATCH_ROWS};

/// How far ahead of a lane workers may be.
const WINDOW: u64 = 8;

/// A run of one sink.
pub struct Run<'a> {
    pub out: &'a Path,
    pub rows: u64,
    pub threads: u64,
    pub slice: Option<Slice>,
    pub partitions: Vec<Partition>,
    pub fingerprint: &'a str,
    pub overwrite: bool,
    pub endless: bool,
    /// Sleep so long before each batch.
    pub pause: Duration,
}

/// What wakes workers that wait for the window to move.
#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    moved: Condvar,
}

impl<'a> Run<'a> {
    pub fn new(out: &'a Path) -> Self {
        Run {
            out,
            rows: 10_001,
            threads: 2,
            slice: None,
            partitions: Vec::new(),
            fingerprint: "plan-a",
            overwrite: false,
            endless: false,
            pause: Duration::ZERO,
        }
    }

    fn first_row(&self) -> u64 {
        self.slice
            .map_or(0, |s| self.rows * (s.index - 1) / s.count)
    }

    fn slice_rows(&self) -> u64 {
        let end = self
            .slice
            .map_or(self.rows, |s| self.rows * s.index / s.count);
        end - self.first_row()
    }

    pub fn batches(&self) -> u64 {
        self.slice_rows().div_ceil(BATCH_ROWS)
    }

    pub fn batch(&self, number: u64) -> Batch {
        let first = number * BATCH_ROWS;
        let rows = BATCH_ROWS.min(self.slice_rows() - first);
        let first = self.first_row() + first;
        Batch::new(number, first, rows::batch(first, rows))
    }

    pub fn target(&self) -> Target {
        self.target_with(Arc::default())
    }

    fn target_with(&self, bell: Arc<Bell>) -> Target {
        let mut shape = rows::shape(self.slice_rows());
        if self.endless {
            shape.rows = None;
        }
        Target {
            shape,
            out: self.out.to_path_buf(),
            slice: self.slice,
            pace: None,
            run_id: 0,
            first_row: self.first_row(),
            lanes: vec![Arc::new(self.partitions.clone())],
            is_sorted: false,
            late_partitions: false,
            is_stream: false,
            changes: None,
            fingerprint: self.fingerprint.to_string(),
            load: String::new(),
            overwrite: self.overwrite,
            checksums: true,
            meter: Arc::new(Meter::default()),
            run: bell,
        }
    }

    /// Checks, opens, fills, finishes and commits, and counts what arrived.
    pub fn run(&self, sink: &dyn Sink) -> Result<Finished> {
        let bell = Arc::new(Bell::default());
        let target = self.target_with(bell.clone());
        let ready = ready(sink, &target)?;
        let lane = ready.open(0)?;
        self.fill(lane.as_ref(), &bell, self.batches());
        let finished = lane.finish(self.batches())?;
        let publish = ready.prepare(std::slice::from_ref(&finished))?;
        let kind = "file".to_string();
        let record = publish.record().map(|output| Record { kind, output });
        publish.decide(record.as_slice(), false)?;
        publish.publish()?;
        publish.settle()?;
        assert_eq!(
            target.meter.rows(),
            self.slice_rows(),
            "every row counts once"
        );
        Ok(finished)
    }

    /// Fills half of what there is and aborts.
    pub fn abort_half_way(&self, sink: &dyn Sink) -> Result<()> {
        let bell = Arc::new(Bell::default());
        let lane = ready(sink, &self.target_with(bell.clone()))?.open(0)?;
        let half = self.batches() / 2;
        self.fill(lane.as_ref(), &bell, half);
        bell.wait_until(|| lane.accepted() >= half);
        lane.abort();
        assert!(lane.failed());
        assert_eq!(
            lane.accepted(),
            u64::MAX,
            "nobody waits for an aborted lane"
        );
        Ok(())
    }

    fn fill(&self, lane: &dyn Lane, bell: &Bell, batches: u64) {
        let next = AtomicU64::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= batches {
                    return;
                }
                bell.wait_until(|| number < lane.accepted().saturating_add(WINDOW));
                std::thread::sleep(self.pause);
                if lane.failed() || lane.submit(&self.batch(number)).is_err() {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(work);
            }
        });
    }
}

impl rowgen::sink::RunHandle for Bell {
    fn moved(&self) {
        self.ring();
    }
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() += 1;
        self.moved.notify_all();
    }

    fn wait_until(&self, done: impl Fn() -> bool) {
        let mut rung = self.rung.lock().unwrap();
        while !done() {
            let patience = Duration::from_secs(20);
            let (guard, waited) = self.moved.wait_timeout(rung, patience).unwrap();
            assert!(!waited.timed_out(), "the lane stands still");
            rung = guard;
        }
    }
}

/// The sink, connected to rows that are cut where it asks: here whole batches are dealt to its files.
pub fn ready(sink: &dyn Sink, target: &Target) -> Result<Box<dyn Ready>> {
    let mut target = target.clone();
    let batches = target.shape.rows.unwrap_or(0).div_ceil(BATCH_ROWS);
    let files = sink.takes().files.unwrap_or(1).min(batches);
    let starts = (1..files).map(|index| batches * index / files);
    target.shape.file_starts = starts.collect();
    sink.recover(&target, false)?;
    sink.earlier(&target, None)?.withdraw()?;
    match sink.connect(&target)? {
        Found::Ready { sink, .. } => Ok(sink),
        Found::Made(_) => panic!("a run before has made it"),
        Found::Same => panic!("the same output is there already"),
    }
}

/// What the sink says of what is there: `ready`, `replaces`, `made` or `same`.
pub fn found(sink: &dyn Sink, run: &Run<'_>) -> &'static str {
    match sink.connect(&run.target()).unwrap() {
        Found::Ready {
            replaces: false, ..
        } => "ready",
        Found::Ready { replaces: true, .. } => "replaces",
        Found::Made(_) => "made",
        Found::Same => "same",
    }
}

/// The sink that one entry of `sinks:` describes.
pub fn sink(yaml: &str) -> SinkKind {
    try_sink(yaml).unwrap_or_else(|problem| panic!("{problem}"))
}

pub fn try_sink(yaml: &str) -> Result<SinkKind, rowgen::error::Problem> {
    let source = Arc::new(Source::new("p.yaml", format!("{yaml}\n")));
    decode(&parse(&source)?)
}
