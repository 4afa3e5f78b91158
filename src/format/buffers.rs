//! Buffers that are used again: a new one would have to grow, and its pages to be zeroed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sync::lock;

/// Buffers on their way back to the workers from whoever was done with them.
#[derive(Debug, Default)]
pub struct Buffers {
    spare: Mutex<Vec<Vec<u8>>>,
    /// The room that the largest needed so far.
    room: AtomicUsize,
}

impl Buffers {
    /// More than this many are never in flight for long; the rest goes back to the allocator.
    const KEPT: usize = 16;

    /// A used buffer, or a new one with the room that the largest one needed.
    pub fn take(&self) -> Vec<u8> {
        let spare = lock(&self.spare).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(self.room.load(Ordering::Relaxed)))
    }

    /// A buffer that is needed no more.
    pub fn give(&self, mut buffer: Vec<u8>) {
        // A new buffer has the room of the largest one so far: growing by doubling copied a batch's
        // text several times, through memory that nobody had touched yet.
        self.room.fetch_max(buffer.capacity(), Ordering::Relaxed);
        buffer.clear();
        let mut spare = lock(&self.spare);
        if spare.len() < Self::KEPT {
            spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_with_its_room_and_too_many_do_not() {
        let buffers = Buffers::default();
        assert_eq!(buffers.take().capacity(), 0);
        for _ in 0..Buffers::KEPT {
            buffers.give(vec![1; 100]);
        }
        buffers.give(vec![2; 300]);
        for _ in 1..Buffers::KEPT {
            assert_eq!(buffers.take().capacity(), 100);
        }
        let (first, second) = (buffers.take(), buffers.take());
        assert_eq!((first.len(), first.capacity()), (0, 100));
        assert_eq!((second.len(), second.capacity()), (0, 300), "a new one");
    }
}
