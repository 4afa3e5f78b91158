//! Which rows are updated, of all that were inserted so far.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::column::hash::{below, unit};
use crate::kernel::math::{exp, ln};

/// How updates are spread over the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All alike.
    #[default]
    Uniform,
    /// By Zipf's law with exponent 1.1: the first row most, then the second.
    Zipf,
    /// New rows more than old ones: as many of the last ten as of the ninety before them, and so on.
    Latest,
    /// Eight in ten updates hit the first tenth of the rows.
    Hotspot,
}

impl Target {
    /// A row below `size`, which is at least 1.
    #[inline]
    pub(super) fn draw(self, random: u64, size: u64) -> u64 {
        match self {
            Self::Uniform => below(random, size),
            Self::Zipf => zipf(unit(random), size),
            Self::Latest => latest(unit(random), size),
            Self::Hotspot => {
                let tenth = (size / 10).max(1);
                // What is left of the random bits when the tenth has been chosen.
                let rest = random.wrapping_mul(10);
                match below(random, 10) < 8 {
                    true => below(rest, tenth),
                    false => below(rest, size),
                }
            }
        }
    }
}

/// The smooth law whose density falls with the rank to the power of -1.1, by the inverse of its integral
/// from 1 to `size + 1`.
fn zipf(u: f64, size: u64) -> u64 {
    // Not by the sum of the powers of all ranks: that has no closed form and would have to grow
    // with every insert, whereas this takes the same time for any `size`. `exp` and `ln` are our
    // own, as the platform's differ in the last bits between machines.
    let least = exp(-0.1 * ln((size + 1) as f64));
    let tenth = least * u + (1.0 - u);
    // The inverse of this integral is a tenth power, which products give.
    let square = tenth * tenth;
    let eighth = (square * square) * (square * square);
    let rank = 1.0 / (eighth * square);
    // At least 1; a float beyond the range becomes the range's end.
    (rank as u64).clamp(1, size) - 1
}

/// How long ago a row came has a logarithm that is even.
fn latest(u: f64, size: u64) -> u64 {
    let back = exp(u * ln(size as f64));
    size - (back as u64).clamp(1, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::hash::Key;

    const DRAWS: u64 = 200_000;

    fn shares(target: Target, size: u64, edges: &[u64]) -> Vec<f64> {
        let key = Key::new("targets");
        let mut counts = vec![0_u32; edges.len() + 1];
        for draw in 0..DRAWS {
            let row = target.draw(key.at(draw), size);
            assert!(row < size);
            counts[edges.partition_point(|edge| *edge <= row)] += 1;
        }
        let share = |count: u32| f64::from(count) / DRAWS as f64;
        counts.into_iter().map(share).collect()
    }

    fn near(found: &[f64], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            let deviation = (expected * (1.0 - expected) / DRAWS as f64).sqrt();
            let (low, high) = (expected - 5.0 * deviation, expected + 5.0 * deviation);
            assert!((low..=high).contains(found), "{found} {expected}");
        }
    }

    #[test]
    fn each_distribution_is_as_declared() {
        near(
            &shares(Target::Uniform, 1000, &[250, 500]),
            &[0.25, 0.25, 0.5],
        );
        // 0.8 + 0.2 · 0.1, then 0.2 · 0.9.
        near(
            &shares(Target::Hotspot, 1000, &[100, 200]),
            &[0.82, 0.02, 0.16],
        );
        let integral = |from: f64, to: f64| from.powf(-0.1) - to.powf(-0.1);
        let whole = integral(1.0, 1001.0);
        let expected = [
            integral(1.0, 2.0) / whole,
            integral(2.0, 11.0) / whole,
            integral(11.0, 1001.0) / whole,
        ];
        near(&shares(Target::Zipf, 1000, &[1, 10]), &expected);
        let tenths = shares(Target::Latest, 1000, &[901, 991]);
        near(&tenths, &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn the_least_and_the_largest_sizes_have_rows() {
        let targets = [
            Target::Uniform,
            Target::Zipf,
            Target::Latest,
            Target::Hotspot,
        ];
        for target in targets {
            for random in [0, 1, u64::MAX / 2, u64::MAX] {
                assert_eq!(target.draw(random, 1), 0);
                assert!(target.draw(random, 3) < 3);
                assert!(target.draw(random, 1 << 44) < 1 << 44);
            }
        }
    }
}
