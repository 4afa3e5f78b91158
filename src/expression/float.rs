//! `real` and `double precision`: arithmetic that, as in PostgreSQL, refuses infinite results and division by
//! zero, and the functions that only floats have. Underflow to zero is not refused.
//!
//! `exp`, `ln` and `power` come from `libm`, never from the platform, whose last bits differ.

use super::error::{Result, RowFailure, TextSpan};
use super::exact::Operator;
use super::functions::{CallArguments, Function};
use super::node::{CallForm, Kernel, ResultType, Sides, TypedNode};
use super::number::as_double;
use super::value::{ColumnarValue, nulls};
use super::whole::is_whole;
use crate::kernel::map::{Operand, map_checked};
use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("sqrt", "sqrt(x)", 1..=1, |arguments| {
        unary(arguments, libm::sqrt, sqrt_fails)
    }),
    Function::new("exp", "exp(x)", 1..=1, |arguments| {
        unary(arguments, libm::exp, |_| None)
    }),
    Function::new("ln", "ln(x)", 1..=1, |arguments| {
        unary(arguments, libm::log, log_fails)
    }),
    Function::new("log", "log(x)", 1..=1, |arguments| {
        unary(arguments, libm::log10, log_fails)
    }),
    Function::new("log10", "log10(x)", 1..=1, |arguments| {
        unary(arguments, libm::log10, log_fails)
    }),
    Function::new("sin", "sin(x)", 1..=1, |arguments| {
        unary(arguments, libm::sin, |_| None)
    }),
    Function::new("cos", "cos(x)", 1..=1, |arguments| {
        unary(arguments, libm::cos, |_| None)
    }),
    Function::new("tan", "tan(x)", 1..=1, |arguments| {
        unary(arguments, libm::tan, |_| None)
    }),
    Function::new("pi", "pi()", 0..=0, |arguments| {
        Ok(constant(std::f64::consts::PI, arguments.place))
    }),
    Function::new("power", "power(x, y)", 2..=2, power),
    Function::new("pow", "pow(x, y)", 2..=2, power),
];

fn constant(value: f64, place: TextSpan) -> TypedNode {
    TypedNode::constant(
        Arc::new(Float64Array::from(vec![value])),
        DataType::Float64,
        place,
    )
}

pub(super) fn arithmetic(
    operator: Operator,
    [left, right]: Sides,
    place: TextSpan,
) -> Result<TypedNode> {
    let single = [&left, &right]
        .iter()
        .all(|side| side.data_type == DataType::Float32);
    let data_type = if single {
        DataType::Float32
    } else {
        DataType::Float64
    };
    let result_type = ResultType::of(data_type).fallible(true);
    let kernel = match operator {
        Operator::Add => binary(|left, right| left + right, |_, _| None, single),
        Operator::Sub => binary(|left, right| left - right, |_, _| None, single),
        Operator::Mul => binary(|left, right| left * right, |_, _| None, single),
        Operator::Div => binary(|left, right| left / right, by_zero, single),
        Operator::Rem => {
            return Err(place
                .error("`%` works on integers and decimals, not on floats")
                .hint("cast both sides: `x::numeric(18,6) % 2`"));
        }
    };
    let sides = [as_float(left)?, as_float(right)?];
    let form = match operator {
        // A quotient of whole numbers need not be whole.
        Operator::Div => CallForm::Plain,
        _ => form(&sides),
    };
    Ok(TypedNode::strict(place, result_type, sides.into(), kernel)?.with_form(form))
}

/// Of whole numbers, sums and products are whole.
pub(super) fn form<'a>(sides: impl IntoIterator<Item = &'a TypedNode>) -> CallForm {
    match sides.into_iter().all(is_whole) {
        true => CallForm::WithoutFraction,
        false => CallForm::Plain,
    }
}

/// Either float as it is, anything else as double precision.
fn as_float(node: TypedNode) -> Result<TypedNode> {
    match node.data_type {
        DataType::Float32 => Ok(node),
        _ => as_double(node),
    }
}

pub(super) fn negate(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let result_type = ResultType::of(node.data_type.clone());
    let form = form([&node]);
    Ok(TypedNode::strict(place, result_type, vec![node], simple(|value| -value))?.with_form(form))
}

/// The nearest `real`; a number that is too large for one fails, as in PostgreSQL.
pub(super) fn to_single(node: TypedNode) -> Result<TypedNode> {
    let (place, zero) = (node.place, constant(0.0, node.place));
    let kernel = binary(|value, _| value, |_, _| None, true);
    let result_type = ResultType::of(DataType::Float32).fallible(true);
    TypedNode::strict(place, result_type, vec![node, zero], kernel)
}

