//! Columns of dates, times of day and timestamps as text.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::leaf::primitives;
use super::time::{OFFSET, ShownZone, put_offset};
use crate::format::cells::{CellValues, Delimiters, Refusal};
use crate::format::nested::first_wrong;
use crate::kernel::time::SECONDS_PER_DAY;
use crate::kernel::time_text::{
    DATE, DATE_LENGTH, DateWriter, FAR_DATE, FAR_DATE_LENGTH, Moments, ORDINARY_DAYS, put_time,
};

const SECOND: i64 = 1;
const MILLISECOND: i64 = 1_000;
const MICROSECOND: i64 = 1_000_000;
const NANOSECOND: i64 = 1_000_000_000;

/// True when all years of a column whose days have so many ticks have four digits.
fn ordinary<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, ticks: i64) -> bool {
    let (first, last) = (ORDINARY_DAYS.start(), ORDINARY_DAYS.end());
    let least = first.saturating_mul(ticks);
    let most = last
        .saturating_add(1)
        .saturating_mul(ticks)
        .saturating_sub(1);
    let values = array.as_primitive::<T>().values().iter();
    // No early end: the loop without one is vectorised.
    values.fold(true, |ordinary, value| {
        let value: i64 = (*value).into();
        ordinary & (value >= least) & (value <= most)
    })
}

/// Dates; a 64-bit one is the day that its milliseconds fall in.
pub fn dates(array: &dyn Array, frame: &Delimiters) -> CellValues {
    const DAY: i64 = SECONDS_PER_DAY * MILLISECOND;
    let mut dates = DateWriter::default();
    let room = |ordinary| if ordinary { DATE } else { FAR_DATE };
    match array.data_type() {
        DataType::Date64 => {
            let room = room(ordinary::<Date64Type>(array, DAY));
            primitives::<Date64Type>(array, frame, room, |out, at, value| {
                dates.put(out, at, value.div_euclid(DAY))
            })
        }
        _ => {
            let room = room(ordinary::<Date32Type>(array, 1));
            primitives::<Date32Type>(array, frame, room, |out, at, value| {
                dates.put(out, at, i64::from(value))
            })
        }
    }
}

/// Times of day.
///
/// # Errors
/// A visible value that is not within a day.
pub fn times(
    array: &dyn Array,
    frame: &Delimiters,
    shown: Option<&NullBuffer>,
) -> Result<CellValues, Refusal> {
    macro_rules! time {
        ($t:ty, $ticks:expr) => {{
            let values = array.as_primitive::<$t>().values();
            let of_day = 0..SECONDS_PER_DAY * $ticks;
            let fine = |row: usize| of_day.contains(&i64::from(values[row]));
            refuse(array, shown, fine, "is not a time of day")?;
            primitives::<$t>(array, frame, Moments::<$ticks>::ROOM, |out, at, value| {
                // What no row shows may be anything.
                let value = i64::from(value).clamp(0, of_day.end - 1) as u64;
                let second = (value / $ticks as u64) as u32;
                put_time::<$ticks>(out, at, second, value % $ticks as u64)
            })
        }};
    }
    Ok(match array.data_type() {
        DataType::Time32(TimeUnit::Second) => time!(Time32SecondType, SECOND),
        DataType::Time32(_) => time!(Time32MillisecondType, MILLISECOND),
        DataType::Time64(TimeUnit::Microsecond) => time!(Time64MicrosecondType, MICROSECOND),
        _ => time!(Time64NanosecondType, NANOSECOND),
    })
}

/// Timestamps as RFC 3339 writes them: `2026-01-15T08:00:00.123456Z`. Years that RFC 3339 does not
/// know are written as ISO 8601 does.
///
/// # Errors
/// A visible moment that the calendar of its zone does not reach.
pub fn timestamps(
    array: &dyn Array,
    frame: &Delimiters,
    shown: Option<&NullBuffer>,
) -> Result<CellValues, Refusal> {
    let zone = match array.data_type() {
        DataType::Timestamp(_, zone) => ShownZone::of(zone.as_deref()).unwrap_or(ShownZone::Local),
        _ => ShownZone::Local,
    };
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            moments::<TimestampSecondType, SECOND>(array, frame, &zone, shown)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            moments::<TimestampMillisecondType, MILLISECOND>(array, frame, &zone, shown)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            moments::<TimestampMicrosecondType, MICROSECOND>(array, frame, &zone, shown)
        }
        _ => moments::<TimestampNanosecondType, NANOSECOND>(array, frame, &zone, shown),
    }
}

fn moments<T: ArrowPrimitiveType<Native = i64>, const TICKS: i64>(
    array: &dyn Array,
    frame: &Delimiters,
    zone: &ShownZone,
    shown: Option<&NullBuffer>,
) -> Result<CellValues, Refusal> {
    let mut moments = Moments::<TICKS>::default();
    let date = match zone {
        // An offset may carry a moment out of the ordinary days.
        ShownZone::Local | ShownZone::Utc if ordinary::<T>(array, SECONDS_PER_DAY * TICKS) => {
            DATE_LENGTH
        }
        _ => FAR_DATE_LENGTH,
    };
    let room = date + Moments::<TICKS>::ROOM;
    let ShownZone::Named(_) = zone else {
        let utc = matches!(zone, ShownZone::Utc);
        return Ok(primitives::<T>(array, frame, room, |out, at, value| {
            let end = moments.put(out, at, value);
            // Always written, counted only in UTC: no branch a value.
            out[end] = b'Z';
            end + usize::from(utc)
        }));
    };
    let offset = |value: i64| zone.offset_minutes(value.div_euclid(TICKS));
    let values = array.as_primitive::<T>().values();
    let fine = |row: usize| offset(values[row]).is_some();
    refuse(array, shown, fine, "is beyond the calendar of its zone")?;
    Ok(primitives::<T>(
        array,
        frame,
        room + OFFSET,
        |out, at, value| {
            let minutes = offset(value).flatten().unwrap_or_default();
            // Only a timestamp in whole seconds can be so near the edge that an offset overflows.
            let second = value.div_euclid(TICKS).saturating_add(minutes * 60);
            let at = moments.put_parts(out, at, second, value.rem_euclid(TICKS));
            put_offset(out, at, minutes)
        },
    ))
}

/// Refuses the first visible value that is not `fine`.
fn refuse(
    array: &dyn Array,
    shown: Option<&NullBuffer>,
    fine: impl Fn(usize) -> bool,
    fault: &str,
) -> Result<(), Refusal> {
    match first_wrong(array, shown, |row| !fine(row)) {
        None => Ok(()),
        Some(row) => Err(Refusal {
            path: String::new(),
            row,
            fault: fault.to_string(),
            hint: "narrow the column's range, or leave the column out with the sink's `columns:`",
        }),
    }
}
