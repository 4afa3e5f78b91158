//! Values with more digits than the type they become holds: nothing is cut off or rounded away unasked.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use crate::units::float_is;

/// The rows of `values` that `made`, the same values in another type, does not hold to their last
/// digit. Floats count as they are written with 15 digits, and hold fractions as well as they can; a
/// time that becomes a date is one that was asked for.
///
/// # Errors
/// The values cannot be looked at.
pub fn cut(values: &ArrayRef, made: &ArrayRef) -> Result<Vec<usize>, ArrowError> {
    let (from, to) = (values.data_type(), made.data_type());
    let plain = match from {
        DataType::Dictionary(_, inner) => Some(cast(values, inner)?),
        DataType::LargeUtf8 | DataType::Utf8View => Some(cast(values, &DataType::Utf8)?),
        _ => None,
    };
    if let Some(plain) = plain {
        return cut(&plain, made);
    }
    let rows = match (from, to) {
        (DataType::Utf8, _) => texts(values, to),
        (from, to) if from.is_floating() => floats(values, to)?,
        (from, to) if is_finer_number(from, to) || from.is_integer() && to.is_floating() => {
            // There and back again: what comes back as another number was cut or rounded.
            let differs = distinct(values, &cast(made, from)?)?;
            differs.values().set_indices().collect()
        }
        (from, to) => match (ticks(from), ticks(to)) {
            (Some(from), Some(to)) if from > to => uneven(values, from / to)?,
            _ => Vec::new(),
        },
    };
    let is_there = |row: &usize| values.is_valid(*row) && made.is_valid(*row);
    Ok(rows.into_iter().filter(is_there).collect())
}

/// The digits that a type's values have behind the point; nothing of those that have any number.
fn held(data_type: &DataType) -> Option<i64> {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => Some((*scale).into()),
        other if other.is_integer() => Some(0),
        _ => None,
    }
}

fn is_finer_number(from: &DataType, to: &DataType) -> bool {
    let scale = match from {
        DataType::Decimal32(_, scale) | DataType::Decimal256(_, scale) => Some((*scale).into()),
        other => held(other),
    };
    scale.zip(held(to)).is_some_and(|(from, to)| from > to)
}

/// Of times, how many ticks a second has.
fn ticks(data_type: &DataType) -> Option<i64> {
    let (DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit)) =
        data_type
    else {
        return None;
    };
    Some(crate::kernel::time::per_second(*unit))
}

fn texts(values: &ArrayRef, to: &DataType) -> Vec<usize> {
    let (number, time) = (held(to), ticks(to).map(i64::ilog10));
    let is_cut = |text: &str| match (number, time) {
        // A text that is no whole number has become none.
        (Some(held), _) => held > 0 && digits(text) > held,
        (None, Some(held)) => fraction(text).len() > held as usize,
        (None, None) => to.is_floating() && !float_is(text, to == &DataType::Float32),
    };
    let texts = values.as_string::<i32>().iter().enumerate();
    let cut = texts.filter(|(_, text)| text.is_some_and(is_cut));
    cut.map(|(row, _)| row).collect()
}

fn floats(values: &ArrayRef, to: &DataType) -> Result<Vec<usize>, ArrowError> {
    let Some(held) = held(to) else {
        return Ok(match to {
            DataType::Float32 => wide(values),
            _ => Vec::new(),
        });
    };
    // 15 digits of a double and 6 of a float are always its own; more of them are the nearest
    // float's, and 0.1 would seem to have seventeen.
    let known = match values.data_type() {
        DataType::Float64 => 14,
        _ => 5,
    };
    let values = cast(values, &DataType::Float64)?;
    let mut text = String::new();
    let mut is_cut = |value: f64| match held {
        0 if to.is_integer() => value.fract() != 0.0,
        _ => {
            text.clear();
            // A text takes whatever is written.
            let _ = write!(text, "{value:.known$e}");
            digits(&text) > held
        }
    };
    let values = values.as_primitive::<Float64Type>().iter().enumerate();
    let cut = values.filter(|(_, value)| value.is_some_and(&mut is_cut));
    Ok(cut.map(|(row, _)| row).collect())
}

/// The rows of whole numbers that a float of 32 bits would round: beyond 2^53 they have been rounded
/// already, and who takes the smaller float asks for that of fractions.
fn wide(values: &ArrayRef) -> Vec<usize> {
    let Some(values) = values.as_primitive_opt::<Float64Type>() else {
        return Vec::new();
    };
    let most = (1_u64 << 53) as f64;
    let is = |value: f64| {
        // Fractions are near enough by nature; a whole number that changes is another number.
        value.fract() == 0.0 && value.abs() <= most && f64::from(value as f32) != value
    };
    let values = values.iter().enumerate();
    let wide = values.filter(|(_, value)| value.is_some_and(is));
    wide.map(|(row, _)| row).collect()
}

/// The rows that are no multiple of so many ticks.
fn uneven(values: &ArrayRef, step: i64) -> Result<Vec<usize>, ArrowError> {
    let counts: Arc<dyn Array> = match values.data_type() {
        DataType::Time32(_) => cast(values, &DataType::Int32)?,
        _ => values.clone(),
    };
    let counts = cast(&counts, &DataType::Int64)?;
    let counts: &Int64Array = counts.as_primitive::<Int64Type>();
    let counts = counts.values().iter().enumerate();
    let uneven = counts.filter(|(_, count)| *count % step != 0);
    Ok(uneven.map(|(row, _)| row).collect())
}

