//! Decimal digits into bytes: eight at once by multiplication, so that fixed-width numbers cost a
//! few instructions and no table look-ups (P. Khuong, "How to print integers really fast", 2017).

use crate::dispatched;

/// Room that `put` may write beyond the digits it is asked for.
pub const SLACK: usize = 32;

/// Digits that are made at once.
pub const EIGHT: usize = 8;

const TEN_TO_8: u64 = 100_000_000;

/// How many digits a number has; 0 has one.
#[inline(always)]
pub fn count(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The eight digits of a number below 10^8, the first one in the lowest byte.
#[inline(always)]
pub fn eight(value: u64) -> u64 {
    let (high, low) = (value / 10_000, value % 10_000);
    let fours = high | (low << 32);
    // 10486 / 2^20 is 1 / 100 for numbers below 10^4, 103 / 2^10 is 1 / 10 for those below 100.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | ((twos - 10 * tens) << 8);
    ones + 0x3030_3030_3030_3030
}

dispatched! {
    /// `eight` of each number, which is below 10^8: the same, in 32-bit steps that vectorise.
    pub fn all_eight(values: &[i64], out: &mut [u64]) {
        for (digits, value) in out.iter_mut().zip(values) {
            let value = *value as u64 & 0xffff_ffff;
            // 3518437209 / 2^45 is 1 / 10^4 for numbers of 32 bits.
            let high = (value * 3_518_437_209) >> 45;
            let low = (value as u32).wrapping_sub((high as u32).wrapping_mul(10_000));
            let made = u64::from(four(high as u32)) | (u64::from(four(low)) << 32);
            // A greater number makes no digits, but never anything that is no ASCII.
            *digits = made & 0x7f7f_7f7f_7f7f_7f7f;
        }
    }
}

/// The four digits of a number below 10^4; anything for others.
#[inline(always)]
fn four(value: u32) -> u32 {
    let hundreds = value.wrapping_mul(10_486) >> 20;
    let rest = value.wrapping_sub(hundreds.wrapping_mul(100));
    let twos = hundreds | (rest << 16);
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f;
    let ones = tens | (twos.wrapping_sub(tens.wrapping_mul(10)) << 8);
    ones.wrapping_add(0x3030_3030)
}

/// Writes a number below 10^8 in `width` digits (at most 8) at `at`; says where they end.
/// Eight bytes are written whatever the width. A greater number is taken for the greatest: what is
/// written is trusted to be text (`block::array`).
#[inline(always)]
pub fn put_short(out: &mut [u8], at: usize, value: u64, width: usize) -> usize {
    put_eight(out, at, eight(value.min(TEN_TO_8 - 1)), width)
}

/// Writes the last `width` of eight digits at `at`; says where they end.
#[inline(always)]
pub fn put_eight(out: &mut [u8], at: usize, digits: u64, width: usize) -> usize {
    let digits = digits >> (8 * (8 - width));
    out[at..at + 8].copy_from_slice(&digits.to_le_bytes());
    at + width
}

/// Writes a number in at least `width` digits at `at`, zeros first; says where they end.
/// Up to `SLACK` bytes beyond the digits are overwritten.
#[inline(always)]
pub fn put(out: &mut [u8], at: usize, value: u64, width: usize) -> usize {
    let width = width.max(count(value));
    if value < TEN_TO_8 {
        let zeros = width.saturating_sub(8);
        out[at..at + zeros].fill(b'0');
        return put_eight(out, at + zeros, eight(value), width - zeros);
    }
    put_long(out, at, value, width)
}

fn put_long(out: &mut [u8], at: usize, value: u64, width: usize) -> usize {
    let mut rest = value;
    for index in (at..at + width).rev() {
        out[index] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    at + width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: u64, width: usize) -> String {
        let mut out = vec![b'?'; 64 + SLACK];
        let end = put(&mut out, 2, value, width);
        String::from_utf8(out[2..end].to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_padded_and_grow() {
        let mut values = vec![0, 1, 9, 10, 99_999_999, TEN_TO_8, u64::MAX];
        values.extend((0..64).map(|bit| 1u64 << bit));
        values.extend((0..20).map(|power| 10u64.pow(power) - 1));
        for value in values {
            for width in [0, 1, 3, 7, 8, 9, 20, 24] {
                assert_eq!(shown(value, width), format!("{value:0width$}"));
            }
        }
    }

    #[test]
    fn a_number_of_more_than_eight_digits_makes_nothing_but_digits() {
        for value in [TEN_TO_8, 0x8080_8080, u64::MAX] {
            let mut out = [0; 8];
            assert_eq!(put_short(&mut out, 0, value, 8), 8);
            assert_eq!(&out, b"99999999");
        }
    }

    #[test]
    fn every_pair_of_four_digits_is_right() {
        for value in 0..10_000 {
            let all = value * 10_000 + (9_999 - value);
            let digits = String::from_utf8(eight(all).to_le_bytes().to_vec()).unwrap();
            assert_eq!(digits, format!("{all:08}"));
            let mut together = [0];
            all_eight(&[all as i64], &mut together);
            assert_eq!(together[0], eight(all));
        }
    }
}
