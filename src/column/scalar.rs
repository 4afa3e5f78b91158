//! One value of a pipeline file as a value of the column's type.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Float32Array, Float64Array, StringArray,
    new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, DecimalType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};

use super::arrays::integers;
use super::types::{parse_uuid, show_type};
use crate::error::Problem;
use crate::kernel::time;
use crate::place::Scalar;
use crate::units::parse_count;

/// True for types whose values are held as integers: whole numbers, decimals, dates and times.
pub fn is_integral(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_temporal() || is_decimal(data_type)
}

/// True for decimals.
pub fn is_decimal(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Decimal64(..) | DataType::Decimal128(..)
    )
}

/// True for floating-point numbers.
pub fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

/// The greatest and least integers that the type holds.
pub fn limits(data_type: &DataType) -> (i128, i128) {
    match data_type {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 | DataType::Date32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        DataType::UInt64 => (0, u64::MAX.into()),
        DataType::Decimal64(precision, _) | DataType::Decimal128(precision, _) => {
            let most = 10i128.pow(u32::from(*precision)) - 1;
            (-most, most)
        }
        DataType::Time32(unit) | DataType::Time64(unit) => (0, 86_400 * per_second(*unit) - 1),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// Ticks of a unit in a second.
pub fn per_second(unit: TimeUnit) -> i128 {
    time::per_second(unit).into()
}

/// The integer that holds `scalar` in a column of an integral type.
///
/// # Errors
/// It is not of the type, or does not fit.
pub fn integer(scalar: &Scalar, data_type: &DataType) -> Result<i128, Problem> {
    let wrong = || mismatch(scalar, data_type);
    let text = scalar.text.as_deref().ok_or_else(wrong)?.trim();
    let value = match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => decimal(text, *scale),
        DataType::Date32 => date(text).map(|date| days(date).into()),
        DataType::Timestamp(unit, zone) => timestamp(text, *unit, zone.as_deref()),
        DataType::Time32(unit) | DataType::Time64(unit) => time_of_day(text, *unit),
        _ => whole(text),
    };
    let value = value.ok_or_else(wrong)?;
    let (least, most) = limits(data_type);
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        let message = format!("{text} does not fit in {}", show_type(data_type));
        Err(Problem::new(message).at(&scalar.place))
    }
}

/// The float that `scalar` is in a column of a float's type; any other type asks for a float of
/// 64 bits.
///
/// # Errors
/// It is not a finite number, or is beyond the type's.
pub fn float(scalar: &Scalar, data_type: &DataType) -> Result<f64, Problem> {
    let text = scalar.text.as_deref().unwrap_or_default().replace('_', "");
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let number = number.ok_or_else(|| mismatch(scalar, &DataType::Float64))?;
    if data_type == &DataType::Float32 && !(number as f32).is_finite() {
        let message = format!("{text} does not fit in {}", show_type(data_type));
        return Err(Problem::new(message).at(&scalar.place));
    }
    Ok(number)
}

/// From one float to a greater one, finite.
///
/// # Errors
/// They are too far apart; `greater` is where the greater one stands.
pub fn width(min: f64, max: f64, greater: &Scalar) -> Result<f64, Problem> {
    let width = max - min;
    if width.is_finite() {
        return Ok(width);
    }
    let message = format!("from {min:e} to {max:e} is further than a float64 holds");
    Err(Problem::new(message)
        .at(&greater.place)
        .hint("the greatest float64 is about 1.8e308"))
}

/// The type that a list of values has by itself.
pub fn infer(scalars: &[Scalar]) -> DataType {
    let texts = || scalars.iter().filter_map(|scalar| scalar.text.as_deref());
    let plain = scalars.iter().all(|scalar| scalar.plain);
    if plain && texts().all(|text| whole(text).is_some_and(|n| i64::try_from(n).is_ok())) {
        DataType::Int64
    } else if plain && texts().all(|text| text.replace('_', "").parse::<f64>().is_ok()) {
        DataType::Float64
    } else if plain && texts().all(|text| text == "true" || text == "false") {
        DataType::Boolean
    } else {
        DataType::Utf8
    }
}

/// The type of values that stand in the data as they are written: whole numbers are never floats,
/// which would round them.
pub fn infer_exactly(scalars: &[Scalar]) -> DataType {
    let mut texts = scalars.iter().filter_map(|scalar| scalar.text.as_deref());
    match infer(scalars) {
        DataType::Float64 if texts.all(in_digits) => DataType::UInt64,
        inferred => inferred,
    }
}

/// The values as one array of the type.
///
/// # Errors
/// The first one that is not of the type.
pub fn array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let texts = || scalars.iter().map(|scalar| scalar.text.as_deref());
    if scalars.iter().all(|scalar| scalar.text.is_none()) {
        return Ok(new_null_array(data_type, scalars.len()));
    }
    match data_type {
        DataType::Utf8 => Ok(Arc::new(texts().collect::<StringArray>())),
        DataType::Boolean => Ok(Arc::new(booleans(scalars)?)),
        DataType::Float64 => {
            let values = floats(scalars, data_type)?.into_iter();
            Ok(Arc::new(values.collect::<Float64Array>()))
        }
        DataType::Float32 => {
            let values = floats(scalars, data_type)?
                .into_iter()
                .map(|value| value.map(|value| value as f32));
            Ok(Arc::new(values.collect::<Float32Array>()))
        }
        integral if is_integral(integral) => integral_array(scalars, integral),
        DataType::FixedSizeBinary(16) => Ok(Arc::new(uuids(scalars)?)),
        _ => cast_array(scalars, data_type),
    }
}

