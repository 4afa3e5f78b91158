//! Values as another type, of which nothing is lost unsaid.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::kernels::numeric::add;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{DataType, TimeUnit};

use super::nested::nested;
use crate::column::arrays::plain;
use crate::error::Result;
use crate::source::{Converted, convert};

/// The values as this type, and the rows whose value is another one there: a float with digits that a
/// smaller one does not have, a moment that is not the beginning of its day. Lists and structs are so
/// where all in them is. A time with an offset is its instant: without a zone it is the time in UTC.
pub(super) fn exactly(values: &ArrayRef, to: &DataType) -> Result<Converted> {
    let values = &plain(values)?;
    if let Some(made) = nested(values, to, &exactly)? {
        return Ok(made);
    }
    match (values.data_type(), to) {
        (DataType::Utf8, DataType::Date32) => dates(values),
        (DataType::Utf8, DataType::Timestamp(_, None)) => times(values, to),
        (DataType::Utf8, to) if to.is_integer() => one(&without_zeros(values), to),
        // In UTC first: otherwise it were the day, or the clock, of the column's own zone.
        (DataType::Timestamp(unit, Some(_)), DataType::Date32 | DataType::Timestamp(_, None)) => {
            one(&cast(values, &DataType::Timestamp(*unit, None))?, to)
        }
        _ => one(values, to),
    }
}

fn one(values: &ArrayRef, to: &DataType) -> Result<Converted> {
    let (made, mut bad) = convert(values, to)?;
    let from = values.data_type();
    if comes_back(from, to) {
        let back = convert(&made, from)?.0;
        let differs = distinct(&without_sign(values)?, &without_sign(&back)?)?;
        bad.extend(differs.values().set_indices());
    }
    bad.sort_unstable();
    bad.dedup();
    Ok((made, bad))
}

/// Texts as times without a zone; an offset says which instant it is.
fn times(texts: &ArrayRef, to: &DataType) -> Result<Converted> {
    let DataType::Timestamp(unit, _) = to else {
        return one(texts, to);
    };
    let utc = DataType::Timestamp(*unit, Some("UTC".into()));
    let (made, bad) = convert(texts, &utc)?;
    Ok((cast(&made, to)?, bad))
}

/// Texts as dates; one that says a time of day, too, is one where that is midnight.
fn dates(texts: &ArrayRef) -> Result<Converted> {
    let (made, mut bad) = one(texts, &DataType::Date32)?;
    let values = texts.as_string::<i32>();
    let timed: Vec<bool> = (0..values.len())
        .map(|row| values.is_valid(row) && says_time(values.value(row)))
        .collect();
    if !timed.contains(&true) {
        return Ok((made, bad));
    }
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    let (moments, no_time) = times(texts, &moment)?;
    let (days, no_day) = one(&moments, &DataType::Date32)?;
    bad.retain(|row| !timed[*row]);
    bad.extend(no_time.into_iter().chain(no_day).filter(|row| timed[*row]));
    bad.sort_unstable();
    bad.dedup();
    let days = zip(&BooleanArray::from(timed), &days, &made)?;
    Ok((days, bad))
}

/// Texts of numbers, without a point behind which there is nothing but zeros.
fn without_zeros(texts: &ArrayRef) -> ArrayRef {
    let values = texts.as_string::<i32>();
    let whole = |text| match str::split_once(text, '.') {
        Some((whole, rest)) if !rest.is_empty() && rest.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let whole: StringArray = values.iter().map(|text| text.map(whole)).collect();
    Arc::new(whole)
}

/// True for pairs of types between which a value is kept only if converting it back gives the same
/// value; floats and decimals are such a pair, too.
fn comes_back(from: &DataType, to: &DataType) -> bool {
    matches!(
        (from, to),
        (DataType::Float64, DataType::Float32)
            | (DataType::Timestamp(..) | DataType::Date64, DataType::Date32)
    ) || from.is_floating() && to.is_decimal()
}

/// Floats without the sign of zero, which no decimal has.
fn without_sign(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = cast(values, &DataType::Float64)?;
            Ok(add(&wide, &Float64Array::new_scalar(0.0))?)
        }
        _ => Ok(values.clone()),
    }
}

