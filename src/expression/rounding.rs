//! `round`, `trunc`, `floor`, `ceil`, `abs`, `sign`, `mod`.
//!
//! Types as in PostgreSQL: of a decimal they are decimals, of an integer or a float double precision, and with
//! a number of digits always decimals. `abs` and `mod` keep the type.

use super::cast::{self, CastContext};
use super::error::{Result, TextSpan};
use super::exact::{self, Operator};
use super::float;
use super::functions::{CallArguments, Function, mismatch};
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::number::{self, as_double};
use super::range::NumericBounds;
use super::rescale;
use super::types::{self, Family, Representation, family};
use super::value::nulls;
use crate::kernel::decimal::Rounding;
use crate::kernel::map::{Operand, map};
use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("round", "round(x[, digits])", 1..=2, |arguments| {
        // Decimals away from zero, floats to even: PostgreSQL rounds `numeric` and `double
        // precision` differently.
        rounded(arguments, Rounding::HalfAwayFromZero, f64::round_ties_even)
    }),
    Function::new("trunc", "trunc(x[, digits])", 1..=2, |arguments| {
        rounded(arguments, Rounding::TowardsZero, f64::trunc)
    }),
    Function::new("floor", "floor(x)", 1..=1, |arguments| {
        rounded(arguments, Rounding::Down, f64::floor)
    }),
    Function::new("ceil", "ceil(x)", 1..=1, |arguments| {
        rounded(arguments, Rounding::Up, f64::ceil)
    }),
    Function::new("ceiling", "ceiling(x)", 1..=1, |arguments| {
        rounded(arguments, Rounding::Up, f64::ceil)
    }),
    Function::new("abs", "abs(x)", 1..=1, abs),
    Function::new("sign", "sign(x)", 1..=1, sign),
    Function::new("mod", "mod(x, y)", 2..=2, modulo),
];

fn expect_number(name: &str, node: &TypedNode) -> Result<()> {
    match types::is_number(&node.data_type) || node.is_null() {
        true => Ok(()),
        false => Err(mismatch(name, "a number", node)),
    }
}

/// A number of quoted or missing type as double precision.
fn numeric(arguments: &mut CallArguments, index: usize) -> Result<()> {
    let node = &arguments.nodes[index];
    // As PostgreSQL resolves `round('2.5')`: of several functions that an untyped text fits, the
    // one of double precision, which is its preferred type of numbers.
    if node.quoted_text().is_some() || node.is_null() {
        arguments.cast(index, &DataType::Float64)?;
    }
    expect_number(arguments.name, &arguments.nodes[index])
}

fn rounded(
    mut arguments: CallArguments,
    rounding: Rounding,
    of_float: fn(f64) -> f64,
) -> Result<TypedNode> {
    let (name, place) = (arguments.name, arguments.place);
    numeric(&mut arguments, 0)?;
    let digits = match arguments.nodes.get(1) {
        Some(node) => Some(constant_digits(name, node)?),
        None => None,
    };
    let node = arguments.nodes.swap_remove(0);
    match (family(&node.data_type), digits) {
        (Family::Decimal, digits) => to_digits(node, digits.unwrap_or(0), rounding, place),
        (_, None) => {
            let kernel = float::simple(of_float);
            let result_type = ResultType::of(DataType::Float64);
            let rounded = TypedNode::strict(place, result_type, vec![as_double(node)?], kernel)?;
            Ok(rounded.with_form(CallForm::WithoutFraction))
        }
        (Family::Integer, Some(digits)) => {
            let (precision, _) = types::digits(&node.data_type);
            let node = cast::cast(node, &types::decimal(precision, 0), CastContext::Explicitly)?;
            to_digits(node, digits, rounding, place)
        }
        (_, Some(digits)) => {
            // PostgreSQL has no `round(double precision, integer)` and asks for a cast to
            // `numeric`. That cast is made here.
            let scale = number::QUOTIENT_SCALE.max(digits as i8);
            let node = cast::cast(node, &types::decimal(38, scale), CastContext::Explicitly)?;
            to_digits(node, digits, rounding, place)
        }
    }
}

fn constant_digits(name: &str, node: &TypedNode) -> Result<i32> {
    let constant = node
        .constant_exact()
        .filter(|_| family(&node.data_type) == Family::Integer);
    let digits = constant.and_then(|digits| i32::try_from(digits).ok());
    digits
        .filter(|digits| (-38..=38).contains(digits))
        .ok_or_else(|| {
            node.place.error(format!(
                "the digits of `{name}` must be a constant integer from -38 to 38"
            ))
        })
}

