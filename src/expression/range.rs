//! Proved bounds of whole numbers and decimals, carried through every operation.
//!
//! Bounds decide speed (64 or 128 bits, checked or not) and never values: a table that grows, or a wider
//! `max`, must not change what an expression gives.

use crate::kernel::decimal::{MAX_DECIMAL, Rounding, power_of_ten};

/// Inclusive bounds: of the number itself for integers, dates and timestamps (in their unit), of the digits
/// at the type's scale for decimals (`12.50` at scale 2 is 1250).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumericBounds {
    pub low: i128,
    pub high: i128,
}

impl NumericBounds {
    pub const I64: Self = Self::new(i64::MIN as i128, i64::MAX as i128);
    /// Every decimal of 38 digits.
    pub const DECIMAL: Self = Self::new(-MAX_DECIMAL, MAX_DECIMAL);

    pub const fn new(low: i128, high: i128) -> Self {
        Self { low, high }
    }

    pub(super) const fn of(value: i128) -> Self {
        Self::new(value, value)
    }

    /// Every number of so many digits.
    pub(super) fn of_digits(digits: u8) -> Self {
        let high = power_of_ten(u32::from(digits)).map_or(MAX_DECIMAL, |power| power - 1);
        Self::new(-high, high)
    }

    pub(super) fn contains(self, value: i128) -> bool {
        self.low <= value && value <= self.high
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// What is left of it inside the other's bounds.
    // Clamped, not intersected: bounds that do not overlap, of rows that all fail, must still be
    // bounds.
    pub(super) fn clamp(self, to: Self) -> Self {
        Self::new(
            self.low.clamp(to.low, to.high),
            self.high.clamp(to.low, to.high),
        )
    }

    fn largest(self) -> i128 {
        self.low.saturating_abs().max(self.high.saturating_abs())
    }

    pub(super) fn add(self, other: Self) -> Self {
        Self::new(
            self.low.saturating_add(other.low),
            self.high.saturating_add(other.high),
        )
    }

    pub(super) fn sub(self, other: Self) -> Self {
        Self::new(
            self.low.saturating_sub(other.high),
            self.high.saturating_sub(other.low),
        )
    }

    pub(super) fn mul(self, other: Self) -> Self {
        self.corners(other, i128::saturating_mul)
    }

    /// Of `self * factor / divisor`, cut or rounded.
    pub(super) fn div(self, factor: i128, divisor: Self) -> Self {
        let scaled = self.mul(Self::of(factor));
        if divisor.contains(0) {
            // A divisor of whole numbers is 1 or more in size, once it is not 0.
            let largest = scaled.largest();
            return Self::new(-largest, largest);
        }
        let rounded = scaled.corners(divisor, i128::saturating_div);
        // One more on each side for the rounding.
        Self::new(
            rounded.low.saturating_sub(1),
            rounded.high.saturating_add(1),
        )
    }

    /// Of the remainder, which has the dividend's sign and is smaller than the divisor.
    pub(super) fn rem(self, divisor: Self) -> Self {
        let largest = divisor
            .largest()
            .saturating_sub(1)
            .min(self.largest())
            .max(0);
        Self::new(
            if self.low < 0 { -largest } else { 0 },
            if self.high > 0 { largest } else { 0 },
        )
    }

    pub(super) fn abs(self) -> Self {
        let low = if self.contains(0) {
            0
        } else {
            self.low.saturating_abs().min(self.high.saturating_abs())
        };
        Self::new(low, self.largest())
    }

    pub(super) fn scale_down(self, digits: u32, rounding: Rounding) -> Self {
        match power_of_ten(digits) {
            Some(divisor) => Self::new(
                rounding.divide(self.low, divisor),
                rounding.divide(self.high, divisor),
            ),
            // Less than one half of a unit: 0, or one up or down where that is asked for.
            None => Self::new(-1, 1),
        }
    }

    fn corners(self, other: Self, operation: impl Fn(i128, i128) -> i128) -> Self {
        let [a, b] = [self.low, self.high]
            .map(|left| [operation(left, other.low), operation(left, other.high)]);
        // A product, and a quotient without 0 in the divisor, is greatest and least at the corners.
        let all = [a[0], a[1], b[0], b[1]];
        let fold = |pick: fn(i128, i128) -> i128| all.into_iter().fold(all[0], pick);
        Self::new(fold(i128::min), fold(i128::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation's bounds hold for every pair of values inside small ranges.
    #[test]
    fn bounds_hold_for_every_value_inside() {
        let ranges = [(-3, 4), (0, 5), (2, 6), (-7, -2), (3, 3)]
            .map(|(low, high)| NumericBounds::new(low, high));
        for left in ranges {
            for right in ranges {
                for (a, b) in (left.low..=left.high)
                    .flat_map(|a| (right.low..=right.high).map(move |b| (a, b)))
                {
                    assert!(left.add(right).contains(a + b));
                    assert!(left.sub(right).contains(a - b));
                    assert!(left.mul(right).contains(a * b));
                    assert!(left.union(right).contains(a) && left.union(right).contains(b));
                    assert!(left.abs().contains(a.abs()));
                    if b != 0 {
                        assert!(
                            left.div(10, right).contains(a * 10 / b),
                            "{left:?} {right:?}"
                        );
                        assert!(left.rem(right).contains(a % b), "{left:?} {right:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn overflow_saturates() {
        assert_eq!(
            NumericBounds::DECIMAL.mul(NumericBounds::DECIMAL).high,
            i128::MAX
        );
        assert!(
            !NumericBounds::DECIMAL
                .mul(NumericBounds::of(10))
                .is_within(NumericBounds::DECIMAL)
        );
    }
}
