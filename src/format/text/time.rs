//! Dates, times of day and timestamps as text: ISO 8601, with a fixed number of fraction digits.

pub use crate::kernel::time::per_second;
use arrow::array::timezone::Tz;
use arrow::datatypes::TimeUnit;
use chrono::{DateTime, Offset, TimeZone};

use super::number::write_padded;

const DAY: i64 = 86_400;

/// Writes dates, and remembers the last one: neighbours often share their day.
#[derive(Debug)]
pub struct Dates {
    day: i64,
    text: Vec<u8>,
}

/// The zone that timestamps are shown in.
#[derive(Debug, Clone)]
pub enum Zone {
    /// No zone is known, none is written.
    Local,
    /// Written as `Z`.
    Utc,
    /// Written as an offset from UTC.
    Named(Tz),
}

impl Default for Dates {
    fn default() -> Self {
        let mut text = Vec::with_capacity(10);
        write_date(&mut text, 0);
        Self { day: 0, text }
    }
}

impl Dates {
    /// Writes the date of a day counted from 1970-01-01.
    pub fn write(&mut self, out: &mut Vec<u8>, day: i64) {
        if day != self.day {
            self.text.clear();
            write_date(&mut self.text, day);
            self.day = day;
        }
        out.extend_from_slice(&self.text);
    }
}

/// `2026-01-15`; years before 0 and after 9999 have a sign, as ISO 8601 asks.
fn write_date(out: &mut Vec<u8>, day: i64) {
    let (year, month, day) = civil(day);
    if !(0..=9999).contains(&year) {
        out.push(if year < 0 { b'-' } else { b'+' });
    }
    write_padded(out, year.unsigned_abs(), 4);
    out.push(b'-');
    write_padded(out, month, 2);
    out.push(b'-');
    write_padded(out, day, 2);
}

/// The proleptic Gregorian date of a day counted from 1970-01-01, by whole eras of 400 years
/// that begin on the first of March.
fn civil(day: i64) -> (i64, u64, u64) {
    const ERA: i64 = 146_097;
    // Days come from 32-bit dates or from 64-bit counts of seconds, so this is far from the edge.
    let day = day + 719_468;
    let era = day.div_euclid(ERA);
    let of_era = day.rem_euclid(ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u64, day as u64)
}

/// How many fraction digits the unit has.
fn digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// Writes a time of day: `08:00:00.123456`.
pub fn write_time(out: &mut Vec<u8>, value: i64, unit: TimeUnit) {
    let second = value.div_euclid(per_second(unit)) as u64;
    write_padded(out, second / 3600, 2);
    out.push(b':');
    write_padded(out, second / 60 % 60, 2);
    out.push(b':');
    write_padded(out, second % 60, 2);
    if digits(unit) > 0 {
        out.push(b'.');
        let fraction = value.rem_euclid(per_second(unit)) as u64;
        write_padded(out, fraction, digits(unit));
    }
}

/// Writes a timestamp as RFC 3339 does: `2026-01-15T08:00:00.123456Z`. Years that RFC 3339 does
/// not know are written as ISO 8601 does.
pub fn write_timestamp(
    out: &mut Vec<u8>,
    dates: &mut Dates,
    value: i64,
    unit: TimeUnit,
    offset_minutes: Option<i64>,
) {
    let scale = per_second(unit);
    let second = value.div_euclid(scale);
    // Only a timestamp in whole seconds can be so near the edge that a zone's offset overflows.
    let local = second.saturating_add(offset_minutes.unwrap_or(0) * 60);
    dates.write(out, local.div_euclid(DAY));
    out.push(b'T');
    let in_day = local.rem_euclid(DAY) * scale + value.rem_euclid(scale);
    write_time(out, in_day, unit);
    match offset_minutes {
        None => {}
        Some(0) => out.push(b'Z'),
        Some(minutes) => write_offset(out, minutes),
    }
}

fn write_offset(out: &mut Vec<u8>, minutes: i64) {
    out.push(if minutes < 0 { b'-' } else { b'+' });
    write_padded(out, minutes.unsigned_abs() / 60, 2);
    out.push(b':');
    write_padded(out, minutes.unsigned_abs() % 60, 2);
}

impl Zone {
    /// The zone of an Arrow timestamp type; nothing when its name is unknown.
    pub fn of(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Local),
            Some("UTC" | "Z" | "+00:00" | "Etc/UTC") => Some(Self::Utc),
            Some(name) => name.parse().ok().map(Self::Named),
        }
    }

    /// The offset to write for a moment in seconds since 1970: none without a zone, and nothing at
    /// all for a moment beyond the calendar of the zones. Offsets of old local times with odd
    /// seconds are cut to minutes, which is all that RFC 3339 can write: the moment stays exact.
    pub fn offset_minutes(&self, second: i64) -> Option<Option<i64>> {
        match self {
            Self::Local => Some(None),
            Self::Utc => Some(Some(0)),
            Self::Named(zone) => {
                let moment = DateTime::from_timestamp(second, 0)?.naive_utc();
                let offset = zone.offset_from_utc_datetime(&moment).fix();
                Some(Some(i64::from(offset.local_minus_utc()).div_euclid(60)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(value: i64, unit: TimeUnit, zone: Option<&str>) -> String {
        let zone = Zone::of(zone).unwrap();
        let second = value.div_euclid(per_second(unit));
        let mut out = Vec::new();
        let offset = zone.offset_minutes(second).unwrap();
        write_timestamp(&mut out, &mut Dates::default(), value, unit, offset);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_day_agrees_with_the_calendar() {
        for day in (-800_000..3_000_000).step_by(17) {
            let date = DateTime::from_timestamp(day * DAY, 0).unwrap().date_naive();
            let mut out = Vec::new();
            write_date(&mut out, day);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{date:?}"));
        }
    }

    #[test]
    fn timestamps_have_the_digits_of_their_unit() {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        let utc = Some("UTC");
        for (value, unit, zone, expected) in [
            (
                1_768_464_000_123_456,
                Microsecond,
                utc,
                "2026-01-15T08:00:00.123456Z",
            ),
            (
                1_768_464_000_000_000,
                Microsecond,
                utc,
                "2026-01-15T08:00:00.000000Z",
            ),
            (1_768_464_000, Second, None, "2026-01-15T08:00:00"),
            (-1, Millisecond, None, "1969-12-31T23:59:59.999"),
            (-1, Nanosecond, utc, "1969-12-31T23:59:59.999999999Z"),
            (
                1_768_464_000,
                Second,
                Some("Europe/Amsterdam"),
                "2026-01-15T09:00:00+01:00",
            ),
            (
                1_768_464_000,
                Second,
                Some("-03:30"),
                "2026-01-15T04:30:00-03:30",
            ),
            (253_402_300_800, Second, utc, "+10000-01-01T00:00:00Z"),
            (-62_167_219_201, Second, utc, "-0001-12-31T23:59:59Z"),
            (i64::MIN, Nanosecond, utc, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, Second, utc, "+292277026596-12-04T15:30:07Z"),
            (i64::MIN, Second, utc, "-292277022657-01-27T08:29:52Z"),
        ] {
            assert_eq!(timestamp(value, unit, zone), expected);
        }
    }

    #[test]
    fn a_zone_ends_where_its_calendar_does() {
        let zone = Zone::of(Some("Asia/Tokyo")).unwrap();
        assert_eq!(zone.offset_minutes(i64::MAX), None);
        assert_eq!(zone.offset_minutes(0), Some(Some(540)));
        assert!(Zone::of(Some("Mars/Olympus")).is_none());
    }
}
