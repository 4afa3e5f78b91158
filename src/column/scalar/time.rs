//! Dates and times as a pipeline file writes them.

use arrow::datatypes::TimeUnit;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::per_second;
use crate::kernel::time::Zone;

/// A date written as 2026-01-31.
pub fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Days since 1970-01-01.
pub fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

pub(super) fn time_of_day(text: &str, unit: TimeUnit) -> Option<i128> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()?;
    let nanos = i128::from(time.num_seconds_from_midnight()) * 1_000_000_000
        + i128::from(time.nanosecond());
    Some(nanos * per_second(unit) / 1_000_000_000)
}

/// A time with an offset is that instant; one without is local to the column's zone, or UTC. Local
/// times that a clock change repeats or skips are instants by PostgreSQL's rule.
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
    fn times_are_read_in_the_zone_of_the_column() {
        let micros = |text, zone| timestamp(text, TimeUnit::Microsecond, zone);
        assert_eq!(micros("1970-01-02", None), Some(86_400_000_000));
        assert_eq!(micros("1970-01-01T01:00:00+01:00", None), Some(0));
        assert_eq!(micros("1970-01-01 01:00:00", Some("Europe/Rome")), Some(0));
        assert_eq!(micros("yesterday", None), None);
    }
}
