//! Numbers of a pipeline file: what YAML writes as one. `${…}` beside a number's type may be a sum.

use arrow::datatypes::{DataType, TimeUnit};

use super::is_float;
use super::time::{date, time_of_day, timestamp};
use crate::column::values::cut::unit_of;
use crate::column::values::types::show_type;
use crate::error::Problem;
use crate::place::Scalar;
use crate::units::{Fraction, compute, digits, float_holds, float_is, number};

/// The float that `scalar` is in a column of a float's type; any other type asks for a float of
/// 64 bits.
///
/// # Errors
/// It is not a finite number, or is beyond the type's.
pub fn float(scalar: &Scalar, data_type: &DataType) -> Result<f64, Problem> {
    let text = scalar.text.as_deref().unwrap_or_default();
    let written = digits(text).and_then(|digits| digits.parse::<f64>().ok());
    let number = written.or_else(|| Some(exact(scalar)?.float()));
    let number = number.filter(|number| number.is_finite());
    let number = number.ok_or_else(|| mismatch(scalar, &DataType::Float64))?;
    if data_type == &DataType::Float32 && !(number as f32).is_finite() {
        let message = format!("{text} does not fit in {}", show_type(data_type));
        return Err(Problem::new(message).at(&scalar.place));
    }
    held(scalar, data_type)?;
    Ok(number)
}

/// # Errors
/// The float would be another whole number than the one that is written out.
fn held(scalar: &Scalar, data_type: &DataType) -> Result<(), Problem> {
    let text = scalar.text.as_deref().unwrap_or_default();
    let Some(digits) = digits(text).filter(|_| is_float(data_type)) else {
        return Ok(());
    };
    if float_is(&digits, data_type == &DataType::Float32) {
        return Ok(());
    }
    let wider = match float_is(&digits, false) {
        true => DataType::Float64,
        false => exact_type(&[text]),
    };
    let (shown, wider) = (show_type(data_type), show_type(&wider));
    Err(
        Problem::new(format!("{text} has more digits than {shown} holds"))
            .at(&scalar.place)
            .hint(format!("`type: \"{wider}\"` holds all of them")),
    )
}

/// The whole number that the value is.
pub(super) fn whole(scalar: &Scalar) -> Option<i128> {
    exact(scalar)?.whole()
}

/// The integer of a decimal with `scale` digits after the point.
pub(super) fn decimal(scalar: &Scalar, scale: i8) -> Option<i128> {
    exact(scalar)?.shifted(scale.into())?.whole()
}

/// The number that is written, or what its sum makes. A date is no sum, nor is anything without
/// `${…}`: 16/9 may be the shape of a screen.
fn exact(scalar: &Scalar) -> Option<Fraction> {
    let text = scalar.text.as_deref()?.trim();
    // Only what a param has filled may be a sum: `16/9` and `01/02/2026` as they stand are text.
    let sum = || scalar.filled && date(text).is_none();
    number(text).or_else(|| sum().then(|| compute(text)).flatten())
}

/// The type that a list of values has by itself.
pub fn infer(scalars: &[Scalar]) -> DataType {
    let texts = || scalars.iter().filter_map(|scalar| scalar.text.as_deref());
    let plain = scalars.iter().all(|scalar| scalar.plain);
    if plain && texts().all(|text| written_whole(text).is_some_and(|n| i64::try_from(n).is_ok())) {
        DataType::Int64
    } else if plain && texts().all(is_number) {
        DataType::Float64
    } else if plain && texts().all(|text| text == "true" || text == "false") {
        DataType::Boolean
    } else {
        DataType::Utf8
    }
}

/// Refuses what YAML reads as a number that says less than its spelling: `00184` loses its zeros, and
/// data hold no `.inf`.
///
/// # Errors
/// The first one.
pub fn as_written(scalars: &[Scalar]) -> Result<(), Problem> {
    let plain = scalars.iter().filter(|scalar| scalar.plain);
    for scalar in plain {
        let text = scalar.text.as_deref().unwrap_or_default();
        let said = format!("write \"{text}\" for the text");
        if has_zeros(text) {
            let message = format!("`{text}` is a number to YAML, which has no zeros before it");
            let hint = format!("{said}, or give the column a `type`");
            return Err(Problem::new(message).at(&scalar.place).hint(hint));
        }
        if is_not_finite(text) {
            let message = format!("`{text}` is a number to YAML, and no finite one");
            return Err(Problem::new(message).at(&scalar.place).hint(said));
        }
    }
    Ok(())
}

