//! Threads that make batches ahead of whoever reads them, and give them in their order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::exchange;
use crate::error::{Error, Result};
use crate::source::RunningSource;
use crate::sync::{lock, wait, wait_while};

/// What threads and reader share.
pub(super) struct Work {
    source: RunningSource,
    /// How many batches there are.
    count: u64,
    /// How many may be made ahead of the reader: what bounds its memory.
    ahead: u64,
    /// What batches are given as.
    schema: SchemaRef,
    state: Mutex<State>,
    /// The batch that the reader waits for is there.
    made: Condvar,
    /// There is room for one batch more, or nobody wants any.
    room: Condvar,
}

#[derive(Default)]
struct State {
    /// The next batch that a thread takes.
    claimed: u64,
    /// The next batch that the reader gets.
    next: u64,
    /// What was made and not given yet.
    made: BTreeMap<u64, Result<RecordBatch>>,
    /// The reader is gone.
    is_closed: bool,
}

/// The threads, which end once this is dropped. Nobody waits for them: a batch can take seconds, and whoever
/// drops a reader may hold a lock that others wait for.
pub(super) struct Workers {
    work: Arc<Work>,
    process: u32,
}

impl Work {
    pub(super) fn new(source: RunningSource, count: u64, ahead: usize, schema: SchemaRef) -> Self {
        Self {
            source,
            count,
            ahead: ahead as u64,
            schema,
            state: Mutex::default(),
            made: Condvar::new(),
            room: Condvar::new(),
        }
    }

    /// The next batch, if it is made within this time; nothing in it behind the last one.
    pub(super) fn take_within(&self, time: Duration) -> Result<Option<Option<RecordBatch>>> {
        let until = Instant::now() + time;
        let mut state = lock(&self.state);
        loop {
            let next = state.next;
            if next >= self.count {
                // Rows of a file that was written over meanwhile are of both.
                self.source.has_grown()?;
                return Ok(Some(None));
            }
            if let Some(made) = state.made.remove(&next) {
                state.next += 1;
                self.room.notify_one();
                return made.map(|batch| Some(Some(batch)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            state = wait(&self.made, state, left);
        }
    }

    /// Makes batches until there are no more or nobody wants them.
    fn run(&self) {
        while let Some(number) = self.claim() {
            // The reader waits for this batch: a panic must reach it as an error.
            let made = catch_unwind(AssertUnwindSafe(|| self.make(number)));
            let made =
                made.unwrap_or_else(|panic| Err(Error::of_panic("making rows", panic.as_ref())));
            let mut state = lock(&self.state);
            state.made.insert(number, made);
            if state.next == number {
                self.made.notify_one();
            }
        }
    }

    fn claim(&self) -> Option<u64> {
        let full = |state: &mut State| {
            !state.is_closed
                && state.claimed < self.count
                && state.claimed >= state.next + self.ahead
        };
        let mut state = wait_while(&self.room, lock(&self.state), full);
        if state.is_closed || state.claimed >= self.count {
            return None;
        }
        state.claimed += 1;
        Some(state.claimed - 1)
    }

    fn make(&self, number: u64) -> Result<RecordBatch> {
        let batch = self.source.take(number)?;
        let Some(batch) = batch else {
            return Err(Error::run("the rows ended before their last batch"));
        };
        exchange::rows(&batch.rows, &self.schema)
    }
}

impl Workers {
    /// Begins with so many threads, at most one for each batch.
    pub(super) fn start(work: &Arc<Work>, threads: usize) -> Result<Self> {
        let most = usize::try_from(work.count).unwrap_or(usize::MAX);
        let workers = Self {
            work: work.clone(),
            process: std::process::id(),
        };
        for number in 0..threads.min(most) {
            let work = work.clone();
            let thread = std::thread::Builder::new().name(format!("rows-{number}"));
            let thread = thread.spawn(move || work.run());
            thread.map_err(|error| Error::because("starting a thread", error))?;
        }
        Ok(workers)
    }

    /// True in the process that started them: one forked from it has none of these threads.
    pub(super) fn is_here(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Elsewhere there are none, and the lock may be held by one of them for ever.
        if self.is_here() {
            let mut state = lock(&self.work.state);
            state.is_closed = true;
            state.made.clear();
            self.work.room.notify_all();
        }
    }
}
