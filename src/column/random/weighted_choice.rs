//! Weighted choice in constant time: M. D. Vose's alias method (1991), with 64-bit thresholds, so
//! that a weight of one in a milliard is honoured.

use super::hash::Key;
use crate::column::rows::Rows;
use crate::kernel::draw::AliasTable;

/// A table to pick indices in proportion to their weights.
#[derive(Debug, Clone)]
pub struct WeightedChoice(AliasTable);

impl WeightedChoice {
    /// A table for these weights.
    ///
    /// # Errors
    /// A weight is negative or not finite, or all are zero.
    pub fn new(weights: &[f64]) -> Result<Self, String> {
        if let Some(wrong) = weights
            .iter()
            .find(|weight| !weight.is_finite() || **weight < 0.0)
        {
            return Err(format!("a weight must be a number from 0, found {wrong}"));
        }
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return Err("at least one weight must be above 0".into());
        }
        // A binary search in sums of weights needs no table, but a mispredicted branch for each
        // halving; the alias method takes one look-up a row, whatever the number of weights.
        let scale = weights.len() as f64 / total;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|index| shares[*index] < 1.0);
        let own = 0..shares.len() as u32;
        // What rounding leaves in `small` or `large` at the end keeps the threshold of 2^64 - 1,
        // which picks the slot itself: its share is 1 but for the last bits.
        let mut slots: Vec<(u64, u32)> = own.map(|own| (u64::MAX, own)).collect();
        while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
            // 2^64 as a float.
            let threshold = (shares[less] * 18_446_744_073_709_551_616.0) as u64;
            slots[less] = (threshold, more as u32);
            shares[more] -= 1.0 - shares[less];
            if shares[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Ok(Self(AliasTable::new(slots)))
    }

    /// The index that 64 random bits pick.
    #[inline(always)]
    pub fn pick(&self, random: u64) -> u32 {
        self.0.pick(random)
    }

    /// The index that each row picks.
    pub fn picks(&self, key: &Key, rows: Rows<'_>) -> Vec<u32> {
        key.draw(rows, |randoms, out| self.0.picks(randoms, out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_follow_the_weights() {
        let weights = [5.0, 0.0, 1.0, 3.0, 0.5];
        let alias = WeightedChoice::new(&weights).unwrap();
        let key = Key::new("alias");
        let mut counts = [0f64; 5];
        let rows = Rows::Range {
            first: 0,
            count: 1_000_000,
        };
        for (row, pick) in (0..).zip(alias.picks(&key, rows)) {
            assert_eq!(pick, alias.pick(key.at(row)));
            counts[pick as usize] += 1.0;
        }
        assert_eq!(counts[1], 0.0);
        let chi: f64 = [0, 2, 3, 4]
            .map(|at: usize| {
                let expected = weights[at] / 9.5 * 1e6;
                (counts[at] - expected).powi(2) / expected
            })
            .iter()
            .sum();
        // 3 degrees of freedom, p = 0.0001.
        assert!(chi < 21.1, "{chi} {counts:?}");
    }

    #[test]
    fn a_weight_of_one_in_a_milliard_is_honoured() {
        let alias = WeightedChoice::new(&[1e-9, 1.0]).unwrap();
        // Of two slots the first one has every random number below 2^63.
        let share = |below: f64| (below * 9_223_372_036_854_775_808.0) as u64;
        assert_eq!(alias.pick(share(1.999_999e-9)), 0);
        assert_eq!(alias.pick(share(2.000_001e-9)), 1);
    }

    #[test]
    fn impossible_weights_are_refused() {
        assert_eq!(
            WeightedChoice::new(&[-1.0]).unwrap_err(),
            "a weight must be a number from 0, found -1"
        );
        assert_eq!(
            WeightedChoice::new(&[0.0, 0.0]).unwrap_err(),
            "at least one weight must be above 0"
        );
    }
}
