//! A sink in motion: chunks come in any order from the workers and are put down in order.
//!
//! A worker puts down what is in turn itself, while it is in its cache, unless another one is at it;
//! where writing may wait for somebody else (a pipe's reader, a broker), a thread of the lane does.
//! The engine submits a batch only within a fixed window of `accepted`, which bounds what waits here.
//! Whatever goes wrong first is what `finish` reports; everybody else only hears that the lane has
//! stopped.

mod each;
mod queue;
mod writing;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{FileReport, Finished, Lane, Partition, RunHandle, Target};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::format::Encode;
use crate::report::{Clock, Lap, Meter};
use crate::sync::lock;
pub use each::each;
use writing::Writing;

/// How long `abort` waits for whoever writes to leave what it is doing: long enough for a write to a
/// disk, and no wait for ever on a pipe that nobody reads.
const ABORT_PATIENCE: Duration = Duration::from_secs(2);

/// Puts chunks down, one at a time.
pub trait Writer<C>: Send {
    /// True when writing may wait for somebody else, a reader or a server: that is left to a thread
    /// of the lane. Otherwise the workers write.
    fn waits(&self) -> bool {
        false
    }

    /// How long whoever it waits for may take nothing once the run is to end, and what is said then.
    /// Without it that is waited for as long as it takes.
    fn patience(&self) -> Option<(Duration, Error)> {
        None
    }

    /// The partitions that come, where they were not known before.
    ///
    /// # Errors
    /// Some of them cannot be.
    fn announce(&mut self, _partitions: Vec<Partition>) -> Result<()> {
        Ok(())
    }

    /// Puts the chunk of batch `number` down and counts its rows and bytes, now or once they are
    /// acknowledged; numbers come in order. `Break` when nobody reads any
    /// more (a closed pipe), which is no failure.
    ///
    /// # Errors
    /// Writing failed.
    fn write(&mut self, number: u64, chunk: C, marks: &Marks) -> Result<ControlFlow<()>>;

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
    meter: Arc<Meter>,
    run: Arc<dyn RunHandle>,
}

/// A lane of one encoder and one writer.
struct EncodingLane<E: Encode + ?Sized> {
    encoder: Arc<E>,
    writing: Arc<Writing<E::Chunk>>,
    /// Where it is not the workers that write: the thread that does, and how long it waited.
    thread: Mutex<Option<JoinHandle<Duration>>>,
    patience: Option<(Duration, Error)>,
    /// The workers write.
    by_workers: bool,
}

/// Starts a lane whose writer puts down what `encoder` makes.
///
/// # Errors
/// The system gives no thread.
pub fn start<E>(
    target: &Target,
    encoder: Arc<E>,
    writer: Box<dyn Writer<E::Chunk>>,
) -> Result<Arc<dyn Lane>>
where
    E: Encode<Chunk: 'static> + ?Sized + 'static,
{
    start_with(target, encoder, |_| Ok(writer))
}

/// As `start`, with a writer that moves the lane's marks on threads of its own.
///
/// # Errors
/// The system gives no thread, or the writer cannot begin.
pub fn start_with<E>(
    target: &Target,
    encoder: Arc<E>,
    writer: impl FnOnce(Arc<Marks>) -> Result<Box<dyn Writer<E::Chunk>>>,
) -> Result<Arc<dyn Lane>>
where
    E: Encode<Chunk: 'static> + ?Sized + 'static,
{
    let marks = Arc::new(Marks::new(target));
    let writer = writer(marks.clone())?;
    let (waits, patience) = (writer.waits(), writer.patience());
    let writing = Arc::new(Writing::new(writer, marks));
    let thread = waits.then(|| thread(&target.shape.table, writing.clone()));
    Ok(Arc::new(EncodingLane {
        encoder,
        writing,
        thread: Mutex::new(thread.transpose()?),
        patience,
        by_workers: !waits,
    }))
}

/// A thread that puts down whatever is in turn, until the lane is over.
fn thread<C: Send + 'static>(
    table: &str,
    writing: Arc<Writing<C>>,
) -> Result<JoinHandle<Duration>> {
    let work = move || {
        let mut waited = Duration::ZERO;
        let mut lap = Lap::start();
        loop {
            let asked = Instant::now();
            let ready = writing.queue.wait();
            waited += asked.elapsed();
            if !ready {
                return waited;
            }
            writing.put_down(&mut lap);
        }
    };
    std::thread::Builder::new()
        .name(format!("write {table}"))
        .spawn(work)
        .map_err(|error| Error::because("starting a writer thread", error))
}

