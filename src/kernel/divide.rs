//! Whole numbers divided by one divisor, as floats: these vectorise, whole division does not.
//!
//! The quotient of two whole numbers of at most 51 bits is never rounded up to the next one as a
//! float of 53 bits: it lies at least `1 / divisor` below it, which is more than half a unit in the
//! float's last place. So what is cut off is what whole division cuts off.

use std::ops::RangeInclusive;

use crate::dispatched;

/// What the numbers must be among.
pub const EXACT: RangeInclusive<i64> = -(1 << 51)..=1 << 51;

/// Added to a whole float of at most 51 bits it leaves the whole number in the lowest bits:
/// 1.5 · 2^52.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// Whole numbers that rise by as much from row to row, rounded down: row 0 has `start`, and
/// `behind / parts` behind the point; each other row has `step` more, and `rest / parts`.
#[derive(Debug, Clone, Copy)]
pub struct Slope {
    /// The first number.
    pub start: i64,
    /// The whole part of what each row adds.
    pub step: i64,
    /// The first number's part behind the point, from 0.
    pub behind: i64,
    /// The part behind the point of what each row adds, from 0.
    pub rest: i64,
    /// How many of both make one: [`EXACT`], as is what is behind the point of the last row when
    /// nothing of it is carried.
    pub parts: i64,
}

impl Slope {
    /// Whole steps from `start` on.
    pub fn whole(start: i64, step: i64) -> Self {
        Self {
            start,
            step,
            behind: 0,
            rest: 0,
            parts: 1,
        }
    }

    /// The first `rows` numbers of it; those that are beyond 64 bits wrap around.
    pub fn numbers(self, rows: usize) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(rows);
        rising(self, rows, &mut numbers);
        numbers
    }
}

#[inline(always)]
fn quotient(value: i64, divisor: f64) -> i64 {
    // AVX2 converts no float to a whole number of 64 bits. Added to 1.5 · 2^52 the number stands in
    // the lowest bits as it is, negative ones too.
    let whole = (value as f64 / divisor).trunc() + WHOLE;
    whole.to_bits().wrapping_sub(WHOLE.to_bits()) as i64
}

dispatched! {
    /// Appends the quotients, cut towards zero, of values and a divisor that are [`EXACT`]; of other
    /// values, anything.
    pub fn quotients(values: &[i64], divisor: i64, out: &mut Vec<i64>) {
        let divisor = divisor as f64;
        out.extend(values.iter().map(|value| quotient(*value, divisor)));
    }

    fn rising(slope: Slope, rows: usize, out: &mut Vec<i64>) {
        let rows = 0..rows as i64;
        let whole = |row: i64| slope.start.wrapping_add(row.wrapping_mul(slope.step));
        if slope.behind == 0 && slope.rest == 0 {
            out.extend(rows.map(whole));
            return;
        }
        let parts = slope.parts as f64;
        out.extend(rows.map(|row| {
            let behind = slope.behind.wrapping_add(row.wrapping_mul(slope.rest));
            whole(row).wrapping_add(quotient(behind, parts))
        }));
    }

    /// Appends the remainders, which have the values' signs, of values and a divisor that are
    /// [`EXACT`]; of other values, anything.
    pub fn remainders(values: &[i64], divisor: i64, out: &mut Vec<i64>) {
        let float = divisor as f64;
        out.extend(values.iter().map(|value| {
            value.wrapping_sub(quotient(*value, float).wrapping_mul(divisor))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_and_remainders_are_those_of_whole_division() {
        let last = *EXACT.end();
        let near = |value: i64| [value - 1, value, value + 1, -value, 1 - value];
        for divisor in [1, 2, 3, 7, 10, 1000, 65_537, last / 3, last - 1, last] {
            for divisor in [divisor, -divisor] {
                let multiples = [0, 1, 2, 3, 1000, last / divisor - 1, last / divisor];
                let edges = multiples
                    .into_iter()
                    .flat_map(|times| near(times.saturating_mul(divisor)));
                let mixed = (0..2000u64)
                    .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 12) as i64 - last);
                let edges = edges.chain(mixed).chain([last, -last]);
                let values: Vec<i64> = edges.filter(|value| EXACT.contains(value)).collect();
                let (mut whole, mut rest) = (Vec::new(), Vec::new());
                quotients(&values, divisor, &mut whole);
                remainders(&values, divisor, &mut rest);
                for (value, (whole, rest)) in values.iter().zip(whole.iter().zip(rest)) {
                    let expected = (value / divisor, value % divisor);
                    assert_eq!((*whole, rest), expected, "{value} {divisor}");
                }
            }
        }
    }
}
