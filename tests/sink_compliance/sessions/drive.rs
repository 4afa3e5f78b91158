//! Drives sinks of sessions: a table that is made, and partitions of a stream.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch};
use rowgen::batch::{Batch, Offsets, Resume, Span, Turn};
use rowgen::error::{Problem, Result};
use rowgen::format::Shape;
use rowgen::report::{Finished, Meter};
use rowgen::sink::session::{self, SessionOptions};
use rowgen::sink::{Found, Lane, Sink, Target};

use super::Subject;
use super::faults::{Faults, Faulty};
use crate::drive::{Run, ready};

/// A subject as a sink, with faults.
pub struct Broken<'a, S> {
    subject: &'a S,
    options: SessionOptions,
    faults: Faults,
}

pub fn sink<'a, S: Subject>(
    subject: &'a S,
    options: &SessionOptions,
    faults: &Faults,
) -> Broken<'a, S> {
    let (options, faults) = (options.clone(), faults.clone());
    Broken {
        subject,
        options,
        faults,
    }
}

impl<S> std::fmt::Debug for Broken<'_, S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Broken")
    }
}

impl<S: Subject> Sink for Broken<'_, S> {
    fn check(&self, _: &Shape) -> Vec<Problem> {
        Vec::new()
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        let connect = Faulty::new(self.subject.connect(), &self.faults);
        let encode = |batch: &Batch| Ok(S::encode(batch));
        session::sink(target, connect, self.options.clone(), encode)
    }
}

/// Loads a table, and says how many rows were sent.
pub fn load(sink: &dyn Sink, run: &Run<'_>) -> u64 {
    let target = run.target();
    let lane = ready(sink, &target).unwrap().open(0).unwrap();
    for number in 0..run.batches() {
        lane.submit(&run.batch(number)).unwrap();
    }
    lane.finish(run.batches()).unwrap();
    target.meter.rows()
}

/// One partition of a stream, as it is read: row `offset` has key `partition * 1_000_000 + offset`.
pub struct Partition {
    partition: i32,
    next: i64,
    /// What was passed over since the last span.
    skipped: i64,
    pub turn: Arc<Turn>,
}

impl Partition {
    pub fn new(partition: i32) -> Self {
        Self::at(partition, 0)
    }

    /// One that goes on there.
    pub fn at(partition: i32, next: i64) -> Self {
        Self {
            partition,
            next,
            skipped: 0,
            turn: Arc::new(Turn::new()),
        }
    }

    /// There are no rows at the next offsets.
    pub fn skip(&mut self, offsets: i64) {
        self.skipped += offsets;
    }

    pub fn ids(&self, offsets: Range<i64>) -> impl Iterator<Item = i64> + use<> {
        let first = i64::from(self.partition) * 1_000_000;
        offsets.map(move |offset| first + offset)
    }

    pub fn has(&self, id: i64) -> bool {
        id / 1_000_000 == i64::from(self.partition)
    }
}

/// A lane that a stream goes to.
pub struct Writer {
    lane: Arc<dyn Lane>,
    resume: Arc<dyn Resume>,
    meter: Arc<Meter>,
}

impl Writer {
    pub fn open<S: Subject>(subject: &S, options: &SessionOptions, faults: &Faults) -> Self {
        Self::open_in(Path::new("."), subject, options, faults)
    }

    /// Dead letters are kept below `out`.
    pub fn open_in<S: Subject>(
        out: &Path,
        subject: &S,
        options: &SessionOptions,
        faults: &Faults,
    ) -> Self {
        let target = Run::new(out).target();
        let ready = ready(&sink(subject, options, faults), &target).unwrap();
        Self {
            lane: ready.open(0).unwrap(),
            resume: ready.resume().unwrap(),
            meter: target.meter,
        }
    }

    /// The next `rows` rows of each partition as batch `number`.
    pub fn send(&self, number: u64, partitions: &mut [Partition], rows: usize) {
        let (mut ids, mut origin) = (Vec::new(), Vec::new());
        for partition in partitions {
            let first = ids.len();
            let from = partition.next;
            partition.next += std::mem::take(&mut partition.skipped);
            ids.extend(partition.ids(partition.next..partition.next + rows as i64));
            partition.next += rows as i64;
            origin.push(Span {
                turn: partition.turn.clone(),
                partition: partition.partition,
                from,
                to: partition.next,
                rows: first..ids.len(),
                offsets: Offsets::default(),
            });
        }
        let ids = Arc::new(Int64Array::from(ids)) as _;
        let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let batch = Batch {
            origin: origin.into(),
            ..Batch::new(number, 0, rows)
        };
        // A lane that has failed says so when it is finished.
        self.lane.submit(&batch).ok();
    }

    pub fn wait_until_durable(&self, batches: u64) {
        let began = Instant::now();
        while self.lane.durable() < batches {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "the lane stands still"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    pub fn finish(&self, batches: u64) -> Result<Finished> {
        self.lane.finish(batches)
    }

    pub fn resume(&self, partitions: &[i32]) -> HashMap<i32, i64> {
        self.resume.offsets(partitions).unwrap()
    }

    pub fn rows(&self) -> u64 {
        self.meter.rows()
    }

    pub fn rejected(&self) -> u64 {
        self.meter.rejected()
    }
}