fn has_zeros(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let second = digits
        .strip_prefix('0')
        .and_then(|rest| rest.chars().next());
    second.is_some_and(|second| second.is_ascii_digit()) && is_number(text)
}

/// As YAML spells what is no number, and what is beyond all of them.
fn is_not_finite(text: &str) -> bool {
    let positive = text.strip_prefix(['-', '+']);
    let name = positive.unwrap_or(text).strip_prefix('.');
    let names = ["inf", "Inf", "INF"];
    name.is_some_and(|name| {
        names.contains(&name) || positive.is_none() && ["nan", "NaN", "NAN"].contains(&name)
    })
}

/// The type of values that stand in the data as they are written: numbers that a float would round are
/// unsigned, or decimals, or, of more digits, texts.
///
/// # Errors
/// As `as_written`.
pub fn infer_exactly(scalars: &[Scalar]) -> Result<DataType, Problem> {
    as_written(scalars)?;
    Ok(exactly(scalars))
}

fn exactly(scalars: &[Scalar]) -> DataType {
    let texts = || scalars.iter().filter_map(|scalar| scalar.text.as_deref());
    let rounded = |text| match in_digits(text) {
        true => number(text).is_none_or(is_rounded),
        false => digits(text).is_some_and(|digits| !float_holds(&digits)),
    };
    // A whole number of twenty digits would become a float without a word, and lose its last ones.
    match infer(scalars) {
        DataType::Float64 if texts().any(rounded) => exact_type(&texts().collect::<Vec<_>>()),
        inferred => inferred,
    }
}

/// Up to 2^53 a float holds every whole number.
fn is_rounded(whole: Fraction) -> bool {
    whole.rounded().unsigned_abs() > 1 << 53
}

/// The least type that holds all of the numbers exactly.
fn exact_type(texts: &[&str]) -> DataType {
    let numbers: Option<Vec<Fraction>> = texts.iter().map(|text| number(text)).collect();
    let numbers = numbers.unwrap_or_default();
    let unsigned = |number: &Fraction| number.whole().is_some_and(|n| u64::try_from(n).is_ok());
    if !numbers.is_empty() && numbers.iter().all(unsigned) {
        return DataType::UInt64;
    }
    // The fewest digits behind the point with which all of them are whole.
    let at = |scale: i32| {
        let digits = numbers.iter().map(|number| {
            let digits = number.shifted(scale)?.whole()?.unsigned_abs();
            Some(digits.checked_ilog10().unwrap_or(0) + 1)
        });
        let most = digits.collect::<Option<Vec<u32>>>()?.into_iter().max()?;
        (most <= 38).then(|| decimal_type(most.max(scale.unsigned_abs()) as u8, scale as i8))
    };
    (0..=38).find_map(at).unwrap_or(DataType::Utf8)
}

fn decimal_type(precision: u8, scale: i8) -> DataType {
    match precision {
        ..=18 => DataType::Decimal64(precision, scale),
        _ => DataType::Decimal128(precision, scale),
    }
}

fn is_number(text: &str) -> bool {
    digits(text).is_some() || number(text).is_some()
}

/// A whole number as people write one: `1_000` or `1e6`, not `1.0` or `10e-1`.
fn written_whole(text: &str) -> Option<i128> {
    let whole = match text.split_once(['e', 'E']) {
        Some((_, exponent)) => !exponent.starts_with('-'),
        None => !text.contains('.'),
    };
    whole.then(|| number(text)?.whole()).flatten()
}

/// A whole number that is written out.
fn in_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// What a type's column cannot hold.
pub(super) fn mismatch(scalar: &Scalar, data_type: &DataType) -> Problem {
    let text = scalar.text.as_deref().unwrap_or("null");
    let hint = sum_hint(scalar, data_type)
        .or_else(|| finer_hint(text, data_type))
        .or_else(|| finite_hint(text, data_type))
        .or_else(|| hint(data_type));
    Problem::new(format!(
        "`{text}` is not a value of {}",
        show_type(data_type)
    ))
    .at(&scalar.place)
    .maybe_hint(hint)
}

