//! Exact numbers: integers and decimals as `i64` or `i128` at a scale, where Arrow's kernels have no
//! rounding, no division at a stated scale and no fast rescaling.
//!
//! Every rounding here is half away from zero, as PostgreSQL's `numeric`.

use super::wide;
use arrow::datatypes::i256;

/// The largest magnitude of a decimal of 38 digits.
pub const MAX_DECIMAL: i128 = 10_i128.pow(38) - 1;

/// 10^digits, or `None` where it has more than 38 zeros.
pub fn power_of_ten(digits: u32) -> Option<i128> {
    (digits <= 38).then(|| 10_i128.pow(digits))
}

/// A whole number of either width; every operation wraps or says that it overflowed, none panics.
pub trait ExactInteger: Copy + Ord + Default + Into<i128> + Send + Sync + 'static {
    const ZERO: Self;
    const ONE: Self;
    const MIN: Self;
    const MAX: Self;
    fn overflowing_add(self, other: Self) -> (Self, bool);
    fn overflowing_sub(self, other: Self) -> (Self, bool);
    fn overflowing_mul(self, other: Self) -> (Self, bool);
    /// The quotient cut towards zero; fails on zero and on the one overflow.
    fn overflowing_div(self, other: Self) -> (Self, bool);
    /// The remainder with the dividend's sign; fails on zero.
    fn overflowing_rem(self, other: Self) -> (Self, bool);
    /// What the quotient leaves over, by a multiplication: a second 128-bit division costs ten times that.
    fn rest(self, quotient: Self, other: Self) -> Self;
    /// The value cut to this width; the caller has proved that it fits, or checks after.
    fn truncated(value: i128) -> Self;
}

macro_rules! exact {
    ($native:ty, $multiply:expr, $divide:expr) => {
        impl ExactInteger for $native {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const MIN: Self = <$native>::MIN;
            const MAX: Self = <$native>::MAX;
            #[inline(always)]
            fn overflowing_add(self, other: Self) -> (Self, bool) {
                <$native>::overflowing_add(self, other)
            }
            #[inline(always)]
            fn overflowing_sub(self, other: Self) -> (Self, bool) {
                <$native>::overflowing_sub(self, other)
            }
            #[inline(always)]
            fn overflowing_mul(self, other: Self) -> (Self, bool) {
                $multiply(self, other)
            }
            #[inline(always)]
            fn overflowing_div(self, other: Self) -> (Self, bool) {
                $divide(self, other)
            }
            #[inline(always)]
            fn overflowing_rem(self, other: Self) -> (Self, bool) {
                let quotient = $divide(self, other).0;
                (self.rest(quotient, other), other == 0)
            }
            #[inline(always)]
            fn rest(self, quotient: Self, other: Self) -> Self {
                self.wrapping_sub(quotient.wrapping_mul(other))
            }
            #[inline(always)]
            fn truncated(value: i128) -> Self {
                value as $native
            }
        }
    };
}
exact!(i64, i64::overflowing_mul, divide_narrow);
exact!(i128, wide::multiply, wide::divide);

#[inline(always)]
fn divide_narrow(dividend: i64, divisor: i64) -> (i64, bool) {
    match divisor {
        0 => (0, true),
        _ => dividend.overflowing_div(divisor),
    }
}

/// How a quotient becomes whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    HalfAwayFromZero,
    TowardsZero,
    Down,
    Up,
}

impl Rounding {
    /// `value / divisor` for a positive divisor.
    #[inline(always)]
    pub fn divide<T: ExactInteger>(self, value: T, divisor: T) -> T {
        let quotient = value.overflowing_div(divisor).0;
        let rest = value.rest(quotient, divisor);
        let away = match self {
            // `rest >= divisor - rest` is `2 * rest >= divisor` without the overflow.
            Self::HalfAwayFromZero if value < T::ZERO => {
                T::ZERO.overflowing_sub(rest).0 >= divisor.overflowing_add(rest).0
            }
            Self::HalfAwayFromZero => rest >= divisor.overflowing_sub(rest).0,
            Self::TowardsZero => false,
            Self::Down => rest < T::ZERO,
            Self::Up => rest > T::ZERO,
        };
        match away {
            false => quotient,
            true if value < T::ZERO => quotient.overflowing_sub(T::ONE).0,
            true => quotient.overflowing_add(T::ONE).0,
        }
    }
}

/// A number of two's complement, its highest byte first, without the bytes that only repeat its sign.
pub fn shortest(bytes: &[u8]) -> &[u8] {
    let repeats = |pair: &&[u8]| {
        let sign = pair[1] & 0x80;
        (pair[0] == 0 && sign == 0) || (pair[0] == 0xff && sign != 0)
    };
    // The last byte always stays: zero is one byte.
    &bytes[bytes.windows(2).take_while(repeats).count()..]
}

