//! Random bits as indices, many at once: what `column::hash::below` and an alias table give for one.

use crate::dispatched;

/// The high half of the 128-bit product in 64-bit steps, which vectorise.
#[inline(always)]
fn high(random: u64, bound: u64) -> u64 {
    debug_assert!(bound <= u64::from(u32::MAX));
    // With a bound of 32 bits both products fit into 64; vectors have no product of 128.
    let (upper, lower) = (random >> 32, random & 0xffff_ffff);
    (upper * bound + ((lower * bound) >> 32)) >> 32
}

dispatched! {
    /// An index below `bound` for each random number, evenly.
    pub fn all_below(randoms: &[u64], bound: u32, out: &mut [u32]) {
        for (out, random) in out.iter_mut().zip(randoms) {
            *out = high(*random, u64::from(bound)) as u32;
        }
    }

    /// What `AliasTable::pick` picks for each random number, as far as the high halves of its remainder
    /// and of the threshold tell them apart; `equal` where they do not for some.
    fn near_picks(randoms: &[u64], near: &[u64], out: &mut [u32], equal: &mut bool) {
        let Some(last) = near.len().checked_sub(1) else { return };
        let mut any = false;
        for (out, random) in out.iter_mut().zip(randoms) {
            let slot = high(*random, near.len() as u64) as usize;
            debug_assert!(slot <= last);
            let slot = slot.min(last);
            let rest = random.wrapping_mul(near.len() as u64) >> 32;
            let (threshold, other) = (near[slot] >> 32, near[slot] as u32);
            *out = if rest < threshold { slot as u32 } else { other };
            any |= rest == threshold;
        }
        *equal = any;
    }
}

/// An alias table: a slot stands for its own index or for another one.
#[derive(Debug, Clone)]
pub struct AliasTable {
    /// Below its threshold a slot stands for its own index, from there on for the other.
    slots: Vec<(u64, u32)>,
    /// The high halves of the thresholds, above the others.
    near: Vec<u64>,
    /// No slot stands for another index than its own.
    even: bool,
}

impl AliasTable {
    /// Slots of these thresholds and other indices.
    pub fn new(slots: Vec<(u64, u32)>) -> Self {
        let near = |(threshold, other): &(u64, u32)| threshold >> 32 << 32 | u64::from(*other);
        Self {
            near: slots.iter().map(near).collect(),
            even: slots.iter().zip(0..).all(|((_, other), own)| *other == own),
            slots,
        }
    }

    /// The index that 64 random bits pick: the high half of the product with the number of slots is
    /// the slot, the low half decides.
    #[inline(always)]
    pub fn pick(&self, random: u64) -> u32 {
        let product = u128::from(random) * self.slots.len() as u128;
        let (slot, rest) = ((product >> 64) as usize, product as u64);
        let (threshold, other) = self.slots[slot];
        if rest < threshold { slot as u32 } else { other }
    }

    /// The index that each random number picks.
    pub fn picks(&self, randoms: &[u64], out: &mut [u32]) {
        if self.even {
            return all_below(randoms, self.slots.len() as u32, out);
        }
        let mut equal = false;
        near_picks(randoms, &self.near, out, &mut equal);
        if equal {
            // In 2^32 draws it happens once.
            for (out, random) in out.iter_mut().zip(randoms) {
                *out = self.pick(*random);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn randoms() -> Vec<u64> {
        let mix = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ n << 40;
        (0..1000)
            .map(mix)
            .chain([0, 1, u64::MAX, u64::MAX - 1, 1 << 32, (1 << 32) - 1])
            .collect()
    }

    #[test]
    fn indices_are_the_high_half_of_the_product() {
        let randoms = randoms();
        for bound in [1, 2, 3, 7, 100, 65_535, 65_536, u32::MAX] {
            let mut out = vec![0; randoms.len()];
            all_below(&randoms, bound, &mut out);
            let expected = randoms
                .iter()
                .map(|random| ((u128::from(*random) * u128::from(bound)) >> 64) as u32);
            assert!(out.into_iter().eq(expected), "{bound}");
        }
    }

    #[test]
    fn picks_fall_to_the_slot_or_to_the_other() {
        let mut randoms = randoms();
        let tables: [&[(u64, u32)]; 4] = [
            &[(0, 2), (u64::MAX, 0), (1 << 63, 1)],
            &[(u64::MAX, 0), (u64::MAX, 1), (u64::MAX, 2)],
            &[(77, 0)],
            &[((5 << 32) + 9, 1), (u64::MAX, 1)],
        ];
        // Remainders that the high half of a threshold does not tell from it.
        let threshold = (5u64 << 32) + 9;
        randoms.extend([threshold - 1, threshold, threshold + 1].map(|rest| rest.div_ceil(2)));
        for slots in tables {
            let table = AliasTable::new(slots.to_vec());
            for some in [&randoms[..], &randoms[..3]] {
                let mut out = vec![9; some.len()];
                table.picks(some, &mut out);
                for (random, out) in some.iter().zip(out) {
                    let product = u128::from(*random) * slots.len() as u128;
                    let slot = (product >> 64) as usize;
                    let stays = (product as u64) < slots[slot].0;
                    assert_eq!(out, if stays { slot as u32 } else { slots[slot].1 });
                }
            }
        }
    }
}
