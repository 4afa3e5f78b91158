//! A sink in motion: chunks come in any order from the workers, one thread puts them down in order.
//!
//! A lane never blocks a worker: the engine submits a batch only within a fixed window of `accepted`,
//! which bounds what waits here. Whatever goes wrong first is what `finish` reports; everybody else
//! only hears that the lane has stopped.

mod each;
mod queue;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use super::{FileReport, Finished, Lane, Run, Target};
use crate::error::{Error, Result};
use crate::format::{Chunk, Encoder};
use crate::report::{Counters, cpu_time};
pub use each::each;
use queue::{Queue, Taken};

/// How long `abort` waits for the writer to leave what it is doing: long enough for a write to a
/// disk, and no wait for ever on a pipe that nobody reads.
const ABORT_PATIENCE: Duration = Duration::from_secs(2);

/// Puts chunks down, on the lane's own thread.
pub trait Writer: Send {
    /// Puts the chunk of batch `number` down; numbers come in order. `Break` when nobody reads any
    /// more (a closed pipe), which is no failure.
    ///
    /// # Errors
    /// Writing failed.
    fn write(&mut self, number: u64, chunk: Chunk, marks: &Marks) -> Result<ControlFlow<()>>;

    /// Every chunk was put down: closes and commits.
    ///
    /// # Errors
    /// Writing failed.
    fn finish(&mut self, marks: &Marks) -> Result<Vec<FileReport>>;
}

/// How far a lane is, for everybody to see.
pub struct Marks {
    accepted: AtomicU64,
    durable: AtomicU64,
    over: AtomicBool,
    counters: Arc<Counters>,
    run: Arc<dyn Run>,
}

/// A lane of one encoder and one writer thread.
struct EncodingLane {
    encoder: Arc<dyn Encoder>,
    queue: Arc<Queue>,
    marks: Arc<Marks>,
    thread: Mutex<Option<JoinHandle<Times>>>,
}

#[derive(Default)]
struct Times {
    busy: Duration,
    cpu: Duration,
    waited: Duration,
}

/// Starts a lane whose writer thread puts down what `encoder` makes.
///
/// # Errors
/// The system gives no thread.
pub fn start(
    target: &Target,
    encoder: Arc<dyn Encoder>,
    writer: Box<dyn Writer>,
) -> Result<Arc<dyn Lane>> {
    start_with(target, encoder, |_| Ok(writer))
}

/// As `start`, with a writer that moves the lane's marks on threads of its own.
///
/// # Errors
/// The system gives no thread, or the writer cannot begin.
pub fn start_with(
    target: &Target,
    encoder: Arc<dyn Encoder>,
    writer: impl FnOnce(Arc<Marks>) -> Result<Box<dyn Writer>>,
) -> Result<Arc<dyn Lane>> {
    let marks = Arc::new(Marks::new(target));
    let writer = writer(marks.clone())?;
    let queue = Arc::new(Queue::default());
    let (its_queue, its_marks) = (queue.clone(), marks.clone());
    let thread = std::thread::Builder::new()
        .name(format!("write {}", target.shape.table))
        .spawn(move || run(&its_queue, &its_marks, writer))
        .map_err(|error| Error::because("starting a writer thread", error))?;
    Ok(Arc::new(EncodingLane {
        encoder,
        queue,
        marks,
        thread: Mutex::new(Some(thread)),
    }))
}

/// What everybody but `finish` hears of a lane that takes no more.
fn stopped() -> Error {
    Error::run("the sink has stopped")
}

/// The writer thread: a panic below it is a failure of the lane like any other.
fn run(queue: &Queue, marks: &Marks, mut writer: Box<dyn Writer>) -> Times {
    let mut times = Times::default();
    let work = AssertUnwindSafe(|| put_down(queue, marks, writer.as_mut(), &mut times));
    match catch_unwind(work) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => fail(queue, marks, error),
        Err(panic) => fail(queue, marks, panicked("the writer", panic.as_ref())),
    }
    times.cpu = cpu_time();
    times
}

