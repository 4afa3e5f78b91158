//! Quotients of decimals, at their natural scale or at once at the one that they are rounded to.

use super::error::{Result, TextSpan};
use super::exact::{self, FailureText, Operator, is_narrow, kernel, scale};
use super::node::{CallForm, Kernel, ResultType, Sides, TypedNode};
use super::range::NumericBounds;
use super::types;
use crate::kernel::decimal::{divide_rounded, divide_scaled, power_of_ten};
use arrow::datatypes::DataType;

/// `left / right` rounded half away from zero at its natural scale.
pub(super) fn quotient(sides: Sides, data_type: DataType, place: TextSpan) -> Result<TypedNode> {
    let quotient = quotient_as(sides, data_type, place)?;
    // What is around may be `round` or a cast: it divides anew at its own scale (see `rescale`).
    Ok(quotient.with_form(CallForm::Quotient))
}

/// A quotient divided at another scale.
pub(super) fn quotient_at(node: TypedNode, precision: u8, to: i8) -> Result<TypedNode> {
    let place = node.place;
    let sides = Sides::try_from(node.into_arguments());
    let sides = sides.map_err(|_| place.error("a quotient has two sides"))?;
    quotient_as(sides, types::decimal(precision, to), place)
}

fn quotient_as([left, right]: Sides, data_type: DataType, place: TextSpan) -> Result<TypedNode> {
    // `(l / 10^a) / (r / 10^b)` with `s` digits is `l · 10^(s - a + b) / r`.
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
    let fallible = right.bounds().contains(0) || !range.is_within(NumericBounds::DECIMAL);
    let result_type = ResultType::of(data_type)
        .within(range.clamp(NumericBounds::DECIMAL))
        .fallible(fallible);
    let kernel = divide(&left, &right, factor, &result_type);
    TypedNode::strict(place, result_type, vec![left, right], kernel)
}

fn divide(left: &TypedNode, right: &TypedNode, factor: i128, result_type: &ResultType) -> Kernel {
    let failing = FailureText {
        operator: Operator::Div,
        scales: [scale(left), scale(right)],
        target: result_type.data_type.clone(),
        rescales: false,
    };
    let (fallible, representation) = (result_type.fallible, result_type.representation());
    // The dividend is multiplied before it is divided, so its bounds decide whether 64 bits are
    // enough.
    let fits = left
        .bounds()
        .mul(NumericBounds::of(factor))
        .is_within(NumericBounds::I64);
    if fits && is_narrow(result_type, [left, right]) {
        let factor = factor as i64;
        let divide = move |left: i64, right| divide_rounded(left.wrapping_mul(factor), right);
        return kernel(
            divide,
            fallible.then_some(NumericBounds::I64),
            failing,
            representation,
        );
    }
    let divide = move |left, right| match divide_scaled(left, factor, right) {
        Some(quotient) => (quotient, false),
        None => (0, true),
    };
    kernel::<i128>(
        divide,
        fallible.then_some(NumericBounds::DECIMAL),
        failing,
        representation,
    )
}
