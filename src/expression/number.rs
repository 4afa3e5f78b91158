//! `+ - * / %` on numbers: which type the result has.
//!
//! Integers give the wider of the two types; division cuts towards zero. With a decimal on either side the
//! result is a decimal: `+` and `-` at the larger scale, `*` at the sum of the scales, `%` at the larger
//! scale, `/` at the largest of 16 and the two scales (PostgreSQL picks at least 16 *significant* digits value
//! by value; a column needs one scale). A float on either side makes both double precision.

use super::cast::{self, CastContext};
use super::error::{Result, TextSpan};
use super::exact::{self, Operator};
use super::float;
use super::node::{Sides, TypedNode};
use super::quotient;
use super::rescale;
use super::text_value;
use super::types::{self, Family, family};
use arrow::datatypes::DataType;

/// Digits after the point of every quotient of decimals, unless an operand has more.
pub(super) const QUOTIENT_SCALE: i8 = 16;

pub(super) fn arithmetic(
    operator: Operator,
    [left, right]: Sides,
    place: TextSpan,
) -> Result<TypedNode> {
    match (family(&left.data_type), family(&right.data_type)) {
        (Family::Float, _) | (_, Family::Float) => {
            float::arithmetic(operator, [left, right], place)
        }
        (Family::Integer, Family::Integer) => integer(operator, [left, right], place),
        _ => decimal(operator, [left, right], place),
    }
}

fn integer(operator: Operator, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    match types::common_integer(&left.data_type, &right.data_type) {
        DataType::Decimal128(..) => decimal(operator, [left, right], place),
        data_type => exact::binary(operator, [left, right], data_type, place),
    }
}

fn decimal(operator: Operator, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    let ((left_digits, left_scale), (right_digits, right_scale)) = (digits(&left), digits(&right));
    let scale = left_scale.max(right_scale);
    let whole = |digits: u8, scale: i8| i16::from(digits) - i16::from(scale);
    let (left_whole, right_whole) = (
        whole(left_digits, left_scale),
        whole(right_digits, right_scale),
    );
    let precision = |whole: i16, scale: i8| (whole + i16::from(scale)).clamp(1, 38) as u8;
    match operator {
        Operator::Mul => {
            let scale = left_scale + right_scale;
            if scale > 38 {
                return Err(place
                    .error(format!(
                        "the product has {scale} digits after the point, more than 38"
                    ))
                    .hint("round a factor first"));
            }
            let precision = (left_digits + right_digits).min(38);
            exact::binary(
                operator,
                [left, right],
                types::decimal(precision, scale),
                place,
            )
        }
        Operator::Div => {
            let scale = scale.max(QUOTIENT_SCALE);
            // The least divisor is a one at its last digit: with it the quotient has so many digits
            // more.
            let precision = precision(left_whole + i16::from(right_scale), scale);
            quotient::quotient([left, right], types::decimal(precision, scale), place)
        }
        Operator::Add | Operator::Sub | Operator::Rem => {
            let whole = match operator {
                // A remainder is less than the divisor, and no more than what is divided; a sum may
                // carry.
                Operator::Rem => left_whole.min(right_whole),
                _ => left_whole.max(right_whole) + 1,
            };
            let data_type = types::decimal(precision(whole, scale), scale);
            let left = aligned(left, scale)?;
            let right = aligned(right, scale)?;
            exact::binary(operator, [left, right], data_type, place)
        }
    }
}

/// The digits of a number's type; of an integer constant its own, so that `price * 2` has one digit more than
/// `price`, not ten.
fn digits(node: &TypedNode) -> (u8, i8) {
    let own = node
        .constant_exact()
        .and_then(|value| text_value::precision(value, 0));
    match (family(&node.data_type), own) {
        (Family::Integer, Some(own)) => (own, 0),
        _ => types::digits(&node.data_type),
    }
}

/// The number with `scale` digits after the point, of which it has no more.
fn aligned(node: TypedNode, scale: i8) -> Result<TypedNode> {
    let (digits, from) = types::digits(&node.data_type);
    let precision = (i16::from(digits) + i16::from(scale) - i16::from(from)).clamp(1, 38) as u8;
    rescale::rescale(
        node,
        precision,
        scale,
        crate::kernel::decimal::Rounding::HalfAwayFromZero,
    )
}

pub(super) fn negate(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    match family(&node.data_type) {
        Family::Float => float::negate(node, place),
        Family::Integer if node.data_type != DataType::UInt64 => {
            // A subtraction: bounds, overflow and its message are there already. The narrowest zero
            // leaves the number its type.
            let zero = TypedNode::exact(0, DataType::Int16, place);
            integer(Operator::Sub, [zero, node], place)
        }
        _ => {
            let (digits, scale) = types::digits(&node.data_type);
            let zero = TypedNode::exact(0, types::decimal(digits, scale), place);
            exact::binary(
                Operator::Sub,
                [zero, node],
                types::decimal(digits, scale),
                place,
            )
        }
    }
}

/// A number as it is written: `int32` or `int64` where it fits, a decimal of its own digits otherwise.
pub(super) fn literal(text: &str, place: TextSpan) -> Result<TypedNode> {
    let error = || {
        let error = place.error(format!("`{text}` has more than 38 digits"));
        error.hint(format!("a float may have more: `'{text}'::float64`"))
    };
    let (value, scale) = text_value::digits_of(&text.replace('_', "")).ok_or_else(error)?;
    let precision = text_value::precision(value, scale).ok_or_else(error)?;
    let data_type = match text.contains(['.', 'e', 'E']) {
        false if i32::try_from(value).is_ok() => DataType::Int32,
        false if i64::try_from(value).is_ok() => DataType::Int64,
        _ => types::decimal(precision, scale),
    };
    Ok(TypedNode::exact(value, data_type, place))
}

/// The argument as double precision.
pub(super) fn as_double(node: TypedNode) -> Result<TypedNode> {
    cast::cast(node, &DataType::Float64, CastContext::Implicitly)
}