fn put_down(
    queue: &Queue,
    marks: &Marks,
    writer: &mut dyn Writer,
    times: &mut Times,
) -> Result<()> {
    let mut ready = Vec::new();
    loop {
        let asked = Instant::now();
        let taken = queue.take(&mut ready);
        let began = Instant::now();
        times.waited += began - asked;
        match taken {
            Taken::Chunks(first) => {
                for (number, chunk) in (first..).zip(ready.drain(..)) {
                    if put_one(queue, marks, writer, number, chunk)?.is_break() {
                        return Ok(());
                    }
                }
            }
            Taken::All => queue.done(writer.finish(marks)?),
            Taken::Over => return Ok(()),
        }
        times.busy += began.elapsed();
    }
}

fn put_one(
    queue: &Queue,
    marks: &Marks,
    writer: &mut dyn Writer,
    number: u64,
    chunk: Chunk,
) -> Result<ControlFlow<()>> {
    if queue.is_over() {
        return Ok(ControlFlow::Break(()));
    }
    let rows = chunk.rows;
    let flow = writer.write(number, chunk, marks)?;
    marks.add(rows, 0);
    match flow {
        ControlFlow::Continue(()) => marks.accept(number + 1),
        ControlFlow::Break(()) => {
            queue.done(Vec::new());
            marks.stop();
        }
    }
    Ok(flow)
}

fn fail(queue: &Queue, marks: &Marks, error: Error) {
    if queue.fail(error) {
        marks.counters.error();
    }
    marks.stop();
}

fn panicked(who: &str, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::because(format!("{who} panicked, which is a bug of rowgen"), text)
}

impl Marks {
    fn new(target: &Target) -> Self {
        Self {
            accepted: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            over: AtomicBool::new(false),
            counters: target.counters.clone(),
            run: target.run.clone(),
        }
    }

    /// Counts what was put down.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.counters.add(rows, bytes);
    }

    /// The first `batches` batches are safe now.
    pub fn durable(&self, batches: u64) {
        self.durable.fetch_max(batches, Ordering::Release);
        self.run.moved();
    }

    /// True once nobody waits for this lane any more.
    pub fn over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn accept(&self, batches: u64) {
        self.accepted.fetch_max(batches, Ordering::Release);
        self.run.moved();
    }

    /// Nobody needs to wait for this lane any more.
    fn stop(&self) {
        self.over.store(true, Ordering::Release);
        self.accepted.store(u64::MAX, Ordering::Release);
        self.run.moved();
    }
}

impl EncodingLane {
    /// Runs `work` of the encoder; its failure is the lane's.
    fn encode(&self, work: impl FnOnce(&dyn Fn(u64, Chunk)) -> Result<()>) -> Result<()> {
        if self.failed() {
            return Err(stopped());
        }
        let put = |number, chunk| self.queue.put(number, chunk);
        let error = match catch_unwind(AssertUnwindSafe(|| work(&put))) {
            Ok(Ok(())) if !self.failed() => return Ok(()),
            Ok(Ok(())) => return Err(stopped()),
            Ok(Err(error)) => error,
            Err(panic) => panicked("the encoder", panic.as_ref()),
        };
        fail(&self.queue, &self.marks, error);
        Err(stopped())
    }
}

impl Lane for EncodingLane {
    fn submit(&self, number: u64, batch: &RecordBatch) -> Result<()> {
        self.encode(|put| self.encoder.encode(number, batch, put))
    }

    fn accepted(&self) -> u64 {
        self.marks.accepted.load(Ordering::Acquire)
    }

    fn durable(&self) -> u64 {
        self.marks.durable.load(Ordering::Acquire)
    }

    fn failed(&self) -> bool {
        self.marks.over.load(Ordering::Acquire)
    }

    fn finish(&self, batches: u64) -> Result<Finished> {
        if self.encode(|put| self.encoder.end(batches, put)).is_ok()
            && let Err(error) = self.queue.close(batches)
        {
            fail(&self.queue, &self.marks, error);
        }
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let times = thread.and_then(|thread| thread.join().ok());
        let times = times.unwrap_or_default();
        Ok(Finished {
            files: self.queue.outcome().unwrap_or_else(|| Err(stopped()))?,
            busy: times.busy,
            cpu: times.cpu,
            waited: times.waited,
        })
    }

    fn abort(&self) {
        self.queue.abort();
        self.marks.stop();
        let deadline = Instant::now() + ABORT_PATIENCE;
        let running = || {
            let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.as_ref().is_some_and(|thread| !thread.is_finished())
        };
        while running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for EncodingLane {
    fn drop(&mut self) {
        self.queue.abort();
    }
}