/// The digits behind the point of a text, without the zeros at their end.
pub(in crate::column) fn fraction(text: &str) -> &str {
    let behind = text.rsplit_once('.').map_or("", |(_, behind)| behind);
    let end = behind.find(|letter: char| !letter.is_ascii_digit());
    behind[..end.unwrap_or(behind.len())].trim_end_matches('0')
}

/// How many digits a number needs behind its point; less than none where it ends with zeros.
fn digits(text: &str) -> i64 {
    let text = text.trim();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().unwrap_or(0);
    let behind = behind.trim_end_matches('0');
    if !behind.is_empty() {
        return behind.len() as i64 - exponent;
    }
    let zeros = whole.len() - whole.trim_end_matches('0').len();
    match zeros == whole.trim_start_matches(['-', '+']).len() {
        true => i64::MIN,
        false => -(zeros as i64) - exponent,
    }
}

/// The coarsest unit that holds a time's fraction of a second.
pub(in crate::column) fn unit_of(text: &str) -> Option<TimeUnit> {
    match fraction(text).len() {
        0 => Some(TimeUnit::Second),
        1..=3 => Some(TimeUnit::Millisecond),
        4..=6 => Some(TimeUnit::Microsecond),
        7..=9 => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Decimal64Array, Float64Array, StringArray, Time64NanosecondArray, TimestampMicrosecondArray,
    };

    use super::*;

    fn rows(values: impl Array + 'static, to: &DataType) -> Vec<usize> {
        let values: ArrayRef = Arc::new(values);
        let made = cast(&values, to).unwrap();
        cut(&values, &made).unwrap()
    }

    #[test]
    fn digits_that_a_decimal_does_not_hold_are_found() {
        let texts = [
            "1.25", "1.255", "1.2500", "-0.005", "12", "1e-3", "1.25e1", "125e-2", "1250e-3",
            "0.000", "1e2",
        ];
        let found = [1, 3];
        let to = DataType::Decimal64(10, 2);
        assert_eq!(rows(StringArray::from(texts.to_vec()), &to), found);
        let floats = [1.25, 1.255, 0.1 + 0.2, -0.005, 19.990000000000002, 1e20];
        assert_eq!(rows(Float64Array::from(floats.to_vec()), &to), [1, 3]);
        let decimals = Decimal64Array::from(vec![12_500, 12_550, 12_555]);
        let decimals = decimals.with_precision_and_scale(10, 4).unwrap();
        assert_eq!(rows(decimals.clone(), &to), [1, 2]);
        assert_eq!(rows(decimals, &DataType::Int32), [0, 1, 2]);
        assert_eq!(
            rows(Float64Array::from(vec![2.0, 2.5, -0.5]), &DataType::Int64),
            [1, 2]
        );
    }

    #[test]
    fn whole_numbers_that_a_float_rounds_are_found() {
        let (single, double) = (DataType::Float32, DataType::Float64);
        let whole = || Int64Array::from(vec![16_777_216, 16_777_217, -9_007_199_254_740_993]);
        assert_eq!(rows(whole(), &single), [1, 2]);
        assert_eq!(rows(whole(), &double), [2]);
        let texts = [
            "16777217",
            "0.1234567891",
            "3.4e38",
            "16777218",
            "9007199254740993",
        ];
        let texts = || StringArray::from(texts.to_vec());
        assert_eq!(rows(texts(), &single), [0, 4]);
        assert_eq!(rows(texts(), &double), [4]);
        let floats = vec![
            16_777_217.0,
            0.1,
            3.4e38,
            f64::NAN,
            f64::INFINITY,
            -33_554_436.0,
        ];
        assert_eq!(rows(Float64Array::from(floats), &single), [0]);
    }

    #[test]
    fn parts_of_a_second_that_a_time_does_not_hold_are_found() {
        let texts = [
            "2026-01-15T10:00:00",
            "2026-01-15T10:00:00.5",
            "2026-01-15T10:00:00.000Z",
            "2026-01-15 10:00:00.1234",
        ];
        let texts = || StringArray::from(texts.to_vec());
        let to = |unit| DataType::Timestamp(unit, None);
        assert_eq!(rows(texts(), &to(TimeUnit::Second)), [1, 3]);
        assert_eq!(rows(texts(), &to(TimeUnit::Millisecond)), [3]);
        assert!(rows(texts(), &to(TimeUnit::Microsecond)).is_empty());
        let micros = || TimestampMicrosecondArray::from(vec![1_000_000, -1, 1500, -2000]);
        assert_eq!(rows(micros(), &to(TimeUnit::Second)), [1, 2, 3]);
        assert_eq!(rows(micros(), &to(TimeUnit::Millisecond)), [1, 2]);
        assert!(rows(micros(), &DataType::Date32).is_empty());
        let nanos = Time64NanosecondArray::from(vec![1_000, 1_500]);
        assert_eq!(rows(nanos, &DataType::Time64(TimeUnit::Microsecond)), [1]);
        let texts = StringArray::from(vec!["10:00:00.5", "10:00:01"]);
        assert_eq!(rows(texts, &DataType::Time32(TimeUnit::Second)), [0]);
    }
}
