//! Text that stands for a value of another type: quoted literals, and casts from text.

use super::cast::{self, CastContext};
use super::error::{Result, RowFailure, TextSpan};
use super::exact::ExactWidth;
use super::interval;
use super::node::{Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::types::{self, Representation};
use super::value::{Evaluation, TextValues, nulls};
use crate::kernel::decimal::{Rounding, power_of_ten};
use crate::kernel::time::Zone;
use crate::kernel::time_parse;
use arrow::array::{BooleanArray, Float64Array, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use std::sync::Arc;

/// Text cast to another type; a literal that is not one is a mistake in the expression.
pub(super) fn parse(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let place = node.place;
    let result_type = ResultType::of(target.clone()).fallible(true);
    let (representation, name) = (result_type.representation(), types::name(target));
    let kernel: Kernel = match target {
        DataType::Boolean => Box::new(move |values, evaluation| {
            let (found, nulls) = each(values, evaluation, &name, truth_of)?;
            Ok(Arc::new(BooleanArray::new(found.into(), nulls)))
        }),
        DataType::Float32 | DataType::Float64 => {
            let single = *target == DataType::Float32;
            Box::new(move |values, evaluation| {
                let (found, nulls) =
                    each(values, evaluation, &name, |text| float_of(text, single))?;
                Ok(Arc::new(Float64Array::new(found.into(), nulls)))
            })
        }
        DataType::Interval(_) => Box::new(move |values, evaluation| {
            let (found, nulls) = each(values, evaluation, &name, interval::parse)?;
            Ok(Arc::new(IntervalMonthDayNanoArray::new(
                found.into(),
                nulls,
            )))
        }),
        _ => match steps(target) {
            Some(steps) => Box::new(move |values, evaluation| {
                let (found, nulls) = each(values, evaluation, &name, &steps)?;
                Ok(i128::array(found, nulls, representation))
            }),
            None => return Err(place.error(format!("text cannot be cast to {name}"))),
        },
    };
    TypedNode::strict(place, result_type, vec![node], kernel)
}

type TextParser = Box<dyn Fn(&str) -> Option<i128> + Send + Sync>;

/// The text's value in whole steps, for the types that count in them.
fn steps(target: &DataType) -> Option<TextParser> {
    let limit = types::bounds(target).unwrap_or(NumericBounds::I64);
    Some(match types::family(target) {
        types::Family::Integer => {
            Box::new(move |text| text.parse().ok().filter(|&value| limit.contains(value)))
        }
        types::Family::Decimal => {
            let scale = types::digits(target).1;
            Box::new(move |text| decimal_of(text, scale).filter(|&value| limit.contains(value)))
        }
        types::Family::Date => Box::new(|text| time_parse::date(text).map(i128::from)),
        types::Family::Time => {
            let (DataType::Time32(unit) | DataType::Time64(unit)) = target else {
                return None;
            };
            let per_second = types::per_second(*unit);
            Box::new(move |text| {
                let ticks = time_parse::time_of_day(text, per_second).map(i128::from);
                ticks.filter(|ticks| limit.contains(*ticks))
            })
        }
        types::Family::Timestamp => {
            let DataType::Timestamp(unit, zone) = target else {
                return None;
            };
            let zone = match zone {
                Some(zone) => Some(Zone::parse(zone)?),
                None => None,
            };
            let per_second = types::per_second(*unit);
            Box::new(move |text| {
                let ticks = time_parse::timestamp(text, zone.as_ref(), per_second);
                ticks.filter(|ticks| i64::try_from(*ticks).is_ok())
            })
        }
        _ => return None,
    })
}

type ParsedValues<T> = (Vec<T>, Option<arrow::buffer::NullBuffer>);

fn each<T: Default>(
    values: &[super::value::ColumnarValue],
    evaluation: &Evaluation<'_>,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<ParsedValues<T>, RowFailure> {
    let (texts, nulls): (TextValues<'_>, _) = (values[0].text(), nulls(values));
    let found = evaluation.each(nulls.as_ref(), |row| {
        let wrong = || format!("`{}` is not a valid {name}", texts.at(row));
        parse(texts.at(row).trim()).ok_or_else(wrong)
    })?;
    Ok((found, nulls))
}

/// As PostgreSQL reads it: any beginning of these words, or a digit.
fn truth_of(text: &str) -> Option<bool> {
    let lower = text.to_lowercase();
    let begins = |word: &str, least: usize| lower.len() >= least && word.starts_with(&lower);
    if lower == "1" || begins("true", 1) || begins("yes", 1) || lower == "on" {
        return Some(true);
    }
    (lower == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2)).then_some(false)
}

fn float_of(text: &str, single: bool) -> Option<f64> {
    match single {
        true => text.parse::<f32>().ok().map(f64::from),
        false => text.parse().ok(),
    }
}

/// The digits and the scale of a decimal number, as many as are written.
pub(super) fn digits_of(text: &str) -> Option<(i128, i8)> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // The digits are read as one whole number and the point is counted: a float in between would
    // lose what stands behind 17 digits.
    let value: i128 = digits.parse().ok()?;
    let value = if negative { -value } else { value };
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Some((value, i8::try_from(scale).ok()?)),
        Err(_) => Some((value.checked_mul(power_of_ten(scale.unsigned_abs())?)?, 0)),
    }
}

