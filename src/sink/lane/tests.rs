//! Lanes with a stand-in for the encoder and the writer: order, failures, ends.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::{Marks, Writer, start};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::format::{Encode, Shape};
use crate::report::Meter;
use crate::sink::{FileReport, Lane, Target};

/// Hands a chunk out when told so: `late` batches wait for the next one.
#[derive(Default)]
struct Stand {
    late: Vec<u64>,
    waiting: Mutex<Vec<u64>>,
    bad: Option<u64>,
    panics: Option<u64>,
    extra: bool,
}

/// Notes what it gets.
struct Notes {
    got: Arc<Mutex<Vec<u64>>>,
    full_at: u64,
    panics_at: u64,
    gone_at: u64,
    blocked: Option<mpsc::Receiver<()>>,
    begun: Arc<AtomicBool>,
    waits: bool,
}

impl Encode for Stand {
    type Chunk = ();

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, ())) -> Result<()> {
        let number = batch.number;
        assert!(self.panics != Some(number), "out of range");
        if self.bad == Some(number) {
            return Err(Error::run("column `x`, row 7: NaN is no JSON"));
        }
        let mut waiting = self.waiting.lock().unwrap();
        waiting.push(number);
        if !self.late.contains(&number) {
            waiting.drain(..).for_each(|number| put(number, ()));
        }
        Ok(())
    }

    fn end(&self, batches: u64, put: &dyn Fn(u64, ())) -> Result<()> {
        let mut waiting = self.waiting.lock().unwrap();
        waiting.drain(..).for_each(|number| put(number, ()));
        if self.extra {
            put(batches, ());
        }
        Ok(())
    }
}

impl Writer<()> for Notes {
    fn waits(&self) -> bool {
        self.waits
    }

    fn write(&mut self, number: u64, (): (), _marks: &Marks) -> Result<ControlFlow<()>> {
        self.begun.store(true, Ordering::Release);
        if let Some(blocked) = &self.blocked {
            let _ = blocked.recv();
        }
        assert!(number != self.panics_at, "index out of bounds");
        if number == self.full_at {
            return Err(Error::because("writing `x`", "No space left on device"));
        }
        if number == self.gone_at {
            return Ok(ControlFlow::Break(()));
        }
        self.got.lock().unwrap().push(number);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, marks: &Marks) -> Result<Vec<FileReport>> {
        marks.durable(self.got.lock().unwrap().len() as u64);
        Ok(Vec::new())
    }
}

/// Notes of what the workers write, or, where writing `waits`, a thread of the lane.
fn notes(waits: bool) -> Notes {
    Notes {
        got: Arc::default(),
        full_at: u64::MAX,
        panics_at: u64::MAX,
        gone_at: u64::MAX,
        blocked: None,
        begun: Arc::default(),
        waits,
    }
}

fn lane(stand: Stand, notes: Notes) -> Arc<dyn Lane> {
    let shape = Shape {
        table: "t".into(),
        schema: Arc::new(Schema::empty()),
        order: Vec::new(),
        domains: Vec::new(),
        rows: None,
        batch_rows: 1,
        file_starts: std::sync::Arc::default(),
        open_files: 1,
        folders: Vec::new(),
        beside: 0,
        run_key: 0,
        trial: None,
        changes: None,
    };
    let target = Target {
        shape,
        out: ".".into(),
        slice: None,
        pace: None,
        run_id: 0,
        first_row: 0,
        lanes: vec![Arc::default()],
        is_sorted: false,
        late_partitions: false,
        is_stream: false,
        changes: None,
        fingerprint: String::new(),
        load: String::new(),
        overwrite: false,
        checksums: false,
        meter: Arc::new(Meter::default()),
        run: Arc::new(()),
    };
    start(&target, Arc::new(stand), Box::new(notes)).unwrap()
}

fn submit(lane: &dyn Lane, numbers: impl IntoIterator<Item = u64>) -> Result<()> {
    let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
    let mut numbers = numbers.into_iter();
    numbers.try_for_each(|number| lane.submit(&Batch::new(number, 0, batch.clone())))
}

/// What `finish` says after ten batches, whoever writes them.
fn outcome(stand: fn() -> Stand, notes: fn(bool) -> Notes) -> String {
    let [workers, thread] = [false, true].map(|waits| submitted(stand(), notes(waits)));
    assert_eq!(workers, thread);
    workers
}