/// A decimal at `digits` after the point; negative digits round tens, hundreds and so on.
fn to_digits(
    node: TypedNode,
    digits: i32,
    rounding: Rounding,
    place: TextSpan,
) -> Result<TypedNode> {
    let (precision, from) = types::digits(&node.data_type);
    let whole = i32::from(precision) - i32::from(from);
    // Rounding may add a digit before the point: 9.9 becomes 10.
    let carry = i32::from(digits < from.into());
    let precision = |scale: i32| (whole + carry + scale).clamp(1, 38) as u8;
    let node = node.at(place);
    if digits >= 0 {
        return rescale::rescale(node, precision(digits), digits as i8, rounding);
    }
    // Down to tens as a number of negative scale would be, then up again.
    let tens = digits.unsigned_abs() as i8;
    let scaled = TypedNode {
        data_type: types::decimal(38, from + tens),
        ..node
    };
    let tenths = rescale::rescale(scaled, 38, 0, rounding)?;
    let tenths = TypedNode {
        data_type: types::decimal(38, 0),
        ..tenths
    };
    let factor = crate::kernel::decimal::power_of_ten(digits.unsigned_abs()).unwrap_or(1);
    let factor = TypedNode::exact(factor, types::decimal(38, 0), place);
    exact::binary(
        Operator::Mul,
        [tenths, factor],
        types::decimal(precision(0), 0),
        place,
    )
}

fn abs(mut arguments: CallArguments) -> Result<TypedNode> {
    numeric(&mut arguments, 0)?;
    let (place, [node]) = arguments.exactly::<1>()?;
    if family(&node.data_type) == Family::Float {
        let result_type = ResultType::of(node.data_type.clone());
        let form = float::form([&node]);
        let absolute = TypedNode::strict(place, result_type, vec![node], float::simple(f64::abs))?;
        return Ok(absolute.with_form(form));
    }
    // Proved: there is nothing to do for any row.
    if node.bounds().low >= 0 {
        return Ok(node.at(place));
    }
    absolute(node, place)
}

/// The larger of the number and its opposite, which fails where the opposite does not fit.
fn absolute(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let limit = types::bounds(&node.data_type).unwrap_or(NumericBounds::DECIMAL);
    let (range, name) = (node.bounds().abs(), node.type_name());
    let fallible = !range.is_within(limit);
    let result_type = ResultType::of(node.data_type.clone())
        .within(range.clamp(limit))
        .fallible(fallible);
    let kernel: Kernel = match node.representation() {
        Representation::Narrow => Box::new(move |values, evaluation| {
            let operand = values[0].narrow();
            let results = map(operand, Operand::Constant(()), |value, ()| {
                value.wrapping_abs()
            });
            let nulls = nulls(values);
            // The least number of a width wraps to itself, as its opposite is beyond the width.
            let fails = |row| !limit.contains(i128::from(operand.at(row)).abs());
            let failing =
                fallible.then(|| evaluation.failing(results.len(), nulls.as_ref(), fails));
            if let Some(row) = failing.flatten() {
                let message = format!("abs({}) does not fit {name}", operand.at(row));
                return Err(super::error::RowFailure::at(row, message));
            }
            Ok(Arc::new(Int64Array::new(results.into(), nulls)))
        }),
        _ => {
            let representation = result_type.representation();
            Box::new(move |values, _| {
                let results = map(values[0].wide(), Operand::Constant(()), |value, ()| {
                    value.wrapping_abs()
                });
                Ok(exact::ExactWidth::array(
                    results,
                    nulls(values),
                    representation,
                ))
            })
        }
    };
    TypedNode::strict(place, result_type, vec![node], kernel)
}

/// -1, 0 or 1: a decimal of a decimal, double precision of anything else.
fn sign(mut arguments: CallArguments) -> Result<TypedNode> {
    numeric(&mut arguments, 0)?;
    let (place, [node]) = arguments.exactly::<1>()?;
    if family(&node.data_type) != Family::Decimal {
        let sign = |value: f64| match value {
            value if value > 0.0 => 1.0,
            value if value < 0.0 => -1.0,
            value => value,
        };
        let result_type = ResultType::of(DataType::Float64);
        let sign = TypedNode::strict(
            place,
            result_type,
            vec![as_double(node)?],
            float::simple(sign),
        )?;
        return Ok(sign.with_form(CallForm::WithoutFraction));
    }
    let result_type = ResultType::of(types::decimal(1, 0)).within(NumericBounds::new(-1, 1));
    let wide = node.representation() == Representation::Wide;
    let kernel: Kernel = Box::new(move |values, _| {
        let signs = match wide {
            true => map(values[0].wide(), Operand::Constant(()), |value, ()| {
                value.signum() as i64
            }),
            false => map(values[0].narrow(), Operand::Constant(()), |value, ()| {
                value.signum()
            }),
        };
        Ok(Arc::new(Int64Array::new(signs.into(), nulls(values))))
    });
    TypedNode::strict(place, result_type, vec![node], kernel)
}

fn modulo(arguments: CallArguments) -> Result<TypedNode> {
    expect_number("mod", &arguments.nodes[0])?;
    expect_number("mod", &arguments.nodes[1])?;
    let (place, [left, right]) = arguments.exactly::<2>()?;
    number::arithmetic(Operator::Rem, [left, right], place)
}