/// Digits of a number of so many after the point; `None` beyond 38.
pub(super) fn precision(value: i128, scale: i8) -> Option<u8> {
    let digits = value
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |digits| digits + 1);
    let precision = digits.max(scale.unsigned_abs().into());
    (precision <= 38).then_some(precision as u8)
}

/// The type of a quoted number cast to `numeric`: its own digits.
pub(super) fn decimal_type(text: &str, place: TextSpan) -> Result<DataType> {
    let digits = digits_of(text.trim());
    let precision = digits.and_then(|(value, scale)| Some((precision(value, scale)?, scale)));
    let (precision, scale) =
        precision.ok_or_else(|| place.error(format!("`{text}` is not a valid numeric")))?;
    Ok(types::decimal(precision, scale))
}

/// Quoted text or null as what it stands beside, with as many digits as it is written with: the scale of a
/// price does not round `price > '1.005'`.
pub(super) fn beside(node: TypedNode, other: Option<&DataType>) -> Result<TypedNode> {
    let target = match (other, node.quoted_text()) {
        (None, _) => return Ok(node),
        (Some(DataType::Decimal64(..) | DataType::Decimal128(..)), Some(text)) => {
            decimal_type(text, node.place)?
        }
        (Some(DataType::Timestamp(unit, zone)), Some(text)) => {
            DataType::Timestamp(finer(*unit, text), zone.clone())
        }
        (Some(DataType::Time32(unit) | DataType::Time64(unit)), Some(text)) => {
            super::time_of_day::of_unit(finer(*unit, text))
        }
        (Some(other), _) => other.clone(),
    };
    cast::cast(node, &target, CastContext::Implicitly)
}

/// The unit that keeps the text's fraction of a second, of which PostgreSQL has six digits.
fn finer(unit: TimeUnit, text: &str) -> TimeUnit {
    let fraction = text.rsplit_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    match (unit, digits) {
        (TimeUnit::Second, 1..=3) => TimeUnit::Millisecond,
        // Up to microseconds, which PostgreSQL has: a text of more digits is refused
        // (`whole::is_cut`), not compared as another moment.
        (TimeUnit::Second | TimeUnit::Millisecond, 4..) => TimeUnit::Microsecond,
        _ => unit,
    }
}

fn decimal_of(text: &str, scale: i8) -> Option<i128> {
    let (value, from) = digits_of(text)?;
    let difference = i32::from(scale) - i32::from(from);
    match u32::try_from(difference) {
        Ok(digits) => value.checked_mul(power_of_ten(digits)?),
        Err(_) => Some(
            power_of_ten(difference.unsigned_abs()).map_or(0, |divisor| {
                Rounding::HalfAwayFromZero.divide(value, divisor)
            }),
        ),
    }
}

/// The representation of every interval constant.
pub(super) fn interval_constant(value: IntervalMonthDayNano, place: TextSpan) -> TypedNode {
    debug_assert_eq!(
        ResultType::of(types::INTERVAL).representation(),
        Representation::Interval
    );
    let array = Arc::new(IntervalMonthDayNanoArray::from(vec![value]));
    TypedNode::constant(array, types::INTERVAL, place)
}