/// Divides every value by 10^digits; `digits` beyond 38 give what a vanishing fraction rounds to.
pub fn scale_down<T: ExactInteger>(values: &[T], digits: u32, rounding: Rounding) -> Vec<T> {
    match power_of_ten(digits) {
        // 10^18 is the greatest power of ten that 64 bits hold.
        Some(divisor) if std::mem::size_of::<T>() == 16 || digits <= 18 => {
            let divisor = T::truncated(divisor);
            values
                .iter()
                .map(|&value| rounding.divide(value, divisor))
                .collect()
        }
        _ => values
            .iter()
            .map(|&value| vanishing(value, rounding))
            .collect(),
    }
}

fn vanishing<T: ExactInteger>(value: T, rounding: Rounding) -> T {
    match rounding {
        Rounding::Down if value < T::ZERO => T::ZERO.overflowing_sub(T::ONE).0,
        Rounding::Up if value > T::ZERO => T::ONE,
        _ => T::ZERO,
    }
}

/// `scale_down` of 64-bit values half away from zero: a division by a literal power of ten is a
/// multiplication, about a third of the time of one by a variable.
pub fn round_narrow(values: &[i64], digits: u32) -> Vec<i64> {
    macro_rules! by_literal {
        ($($digits:literal)*) => {
            match digits {
                $($digits => values
                    .iter()
                    .map(|&value| Rounding::HalfAwayFromZero.divide(value, 10_i64.pow($digits)))
                    .collect(),)*
                _ => scale_down(values, digits, Rounding::HalfAwayFromZero),
            }
        };
    }
    // How many there are is a choice: each arm is a loop of its own in the binary.
    by_literal!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// The quotient of any two signs rounded half away from zero; fails on zero and on the one overflow.
#[inline(always)]
pub fn divide_rounded<T: ExactInteger>(dividend: T, divisor: T) -> (T, bool) {
    let (quotient, failed) = dividend.overflowing_div(divisor);
    let rest = dividend.rest(quotient, divisor);
    // Both as negative numbers, whose range is the wider one.
    let down = |value: T| {
        if value > T::ZERO {
            T::ZERO.overflowing_sub(value).0
        } else {
            value
        }
    };
    let (rest, whole) = (down(rest), down(divisor));
    let away = rest != T::ZERO && rest <= whole.overflowing_sub(rest).0;
    match (away, (dividend < T::ZERO) == (divisor < T::ZERO)) {
        (false, _) => (quotient, failed),
        (true, true) => (quotient.overflowing_add(T::ONE).0, failed),
        (true, false) => (quotient.overflowing_sub(T::ONE).0, failed),
    }
}

/// `dividend * factor / divisor` rounded half away from zero; `None` on a zero divisor or a quotient that
/// does not fit. The product may need 256 bits.
pub fn divide_scaled(dividend: i128, factor: i128, divisor: i128) -> Option<i128> {
    match wide::multiply(dividend, factor) {
        (product, false) => {
            let (quotient, failed) = divide_rounded(product, divisor);
            (!failed).then_some(quotient)
        }
        _ if divisor == 0 => None,
        _ => divide_wide(dividend, factor, divisor),
    }
}

fn divide_wide(dividend: i128, factor: i128, divisor: i128) -> Option<i128> {
    let (one, negative) = (i256::ONE, (dividend < 0) != (divisor < 0));
    let magnitude = |value: i128| i256::from_parts(value.unsigned_abs(), 0);
    let product = magnitude(dividend).checked_mul(magnitude(factor))?;
    let divisor = magnitude(divisor);
    let (quotient, rest) = (product.checked_div(divisor)?, product.checked_rem(divisor)?);
    let away = rest >= divisor.checked_sub(rest)?;
    let quotient = if away {
        quotient.checked_add(one)?
    } else {
        quotient
    }
    .to_i128()?;
    Some(if negative { -quotient } else { quotient })
}

/// The float nearest to a decimal, with its scale and `power` of that. Up to 2^53 and 10^22 both numbers
/// are exact floats, and one division rounds once.
pub fn float_of(value: i128, scale: i8, divisor: f64) -> f64 {
    // Arrow divides in any case, also two floats that were rounded already: a fifth of the values
    // of a `decimal(38,18)` came out one step off.
    if value.unsigned_abs() <= 1 << 53 && (0..=22).contains(&scale) {
        return value as f64 / divisor;
    }
    let text = format!("{value}e{}", -i16::from(scale));
    text.parse().unwrap_or(f64::NAN)
}

/// 10 to the scale of a decimal.
pub fn power(scale: i8) -> f64 {
    power_of_ten(scale.unsigned_abs().into()).unwrap_or(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_named() {
        use Rounding::*;
        for (value, expected) in [
            (25, [3, 2, 2, 3]),
            (24, [2, 2, 2, 3]),
            (-25, [-3, -2, -3, -2]),
            (-24, [-2, -2, -3, -2]),
            (20, [2, 2, 2, 2]),
            (-20, [-2, -2, -2, -2]),
        ] {
            for (rounding, expected) in [HalfAwayFromZero, TowardsZero, Down, Up]
                .iter()
                .zip(expected)
            {
                assert_eq!(
                    rounding.divide(value, 10_i64),
                    expected,
                    "{value} {rounding:?}"
                );
                assert_eq!(
                    rounding.divide(i128::from(value), 10_i128),
                    i128::from(expected)
                );
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        let divisor = 10_i64.pow(18);
        assert_eq!(Rounding::HalfAwayFromZero.divide(i64::MAX, divisor), 9);
        assert_eq!(Rounding::HalfAwayFromZero.divide(i64::MIN, divisor), -9);
        assert_eq!(scale_down(&[i64::MAX, -1, 1], 19, Rounding::Up), [1, 0, 1]);
        assert_eq!(
            scale_down(&[MAX_DECIMAL], 38, Rounding::HalfAwayFromZero),
            [1]
        );
    }

    #[test]
    fn the_literal_powers_agree_with_the_variable_ones() {
        let values: Vec<i64> = (-2000..2000)
            .map(|step| step * 12_345_678_901_233)
            .collect();
        for digits in 0..=18 {
            let expected = scale_down(&values, digits, Rounding::HalfAwayFromZero);
            assert_eq!(round_narrow(&values, digits), expected, "{digits}");
        }
    }

    #[test]
    fn quotients_round_away_from_zero_whatever_the_signs() {
        for (dividend, divisor, expected) in [
            (7, 2, 4),
            (-7, 2, -4),
            (7, -2, -4),
            (-7, -2, 4),
            (1, 3, 0),
            (-2, 3, -1),
            (6, 3, 2),
            (0, 5, 0),
        ] {
            assert_eq!(divide_rounded::<i64>(dividend, divisor), (expected, false));
        }
        assert!(divide_rounded::<i64>(1, 0).1);
        assert!(divide_rounded::<i64>(i64::MIN, -1).1);
        assert_eq!(divide_rounded::<i64>(i64::MIN, i64::MIN), (1, false));
        assert_eq!(divide_rounded::<i64>(i64::MAX, i64::MIN), (-1, false));
    }

    #[test]
    fn divides_at_a_scale() {
        assert_eq!(divide_scaled(10, 1000, 3), Some(3333));
        assert_eq!(divide_scaled(20, 1000, 3), Some(6667));
        assert_eq!(divide_scaled(-20, 1000, 3), Some(-6667));
        assert_eq!(divide_scaled(20, 1000, -3), Some(-6667));
        assert_eq!(divide_scaled(1, 1, 0), None);
        let large = MAX_DECIMAL;
        assert_eq!(
            divide_scaled(large, 10_i128.pow(20), 10_i128.pow(20)),
            Some(large)
        );
        assert_eq!(
            divide_scaled(-large, 10_i128.pow(20), 10_i128.pow(20)),
            Some(-large)
        );
        assert_eq!(divide_scaled(large, 10_i128.pow(20), 7), None);
        assert_eq!(
            divide_scaled(15, 10_i128.pow(38), 10_i128.pow(38)),
            Some(15)
        );
        assert_eq!(divide_scaled(15, 10_i128.pow(38), i128::MAX), Some(9));
    }

    #[test]
    fn every_width_divides_alike() {
        let mut state = 7_u64;
        let mut next = |bits: u32| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state as i64) >> (64 - bits)
        };
        for round in 0..20_000 {
            let (dividend, divisor) = (next(2 + round % 60), next(2 + round % 40).max(1));
            let factor = 10_i64.pow(round % 4);
            let Some(product) = dividend.checked_mul(factor) else {
                continue;
            };
            for divisor in [divisor, -divisor] {
                let expected = divide_wide(dividend.into(), factor.into(), divisor.into());
                let wide = divide_scaled(dividend.into(), factor.into(), divisor.into());
                let (narrow, failed) = divide_rounded(product, divisor);
                assert_eq!(wide, expected, "{dividend} * {factor} / {divisor}");
                assert_eq!(
                    Some(narrow.into()),
                    expected,
                    "{dividend} * {factor} / {divisor}"
                );
                assert!(!failed);
            }
            let rounded = Rounding::HalfAwayFromZero.divide(product, divisor);
            assert_eq!(rounded, divide_rounded(product, divisor).0);
        }
    }
}
