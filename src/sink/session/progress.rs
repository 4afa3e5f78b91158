//! Two marks over the batches in the order of their numbers: how many take no more room, and how
//! many are safe.

use std::collections::VecDeque;

/// Two marks over batches that are cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The first batch that is not safe; `open` begins with it.
    durable: u64,
    /// The first batch with a piece that waits.
    accepted: u64,
    open: VecDeque<Open>,
}

/// What is left of one batch.
#[derive(Debug)]
struct Open {
    /// Pieces that wait.
    waiting: usize,
    /// Pieces that are not safe.
    unsafe_yet: usize,
}

/// The marks: how many batches are accepted, and how many are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) accepted: u64,
    pub(super) durable: u64,
}

impl Progress {
    /// The next batch has so many pieces.
    pub(super) fn begin(&mut self, pieces: usize) {
        self.open.push_back(Open {
            waiting: pieces,
            unsafe_yet: pieces,
        });
        self.move_on();
    }

    /// A piece of a batch waits no more.
    pub(super) fn taken(&mut self, batch: u64) {
        if let Some(open) = self.find(batch) {
            open.waiting -= 1;
        }
        self.move_on();
    }

    /// A piece of a batch is safe; it waits no more, either.
    pub(super) fn safe(&mut self, batch: u64) {
        if let Some(open) = self.find(batch) {
            open.unsafe_yet -= 1;
        }
        self.move_on();
    }

    /// The marks now.
    pub(super) fn at(&self) -> At {
        At {
            accepted: self.accepted,
            durable: self.durable,
        }
    }

    fn find(&mut self, batch: u64) -> Option<&mut Open> {
        let place = batch.checked_sub(self.durable)?;
        self.open.get_mut(usize::try_from(place).ok()?)
    }

    fn move_on(&mut self) {
        while self.open.front().is_some_and(|open| open.unsafe_yet == 0) {
            self.open.pop_front();
            self.durable += 1;
        }
        // A batch without pieces, whose rows the sink had before, is safe without ever having
        // waited.
        self.accepted = self.accepted.max(self.durable);
        let begun = self.durable + self.open.len() as u64;
        while self.accepted < begun
            && self.open[(self.accepted - self.durable) as usize].waiting == 0
        {
            self.accepted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_move_in_the_order_of_the_batches() {
        let mut progress = Progress::default();
        let at = |accepted, durable| At { accepted, durable };
        progress.begin(2);
        progress.begin(0);
        progress.begin(1);
        assert_eq!(progress.at(), at(0, 0));
        progress.taken(2);
        progress.safe(2);
        progress.taken(0);
        assert_eq!(progress.at(), at(0, 0));
        progress.taken(0);
        assert_eq!(progress.at(), at(3, 0));
        progress.safe(0);
        assert_eq!(progress.at(), at(3, 0));
        progress.safe(0);
        assert_eq!(progress.at(), at(3, 3));
        progress.begin(0);
        assert_eq!(progress.at(), at(4, 4));
    }
}
