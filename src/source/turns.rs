//! A stream in motion as numbered batches: workers take blocks of it one after the other, in the
//! order of their numbers, and decode them side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Block, Flow};
use crate::error::{Error, Result};

/// A stream and whose turn it is.
pub struct Turns {
    flow: Box<dyn Flow>,
    state: Mutex<State>,
    turn: Condvar,
    rows: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The batch that takes the next block.
    next: u64,
    /// The stream ended before this batch.
    end: Option<u64>,
    failed: bool,
}

/// A block and the number of its first row.
pub type Taken = (u64, Box<dyn Block>);

impl Turns {
    /// Nothing was taken yet.
    pub fn new(flow: Box<dyn Flow>) -> Self {
        Self {
            flow,
            state: Mutex::default(),
            turn: Condvar::new(),
            rows: AtomicU64::new(0),
        }
    }

    /// The block of batch `number`, of at most `most` rows; nothing when the stream ended before it.
    ///
    /// # Errors
    /// The stream has failed.
    pub fn take(&self, number: u64, most: usize) -> Result<Option<Taken>> {
        let mut state = self.lock();
        while state.next != number && state.end.is_none() && !state.failed {
            let waited = self.turn.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if state.failed {
            return Err(Error::run("the stream has failed"));
        }
        if state.end.is_some_and(|end| number >= end) {
            return Ok(None);
        }
        let taken = self.flow.next(number, most);
        match &taken {
            Ok(Some(_)) => state.next += 1,
            Ok(None) => state.end = Some(number),
            Err(_) => state.failed = true,
        }
        drop(state);
        self.turn.notify_all();
        let Some(block) = taken? else {
            return Ok(None);
        };
        let first = self.rows.fetch_add(block.rows() as u64, Ordering::Relaxed);
        Ok(Some((first, block)))
    }

    /// How many rows were taken.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// The stream itself.
    pub fn flow(&self) -> &dyn Flow {
        self.flow.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
