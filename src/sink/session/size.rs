//! How large a transaction may be: the longer a server's answers take, the more rows share them.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A commit that takes more than this share of its transaction's time is shared by more rows. With three
/// answers a transaction, 1/8 of the time for one of them is a third of it for all.
// Measured at a server 12 ms away: with 2 500 rows a transaction the server waited for most of the
// time.
const LONG: u32 = 8;

/// A commit that takes less than this share has more rows behind it than it needs: they would be sent again
/// if the connection broke.
const SHORT: u32 = 64;

/// The size that a session's transactions have now.
#[derive(Debug, Clone)]
pub(super) struct Size {
    rows: usize,
    bounds: RangeInclusive<usize>,
}

impl Size {
    /// The least size, until commits are seen to take long.
    pub(super) fn new(bounds: RangeInclusive<usize>) -> Self {
        Self {
            rows: *bounds.start(),
            bounds,
        }
    }

    /// No transaction has more rows, but for one that is a single chunk.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// A transaction of so many rows took so long, the answer to its commit alone `commit`.
    pub(super) fn committed(&mut self, rows: usize, took: Duration, commit: Duration) {
        // A transaction that was less than half full took its time because rows were few, which
        // says nothing about larger ones.
        if rows * 2 < self.rows {
            return;
        }
        if commit * LONG > took {
            // In steps of two, so that one slow answer does not lead to the largest size.
            self.rows = (self.rows * 2).min(*self.bounds.end());
        } else if commit * SHORT < took {
            self.lessen();
        }
    }

    /// A transaction has to be made again: what comes after it is no larger, and rather smaller.
    pub(super) fn lessen(&mut self) {
        self.rows = (self.rows / 2).max(*self.bounds.start());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size after many transactions at a server with these answers, which needs 8 µs a row.
    fn settled(bounds: RangeInclusive<usize>, answer: Duration) -> usize {
        let mut size = Size::new(bounds);
        for _ in 0..20 {
            let rows = size.rows();
            let took = answer * 3 + Duration::from_micros(8) * rows as u32;
            size.committed(rows, took, answer);
        }
        size.rows()
    }

    #[test]
    fn far_servers_get_larger_transactions() {
        let answers = [1_000, 2_500, 12_000, 500_000].map(Duration::from_micros);
        let sizes = answers.map(|answer| settled(2_500..=40_000, answer));
        assert_eq!(sizes, [2_500, 2_500, 10_000, 40_000]);
        assert_eq!(settled(700..=700, answers[3]), 700);
    }

    #[test]
    fn what_fails_does_not_grow() {
        let (mut size, second) = (Size::new(100..=1_000), Duration::from_secs(1));
        // Half of what it may have.
        size.committed(49, second, second);
        assert_eq!(size.rows(), 100);
        for expected in [200, 400, 800, 1_000, 1_000] {
            size.committed(size.rows(), second, second);
            assert_eq!(size.rows(), expected);
        }
        for expected in [500, 250, 125, 100, 100] {
            size.lessen();
            assert_eq!(size.rows(), expected);
        }
    }
}
