//! The operators on the bits of whole numbers: `&`, `|`, `#` (exclusive or), `~`, `<<` and `>>`.
//!
//! As in PostgreSQL two's complement in the width of the type: a shift keeps the left side's type, counts
//! modulo its width, and loses what leaves it; `>>` keeps the sign. Other than there `~` binds as tightly as a
//! minus: `~x + 1` is `(~x) + 1`.

use super::cast::{CastContext, cast};
use super::error::{ExpressionError, Result, TextSpan};
use super::functions::mismatch;
use super::node::{Kernel, ResultType, Sides, TypedNode};
use super::types::{self, Family, family};
use super::value::nulls;
use crate::kernel::map::{Operand, map};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use std::sync::Arc;

/// What is done to the bits of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitOperator {
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl BitOperator {
    fn symbol(self) -> &'static str {
        match self {
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "#",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
        }
    }

    fn shifts(self) -> bool {
        matches!(self, Self::ShiftLeft | Self::ShiftRight)
    }

    /// Of numbers of `width` bits, each in 64.
    fn apply(self, left: i64, right: i64, width: u32) -> i64 {
        // PostgreSQL shifts a `smallint` as C does, as an `int`: its counts are taken modulo 32.
        let count = (right as u32) & (width.max(32) - 1);
        match self {
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::ShiftLeft => narrowed(left.wrapping_shl(count), width),
            Self::ShiftRight => left.wrapping_shr(count),
        }
    }
}

/// The lowest bits of a number, with their sign.
fn narrowed(value: i64, width: u32) -> i64 {
    match width {
        16 => i64::from(value as i16),
        32 => i64::from(value as i32),
        _ => value,
    }
}

/// The type in which bits are looked at, and its width: PostgreSQL has none narrower than 16.
fn width(data_type: &DataType) -> (DataType, u32) {
    match data_type {
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => (DataType::Int16, 16),
        DataType::UInt16 | DataType::Int32 => (DataType::Int32, 32),
        _ => (DataType::Int64, 64),
    }
}

fn whole(symbol: &str, node: TypedNode) -> Result<TypedNode> {
    match family(&node.data_type) {
        Family::Null => Ok(TypedNode::null(DataType::Int32, node.place)),
        Family::Integer if node.data_type == DataType::UInt64 => Err(too_wide(symbol, &node)),
        Family::Integer => Ok(node),
        _ => Err(mismatch(symbol, "whole numbers", &node)),
    }
}

fn too_wide(symbol: &str, node: &TypedNode) -> ExpressionError {
    mismatch(symbol, "whole numbers up to int64", node).hint("write `cast(… as int64)`")
}

pub(super) fn binary(
    operator: BitOperator,
    [left, right]: Sides,
    place: TextSpan,
) -> Result<TypedNode> {
    let left = whole(operator.symbol(), left)?;
    let right = whole(operator.symbol(), right)?;
    let (data_type, width) = match operator.shifts() {
        true => width(&left.data_type),
        false => width(&types::common_integer(&left.data_type, &right.data_type)),
    };
    let kernel: Kernel = Box::new(move |values, _| {
        let (left, right) = (values[0].narrow(), values[1].narrow());
        let bits = map(left, right, |left, right| {
            operator.apply(left, right, width)
        });
        Ok(Arc::new(Int64Array::new(bits.into(), nulls(values))) as ArrayRef)
    });
    let left = cast(left, &data_type, CastContext::Implicitly)?;
    TypedNode::strict(place, ResultType::of(data_type), vec![left, right], kernel)
}

/// `~x`: every bit the other way.
pub(super) fn complement(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let node = whole("~", node)?;
    let (data_type, _) = width(&node.data_type);
    let kernel: Kernel = Box::new(|values, _| {
        // In 64 bits, which is right in every narrower width, too: the sign goes all the way up.
        let bits = map(values[0].narrow(), Operand::Constant(()), |value, ()| {
            !value
        });
        Ok(Arc::new(Int64Array::new(bits.into(), nulls(values))) as ArrayRef)
    });
    let node = cast(node, &data_type, CastContext::Implicitly)?;
    TypedNode::strict(place, ResultType::of(data_type), vec![node], kernel)
}

#[cfg(test)]
mod tests {
    use super::BitOperator::{ShiftLeft, ShiftRight};

    #[test]
    fn shifts_count_modulo_the_width_and_keep_the_sign() {
        assert_eq!(ShiftLeft.apply(1, 33, 32), 2);
        assert_eq!(ShiftLeft.apply(5, 15, 16), -32768);
        assert_eq!(ShiftLeft.apply(1, 65, 64), 2);
        assert_eq!(ShiftRight.apply(-8, 1, 32), -4);
        assert_eq!(ShiftRight.apply(-8, 33, 32), -4);
    }
}
