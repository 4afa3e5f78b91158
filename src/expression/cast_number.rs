//! Casts between floats, exact numbers and truth values.
//!
//! As in PostgreSQL, a float becomes an integer by rounding halves to even, and a decimal by its significant
//! decimal digits (15, or 6 of a `real`), so that 1.005 becomes 1.01 though its bits are a little below.

use super::error::Result;
use super::exact::{ExactWidth, scale};
use super::float;
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::types::{self, Representation};
use super::value::{ColumnarValue, nulls};
use crate::kernel::decimal::{Rounding, float_of, power, power_of_ten};
use crate::kernel::map::{Operand, map};
use crate::kernel::single::single_of;
use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type};
use std::sync::Arc;

pub(super) fn exact_to_float(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let (scale, narrow, place) = (
        scale(&node),
        node.representation() == Representation::Narrow,
        node.place,
    );
    let single = *target == DataType::Float32;
    // Once for the column, not for each row.
    let divisor = power(scale);
    let convert = move |value: i128| match single {
        true => single_of(value, scale, divisor).into(),
        false => float_of(value, scale, divisor),
    };
    let kernel: Kernel = Box::new(move |values, _| {
        let results = match narrow {
            true => map(values[0].narrow(), Operand::Constant(()), |value, ()| {
                convert(value.into())
            }),
            false => map(values[0].wide(), Operand::Constant(()), |value, ()| {
                convert(value)
            }),
        };
        Ok(Arc::new(Float64Array::new(results.into(), nulls(values))))
    });
    let form = float::form([&node]);
    Ok(
        TypedNode::strict(place, ResultType::of(target.clone()), vec![node], kernel)?
            .with_form(form),
    )
}

pub(super) fn float_to_float(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    if *target == DataType::Float64 {
        return Ok(TypedNode {
            data_type: DataType::Float64,
            ..node
        });
    }
    float::to_single(node)
}

pub(super) fn float_to_exact(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let place = node.place;
    let single = node.data_type == DataType::Float32;
    // Nothing is known of a float's bounds, so that every row is checked.
    let result_type = ResultType::of(target.clone()).fallible(true);
    let limit = result_type.range.unwrap_or(NumericBounds::DECIMAL);
    let (representation, name) = (result_type.representation(), types::name(target));
    let scale = match types::family(target) {
        types::Family::Integer => None,
        _ => Some(types::digits(target).1),
    };
    let convert = move |value: f64| {
        let exact = match scale {
            None => whole_of(value),
            Some(scale) if single => single_decimal_of(value, scale),
            Some(scale) => decimal_of(value, scale),
        };
        match exact.filter(|&value| limit.contains(value)) {
            Some(value) => (value, false),
            None => (0, true),
        }
    };
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (operands, nulls) = ((values[0].float(), Operand::Constant(())), nulls(values));
        let message = |value, ()| {
            let text = super::cast_text::float_text(value, false);
            format!("{text} does not fit {name}")
        };
        let convert = |value, ()| convert(value);
        let results = evaluation.checked(operands, nulls.as_ref(), convert, message)?;
        Ok(i128::array(results, nulls, representation))
    });
    Ok(TypedNode::strict(place, result_type, vec![node], kernel)?.with_form(CallForm::FromFloat))
}

fn whole_of(value: f64) -> Option<i128> {
    let whole = value.round_ties_even();
    // Within 128 bits, and beyond every integer type: the type's own limit is looked at by the
    // caller.
    (whole.abs() < 1e20).then_some(whole as i128)
}

/// The decimal of `scale` digits that is nearest to the float's 15 significant digits.
fn decimal_of(value: f64, scale: i8) -> Option<i128> {
    if !value.is_finite() {
        return None;
    }
    let scaled = value * power(scale);
    // Far enough from a half that neither the product's error nor the cut to 15 digits can matter.
    let from_half = (scaled.abs().fract() - 0.5).abs();
    if scaled.abs() < 1e13 && from_half > scaled.abs() * 1e-14 {
        return Some((scaled.round() as i64).into());
    }
    // As PostgreSQL does it: through text of 15 significant digits. Slow, and only for the few
    // values near a half.
    significant(&format!("{value:.14e}"), scale)
}

fn single_decimal_of(value: f64, scale: i8) -> Option<i128> {
    significant(&format!("{value:.5e}"), scale)
}

/// The decimal of `scale` digits that is nearest to a number in scientific form.
fn significant(text: &str, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = text.split_once('e')?;
    let fraction = mantissa.split_once('.')?.1.len() as i32;
    let digits: i128 = mantissa.replace('.', "").parse().ok()?;
    let zeros = exponent.parse::<i32>().ok()? - fraction + i32::from(scale);
    match u32::try_from(zeros) {
        Ok(zeros) => digits.checked_mul(power_of_ten(zeros)?),
        Err(_) => Some(power_of_ten(zeros.unsigned_abs()).map_or(0, |divisor| {
            Rounding::HalfAwayFromZero.divide(digits, divisor)
        })),
    }
}

pub(super) fn integer_to_boolean(node: TypedNode) -> Result<TypedNode> {
    let (place, narrow) = (node.place, node.representation() == Representation::Narrow);
    let kernel: Kernel = Box::new(move |values, _| {
        let truths = match narrow {
            true => map(values[0].narrow(), Operand::Constant(()), |value, ()| {
                value != 0
            }),
            false => values[0]
                .array
                .as_primitive::<Decimal128Type>()
                .values()
                .iter()
                .map(|&value| value != 0)
                .collect(),
        };
        Ok(Arc::new(BooleanArray::new(truths.into(), nulls(values))))
    });
    TypedNode::strict(place, ResultType::of(DataType::Boolean), vec![node], kernel)
}

pub(super) fn boolean_to_integer(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let result_type = ResultType::of(target.clone()).within(NumericBounds::new(0, 1));
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let truths = values[0].booleans(evaluation.rows);
        let numbers: Vec<i64> = truths.values().iter().map(i64::from).collect();
        Ok(Arc::new(Int64Array::new(
            numbers.into(),
            truths.nulls().cloned(),
        )))
    });
    TypedNode::strict(node.place, result_type, vec![node], kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_the_decimals_they_print_as() {
        for (value, scale, expected) in [
            (1.005, 2, Some(101)),
            (-1.005, 2, Some(-101)),
            (0.1 + 0.2, 15, Some(300_000_000_000_000)),
            (123.456, 1, Some(1235)),
            (0.5, 0, Some(1)),
            (1e20, 2, Some(10_i128.pow(22))),
            (1e-300, 10, Some(0)),
            (123_456_789_012_345.67, 3, Some(123_456_789_012_346_000)),
            (1e300, 2, None),
            (f64::NAN, 2, None),
        ] {
            assert_eq!(decimal_of(value, scale), expected, "{value} {scale}");
        }
    }

    #[test]
    fn decimals_become_the_nearest_float() {
        for (value, scale, expected) in [
            (965, 3, 0.965),
            (12_345_678_901_234_567_890, 10, 1_234_567_890.123_456_8),
            (1, 38, 1e-38),
            (-7, 0, -7.0),
        ] {
            assert_eq!(float_of(value, scale, power(scale)), expected);
        }
    }
}
