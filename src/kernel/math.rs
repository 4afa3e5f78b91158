//! Elementary functions for hot loops, with the same bits on every machine and at every level.

use crate::dispatched;

/// 1.5 · 2^52: added to a number below 2^51 in size, it leaves its nearest integer in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The nearest whole number, ties to even.
#[inline(always)]
pub fn nearest(value: f64) -> i64 {
    // 2^51: from there on floats have at most one fractional bit, and the trick no room.
    if value.abs() < 2_251_799_813_685_248.0 {
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

dispatched! {
    /// Each of `values` times `factor`, rounded to the nearest whole number, and `base` added.
    pub fn round(values: &[f64], factor: f64, base: i64, out: &mut [i64]) {
        let mut most = 0.0;
        for value in values {
            let size = (value * factor).abs();
            most = if size > most { size } else { most };
        }
        if most < 2_251_799_813_685_248.0 {
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
