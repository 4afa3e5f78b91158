//! Comparing two values of one type, row by row: null where either is.

use super::error::RowFailure;
use super::evaluate::{in_representation, internal};
use super::types::Representation;
use super::value::{ColumnarValue, nulls};
use crate::kernel::map::{Operand, map};
use arrow::array::{Array, ArrayRef, BooleanArray, Decimal128Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp;
use arrow::datatypes::IntervalMonthDayNano;
use std::cmp::Ordering;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ComparisonOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl ComparisonOperator {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The comparison of two values, in a representation that holds them both.
pub(super) fn compare(
    comparison: ComparisonOperator,
    left: &ColumnarValue,
    right: &ColumnarValue,
    representation: Representation,
) -> Result<BooleanArray, RowFailure> {
    let null = |value: &ColumnarValue| value.constant && value.array.is_null(0);
    if null(left) || null(right) {
        let rows = if left.constant {
            right.array.len()
        } else {
            left.array.len()
        };
        return Ok(BooleanArray::new_null(rows));
    }
    match representation {
        Representation::Float => return Ok(floats(comparison, left, right)),
        Representation::Interval => {
            let [left, right] = [left, right].map(|value| ColumnarValue {
                array: nanoseconds(value),
                constant: value.constant,
            });
            return compare(comparison, &left, &right, Representation::Wide);
        }
        _ => {}
    }
    let (left, right) = (
        &*in_representation(left, representation),
        &*in_representation(right, representation),
    );
    let result = match comparison {
        ComparisonOperator::Equal => cmp::eq(left, right),
        ComparisonOperator::NotEqual => cmp::neq(left, right),
        ComparisonOperator::Less => cmp::lt(left, right),
        ComparisonOperator::LessOrEqual => cmp::lt_eq(left, right),
        ComparisonOperator::Greater => cmp::gt(left, right),
        ComparisonOperator::GreaterOrEqual => cmp::gt_eq(left, right),
    };
    result.map_err(internal)
}

/// As in PostgreSQL: zero equals minus zero, and NaN equals itself and is above all else. (Arrow's kernel
/// orders the two zeros.)
fn floats(
    comparison: ComparisonOperator,
    left: &ColumnarValue,
    right: &ColumnarValue,
) -> BooleanArray {
    let truths = map(left.float(), right.float(), |left, right| {
        let nans = || left.is_nan().cmp(&right.is_nan());
        comparison.holds(left.partial_cmp(&right).unwrap_or_else(nans))
    });
    let nulls = nulls(&[left.clone(), right.clone()]);
    BooleanArray::new(BooleanBuffer::from(truths), nulls)
}

/// Months of 30 days, days of 24 hours: how PostgreSQL orders intervals.
fn nanoseconds(value: &ColumnarValue) -> ArrayRef {
    let total = |interval: IntervalMonthDayNano, ()| {
        let days = i128::from(interval.months) * 30 + i128::from(interval.days);
        days * 86_400_000_000_000 + i128::from(interval.nanoseconds)
    };
    let totals = map(value.interval(), Operand::Constant(()), total);
    let array = Decimal128Array::new(totals.into(), value.array.nulls().cloned());
    Arc::new(array.with_data_type(super::types::WIDE))
}
