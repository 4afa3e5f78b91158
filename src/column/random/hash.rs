//! The only randomness: a counter-based hash of (key, row), keyed by names.
//!
//! Each key makes a bijection of 64-bit numbers: `((row ^ k0) · M1)` folded, `+ k1`, then the
//! murmur-like finaliser of D. Stafford ("Better Bit Mixing", 2011, variant 13) with one more
//! multiplication, so that rows that follow each other and keys that differ in one bit give
//! unrelated values. The tests hold it against chi-square, serial and avalanche bounds.

use sha2::{Digest, Sha256};

use crate::column::rows::Rows;
use crate::dispatched;

/// What a column's randomness is keyed by: the seed and the path of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    first: u64,
    second: u64,
}

/// Rows whose random bits stay in the nearest cache.
const CHUNK: usize = 512;

impl Key {
    /// The key of a seed.
    pub fn new(seed: &str) -> Self {
        // The number is of the values, not of the program: it changes only if all values of all
        // seeds do.
        Self::digest(&[b"rowgen 1", seed.as_bytes()])
    }

    /// The key of something named within this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let (first, second) = (self.first.to_le_bytes(), self.second.to_le_bytes());
        Self::digest(&[&first, &second, name.as_bytes()])
    }

    /// The 128 bits of the key, for what is random once a run.
    pub fn bits(&self) -> u128 {
        (u128::from(self.first) << 64) | u128::from(self.second)
    }

    /// 64 random bits for `row`.
    #[inline(always)]
    pub fn at(&self, row: u64) -> u64 {
        // Every step can be undone (odd multipliers, xor with a shift of itself, sums), so that no
        // two rows have the same bits: `uuid` and `permute` rest on that.
        let mut x = (row ^ self.first).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 32)).wrapping_add(self.second);
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 32)
    }

    /// 64 random bits for each of `rows`.
    pub fn fill(&self, rows: Rows<'_>) -> Vec<u64> {
        let mut out = vec![0; rows.len()];
        match rows {
            Rows::Range { first, .. } => hash_range(*self, first, &mut out),
            Rows::List(rows) => hash_list(*self, rows, &mut out),
        }
        out
    }

    /// An index for each of `rows`, which `draw` makes of random bits, some rows at once.
    pub fn draw(&self, rows: Rows<'_>, draw: impl Fn(&[u64], &mut [u32])) -> Vec<u32> {
        let mut out = vec![0; rows.len()];
        let mut randoms = [0; CHUNK];
        for (number, out) in out.chunks_mut(CHUNK).enumerate() {
            let (start, randoms) = (number * CHUNK, &mut randoms[..out.len()]);
            match rows {
                Rows::Range { first, .. } => hash_range(*self, first + start as u64, randoms),
                Rows::List(rows) => hash_list(*self, &rows[start..], randoms),
            }
            draw(randoms, out);
        }
        out
    }

    fn digest(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            // Lengths first: `ab` + `c` and `a` + `bc` are two keys.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let bytes = hasher.finalize();
        let half = |at: usize| {
            let mut half = [0; 8];
            half.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(half)
        };
        Self {
            first: half(0),
            second: half(8),
        }
    }
}

dispatched! {
    fn hash_range(key: Key, first: u64, out: &mut [u64]) {
        for (index, value) in out.iter_mut().enumerate() {
            *value = key.at(first + index as u64);
        }
    }
    fn hash_list(key: Key, rows: &[u64], out: &mut [u64]) {
        for (value, row) in out.iter_mut().zip(rows) {
            *value = key.at(*row);
        }
    }
}

/// A whole number below `bound`, evenly: the high half of a 128-bit product (Lemire, "Fast Random
/// Integer Generation in an Interval", 2019); its bias is below `bound / 2^64`.
#[inline(always)]
pub fn below(random: u64, bound: u64) -> u64 {
    ((u128::from(random) * u128::from(bound)) >> 64) as u64
}

/// A float in [0, 1), with 53 random bits.
#[inline(always)]
pub fn unit(random: u64) -> f64 {
    (random >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The threshold below which a random number falls with `probability`; none means always.
pub fn threshold(probability: f64) -> Option<u64> {
    // 2^64 as a float; a probability of 1 has no threshold that fits.
    let scaled = probability * 18_446_744_073_709_551_616.0;
    (scaled < 18_446_744_073_709_551_616.0).then_some(scaled as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_names_only() {
        let key = Key::new("casino").child("bets").child("amount");
        assert_eq!(key, Key::new("casino").child("bets").child("amount"));
        assert_ne!(key, Key::new("casino").child("bets.amount"));
        assert_ne!(key, Key::new("casin").child("obets").child("amount"));
    }

    #[test]
    fn values_are_frozen() {
        let key = Key::new("frozen");
        assert_eq!(
            [key.at(0), key.at(1), key.at(u64::MAX)],
            [6000544205738117144, 6799817818343799605, 557252046598468862]
        );
    }

    #[test]
    fn a_list_gives_what_the_range_gives() {
        let key = Key::new("x");
        let range = Rows::Range {
            first: 10,
            count: 100,
        };
        assert_eq!(key.fill(range), key.fill(Rows::List(&range.numbers())));
    }

    #[test]
    fn indices_are_drawn_from_each_row_s_own_bits() {
        let key = Key::new("x");
        for count in [0, 1, 511, 512, 513, 2000] {
            let range = Rows::Range { first: 10, count };
            let draw = |rows: Rows<'_>| {
                key.draw(rows, |randoms, out| {
                    crate::kernel::draw::all_below(randoms, 1000, out)
                })
            };
            let expected = range.map(|row| below(key.at(row), 1000) as u32);
            assert_eq!(draw(range), expected);
            assert_eq!(draw(Rows::List(&range.numbers())), expected);
        }
    }

    #[test]
    fn every_bit_depends_on_every_bit_of_the_row() {
        let key = Key::new("avalanche");
        for bit in 0..64 {
            let mut flips = [0u32; 64];
            for row in 0..4096u64 {
                let difference = key.at(row * 977) ^ key.at((row * 977) ^ (1 << bit));
                for (out, count) in flips.iter_mut().enumerate() {
                    *count += u32::try_from((difference >> out) & 1).unwrap();
                }
            }
            // 4096 coin tosses: 2048 ± 6 standard deviations of 32.
            assert!(
                flips.iter().all(|count| (1856..=2240).contains(count)),
                "bit {bit}: {flips:?}"
            );
        }
    }

    #[test]
    fn neighbouring_rows_fill_a_grid_evenly() {
        let key = Key::new("serial");
        let mut cells = vec![0f64; 64 * 64];
        let rows = 1 << 20;
        for row in 0..rows {
            cells[((key.at(row) >> 58) * 64 + (key.at(row + 1) >> 58)) as usize] += 1.0;
        }
        let expected = rows as f64 / 4096.0;
        let chi: f64 = cells
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum();
        // 4095 degrees of freedom: mean 4095, standard deviation 90.5.
        assert!((3640.0..4550.0).contains(&chi), "{chi}");
    }
}
