//! Elementary functions for hot loops, with the same bits on every machine and at every level.
//!
//! Each is branch-free, so that a loop over it becomes vector code, and uses only what IEEE 754
//! defines to the last bit: `+ - * /` and comparisons. By the tests below `ln` and `exp` give the
//! bits of the `libm` crate, whose error is below 1 ulp, and `ln_1p` stays within 2 ulp of it.

use crate::dispatched;

/// 1.5 · 2^52: added to a number below 2^51 in size, it leaves its nearest integer in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// From 2^51 on that trick has no room left.
const ROOM: f64 = 2_251_799_813_685_248.0;

/// The natural logarithm in two parts, the first of few enough bits that its multiples are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// The nearest whole number, ties to even.
#[inline(always)]
pub fn nearest(value: f64) -> i64 {
    if value.abs() < ROOM {
        nearest_small(value)
    } else {
        value as i64
    }
}

/// The nearest whole number to a number below 2^51 in size: no conversion instruction, which
/// only AVX-512 has for vectors.
#[inline(always)]
fn nearest_small(value: f64) -> i64 {
    (value + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i64
}

/// A float strictly between 0 and 1, with 52 random bits: the middles of 2^52 equal intervals.
#[inline(always)]
pub fn open_unit(random: u64) -> f64 {
    // The bits of a float in [1, 2); then half a step up.
    let from_one = f64::from_bits((random >> 12) | 0x3ff0_0000_0000_0000);
    (from_one - 1.0) + 1.0 / 9_007_199_254_740_992.0
}

/// The natural logarithm, after FreeBSD's `e_log.c` (Sun Microsystems, 1993).
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const SERIES: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    // Subnormal numbers are first made normal: times 2^54.
    let small = x < f64::MIN_POSITIVE;
    let scaled = if small {
        x * 18_014_398_509_481_984.0
    } else {
        x
    };
    let shift = if small { 54.0 } else { 0.0 };
    // Exponent and mantissa, the mantissa between √½ and √2.
    let bits = scaled.to_bits().wrapping_add(0x0009_5f62_0000_0000);
    let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000);
    let k = exponent - (4_503_599_627_370_496.0 + 1023.0) - shift;
    let mantissa = (bits & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_0000_0000);
    let f = f64::from_bits(mantissa) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (SERIES[1] + w * (SERIES[3] + w * SERIES[5]));
    let odd = z * (SERIES[0] + w * (SERIES[2] + w * (SERIES[4] + w * SERIES[6])));
    let half_square = 0.5 * f * f;
    let value = s * (half_square + (odd + even)) + k * LN_2[1] - half_square + f + k * LN_2[0];
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    let value = if x < 0.0 { f64::NAN } else { value };
    // Infinity and NaN are their own logarithms.
    if x < f64::INFINITY { value } else { x }
}

/// `ln(1 + y)` for `y` above -1, near 0 as exact as elsewhere.
#[inline(always)]
pub fn ln_1p(y: f64) -> f64 {
    let sum = 1.0 + y;
    // What the sum has rounded away, to first order.
    ln(sum) + (y - (sum - 1.0)) / sum
}

/// `e` to the power `x`, after FreeBSD's `e_exp.c` (Sun Microsystems, 1993).
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    const SERIES: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    // Beyond these the result is infinite or 0 anyway.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let (high, low) = (x - k * LN_2[0], k * LN_2[1]);
    let r = high - low;
    let z = r * r;
    let series = SERIES[2] + z * (SERIES[3] + z * SERIES[4]);
    let c = r - z * (SERIES[0] + z * (SERIES[1] + z * series));
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    // 2^k in two halves, either of which is a normal number.
    let k = rounded.to_bits().wrapping_sub(ROUNDER.to_bits()) as i64;
    let power = |k: i64| f64::from_bits((k.wrapping_add(1023) as u64) << 52);
    y * power(k >> 1) * power(k - (k >> 1))
}