/// What to do about a number that the type would have to round, and about a sum.
fn sum_hint(scalar: &Scalar, data_type: &DataType) -> Option<String> {
    let text = scalar.text.as_deref()?;
    let (written, known) = (number(text).is_some(), exact(scalar).is_some());
    match data_type {
        _ if !known => {
            (!written && compute(text).is_some() && date(text).is_none() && is_numeric(data_type))
                .then(|| "sums are for counts and for values with `${…}`: write the result".into())
        }
        whole if whole.is_integer() && written => {
            Some("write a whole number, or give the column a type such as `float64`".into())
        }
        whole if whole.is_integer() => {
            Some("it is no whole number: write `floor(…)` or `round(…)` around it".into())
        }
        _ => None,
    }
}

/// What to do about a part of a second that the type would have to cut off.
fn finer_hint(text: &str, data_type: &DataType) -> Option<String> {
    let text = text.trim();
    let nanos = TimeUnit::Nanosecond;
    let held = match data_type {
        DataType::Timestamp(_, zone) => timestamp(text, nanos, zone.as_deref()),
        DataType::Time32(_) | DataType::Time64(_) => time_of_day(text, nanos),
        _ => None,
    };
    let unit = held.and_then(|_| unit_of(text))?;
    let finer = match data_type {
        DataType::Timestamp(_, zone) => DataType::Timestamp(unit, zone.clone()),
        _ if unit == TimeUnit::Millisecond => DataType::Time32(unit),
        _ => DataType::Time64(unit),
    };
    let finer = show_type(&finer);
    Some(format!("`type: \"{finer}\"` holds all of its digits"))
}

/// What to do about a float that is beyond all of them, or none.
fn finite_hint(text: &str, data_type: &DataType) -> Option<String> {
    let number = text.replacen('.', "", usize::from(is_not_finite(text)));
    (super::is_float(data_type) && number.parse::<f64>().is_ok())
        .then(|| "write a finite number; the greatest float64 is about 1.8e308".into())
}

fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_integer() || is_float(data_type) || super::is_decimal(data_type)
}

fn hint(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Date32 => "write a date as 2026-01-31".into(),
        DataType::Timestamp(..) => "write a timestamp as 2026-01-31 or 2026-01-31T08:30:00Z".into(),
        DataType::Time32(_) | DataType::Time64(_) => "write a time as 08:30:00".into(),
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            format!("write a number with at most {scale} digits after the point")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{Node, Source, Value, decode, parse};
    use std::sync::Arc;

    fn scalar(text: &str) -> Scalar {
        let source = Source::new("p.yaml", format!("a: {text}\n"));
        let node: Node = parse(&Arc::new(source)).unwrap();
        let Value::Map(entries) = node.value else {
            panic!("a map")
        };
        decode(&entries[0].1).unwrap()
    }

    #[test]
    fn decimals_are_exact() {
        for (text, scale, value) in [
            ("10.50", 6, Some(10_500_000)),
            ("-0.000001", 6, Some(-1)),
            ("1_000", 2, Some(100_000)),
            ("1.500", 1, Some(15)),
            ("1e-7", 8, Some(10)),
            ("1.55", 1, None),
            ("''", 1, None),
            (".", 1, None),
        ] {
            assert_eq!(decimal(&scalar(text), scale), value, "{text}");
        }
    }

    #[test]
    fn only_what_yaml_writes_as_a_number_is_one() {
        use DataType::{Decimal128, Float64, Int64, UInt64, Utf8};
        for (text, data_type) in [
            ("1_000", Int64),
            ("1e6", Int64),
            ("-5", Int64),
            ("0x1F", Int64),
            ("1e-7", Float64),
            ("0.1234567890123456789", Decimal128(19, 19)),
            ("-3.14159265358979323846", Decimal128(21, 20)),
            ("1e-400", Utf8),
            ("15e-1", Float64),
            ("10e-1", Float64),
            ("1.0", Float64),
            (".5", Float64),
            ("12345678901234567890", UInt64),
            ("-9223372036854775809", Decimal128(19, 0)),
            ("123456789012345678901234567890", Decimal128(30, 0)),
            ("1234567890123456789012345678901234567890", Utf8),
            ("'5'", Utf8),
            ("4*4", Utf8),
            ("24/7", Utf8),
            ("01/02/2026", Utf8),
            ("2026-01-15", Utf8),
            ("1M", Utf8),
            ("inf", Utf8),
            ("NaN", Utf8),
            ("1__0", Utf8),
            ("10 000", Utf8),
            ("1,5", Utf8),
        ] {
            assert_eq!(infer_exactly(&[scalar(text)]).unwrap(), data_type, "{text}");
        }
        let mixed = ["9007199254740993", "-1.25"].map(scalar);
        assert_eq!(exactly(&mixed), DataType::Decimal64(18, 2));
    }
}
