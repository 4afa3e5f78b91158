//! How durations are spread: quantiles to three digits, below zero too, as the difference of two clocks is.
//! Of values that are large and near each other the digits count from the first one on.

use hdrhistogram::Histogram;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Nanoseconds in a microsecond.
const NANOS: f64 = 1e3;

/// Nanoseconds, each counted once.
#[derive(Debug, Default)]
pub struct Spread {
    /// The value that the histogram's three digits count from: zero, or the first value.
    base: Option<i64>,
    /// Those from the base on.
    above: Option<Histogram<u64>>,
    /// Values below the base, by how far they are below.
    below: Option<Histogram<u64>>,
    sum: i128,
    most: i64,
}

/// A spread in a few numbers, in microseconds; all are 0 while nothing was measured, and null in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Percentiles {
    /// How many were measured.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half of them were at most this.
    pub p50: f64,
    /// 70 of 100 were at most this.
    pub p70: f64,
    /// 99 of 100 were at most this.
    pub p99: f64,
    /// 999 of 1000 were at most this.
    pub p999: f64,
    /// The greatest one.
    pub max: f64,
}

impl Percentiles {
    /// Mean, P50, P70, P99, P99.9 and the greatest one.
    pub fn figures(&self) -> [f64; 6] {
        [self.mean, self.p50, self.p70, self.p99, self.p999, self.max]
    }
}

impl Serialize for Percentiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_struct("Percentiles", 7)?;
        all.serialize_field("count", &self.count)?;
        let names = ["mean", "p50", "p70", "p99", "p999", "max"];
        for (name, figure) in names.into_iter().zip(self.figures()) {
            // Null and not 0 where nothing was measured: a program that reads the report would take
            // 0 for very fast.
            all.serialize_field(name, &Some(figure).filter(|_| self.count > 0))?;
        }
        all.end()
    }
}

impl Spread {
    /// Counts one more, whose digits count from the first one on: clocks that are hours apart stay so, and
    /// microseconds between them are what is looked for.
    pub fn record_near_first(&mut self, nanos: i64) {
        self.base.get_or_insert(nanos);
        self.record(nanos);
    }

    /// Counts one more.
    pub fn record(&mut self, nanos: i64) {
        if self.count() == 0 || nanos > self.most {
            self.most = nanos;
        }
        // The mean is exact: taken from the histogram it would have its three digits.
        self.sum += i128::from(nanos);
        let off = nanos.saturating_sub(self.base.unwrap_or(0));
        // The histogram holds no negative numbers; the difference of two clocks often is one.
        let side = match off < 0 {
            true => &mut self.below,
            false => &mut self.above,
        };
        // `new` refuses only more than five digits.
        if side.is_none() {
            *side = Histogram::new(3).ok();
        }
        if let Some(side) = side {
            // The histogram resizes itself; recording fails only where there is no memory for that.
            side.record(off.unsigned_abs()).ok();
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        length(self.below.as_ref()) + length(self.above.as_ref())
    }

    /// The value that this share of all values does not exceed, in nanoseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let (below, all) = (length(self.below.as_ref()), self.count());
        let rank = ((share * all as f64).ceil() as u64).clamp(1, all.max(1));
        let value = |side: &Option<Histogram<u64>>, rank: u64| {
            let side = side
                .as_ref()
                .map(|side| (side, rank as f64 / side.len().max(1) as f64));
            side.map_or(0.0, |(side, share)| side.value_at_quantile(share) as f64)
        };
        let base = self.base.unwrap_or(0) as f64;
        match rank <= below {
            // The smallest value lies farthest below the base, so that ranks run backwards there.
            true => base - value(&self.below, below - rank + 1),
            // The histogram answers with the upper end of a cell, which may lie above the greatest
            // value there was.
            false => (base + value(&self.above, rank - below)).min(self.most as f64),
        }
    }