/// Submits ten batches, one after the other, and says what `finish` says.
fn submitted(stand: Stand, notes: Notes) -> String {
    let lane = lane(stand, notes);
    let mut quiet = None;
    for number in 0..10 {
        let deadline = Instant::now() + Duration::from_secs(5);
        while lane.accepted() < number && Instant::now() < deadline {
            std::thread::yield_now();
        }
        quiet = quiet.or(submit(lane.as_ref(), [number]).err());
    }
    if let Some(quiet) = quiet {
        assert_eq!(quiet.to_string(), "error: the sink has stopped");
        assert!(lane.failed());
        assert_eq!(lane.accepted(), u64::MAX);
    }
    match lane.finish(10) {
        Ok(_) => "fine".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn chunks_are_put_down_in_order_whatever_order_they_come_in() {
    for waits in [false, true] {
        let notes = notes(waits);
        let got = notes.got.clone();
        let stand = Stand {
            late: vec![0, 3, 9],
            extra: true,
            ..Stand::default()
        };
        let lane = lane(stand, notes);
        submit(lane.as_ref(), [4, 0, 2, 1, 3, 7, 9, 5, 8, 6]).unwrap();
        lane.finish(10).unwrap();
        assert_eq!(*got.lock().unwrap(), (0..=10).collect::<Vec<_>>());
        assert_eq!((lane.accepted(), lane.durable()), (11, 11));
        assert!(!lane.failed());
    }
}

#[test]
fn workers_that_write_lose_no_chunk_to_each_other() {
    let notes = notes(false);
    let got = notes.got.clone();
    let lane = lane(Stand::default(), notes);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mine =
                    || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|next| *next < 9000);
                submit(lane.as_ref(), std::iter::from_fn(mine)).unwrap();
            });
        }
    });
    assert_eq!(
        lane.accepted(),
        9000,
        "whoever came last put down what was left"
    );
    lane.finish(9000).unwrap();
    assert_eq!(*got.lock().unwrap(), (0..9000).collect::<Vec<_>>());
}

#[test]
fn finish_tells_the_cause_and_everybody_else_hears_that_it_is_over() {
    let full = |waits| Notes {
        full_at: 4,
        ..notes(waits)
    };
    assert_eq!(
        outcome(Stand::default, full),
        "error: writing `x`\n  caused by: No space left on device"
    );
    let bad = || Stand {
        bad: Some(4),
        ..Stand::default()
    };
    assert_eq!(
        outcome(bad, notes),
        "error: column `x`, row 7: NaN is no JSON"
    );
    let gone = |waits| Notes {
        gone_at: 4,
        ..notes(waits)
    };
    assert_eq!(outcome(Stand::default, gone), "fine");
}

#[test]
fn panics_and_lost_batches_are_failures_and_never_a_standstill() {
    let panics = |waits| Notes {
        panics_at: 4,
        ..notes(waits)
    };
    assert_eq!(
        outcome(Stand::default, panics),
        "error: the writer panicked, which is a bug of rowgen\n  caused by: index out of bounds"
    );
    let panics = || Stand {
        panics: Some(4),
        ..Stand::default()
    };
    assert_eq!(
        outcome(panics, notes),
        "error: the encoder panicked, which is a bug of rowgen\n  caused by: out of range"
    );
    for waits in [false, true] {
        let lane = lane(Stand::default(), notes(waits));
        submit(lane.as_ref(), [0, 1, 3]).unwrap();
        assert_eq!(
            lane.finish(4).unwrap_err().to_string(),
            "error: not all of 4 batches were encoded, which is a bug of rowgen"
        );
    }
}

/// Notes whose writer, once it has `begun`, waits until the sender is dropped.
fn blocked(waits: bool) -> (Notes, mpsc::Sender<()>) {
    let (open, blocked) = mpsc::channel();
    let notes = Notes {
        blocked: Some(blocked),
        ..notes(waits)
    };
    (notes, open)
}

#[test]
fn an_aborted_lane_writes_nothing_more_and_does_not_wait_for_ever() {
    let (notes, _open) = blocked(true);
    let got = notes.got.clone();
    let lane = lane(Stand::default(), notes);
    submit(lane.as_ref(), 0..3).unwrap();
    let began = Instant::now();
    lane.abort();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(submit(lane.as_ref(), [3]).is_err());
    assert!(lane.failed());
    assert_eq!(got.lock().unwrap().len(), 0);
}

#[test]
fn a_worker_that_writes_holds_no_other_one_up() {
    let (notes, open) = blocked(false);
    let (got, begun) = (notes.got.clone(), notes.begun.clone());
    let lane = lane(Stand::default(), notes);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| submit(lane.as_ref(), [0]));
        while !begun.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        submit(lane.as_ref(), [1, 2]).unwrap();
        assert_eq!((lane.accepted(), writing.is_finished()), (0, false));
        drop(open);
        writing.join().unwrap().unwrap();
    });
    assert_eq!((lane.accepted(), got.lock().unwrap().len()), (3, 3));
}
