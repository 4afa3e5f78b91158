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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Piece;

    /// Three blocks whose size is their number, the last one slow to come.
    struct Three(AtomicU64);
    struct Sized(usize);

    impl Flow for Three {
        fn next(&self, number: u64, _: usize) -> Result<Option<Box<dyn Block>>> {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), number);
            std::thread::sleep(std::time::Duration::from_millis(5));
            Ok((number < 3).then(|| Box::new(Sized(number as usize)) as Box<dyn Block>))
        }
        fn stop(&self) {}
        fn durable(&self, _: u64) -> Result<()> {
            Ok(())
        }
        fn close(&self) {}
    }

    impl Block for Sized {
        fn rows(&self) -> usize {
            self.0
        }
        fn read(&self, _: u64, _: &[usize]) -> Result<Piece> {
            Ok(Piece::default())
        }
    }

    #[test]
    fn blocks_are_taken_in_the_order_of_their_numbers() {
        let turns = Turns::new(Box::new(Three(AtomicU64::new(0))));
        std::thread::scope(|scope| {
            let take = |number| {
                let taken = turns.take(number, 9).unwrap();
                taken.map(|(first, block)| (first, block.rows()))
            };
            let later = [4, 3, 2, 1].map(|number| scope.spawn(move || take(number)));
            assert_eq!(take(0), Some((0, 0)));
            let later = later.map(|one| one.join().unwrap());
            assert_eq!(later, [None, None, Some((1, 2)), Some((0, 1))]);
        });
        assert_eq!(turns.rows(), 3);
    }
}
