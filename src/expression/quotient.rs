//! Quotients of decimals, at their natural scale or at once at the one that they are rounded to.

use super::error::{ExpressionError, Place};
use super::exact::{self, Failing, Operator, is_narrow, kernel, scale};
use super::node::{Form, Kernel, Node, Shape};
use super::range::Range;
use super::types;
use crate::kernel::decimal::{divide_rounded, divide_scaled, power_of_ten};
use arrow::datatypes::DataType;

/// `left / right` rounded half away from zero at its natural scale.
pub(super) fn quotient(
    left: Node,
    right: Node,
    data_type: DataType,
    place: Place,
) -> Result<Node, ExpressionError> {
    let quotient = quotient_as(left, right, data_type, place)?;
    Ok(quotient.formed(Form::Quotient))
}

/// A quotient divided at another scale.
pub(super) fn quotient_at(node: Node, precision: u8, to: i8) -> Result<Node, ExpressionError> {
    let place = node.place;
    let sides = <[Node; 2]>::try_from(node.into_arguments());
    let [left, right] = sides.map_err(|_| place.error("a quotient has two sides"))?;
    quotient_as(left, right, types::decimal(precision, to), place)
}

fn quotient_as(
    left: Node,
    right: Node,
    data_type: DataType,
    place: Place,
) -> Result<Node, ExpressionError> {
    let digits = types::digits(&data_type).1 - scale(&left) + scale(&right);
    let power = |digits: i8| power_of_ten(digits.max(0) as u32);
    let (Some(factor), Some(divisor_factor)) = (power(digits), power(-digits)) else {
        let error = place.error("the quotient needs more than 38 digits after the point");
        return Err(error.hint("round the divisor to fewer digits first"));
    };
    // Fewer digits than the dividend has: the divisor grows instead.
    let right = match divisor_factor {
        1 => right,
        _ => exact::scale_up(right, divisor_factor, types::decimal(38, -digits))?,
    };
    let range = left.bounds().div(factor, right.bounds());
    let fallible = right.bounds().contains(0) || !range.is_within(Range::DECIMAL);
    let shape = Shape::of(data_type)
        .within(range.clamp(Range::DECIMAL))
        .fallible(fallible);
    let kernel = divide(&left, &right, factor, &shape);
    Node::strict(place, shape, vec![left, right], kernel)
}

fn divide(left: &Node, right: &Node, factor: i128, shape: &Shape) -> Kernel {
    let failing = Failing {
        operator: Operator::Div,
        scales: [scale(left), scale(right)],
        target: shape.data_type.clone(),
        rescales: false,
    };
    let (fallible, lane) = (shape.fallible, shape.lane());
    let fits = left.bounds().mul(Range::of(factor)).is_within(Range::I64);
    if fits && is_narrow(shape, [left, right]) {
        let factor = factor as i64;
        let divide = move |left: i64, right| divide_rounded(left.wrapping_mul(factor), right);
        return kernel(divide, fallible.then_some(Range::I64), failing, lane);
    }
    let divide = move |left, right| match divide_scaled(left, factor, right) {
        Some(quotient) => (quotient, false),
        None => (0, true),
    };
    kernel::<i128>(divide, fallible.then_some(Range::DECIMAL), failing, lane)
}
