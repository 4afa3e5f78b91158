//! Dates and times as a pipeline file writes them.

use arrow::datatypes::TimeUnit;
use chrono::{NaiveDate, NaiveTime, Timelike};

use super::per_second;
use crate::column::values::cut::{fraction, unit_of};
use crate::kernel::time::Zone;
use crate::kernel::{self, time_parse};

/// A date written as 2026-01-31.
pub fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The time of day; none where the unit does not hold all of its digits.
pub(super) fn time_of_day(text: &str, unit: TimeUnit) -> Option<i128> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()?;
    let nanos = i128::from(time.num_seconds_from_midnight()) * 1_000_000_000
        + i128::from(time.nanosecond());
    exact(text, nanos, unit)
}

/// Ticks since 1970, as expressions read them. None where the unit does not hold all of the digits.
pub fn timestamp(text: &str, unit: TimeUnit, zone: Option<&str>) -> Option<i128> {
    let zone = match zone {
        Some(zone) => Some(Zone::parse(zone)?),
        None => None,
    };
    let per_second = kernel::time::per_second(unit);
    // Refused, not cut: a time with more digits than its column has was cut without a word once.
    let held = fraction(text).len() <= per_second.ilog10() as usize;
    time_parse::timestamp(text, zone.as_ref(), per_second).filter(|_| held)
}

fn exact(text: &str, nanos: i128, unit: TimeUnit) -> Option<i128> {
    // Of more than nine digits the parser takes nine.
    unit_of(text)?;
    let step = 1_000_000_000 / per_second(unit);
    (nanos % step == 0).then_some(nanos / step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_zone_of_the_column() {
        let micros = |text, zone| timestamp(text, TimeUnit::Microsecond, zone);
        assert_eq!(micros("1970-01-02", None), Some(86_400_000_000));
        // Without a zone it is the clock on the wall that is written, as in PostgreSQL.
        let wall = Some(3_600_000_000);
        assert_eq!(micros("1970-01-01T01:00:00+01:00", None), wall);
        assert_eq!(micros("1970-01-01T01:00:00+01:00", Some("UTC")), Some(0));
        assert_eq!(micros("1970-01-01 01:00:00", Some("Europe/Rome")), Some(0));
        assert_eq!(micros("yesterday", None), None);
        assert_eq!(micros("1970-01-01T00:00:00.0000010", None), Some(1));
        assert_eq!(micros("1970-01-01T00:00:00.0000015", None), None);
        let nanos = |text| timestamp(text, TimeUnit::Nanosecond, None);
        assert_eq!(nanos("1970-01-01T00:00:00.0000000015"), None);
        assert_eq!(time_of_day("00:00:01.5", TimeUnit::Second), None);
        assert_eq!(time_of_day("00:00:01.5", TimeUnit::Millisecond), Some(1500));
    }
}
