//! Medians of a few measurements, and how far they could be off.

use serde::Serialize;

/// How sure the interval of a median is, at least, where there are enough rounds.
// The usual level; `rowgen compare` has 99 %.
const SURE: f64 = 0.95;

/// What several rounds took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Seconds of the round in the middle.
    pub(super) median: f64,
    /// The least and the most seconds that the true median may have.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Spread {
    /// Of what is always the same.
    pub(super) fn exact(value: f64) -> Self {
        Self {
            median: value,
            low: value,
            high: value,
        }
    }

    /// Half of the interval, as a share of the median.
    pub(super) fn half(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.median.max(1e-12)
    }

    /// Of the seconds of each round; nothing without a round.
    pub(super) fn of(seconds: &[f64]) -> Option<Self> {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rounds = sorted.len();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2.0;
        // By ranks and not by standard deviations: times have a tail to one side, and five rounds
        // show no distribution.
        let left_out = left_out(rounds);
        Some(match left_out {
            0 => Self {
                median,
                low: first,
                high: last,
            },
            out => Self {
                median,
                low: sorted[out],
                high: sorted[rounds - 1 - out],
            },
        })
    }

    /// True if one may be as good as the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// How many of the fastest and as many of the slowest rounds can be left out, so that the others hold the true
/// median as surely as wanted: whether a round is faster than it is a coin.
fn left_out(rounds: usize) -> usize {
    // The binomial distribution of a fair coin, the sign test's: C(rounds, fast) / 2^rounds.
    let exactly = |fast: usize| {
        let ways = (0..fast).map(|one| (rounds - one) as f64 / (one + 1) as f64);
        ways.product::<f64>() * 0.5_f64.powi(rounds as i32)
    };
    // With `out` rounds left out at either end the interval misses the true median where at most
    // `out` rounds lie on one side of it.
    let mut fewer = 0.0;
    let sure = (0..rounds / 2).take_while(|out| {
        fewer += exactly(*out);
        2.0 * fewer <= 1.0 - SURE
    });
    sure.last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rounds_leave_nothing_out() {
        assert_eq!(
            [1, 2, 3, 5, 6, 8, 9, 20, 100].map(left_out),
            [0, 0, 0, 0, 0, 0, 1, 5, 39]
        );
    }

    #[test]
    fn a_spread_is_of_the_middle() {
        let spread = Spread::of(&[5.0, 1.0, 3.0]).unwrap();
        assert_eq!(
            spread,
            Spread {
                median: 3.0,
                low: 1.0,
                high: 5.0
            }
        );
        assert_eq!(Spread::of(&[2.0, 4.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(&[]), None);
        let other = Spread {
            median: 7.0,
            low: 6.0,
            high: 8.0,
        };
        assert!(!spread.overlaps(&other) && spread.overlaps(&spread));
    }
}