/// A function of one float that cannot fail.
pub(super) fn simple(function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Kernel {
    Box::new(move |values, _| {
        let results =
            crate::kernel::map::map(values[0].float(), Operand::Constant(0.0), |value, _| {
                function(value)
            });
        Ok(array(results, values))
    })
}

fn array(results: Vec<f64>, values: &[ColumnarValue]) -> ArrayRef {
    Arc::new(Float64Array::new(results.into(), nulls(values)))
}

fn unary(
    arguments: CallArguments,
    function: impl Fn(f64) -> f64 + Copy + Send + Sync + 'static,
    refuses: impl Fn(f64) -> Option<&'static str> + Copy + Send + Sync + 'static,
) -> Result<TypedNode> {
    let (place, [argument]) = arguments.exactly::<1>()?;
    // With a second operand that is not read, functions of one float share the loop and the checks
    // of those of two.
    let zero = constant(0.0, place);
    let kernel = binary(
        move |value, _| function(value),
        move |value, _| refuses(value),
        false,
    );
    let result_type = ResultType::of(DataType::Float64).fallible(true);
    TypedNode::strict(place, result_type, vec![as_double(argument)?, zero], kernel)
}

fn power(arguments: CallArguments) -> Result<TypedNode> {
    let (place, [base, exponent]) = arguments.exactly::<2>()?;
    to_the_power([base, exponent], place)
}

pub(super) fn to_the_power([base, exponent]: Sides, place: TextSpan) -> Result<TypedNode> {
    let result_type = ResultType::of(DataType::Float64).fallible(true);
    let kernel = binary(libm::pow, power_fails, false);
    TypedNode::strict(
        place,
        result_type,
        vec![as_double(base)?, as_double(exponent)?],
        kernel,
    )
}

/// A function of two floats; a row fails where `refuses` says so, or where finite numbers give infinity.
fn binary(
    function: impl Fn(f64, f64) -> f64 + Copy + Send + Sync + 'static,
    refuses: impl Fn(f64, f64) -> Option<&'static str> + Copy + Send + Sync + 'static,
    single: bool,
) -> Kernel {
    let compute = move |left: f64, right: f64| {
        let value = function(left, right);
        let value = if single {
            f64::from(value as f32)
        } else {
            value
        };
        // Whatever is refused is infinite or no number, so one test of the result finds every suspect.
        (value, !value.is_finite())
    };
    Box::new(move |values, evaluation| {
        let (left, right) = (values[0].float(), values[1].float());
        let (results, suspect) = map_checked(left, right, compute);
        let nulls = nulls(values);
        if suspect {
            let problem = |row| {
                problem(
                    left.at(row),
                    right.at(row),
                    results_at(&results, row),
                    refuses,
                )
            };
            let failing =
                evaluation.failing(results.len(), nulls.as_ref(), |row| problem(row).is_some());
            if let Some((row, message)) = failing.and_then(|row| Some((row, problem(row)?))) {
                return Err(RowFailure::at(row, message));
            }
        }
        Ok(Arc::new(Float64Array::new(results.into(), nulls)) as ArrayRef)
    })
}

fn results_at(results: &[f64], row: usize) -> f64 {
    results.get(row).copied().unwrap_or_default()
}

fn problem(
    left: f64,
    right: f64,
    result: f64,
    refuses: impl Fn(f64, f64) -> Option<&'static str>,
) -> Option<String> {
    if result.is_finite() {
        return None;
    }
    let overflow = result.is_infinite() && left.is_finite() && right.is_finite();
    let overflow = overflow.then_some("the result is too large for a float");
    refuses(left, right).or(overflow).map(str::to_owned)
}

fn by_zero(left: f64, right: f64) -> Option<&'static str> {
    (right == 0.0 && !left.is_nan()).then_some("division by zero")
}

fn sqrt_fails(value: f64) -> Option<&'static str> {
    (value < 0.0).then_some("the square root of a negative number")
}

fn log_fails(value: f64) -> Option<&'static str> {
    match value {
        0.0 => Some("the logarithm of zero"),
        value if value < 0.0 => Some("the logarithm of a negative number"),
        _ => None,
    }
}

fn power_fails(base: f64, exponent: f64) -> Option<&'static str> {
    if base == 0.0 && exponent < 0.0 {
        return Some("zero to a negative power");
    }
    (base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0)
        .then_some("a negative number to a power that is not whole")
}
