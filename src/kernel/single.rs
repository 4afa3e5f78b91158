//! Decimals as floats of 32 bits, rounded once.

use super::decimal::float_of;

/// The float of 32 bits that is nearest to a decimal, with its scale and `power` of that.
pub fn single_of(value: i128, scale: i8, divisor: f64) -> f32 {
    let double = float_of(value, scale, divisor);
    if !is_rounded_twice(double) {
        return double as f32;
    }
    let text = format!("{value}e{}", -i16::from(scale));
    text.parse().unwrap_or(f32::NAN)
}

/// True for a double that was rounded and may become another float of 32 bits than what it was made of. Near
/// the middle of two floats a number may be rounded to just that middle, and then goes to the even one
/// instead of the nearer one. In all other places rounding twice is rounding once.
pub fn is_rounded_twice(double: f64) -> bool {
    // The bits that a float of 32 bits does not have, when they are just one half.
    const BEHIND: u64 = (1 << 29) - 1;
    const HALF: u64 = 1 << 28;
    let in_the_middle = double.to_bits() & BEHIND == HALF;
    // The least floats have fewer bits, so that their middles are elsewhere.
    in_the_middle || double != 0.0 && double.abs() < f32::MIN_POSITIVE.into()
}

#[cfg(test)]
mod tests {
    use super::super::decimal::{MAX_DECIMAL, power};
    use super::*;

    #[test]
    fn a_decimal_is_rounded_to_32_bits_once() {
        // Between 1 and the next float of 32 bits, and a little above and below it.
        let middle = 10_i128.pow(30) + 10_i128.pow(30) / (1 << 24);
        for (value, scale, expected) in [
            (middle + 1, 30, 1.000_000_1_f32),
            (middle - 1, 30, 1.0),
            (-middle - 1, 30, -1.000_000_1),
            // Halves go to the even one.
            ((1 << 24) + 1, 0, 16_777_216.0),
            ((1 << 53) + (1 << 29) + 1, 0, 9_007_200_328_482_816.0),
            ((1 << 60) + (1 << 36) + 1, 0, 1_152_921_642_045_800_448.0),
            ((1 << 60) + (1 << 36), 0, 1_152_921_504_606_846_976.0),
            (1, 38, 1e-38),
            (0, 10, 0.0),
            (12_345, 2, 123.45),
            (MAX_DECIMAL, 0, 1e38),
        ] {
            let found = single_of(value, scale, power(scale));
            assert_eq!(
                found.to_bits(),
                expected.to_bits(),
                "{value} {scale}: {found}"
            );
            let text: f32 = format!("{value}e-{scale}").parse().unwrap();
            assert_eq!(found.to_bits(), text.to_bits(), "{value} {scale}");
        }
    }
}
