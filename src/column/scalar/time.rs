//! Dates and times as a pipeline file writes them.

use arrow::datatypes::TimeUnit;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::per_second;
use crate::column::cut::unit_of;
use crate::kernel::time::Zone;

/// A date written as 2026-01-31.
pub fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Days since 1970-01-01.
pub fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
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

/// A time with an offset is that instant; one without is local to the column's zone, or UTC. Local
/// times that a clock change repeats or skips are instants by PostgreSQL's rule. None where the unit does
/// not hold all of its digits.
pub fn timestamp(text: &str, unit: TimeUnit, zone: Option<&str>) -> Option<i128> {
    let nanos = match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => {
            i128::from(instant.timestamp()) * 1_000_000_000
                + i128::from(instant.timestamp_subsec_nanos())
        }
        Err(_) => {
            let local = local(text)?.and_utc();
            let zone = Zone::parse(zone.unwrap_or("UTC"))?;
            let instant = zone.to_instant(local.timestamp(), 1);
            i128::from(instant) * 1_000_000_000 + i128::from(local.timestamp_subsec_nanos())
        }
    };
    exact(text, nanos, unit)
}

fn exact(text: &str, nanos: i128, unit: TimeUnit) -> Option<i128> {
    // Of more than nine digits the parser takes nine.
    unit_of(text)?;
    let step = 1_000_000_000 / per_second(unit);
    (nanos % step == 0).then_some(nanos / step)
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
    fn times_are_read_in_the_zone_of_the_column() {
        let micros = |text, zone| timestamp(text, TimeUnit::Microsecond, zone);
        assert_eq!(micros("1970-01-02", None), Some(86_400_000_000));
        assert_eq!(micros("1970-01-01T01:00:00+01:00", None), Some(0));
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