/// What everybody but `finish` hears of a lane that takes no more.
fn stopped() -> Error {
    Error::run("the sink has stopped")
}

impl Marks {
    fn new(target: &Target) -> Self {
        Self {
            accepted: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            over: AtomicBool::new(false),
            meter: target.meter.clone(),
            run: target.run.clone(),
        }
    }

    /// Counts what was put down.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.meter.add(rows, bytes);
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

impl<E: Encode + ?Sized> EncodingLane<E> {
    /// Runs `work` of the encoder; its failure is the lane's.
    fn encode(&self, work: impl FnOnce(&dyn Fn(u64, E::Chunk)) -> Result<()>) -> Result<()> {
        if self.failed() {
            return Err(stopped());
        }
        let put = |number, chunk| self.writing.queue.put(number, chunk);
        let error = match catch_unwind(AssertUnwindSafe(|| work(&put))) {
            Ok(Ok(())) if !self.failed() => return Ok(()),
            Ok(Ok(())) => return Err(stopped()),
            Ok(Err(error)) => error,
            Err(panic) => Error::of_panic("the encoder", panic.as_ref()),
        };
        self.writing.fail(error);
        Err(stopped())
    }
}

impl<E: Encode + ?Sized> EncodingLane<E> {
    /// Waits until the thread has ended; why not, if the run is to end and nothing moves any more.
    fn stuck(&self, thread: &JoinHandle<Duration>) -> Option<Error> {
        let (patience, error) = self.patience.as_ref()?;
        let marks = &self.writing.marks;
        let (mut seen, mut since) = (marks.meter.bytes(), Instant::now());
        while !thread.is_finished() {
            let now = marks.meter.bytes();
            if now != seen || !marks.run.stopping() {
                (seen, since) = (now, Instant::now());
            }
            if since.elapsed() >= *patience {
                return Some(error.clone());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl<E: Encode + ?Sized> Lane for EncodingLane<E> {
    fn submit_timed(&self, batch: &Batch, clock: &mut Clock) -> Result<()> {
        let passed_on = self.encode(|put| self.encoder.encode(batch, put));
        self.writing.marks.meter.encode(clock.encoded());
        if self.by_workers {
            clock.times.writing += self.writing.put_down(&mut clock.lap);
        }
        passed_on
    }

    fn announce(&self, partitions: Vec<Partition>) -> Result<()> {
        self.writing.announce(partitions)
    }

    fn accepted(&self) -> u64 {
        self.writing.marks.accepted.load(Ordering::Acquire)
    }

    fn durable(&self) -> u64 {
        self.writing.marks.durable.load(Ordering::Acquire)
    }

    fn failed(&self) -> bool {
        self.writing.marks.over.load(Ordering::Acquire)
    }

    fn finish(&self, batches: u64) -> Result<Finished> {
        if self.encode(|put| self.encoder.end(batches, put)).is_ok()
            && let Err(error) = self.writing.queue.close(batches)
        {
            self.writing.fail(error);
        }
        let thread = lock(&self.thread).take();
        if let Some(error) = thread.as_ref().and_then(|thread| self.stuck(thread)) {
            // The thread is left where it waits: nothing that it holds is touched any more.
            self.writing.fail(error.clone());
            return Err(error);
        }
        let waited = thread.and_then(|thread| thread.join().ok());
        let times = self.writing.finish();
        let outcome = self.writing.queue.outcome();
        Ok(Finished {
            files: outcome.unwrap_or_else(|| Err(stopped()))?,
            busy: times.busy,
            cpu: times.cpu,
            waited: waited.unwrap_or_default(),
            ..Finished::default()
        })
    }

    fn abort(&self) {
        self.writing.queue.abort();
        self.writing.marks.stop();
        let deadline = Instant::now() + ABORT_PATIENCE;
        while !self.writing.leave() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<E: Encode + ?Sized> Drop for EncodingLane<E> {
    fn drop(&mut self) {
        self.writing.queue.abort();
    }
}
