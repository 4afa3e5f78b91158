//! Sums: exact ones of whole numbers and decimals, and those of floats in the order of the rows.

use super::reduce::{Counted, Parts, each_counted};
use crate::expression::error::RowFailure;
use crate::expression::range::NumericBounds;
use crate::expression::types::WIDE;
use crate::kernel::decimal::MAX_DECIMAL;
use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::i256;
use std::sync::Arc;

/// Sums of whole numbers.
pub(super) struct Exact {
    seen: Vec<bool>,
    width: Width,
}

/// How wide sums are: as their bounds need.
enum Width {
    /// Every sum, of any of its values, is within 64 bits.
    Narrow(Vec<i64>),
    /// 2^32 values of 38 digits are, so that a sum that fits in the end never overflows on its way.
    Wide(Vec<i256>),
}

/// Sums of floats.
pub(super) struct Floats {
    seen: Vec<bool>,
    sums: Vec<f64>,
}

impl Exact {
    pub fn new(groups: usize, range: Option<NumericBounds>) -> Self {
        // A sum of some of the values is within the bounds, too: they reach from the least number of most
        // values to the greatest of most values, and 0 lies between or is no sum.
        let narrow = range.is_some_and(|range| range.is_within(NumericBounds::I64));
        Self {
            seen: vec![false; groups],
            width: match narrow {
                true => Width::Narrow(vec![0; groups]),
                false => Width::Wide(vec![i256::ZERO; groups]),
            },
        }
    }

    pub fn narrow(&mut self, values: &[i64], counted: Counted<'_>, parts: Parts<'_>) {
        let seen = &mut self.seen;
        match (&mut self.width, counted) {
            (Width::Narrow(sums), None) => {
                for (group, rows) in parts.each() {
                    seen[group] |= !rows.is_empty();
                    sums[group] += values[rows].iter().sum::<i64>();
                }
            }
            (Width::Narrow(sums), counted) => each_counted(counted, parts, |group, row| {
                seen[group] = true;
                sums[group] += values[row];
            }),
            (Width::Wide(sums), counted) => each_counted(counted, parts, |group, row| {
                seen[group] = true;
                sums[group] = sums[group].wrapping_add(i256::from_i128(values[row].into()));
            }),
        }
    }

    pub fn wide(&mut self, values: &[i128], counted: Counted<'_>, parts: Parts<'_>) {
        let seen = &mut self.seen;
        each_counted(counted, parts, |group, row| {
            seen[group] = true;
            match &mut self.width {
                Width::Narrow(sums) => sums[group] += values[row] as i64,
                Width::Wide(sums) => {
                    sums[group] = sums[group].wrapping_add(i256::from_i128(values[row]));
                }
            }
        });
    }

    /// The sums; one of too many digits fails, or is marked among the `failed` where there are such.
    pub fn finish(self, mut failed: Option<&mut [bool]>) -> Result<ArrayRef, RowFailure> {
        let nulls = Some(NullBuffer::from(self.seen));
        let sums = match self.width {
            Width::Narrow(sums) => return Ok(Arc::new(Int64Array::new(sums.into(), nulls))),
            Width::Wide(sums) => sums,
        };
        let mut narrowed = Vec::with_capacity(sums.len());
        for (group, sum) in sums.into_iter().enumerate() {
            let sum = sum
                .to_i128()
                .filter(|sum| sum.unsigned_abs() <= MAX_DECIMAL as u128);
            narrowed.push(match (sum, &mut failed) {
                (Some(sum), _) => sum,
                (None, Some(failed)) => {
                    failed[group] = true;
                    0
                }
                (None, None) => {
                    let message = "the sum has more than 38 digits";
                    return Err(RowFailure::at(group, message));
                }
            });
        }
        let array = Decimal128Array::new(narrowed.into(), nulls);
        Ok(Arc::new(array.with_data_type(WIDE)))
    }
}

impl Floats {
    pub fn new(groups: usize) -> Self {
        Self {
            seen: vec![false; groups],
            // The zero that changes no sum: 0 would make 0 of a sum of -0, as it is not in PostgreSQL.
            sums: vec![-0.0; groups],
        }
    }

    pub fn add(&mut self, values: &[f64], counted: Counted<'_>, parts: Parts<'_>) {
        // One after the other: added in any other order, floats have another sum.
        each_counted(counted, parts, |group, row| {
            self.seen[group] = true;
            self.sums[group] += values[row];
        });
    }

    pub fn finish(self) -> ArrayRef {
        let nulls = Some(NullBuffer::from(self.seen));
        Arc::new(Float64Array::new(self.sums.into(), nulls))
    }
}
