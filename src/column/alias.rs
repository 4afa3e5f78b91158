//! Weighted choice in constant time: M. D. Vose's alias method (1991), with 64-bit thresholds, so
//! that a weight of one in a milliard is honoured.

/// A table to pick indices in proportion to their weights.
#[derive(Debug, Clone)]
pub struct Alias {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Below it this index, from it on the other one.
    threshold: u64,
    other: u32,
}

impl Alias {
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
        let scale = weights.len() as f64 / total;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|index| shares[*index] < 1.0);
        let full = |index: usize| Slot {
            threshold: u64::MAX,
            other: index as u32,
        };
        let mut slots: Vec<Slot> = (0..shares.len()).map(full).collect();
        while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
            // 2^64 as a float.
            let threshold = (shares[less] * 18_446_744_073_709_551_616.0) as u64;
            slots[less] = Slot {
                threshold,
                other: more as u32,
            };
            shares[more] -= 1.0 - shares[less];
            if shares[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Ok(Self { slots })
    }

    /// The index that 64 random bits pick: the product's high half is the slot, its low half decides.
    #[inline(always)]
    pub fn pick(&self, random: u64) -> u32 {
        let product = u128::from(random) * self.slots.len() as u128;
        let (index, rest) = ((product >> 64) as usize, product as u64);
        let slot = self.slots[index];
        if rest < slot.threshold {
            index as u32
        } else {
            slot.other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::Key;
    use super::*;

    #[test]
    fn picks_follow_the_weights() {
        let weights = [5.0, 0.0, 1.0, 3.0, 0.5];
        let alias = Alias::new(&weights).unwrap();
        let key = Key::new("alias");
        let mut counts = [0f64; 5];
        for row in 0..1_000_000 {
            counts[alias.pick(key.at(row)) as usize] += 1.0;
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
        let alias = Alias::new(&[1e-9, 1.0]).unwrap();
        let share = alias.slots[0].threshold as f64 / 18_446_744_073_709_551_616.0 / 2.0;
        assert!((share - 1e-9).abs() < 1e-15, "{share}");
    }

    #[test]
    fn impossible_weights_are_refused() {
        assert_eq!(
            Alias::new(&[-1.0]).unwrap_err(),
            "a weight must be a number from 0, found -1"
        );
        assert_eq!(
            Alias::new(&[0.0, 0.0]).unwrap_err(),
            "at least one weight must be above 0"
        );
    }
}
