//! A stream in motion as numbered batches: workers take blocks of it one after the other, in the
//! order of their numbers, and decode them side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::{Block, Flow};
use crate::error::{Error, Result};
use crate::sync::{lock, wait_while};

/// A stream and whose turn it is.
pub struct StreamTurns {
    flow: Box<dyn Flow>,
    state: Mutex<TurnState>,
    turn: Condvar,
    /// The batch that takes the next block; it moves under the lock.
    next: AtomicU64,
    /// How many rows those before it have; as above.
    rows: AtomicU64,
}

#[derive(Default)]
struct TurnState {
    /// The stream ended before this batch.
    end: Option<u64>,
    failed: bool,
}

/// A block and the number of its first row.
pub type NumberedBlock = (u64, Box<dyn Block>);

impl StreamTurns {
    /// Nothing was taken yet.
    pub fn new(flow: Box<dyn Flow>) -> Self {
        Self {
            flow,
            state: Mutex::default(),
            turn: Condvar::new(),
            next: AtomicU64::new(0),
            rows: AtomicU64::new(0),
        }
    }

    /// How long until batch `number`, of at most `most` rows, is worth taking; nothing when it is
    /// now. Nobody waits here for a lock that is held while messages are taken.
    pub fn wait(&self, number: u64, most: usize) -> Option<Duration> {
        match self.next.load(Ordering::Acquire) == number {
            true => self.flow.wait(most),
            // Whoever takes the one before wakes those who wait.
            false => Some(Duration::MAX),
        }
    }

    /// The block of batch `number`, of at most `most` rows; nothing when the stream ended before it.
    ///
    /// # Errors
    /// The stream has failed.
    pub fn take(&self, number: u64, most: usize) -> Result<Option<NumberedBlock>> {
        let mut state = wait_while(&self.turn, lock(&self.state), |state| {
            self.next.load(Ordering::Acquire) != number && state.end.is_none() && !state.failed
        });
        if state.failed {
            return Err(Error::run("the stream has failed"));
        }
        if state.end.is_some_and(|end| number >= end) {
            return Ok(None);
        }
        let taken = self.flow.next(number, most);
        let first = self.rows.load(Ordering::Relaxed);
        match &taken {
            // Rows are counted before the next batch can be taken: numbers rise with the batches.
            Ok(Some(block)) => {
                let rows = first + block.rows() as u64;
                self.rows.store(rows, Ordering::Relaxed);
                self.next.store(number + 1, Ordering::Release);
            }
            Ok(None) => state.end = Some(number),
            Err(_) => state.failed = true,
        }
        drop(state);
        self.turn.notify_all();
        Ok(taken?.map(|block| (first, block)))
    }

    /// How many rows were taken.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// The stream itself.
    pub fn flow(&self) -> &dyn Flow {
        self.flow.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Piece;

    /// Three blocks, each a row smaller than the one before and slow to come.
    struct Three(AtomicU64);
    struct Sized(usize);

    impl Flow for Three {
        fn next(&self, number: u64, _: usize) -> Result<Option<Box<dyn Block>>> {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), number);
            std::thread::sleep(std::time::Duration::from_millis(5));
            Ok((number < 3).then(|| Box::new(Sized(5 - number as usize)) as Box<dyn Block>))
        }
        fn wait(&self, _: usize) -> Option<Duration> {
            None
        }
        fn stop(&self) {}
        fn freeze(&self) -> bool {
            false
        }
        fn durable(&self, _: u64) -> Result<()> {
            Ok(())
        }
        fn close(&self) {}
    }

    impl Block for Sized {
        /// The first one is slow to say how many it has.
        fn rows(&self) -> usize {
            if self.0 == 5 {
                std::thread::sleep(std::time::Duration::from_millis(30));
            }
            self.0
        }
        fn read(&self, _: u64, _: &[usize]) -> Result<Piece> {
            Ok(Piece::default())
        }
        fn origin(&self) -> &std::sync::Arc<[crate::batch::Span]> {
            unreachable!("nobody asks")
        }
    }

    #[test]
    fn blocks_are_taken_in_the_order_of_their_numbers() {
        let turns = StreamTurns::new(Box::new(Three(AtomicU64::new(0))));
        std::thread::scope(|scope| {
            let take = |number| {
                let taken = turns.take(number, 9).unwrap();
                taken.map(|(first, block)| (first, block.rows()))
            };
            let later = [4, 3, 2, 1].map(|number| scope.spawn(move || take(number)));
            assert_eq!(take(0), Some((0, 5)));
            let later = later.map(|one| one.join().unwrap());
            assert_eq!(later, [None, None, Some((9, 3)), Some((5, 4))]);
        });
        assert_eq!(turns.rows(), 12);
    }
}