/// True for a text with something behind its day.
fn says_time(text: &str) -> bool {
    let behind = text.trim().split_once(['T', 't', ' ']);
    behind.is_some_and(|(_, time)| !time.is_empty())
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListArray, StructArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Fields};

    use super::*;

    #[test]
    fn a_text_with_a_time_of_day_is_no_date() {
        let all = [
            Some("2026-01-27"),
            Some("2026-01-27 05:00:00"),
            None,
            Some("2026-01-27T00:00:00"),
            Some(" 2026-01-27 00:00:00.000001"),
            Some("2026-01-27T00:00:00Z"),
            Some("2026-01-27T00:00:00+02:00"),
            Some("tomorrow"),
            Some(""),
            Some("2026-01-27 02:00:00+02:00"),
            Some("2026-01-26T22:00:00-02:00"),
            Some("2026-01-27 never"),
            Some("2026-01-27T00:00:00.0000001"),
        ];
        let texts: ArrayRef = Arc::new(StringArray::from(all.to_vec()));
        let (dates, bad) = exactly(&texts, &DataType::Date32).unwrap();
        assert_eq!(bad, [1, 4, 6, 7, 8, 11, 12]);
        let days = dates.as_primitive::<arrow::datatypes::Date32Type>();
        for row in [0, 3, 5, 9, 10] {
            assert_eq!(days.value(row), 20_480, "{:?}", all[row]);
        }
    }

    #[test]
    fn an_offset_says_the_instant_in_texts_and_in_types() {
        let five = 1_769_490_000_000_000;
        let wanted = DataType::Timestamp(TimeUnit::Microsecond, None);
        let texts = [
            "2026-01-27 05:00:00",
            "2026-01-27T05:00:00Z",
            "2026-01-27T07:00:00+02:00",
            "2026-01-27 00:30:00-04:30",
        ];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let typed = TimestampMicrosecondArray::from(vec![five; 4]).with_timezone("+02:00");
        for values in [texts, Arc::new(typed)] {
            let (times, bad) = exactly(&values, &wanted).unwrap();
            let times = times.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            assert_eq!((times.values().to_vec(), bad), (vec![five; 4], vec![]));
        }
        // Midnight in Rome is none in UTC.
        let midnights = TimestampMicrosecondArray::from(vec![
            five - 6 * 3_600_000_000,
            five - 5 * 3_600_000_000,
        ]);
        let midnights: ArrayRef = Arc::new(midnights.with_timezone("Europe/Rome"));
        assert_eq!(exactly(&midnights, &DataType::Date32).unwrap().1, [0]);
    }

    #[test]
    fn zeros_behind_a_point_are_no_other_number() {
        let texts = ["5", "5.00", "-7.0", "5.01", "5.", ".0", "NaN", "1e0"];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let (numbers, bad) = exactly(&texts, &DataType::Int64).unwrap();
        assert_eq!(bad, [3, 4, 5, 6, 7]);
        let numbers = numbers.as_primitive::<arrow::datatypes::Int64Type>();
        assert_eq!(&numbers.values()[..3], &[5, 5, -7]);
    }

    #[test]
    fn dates_in_lists_and_structs_are_looked_at_too() {
        let texts = ["2026-01-27", "2026-01-27 05:00:00", "x", "2026-01-28"];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let field = |data_type| Arc::new(Field::new("item", data_type, true));
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([1, 0, 2, 1]);
        let list = ListArray::new(field(DataType::Utf8), offsets, texts.clone(), None);
        let list: ArrayRef = Arc::new(list);
        let (_, bad) = exactly(&list, &DataType::List(field(DataType::Date32))).unwrap();
        assert_eq!(bad, [2]);
        let one = StructArray::new(Fields::from(vec![field(DataType::Utf8)]), vec![texts], None);
        let one: ArrayRef = Arc::new(one);
        let dates = DataType::Struct(Fields::from(vec![field(DataType::Date32)]));
        let (_, bad) = exactly(&one, &dates).unwrap();
        assert_eq!(bad, [1, 2]);
    }
}