    /// Shares and what so large a share is at most, in microseconds: closer to each other where fewer are.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let count = self.count();
        if count == 0 {
            return Vec::new();
        }
        // Ten points for each nine (90 %, 99 %, 99.9 % …), until a single value is left: the tail
        // is what is looked at.
        let nines = |step: i32| 1.0 - 10_f64.powf(-f64::from(step) / 10.0);
        let least = 1.0 / count as f64;
        // Below 20 % the points of the nines lie far apart, and `rowgen compare` reads ranks
        // between them.
        let early = (0..10).map(|step| f64::from(step) / 50.0);
        let shares = early
            .chain((1..=90).map(nines))
            .filter(|share| 1.0 - share >= least * 0.999);
        shares
            .map(|share| (share, self.quantile(share) / NANOS))
            .collect()
    }

    /// The distribution in a few numbers.
    pub fn percentiles(&self) -> Percentiles {
        let count = self.count();
        if count == 0 {
            return Percentiles::default();
        }
        let share = |share| self.quantile(share) / NANOS;
        Percentiles {
            count,
            mean: self.sum as f64 / count as f64 / NANOS,
            p50: share(0.5),
            p70: share(0.7),
            p99: share(0.99),
            p999: share(0.999),
            max: self.most as f64 / NANOS,
        }
    }
}

fn length(side: Option<&Histogram<u64>>) -> u64 {
    side.map_or(0, Histogram::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        // Above, below, and around zero; 7 and 1000 share no factor, so all come, out of order.
        for shift in [0_i64, -5_000_000, -500_000] {
            let mut spread = Spread::default();
            for step in 0..1000 {
                spread.record((step * 7 % 1000) * 1000 + shift);
            }
            let told = spread.percentiles();
            let shift = shift as f64 / NANOS;
            let near = |found: f64, expected: f64| {
                (found - expected).abs() <= expected.abs() * 0.001 + 0.01
            };
            assert_eq!((told.count, told.max), (1000, 999.0 + shift));
            let curve = spread.curve();
            // Ten in the first fifth, then ten for each nine.
            assert_eq!((curve.len(), curve[0].0, curve[19].0), (40, 0.0, 0.9));
            assert!(
                near(curve[19].1, 899.0 + shift) && near(curve[39].1, 998.0 + shift),
                "{curve:?}"
            );
            assert!(near(told.mean, 499.5 + shift), "{told:?}");
            for (found, expected) in [
                (told.p50, 499.0),
                (told.p70, 699.0),
                (told.p99, 989.0),
                (told.p999, 998.0),
            ] {
                assert!(near(found, expected + shift), "{told:?}");
            }
        }
        assert_eq!(Spread::default().percentiles(), Percentiles::default());
        assert_eq!(Spread::default().curve(), []);
    }

    #[test]
    fn what_was_not_measured_is_null_and_zero_is_a_value() {
        let mut spread = Spread::default();
        let json = |spread: &Spread| serde_json::to_value(spread.percentiles()).unwrap();
        for name in ["mean", "p50", "p70", "p99", "p999", "max"] {
            assert!(json(&spread)[name].is_null(), "{name}");
        }
        assert_eq!(json(&spread)["count"], 0);
        spread.record(0);
        assert_eq!(
            (
                json(&spread)["p99"].as_f64(),
                json(&spread)["mean"].as_f64()
            ),
            (Some(0.0), Some(0.0))
        );
    }

    #[test]
    fn clocks_that_are_hours_apart_differ_by_microseconds() {
        for hours in [-5_i64, -1, 0, 1, 24 * 365 * 30] {
            let mut spread = Spread::default();
            let micros = |step: i64| hours * 3_600_000_000 + step * 7 % 100;
            (0..1000).for_each(|step| spread.record_near_first(micros(step) * 1000));
            let told = spread.percentiles();
            for (found, expected) in [
                (told.mean, 49.5),
                (told.p50, 49.0),
                (told.p70, 69.0),
                (told.p99, 98.0),
                (told.max, 99.0),
            ] {
                let off = found - (hours * 3_600_000_000) as f64 - expected;
                assert!(off.abs() <= 0.3, "{hours}: {told:?}");
            }
        }
        // A clock that is set in the middle of a run keeps three digits of how far.
        let mut spread = Spread::default();
        [0, 3_600_000_000_000, i64::MAX, i64::MIN]
            .into_iter()
            .for_each(|nanos| spread.record_near_first(nanos));
        let off = spread.quantile(0.75) - 3_600e9;
        assert!(off.abs() <= 3.6e9, "{off}");
    }

    #[test]
    fn one_value_is_every_quantile() {
        for value in [-3_000_000_000_i64, -1, 0, 1, 86_400_000_000_000] {
            let mut spread = Spread::default();
            spread.record(value);
            let told = spread.percentiles();
            for found in [told.p50, told.p99, told.max] {
                let off = (found * NANOS - value as f64).abs();
                assert!(off <= (value as f64).abs() * 0.001, "{value}: {told:?}");
            }
        }
    }
}
