//! Columns of dates, times of day and timestamps as text.

use arrow::array::{Array, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::leaf::{Style, primitives};
use super::time::{Dates, Zone, per_second, write_time, write_timestamp};
use crate::format::cells::{Cells, Refusal};
use crate::format::nested::visible;

/// Dates; a 64-bit one is the day that its milliseconds fall in.
pub fn dates(array: &dyn Array, style: &Style<'_>) -> Cells {
    const MILLISECONDS: i64 = 86_400_000;
    let mut dates = Dates::default();
    match array.data_type() {
        DataType::Date64 => primitives::<Date64Type>(array, style, |out, value| {
            dates.write(out, value.div_euclid(MILLISECONDS))
        }),
        _ => primitives::<Date32Type>(array, style, |out, value| {
            dates.write(out, i64::from(value))
        }),
    }
}

/// Times of day.
///
/// # Errors
/// A visible value that is not within a day.
pub fn times(
    array: &dyn Array,
    style: &Style<'_>,
    shown: Option<&NullBuffer>,
) -> Result<Cells, Refusal> {
    macro_rules! time {
        ($t:ty, $unit:ident) => {{
            let values = array.as_primitive::<$t>().values();
            let of_day = 0..86_400 * per_second(TimeUnit::$unit);
            let fine = |row: usize| of_day.contains(&i64::from(values[row]));
            refuse(array, shown, fine, "is not a time of day")?;
            primitives::<$t>(array, style, |out, value| {
                // What no row shows may be anything.
                let value = i64::from(value).clamp(0, of_day.end - 1);
                write_time(out, value, TimeUnit::$unit)
            })
        }};
    }
    Ok(match array.data_type() {
        DataType::Time32(TimeUnit::Second) => time!(Time32SecondType, Second),
        DataType::Time32(_) => time!(Time32MillisecondType, Millisecond),
        DataType::Time64(TimeUnit::Microsecond) => time!(Time64MicrosecondType, Microsecond),
        _ => time!(Time64NanosecondType, Nanosecond),
    })
}

/// Timestamps.
///
/// # Errors
/// A visible moment that the calendar of its zone does not reach.
pub fn timestamps(
    array: &dyn Array,
    style: &Style<'_>,
    shown: Option<&NullBuffer>,
) -> Result<Cells, Refusal> {
    let DataType::Timestamp(unit, zone) = array.data_type() else {
        return Ok(Cells::default());
    };
    let zone = Zone::of(zone.as_deref()).unwrap_or(Zone::Local);
    let mut dates = Dates::default();
    macro_rules! timestamp {
        ($t:ty) => {{
            let values = array.as_primitive::<$t>().values();
            let offset = |value: i64| zone.offset_minutes(value.div_euclid(per_second(*unit)));
            let fine = |row: usize| offset(values[row]).is_some();
            if matches!(zone, Zone::Named(_)) {
                refuse(array, shown, fine, "is beyond the calendar of its zone")?;
            }
            primitives::<$t>(array, style, |out, value| {
                let minutes = offset(value).unwrap_or_default();
                write_timestamp(out, &mut dates, value, *unit, minutes)
            })
        }};
    }
    Ok(match unit {
        TimeUnit::Second => timestamp!(TimestampSecondType),
        TimeUnit::Millisecond => timestamp!(TimestampMillisecondType),
        TimeUnit::Microsecond => timestamp!(TimestampMicrosecondType),
        TimeUnit::Nanosecond => timestamp!(TimestampNanosecondType),
    })
}

/// Refuses the first visible value that is not `fine`.
fn refuse(
    array: &dyn Array,
    shown: Option<&NullBuffer>,
    fine: impl Fn(usize) -> bool,
    fault: &str,
) -> Result<(), Refusal> {
    let visible = visible(array, shown);
    let there = |row: &usize| {
        visible
            .as_ref()
            .is_none_or(|visible| visible.is_valid(*row))
    };
    match (0..array.len()).find(|row| !fine(*row) && there(row)) {
        None => Ok(()),
        Some(row) => Err(Refusal {
            path: String::new(),
            row,
            fault: fault.to_string(),
            hint: "narrow the column's range, or leave the column out with the sink's `columns:`",
        }),
    }
}
