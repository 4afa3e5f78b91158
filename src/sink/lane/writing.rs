//! Putting chunks down in order: one at a time, by whoever comes first when a turn has come.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use super::queue::{Queue, Taken};
use super::{Marks, Writer};
use crate::error::{Error, Result};
use crate::report::Lap;
use crate::sink::Partition;
use crate::sync::lock;

/// A writer with what waits for it.
pub(super) struct Writing<C> {
    pub(super) queue: Queue<C>,
    pub(super) marks: Arc<Marks>,
    state: Mutex<State<C>>,
}

struct State<C> {
    /// None once nothing more will be written.
    writer: Option<Box<dyn Writer<C>>>,
    ready: Vec<C>,
    times: Times,
}

/// What putting down took.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) busy: Duration,
    pub(super) cpu: Duration,
}

impl<C> Writing<C> {
    pub(super) fn new(writer: Box<dyn Writer<C>>, marks: Arc<Marks>) -> Self {
        Self {
            queue: Queue::default(),
            marks,
            state: Mutex::new(State {
                writer: Some(writer),
                ready: Vec::new(),
                times: Times::default(),
            }),
        }
    }

    /// Puts down what is in turn, unless somebody else is at it, who does it then. How long it took.
    pub(super) fn put_down(&self, lap: &mut Lap) -> Duration {
        let mut busy = Duration::ZERO;
        // Asked again once nobody is at it: what came meanwhile was left to whoever was.
        while self.queue.is_ready() {
            let Some(mut state) = self.try_state() else {
                break;
            };
            busy += self.work(&mut state, lap);
        }
        busy
    }

    /// As `put_down`, after whoever is at it, and says what all of it took.
    pub(super) fn finish(&self) -> Times {
        let mut state = lock(&self.state);
        self.work(&mut state, &mut Lap::start());
        state.times
    }

    /// Tells the writer which partitions come.
    pub(super) fn announce(&self, partitions: Vec<Partition>) -> Result<()> {
        let mut state = lock(&self.state);
        let writer = state.writer.as_deref_mut();
        writer.map_or(Ok(()), |writer| writer.announce(partitions))
    }

    /// Lets the writer go; false while somebody is at it.
    pub(super) fn leave(&self) -> bool {
        let state = self.try_state();
        state.map(|mut state| state.writer = None).is_some()
    }

    /// Ends the lane with a failure, unless something else ended it before.
    pub(super) fn fail(&self, error: Error) {
        if self.queue.fail(error) {
            self.marks.meter.error("failed");
        }
        self.marks.stop();
    }

    fn try_state(&self) -> Option<MutexGuard<'_, State<C>>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// A panic below it is a failure of the lane like any other.
    fn work(&self, state: &mut State<C>, lap: &mut Lap) -> Duration {
        let began = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| self.put_all(state))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.fail(error),
            Err(panic) => self.fail(Error::of_panic("the writer", panic.as_ref())),
        }
        if self.queue.is_over() {
            state.writer = None;
        }
        let busy = began.elapsed();
        state.times.busy += busy;
        state.times.cpu += lap.end();
        busy
    }

    fn put_all(&self, state: &mut State<C>) -> Result<()> {
        let Some(writer) = state.writer.as_deref_mut() else {
            return Ok(());
        };
        loop {
            match self.queue.take(&mut state.ready) {
                Taken::Chunks(first) => {
                    for (number, chunk) in (first..).zip(state.ready.drain(..)) {
                        if self.put_one(writer, number, chunk)?.is_break() {
                            return Ok(());
                        }
                    }
                }
                Taken::All => self.queue.done(writer.finish(&self.marks)?),
                Taken::Nothing => return Ok(()),
            }
        }
    }

    fn put_one(
        &self,
        writer: &mut dyn Writer<C>,
        number: u64,
        chunk: C,
    ) -> Result<ControlFlow<()>> {
        if self.queue.is_over() {
            return Ok(ControlFlow::Break(()));
        }
        let flow = writer.write(number, chunk, &self.marks)?;
        match flow {
            ControlFlow::Continue(()) => self.marks.accept(number + 1),
            ControlFlow::Break(()) => {
                self.queue.done(Vec::new());
                self.marks.stop();
            }
        }
        Ok(flow)
    }
}