/// The value that an integer of an integral type holds, as the user knows it.
pub fn show_integer(value: i128, data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            Decimal128Type::format_decimal(value, DECIMAL128_MAX_PRECISION, *scale)
        }
        _ => value.to_string(),
    }
}

fn integral_array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let values: Vec<Option<i128>> = scalars
        .iter()
        .map(|scalar| {
            scalar
                .text
                .as_ref()
                .map(|_| integer(scalar, data_type))
                .transpose()
        })
        .collect::<Result<_, _>>()?;
    Ok(integers(data_type, &values))
}

fn cast_array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let one = |scalar: &Scalar| -> Result<ArrayRef, Problem> {
        let text = StringArray::from(vec![scalar.text.as_deref()]);
        cast_with_options(&text, data_type, &options)
            .map_err(|cause| mismatch(scalar, data_type).cause(cause))
    };
    let arrays: Vec<ArrayRef> = scalars.iter().map(one).collect::<Result<_, _>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&arrays).map_err(|error| Problem::new(error.to_string()))
}

/// Sixteen bytes are written as a UUID is.
fn uuids(scalars: &[Scalar]) -> Result<FixedSizeBinaryArray, Problem> {
    let one = |scalar: &Scalar| {
        let wrong = |text: &str| {
            Problem::new(format!("`{text}` is not a UUID"))
                .at(&scalar.place)
                .hint("write one as 6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        };
        let read = |text| parse_uuid(text).ok_or_else(|| wrong(text));
        scalar.text.as_deref().map(read).transpose()
    };
    let values: Vec<Option<[u8; 16]>> = scalars.iter().map(one).collect::<Result<_, _>>()?;
    FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 16)
        .map_err(|error| Problem::new(error.to_string()))
}

fn booleans(scalars: &[Scalar]) -> Result<BooleanArray, Problem> {
    let one = |scalar: &Scalar| match scalar.text.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(mismatch(scalar, &DataType::Boolean)),
    };
    scalars.iter().map(one).collect()
}

fn floats(scalars: &[Scalar], data_type: &DataType) -> Result<Vec<Option<f64>>, Problem> {
    let one = |scalar: &Scalar| {
        let text = scalar.text.as_ref();
        text.map(|_| float(scalar, data_type)).transpose()
    };
    scalars.iter().map(one).collect()
}

fn mismatch(scalar: &Scalar, data_type: &DataType) -> Problem {
    let text = scalar.text.as_deref().unwrap_or("null");
    Problem::new(format!(
        "`{text}` is not a value of {}",
        show_type(data_type)
    ))
    .at(&scalar.place)
    .maybe_hint(hint(data_type))
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

/// A whole number that is written out.
fn in_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
}

fn whole(text: &str) -> Option<i128> {
    let text = text.replace('_', "");
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    // `1e6` and `0.1 * 200_000` are whole numbers that people write; `1.5` is not one.
    let arithmetic = text.contains(['e', 'E', '*', '/']);
    match text.strip_prefix('-') {
        _ if !arithmetic => None,
        Some(positive) => parse_count(positive).ok().map(|count| -i128::from(count)),
        None => parse_count(&text).ok().map(i128::from),
    }
}

fn decimal(text: &str, scale: i8) -> Option<i128> {
    let text = text.replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let room = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    let all = format!("{whole}{fraction}{}", "0".repeat(room));
    let clean =
        digits.len() > digits.matches('.').count() && all.bytes().all(|byte| byte.is_ascii_digit());
    clean
        .then(|| all.parse::<i128>().ok())?
        .map(|value| sign * value)
}

/// A date written as 2026-01-31.
pub fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Days since 1970-01-01.
pub fn days(date: NaiveDate) -> i32 {
    use chrono::Datelike;
    date.num_days_from_ce() - 719_163
}

fn time_of_day(text: &str, unit: TimeUnit) -> Option<i128> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()?;
    let nanos = i128::from(time.num_seconds_from_midnight()) * 1_000_000_000
        + i128::from(time.nanosecond());
    Some(nanos * per_second(unit) / 1_000_000_000)
}

/// A time with an offset is that instant; one without is local to the column's zone, or UTC.
pub fn timestamp(text: &str, unit: TimeUnit, zone: Option<&str>) -> Option<i128> {
    let nanos = match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => {
            i128::from(instant.timestamp()) * 1_000_000_000
                + i128::from(instant.timestamp_subsec_nanos())
        }
        Err(_) => {
            let local = local(text)?;
            let zone: Tz = zone.unwrap_or("UTC").parse().ok()?;
            let instant = zone.from_local_datetime(&local).earliest()?;
            i128::from(instant.timestamp()) * 1_000_000_000
                + i128::from(instant.timestamp_subsec_nanos())
        }
    };
    Some(nanos.div_euclid(1_000_000_000 / per_second(unit)))
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| date(text)?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("10.50", 6), Some(10_500_000));
        assert_eq!(decimal("-0.000001", 6), Some(-1));
        assert_eq!(decimal("1_000", 2), Some(100_000));
        assert_eq!(decimal("1.500", 1), Some(15));
        assert_eq!(decimal("1.55", 1), None);
        assert_eq!(decimal("", 1), None);
        assert_eq!(decimal(".", 1), None);
    }

    #[test]
    fn times_are_read_in_the_zone_of_the_column() {
        let micros = |text, zone| timestamp(text, TimeUnit::Microsecond, zone);
        assert_eq!(micros("1970-01-02", None), Some(86_400_000_000));
        assert_eq!(micros("1970-01-01T01:00:00+01:00", None), Some(0));
        assert_eq!(micros("1970-01-01 01:00:00", Some("Europe/Rome")), Some(0));
        assert_eq!(micros("yesterday", None), None);
    }
}
