//! Random bits as indices, many at once: what `column::hash::below` and an alias table give for one.

use crate::dispatched;

/// The high half of the 128-bit product in 64-bit steps, which vectorise.
#[inline(always)]
fn high(random: u64, bound: u64) -> u64 {
    debug_assert!(bound <= u64::from(u32::MAX));
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

    /// The index that an alias table picks for each random number: the product's high half is the
    /// slot, its low half decides between the slot and `others`.
    pub fn all_picks(randoms: &[u64], thresholds: &[u64], others: &[u32], out: &mut [u32]) {
        let slots = thresholds.len().min(others.len());
        let (thresholds, others) = (&thresholds[..slots], &others[..slots]);
        let Some(last) = slots.checked_sub(1) else { return };
        for (out, random) in out.iter_mut().zip(randoms) {
            let slot = high(*random, slots as u64) as usize;
            debug_assert!(slot <= last);
            let slot = slot.min(last);
            let rest = random.wrapping_mul(slots as u64);
            let (threshold, other) = (thresholds[slot], others[slot]);
            *out = if rest < threshold { slot as u32 } else { other };
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
        let (thresholds, others) = ([0, u64::MAX, 1 << 63], [2, 0, 1]);
        let randoms = randoms();
        let mut out = vec![9; randoms.len()];
        all_picks(&randoms, &thresholds, &others, &mut out);
        for (random, out) in randoms.iter().zip(out) {
            let product = u128::from(*random) * 3;
            let slot = (product >> 64) as usize;
            let stays = (product as u64) < thresholds[slot];
            assert_eq!(out, if stays { slot as u32 } else { others[slot] });
        }
    }
}
