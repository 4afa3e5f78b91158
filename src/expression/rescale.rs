//! Whole numbers and decimals brought to another scale, or held within a type's bounds.

use super::digits::decimal_text;
use super::error::{Result, RowFailure};
use super::exact::{self, ExactWidth, limits, scale};
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::types::{self, Representation};
use super::value::{ColumnarValue, Evaluation, nulls};
use super::{cast_number, choice, quotient};
use crate::kernel::decimal::{self, Rounding, power_of_ten, round_narrow};
use crate::kernel::map::Operand;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};

/// A number at another scale: more digits multiply, fewer round. What has just been divided, scaled up or
/// chosen is instead divided, scaled or chosen at the new scale: rounded once, and mostly in 64 bits.
pub(super) fn rescale(
    mut node: TypedNode,
    precision: u8,
    to: i8,
    rounding: Rounding,
) -> Result<TypedNode> {
    let (from, place) = (scale(&node), node.place);
    let data_type = types::decimal(precision, to);
    if to == from {
        return Ok(TypedNode { data_type, ..node });
    }
    let each = |value| rescale(value, precision, to, rounding);
    // Rounding each branch of a `case` rather than what was chosen keeps the branches in 64 bits:
    // the casino's amount by currency took 170 ns a row when it was widened first and takes 12.
    if let Some(choice) = choice::each_value(&mut node, each) {
        return choice;
    }
    let rounds = to < from && rounding == Rounding::HalfAwayFromZero;
    match node.form() {
        // Digits that were only added, such as by `cast(x as decimal(20, 6))`, are taken away
        // together with the multiplication that added them.
        CallForm::ScaledUp => {
            let original = node.into_arguments().swap_remove(0);
            return rescale(original, precision, to, rounding);
        }
        // The quotient at its natural scale has some sixteen digits behind the point and needs 128
        // bits; at the scale that is asked for, 64 mostly do (62 ns a row, and 16). Rounding once
        // is also the more exact answer: twice can round 0.4999…95 up to 1.
        CallForm::Quotient if rounds => return quotient::quotient_at(node, precision, to),
        // A float has all of its 17 digits as a decimal, in 128 bits. It goes to the digits asked
        // for at once.
        CallForm::FromFloat if rounds => {
            let float = node.into_arguments().swap_remove(0);
            return Ok(cast_number::float_to_exact(float, &data_type)?.at(place));
        }
        _ => {}
    }
    if to > from {
        let factor = power_of_ten((to - from) as u32).unwrap_or(i128::MAX);
        return exact::scale_up(node, factor, data_type);
    }
    scale_down(node, (from - to) as u32, data_type, rounding)
}

fn scale_down(
    node: TypedNode,
    digits: u32,
    data_type: DataType,
    rounding: Rounding,
) -> Result<TypedNode> {
    let result_type = ResultType::of(data_type).within(node.bounds().scale_down(digits, rounding));
    let (place, narrow, representation) = (
        node.place,
        node.representation() == Representation::Narrow,
        result_type.representation(),
    );
    let kernel: Kernel = Box::new(move |values, _| {
        let nulls = nulls(values);
        if narrow {
            return Ok(i64::array(
                scaled_down_narrow(&values[0], digits, rounding),
                nulls,
                representation,
            ));
        }
        let array = values[0].array.as_primitive::<Decimal128Type>();
        Ok(i128::array(
            decimal::scale_down(array.values(), digits, rounding),
            nulls,
            representation,
        ))
    });
    TypedNode::strict(place, result_type, vec![node], kernel)
}

fn scaled_down_narrow(value: &ColumnarValue, digits: u32, rounding: Rounding) -> Vec<i64> {
    let values = value.array.as_primitive::<Int64Type>().values();
    match rounding {
        Rounding::HalfAwayFromZero => round_narrow(values, digits),
        _ => decimal::scale_down(values, digits, rounding),
    }
}

/// The number, of which every row is proved or checked to lie within a type's bounds.
pub(super) fn within(mut node: TypedNode, data_type: DataType) -> Result<TypedNode> {
    let (place, from) = (node.place, scale(&node));
    let limit = types::bounds(&data_type).unwrap_or(NumericBounds::DECIMAL);
    if node.bounds().is_within(limit) {
        return Ok(TypedNode { data_type, ..node });
    }
    let each = |value| within(value, data_type.clone());
    if let Some(choice) = choice::each_value(&mut node, each) {
        return choice;
    }
    let target = types::name(&data_type);
    let result_type = ResultType::of(data_type)
        .within(node.bounds().clamp(limit))
        .fallible(true);
    let (representation, wide) = (
        result_type.representation(),
        node.representation() == Representation::Wide,
    );
    let kernel: Kernel = Box::new(move |values, evaluation| match wide {
        true => limited::<i128>(&values[0], limit, representation, from, &target, evaluation),
        false => limited::<i64>(&values[0], limit, representation, from, &target, evaluation),
    });
    TypedNode::strict(place, result_type, vec![node], kernel)
}

fn limited<T: ExactWidth>(
    value: &ColumnarValue,
    limit: NumericBounds,
    representation: Representation,
    scale: i8,
    target: &str,
    evaluation: &Evaluation<'_>,
) -> Result<ArrayRef, RowFailure> {
    let (low, high) = limits::<T>(limit);
    // `|` and not `||`: without a branch the loop over all rows becomes vector instructions.
    let fails = |value: T| (value < low) | (value > high);
    let operands = (T::operand(value), Operand::Constant(()));
    let nulls = nulls(std::slice::from_ref(value));
    let checked = |value, ()| (value, fails(value));
    let message = |value: T, ()| {
        let text = decimal_text(value.into(), scale);
        format!("{text} does not fit {target}")
    };
    let results = evaluation.checked(operands, nulls.as_ref(), checked, message)?;
    Ok(T::array(results, nulls, representation))
}
