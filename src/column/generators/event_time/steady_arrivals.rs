//! Equal distances without drift: row · ticks / rows in whole numbers, rounded down.

use crate::column::rows::Rows;
use crate::kernel::divide::{EXACT, Slope};

/// `rows` rows take `ticks` ticks together, at equal distances.
#[derive(Debug, Clone, Copy)]
pub struct SteadyArrivals {
    ticks: u64,
    rows: u64,
}

impl SteadyArrivals {
    /// So many ticks for so many rows, which are at least one.
    pub fn new(ticks: u64, rows: u64) -> Self {
        Self { ticks, rows }
    }

    /// The distance at a rate of events a second: the nearest simple fraction, so that `1/min` is
    /// sixty seconds though 1/60 is no float.
    pub fn of_rate(ticks_per_second: u64, rate: f64) -> Self {
        let (events, seconds) = fraction(rate);
        let (mut ticks, mut rows) = (
            u128::from(ticks_per_second) * u128::from(seconds),
            u128::from(events),
        );
        while ticks > u64::MAX.into() {
            (ticks, rows) = (ticks / 2, rows / 2);
        }
        Self::new(ticks as u64, rows.max(1) as u64)
    }

    /// True when no two rows share a tick.
    pub fn at_least_one(&self) -> bool {
        self.ticks >= self.rows
    }

    /// The ticks before `row`.
    pub fn at(&self, row: u64) -> i64 {
        let ticks = match row.checked_mul(self.ticks) {
            Some(ticks) => u128::from(ticks / self.rows),
            None => u128::from(row) * u128::from(self.ticks) / u128::from(self.rows),
        };
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// The ticks before `row`, with what is behind the point.
    pub fn real(&self, rows: u64) -> f64 {
        rows as f64 * self.ticks as f64 / self.rows as f64
    }

    /// The ticks before each of `rows`, and `start` before those.
    pub fn times(&self, start: i64, rows: Rows<'_>) -> Vec<i64> {
        // A range is an arithmetic sequence with carries (`Slope`), which vectorises; a list
        // divides each row.
        let slope = match rows {
            Rows::Range { first, count } => self.slope(start, first, count),
            Rows::List(_) => None,
        };
        match slope {
            Some(slope) => slope.numbers(rows.len()),
            None => rows.map(|row| self.at(row).saturating_add(start)),
        }
    }

    /// The times of `count` rows from `first` on, where they and the fractions of a tick that add
    /// up between them are numbers that can be made all at once.
    fn slope(&self, start: i64, first: u64, count: usize) -> Option<Slope> {
        let last = self.at(first.saturating_add(count as u64));
        start.checked_add(last).filter(|_| last < i64::MAX)?;
        let start = start.checked_add(self.at(first))?;
        let step = i64::try_from(self.ticks / self.rows).ok()?;
        if self.ticks.is_multiple_of(self.rows) {
            return Some(Slope::whole(start, step));
        }
        let parts = i64::try_from(self.rows).ok()?;
        parts
            .checked_mul(count as i64 + 1)
            .filter(|most| EXACT.contains(most))?;
        let behind = u128::from(first) * u128::from(self.ticks) % u128::from(self.rows);
        Some(Slope {
            start,
            step,
            behind: behind as i64,
            rest: (self.ticks % self.rows) as i64,
            parts,
        })
    }
}

/// The simplest fraction that is the float to its last bits, by continued fractions.
// The convergents of the continued fraction (each is the nearest fraction of its size), until one
// is the float itself: 1/60 is found in two steps.
fn fraction(value: f64) -> (u64, u64) {
    // Beyond 2^40 a denominator says more than the float does.
    const MOST: f64 = 1_099_511_627_776.0;
    let (mut before, mut now) = ((0.0, 1.0), (1.0, 0.0));
    let mut rest = value;
    for _ in 0..64 {
        let whole = rest.floor();
        let next = (whole * now.0 + before.0, whole * now.1 + before.1);
        if next.1 > MOST || next.0 > 1e18 {
            break;
        }
        (before, now) = (now, next);
        let near = (now.0 / now.1 - value).abs() <= value * 4e-16;
        if near || rest == whole {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    match now {
        (above, below) if above >= 1.0 && below >= 1.0 => (above as u64, below as u64),
        _ => (1, (1.0 / value).min(1e18) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_simple_fractions() {
        assert_eq!(fraction(2000.0), (2000, 1));
        assert_eq!(fraction(1.0 / 60.0), (1, 60));
        assert_eq!(fraction(7.0 / 3600.0), (7, 3600));
        assert_eq!(fraction(33.3), (333, 10));
        assert_eq!(fraction(1.0 / (86_400.0 * 365.0)), (1, 31_536_000));
        assert_eq!(fraction(0.3), (3, 10));
    }

    #[test]
    fn there_is_no_drift() {
        for (ticks, rows) in [
            (1_000_000, 3),
            (7, 11),
            (u64::MAX / 3, 1 << 40),
            (500, 1),
            (1, 7),
            (7 << 50, 3 << 50),
        ] {
            let ratio = SteadyArrivals::new(ticks, rows);
            for first in [0, 1, 12_345, 1_000_000_000_007] {
                for start in [0, 17, -1_000_000, i64::MAX - 3] {
                    let times = ratio.times(start, Rows::Range { first, count: 100 });
                    let exact = |row: u64| u128::from(row) * u128::from(ticks) / u128::from(rows);
                    for (row, time) in (first..).zip(times) {
                        let exact = i64::try_from(exact(row)).unwrap_or(i64::MAX);
                        let exact = exact.saturating_add(start);
                        assert_eq!(time, exact, "{start} + {row} · {ticks} / {rows}");
                    }
                }
            }
        }
    }
}