dispatched! {
    /// Each of `values` times `factor`, rounded to the nearest whole number, and `base` added.
    pub fn round(values: &[f64], factor: f64, base: i64, out: &mut [i64]) {
        // The bits of floats from 0 on are in the order of the floats; a maximum of integers
        // becomes vector code.
        let sizes = values.iter().map(|value| (value * factor).abs().to_bits());
        if sizes.fold(0, u64::max) < ROOM.to_bits() {
            for (out, value) in out.iter_mut().zip(values) {
                *out = base.wrapping_add(nearest_small(value * factor));
            }
        } else {
            for (out, value) in out.iter_mut().zip(values) {
                *out = base.wrapping_add(nearest(value * factor));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance in units of the last place; both numbers of the same sign.
    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    /// The greatest distance between `ours` and `theirs` at 2 million points of `argument`.
    fn worst(ours: fn(f64) -> f64, theirs: fn(f64) -> f64, argument: impl Fn(u64) -> f64) -> u64 {
        // Weyl's sequence, scrambled.
        let at = |row: u64| {
            let random = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            argument((random ^ (random >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9))
        };
        let distances = (0..2_000_000).map(|row| ulps(ours(at(row)), theirs(at(row))));
        distances.max().unwrap_or(u64::MAX)
    }

    #[test]
    fn results_are_those_of_libm() {
        let positive = |random| f64::from_bits(random % f64::INFINITY.to_bits());
        assert_eq!(worst(ln, libm::log, positive), 0);
        assert_eq!(worst(ln, libm::log, |random| 0.5 + open_unit(random)), 0);
        assert_eq!(worst(ln, libm::log, open_unit), 0);
        let wide = |random| (open_unit(random) - 0.5) * 1400.0;
        assert_eq!(worst(exp, libm::exp, wide), 0);
        assert_eq!(worst(exp, libm::exp, open_unit), 0);
        let near_0 = |random: u64| open_unit(random) * 1e-6 - 0.5e-6;
        assert!(worst(ln_1p, libm::log1p, near_0) <= 2);
        let wide = |random| open_unit(random) * 3.0;
        assert!(worst(ln_1p, libm::log1p, wide) <= 2);
    }

    #[test]
    fn edges_are_as_the_standard_says() {
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(ln(1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert!(ln(-1.0).is_nan() && ln(f64::NAN).is_nan());
        assert_eq!(ln(5e-324), libm::log(5e-324));
        assert_eq!(
            (exp(0.0), exp(-800.0), exp(800.0)),
            (1.0, 0.0, f64::INFINITY)
        );
        assert_eq!(
            (exp(f64::NEG_INFINITY), exp(f64::INFINITY)),
            (0.0, f64::INFINITY)
        );
        assert!(exp(f64::NAN).is_nan());
        assert_eq!(exp(-745.0), libm::exp(-745.0));
        assert_eq!(
            (open_unit(0), open_unit(u64::MAX)),
            (0.5f64.powi(53), 1.0 - 0.5f64.powi(53))
        );
    }

    #[test]
    fn rounding_is_to_the_nearest_even() {
        let values = [0.5, 1.5, -0.5, -2.5, 2.4999, 1e15, -1e15];
        let mut out = [0; 7];
        round(&values, 1.0, 10, &mut out);
        assert_eq!(
            out,
            [
                10,
                12,
                10,
                8,
                12,
                1_000_000_000_000_010,
                -999_999_999_999_990
            ]
        );
        let mut out = [0; 3];
        round(&[9e18, 2.0, 0.125], 1.0, 0, &mut out);
        assert_eq!(out, [9_000_000_000_000_000_000, 2, 0]);
        round(&[10.05, -0.01, 0.125], 100.0, 0, &mut out);
        assert_eq!(out, [1005, -1, 12]);
    }

    #[test]
    fn bits_are_frozen() {
        let bits = [ln(0.1), exp(1.0), ln_1p(1e-9)].map(f64::to_bits);
        assert_eq!(
            bits,
            [
                13_835_739_416_338_191_637,
                4_613_303_445_314_885_482,
                4_472_406_533_627_572_697
            ]
        );
    }
}
