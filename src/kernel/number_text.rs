//! Whole numbers and decimals as text, eight digits at a time and without a loop over digits.

use super::digits::{count, eight, put_eight};

/// Room that `put_unsigned` needs: the digits of the greatest number, written in eights.
pub const UNSIGNED: usize = 20;
/// Room that `put_signed` needs.
pub const SIGNED: usize = UNSIGNED + 1;

/// Room that `put_decimal` needs for values of at most so many: a sign, the digits, the point, and
/// what is too much of eight digits.
pub fn decimal_room(most: u64, scale: u32) -> usize {
    count(most).max(scale as usize + 1) + 10
}

const TEN_TO_8: u64 = 100_000_000;
const TEN_TO_16: u64 = TEN_TO_8 * TEN_TO_8;

/// Writes a whole number at `at`; says where it ends.
#[inline(always)]
pub fn put_unsigned(out: &mut [u8], at: usize, value: u64) -> usize {
    if value < TEN_TO_8 {
        return put_first(out, at, value);
    }
    if value < TEN_TO_16 {
        let at = put_first(out, at, value / TEN_TO_8);
        return put_eight(out, at, eight(value % TEN_TO_8), 8);
    }
    let at = put_first(out, at, value / TEN_TO_16);
    let at = put_eight(out, at, eight(value / TEN_TO_8 % TEN_TO_8), 8);
    put_eight(out, at, eight(value % TEN_TO_8), 8)
}

/// Writes a number below 10^8 without leading zeros.
#[inline(always)]
fn put_first(out: &mut [u8], at: usize, value: u64) -> usize {
    let digits = eight(value);
    // The last digit is always written: 0 has one.
    let zeros = ((digits ^ 0x3030_3030_3030_3030) | 1 << 56).trailing_zeros() as usize / 8;
    put_eight(out, at, digits, 8 - zeros)
}

/// Writes a whole number at `at`; says where it ends.
// The minus is written in any case, and a number from 0 on overwrites it: no branch on the sign.
#[inline(always)]
pub fn put_signed(out: &mut [u8], at: usize, value: i64) -> usize {
    out[at] = b'-';
    put_unsigned(out, at + usize::from(value < 0), value.unsigned_abs())
}

/// Writes `value` × 10^-`scale`, for scales from 0 to 18, at `at`; says where it ends.
#[inline(always)]
pub fn put_decimal(out: &mut [u8], at: usize, value: i64, scale: u32) -> usize {
    // The compiler turns divisions by what it knows into multiplications.
    match scale {
        0 => put_signed(out, at, value),
        2 => put_scaled(out, at, value, 2, 100),
        4 => put_scaled(out, at, value, 4, 10_000),
        6 => put_scaled(out, at, value, 6, 1_000_000),
        _ => put_scaled(out, at, value, scale as usize, 10_u64.pow(scale)),
    }
}

#[inline(always)]
fn put_scaled(out: &mut [u8], at: usize, value: i64, scale: usize, unit: u64) -> usize {
    out[at] = b'-';
    let at = at + usize::from(value < 0);
    let value = value.unsigned_abs();
    let at = put_unsigned(out, at, value / unit);
    out[at] = b'.';
    put_fraction(out, at + 1, value % unit, scale)
}

/// Writes a number below 10^`width` in `width` digits, from 1 to 18.
#[inline(always)]
pub fn put_fraction(out: &mut [u8], at: usize, value: u64, width: usize) -> usize {
    match width {
        ..=8 => put_eight(out, at, eight(value), width),
        9..=16 => {
            let at = put_eight(out, at, eight(value / TEN_TO_8), width - 8);
            put_eight(out, at, eight(value % TEN_TO_8), 8)
        }
        _ => {
            let at = put_eight(out, at, eight(value / TEN_TO_16), width - 16);
            let at = put_eight(out, at, eight(value / TEN_TO_8 % TEN_TO_8), 8);
            put_eight(out, at, eight(value % TEN_TO_8), 8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> impl Iterator<Item = i64> {
        let near = |value: i64| (-2..=2).map(move |by| value.saturating_add(by));
        let powers = (0..19).flat_map(move |power| near(10_i64.pow(power)));
        let bits = (0..63).flat_map(move |bit| near(1 << bit));
        let all: Vec<i64> = powers.chain(bits).chain([i64::MIN, i64::MAX]).collect();
        all.into_iter()
            .flat_map(|value| [value, value.wrapping_neg()])
    }

    fn shown(room: usize, put: impl Fn(&mut [u8]) -> usize) -> String {
        let mut out = vec![b'?'; room];
        let end = put(&mut out);
        String::from_utf8(out[..end].to_vec()).unwrap()
    }

    #[test]
    fn whole_numbers_are_those_of_the_standard_library() {
        for value in values() {
            let signed = shown(SIGNED, |out| put_signed(out, 0, value));
            assert_eq!(signed, value.to_string());
            let value = value as u64;
            let unsigned = shown(UNSIGNED, |out| put_unsigned(out, 0, value));
            assert_eq!(unsigned, value.to_string());
        }
    }

    #[test]
    fn decimals_have_all_their_digits_at_every_scale() {
        for scale in 0..=18 {
            for value in values() {
                let room = decimal_room(value.unsigned_abs(), scale);
                let text = shown(room, |out| put_decimal(out, 0, value, scale));
                let sign = if value < 0 { "-" } else { "" };
                let width = scale as usize + 1;
                let digits = format!("{:0width$}", value.unsigned_abs());
                let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
                let point = if scale == 0 { "" } else { "." };
                assert_eq!(text, format!("{sign}{whole}{point}{fraction}"));
            }
        }
    }
}
