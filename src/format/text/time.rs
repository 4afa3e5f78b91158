//! The zones that timestamps are shown in.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Offset, TimeZone};

use crate::kernel::number_text::put_fraction;

/// The zone that timestamps are shown in.
#[derive(Debug, Clone)]
pub enum ShownZone {
    /// No zone is known, none is written.
    Local,
    /// Written as `Z`.
    Utc,
    /// Written as an offset from UTC.
    Named(Tz),
}

/// Room that an offset needs.
pub const OFFSET: usize = 12;

/// Writes an offset from UTC, `Z` or `+01:00`, at `at`; says where it ends.
pub fn put_offset(out: &mut [u8], at: usize, minutes: i64) -> usize {
    if minutes == 0 {
        out[at] = b'Z';
        return at + 1;
    }
    out[at] = if minutes < 0 { b'-' } else { b'+' };
    // RFC 3339, section 5.6: `time-numoffset` has hours and minutes only.
    let minutes = minutes.unsigned_abs();
    let at = put_fraction(out, at + 1, minutes / 60, 2);
    out[at] = b':';
    put_fraction(out, at + 1, minutes % 60, 2)
}

impl ShownZone {
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
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::datatypes::{DataType, TimeUnit};

    use super::*;
    use crate::format::cells::Delimiters;
    use crate::format::text::temporal::timestamps;

    fn timestamp(value: i64, unit: TimeUnit, zone: Option<&str>) -> String {
        let plain: ArrayRef = Arc::new(Int64Array::from(vec![value]));
        let data_type = DataType::Timestamp(unit, zone.map(Into::into));
        let array = arrow::compute::cast(&plain, &data_type).unwrap();
        let values = timestamps(&array, &Delimiters::default(), None).unwrap();
        String::from_utf8(values.get(0).to_vec()).unwrap()
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
        let zone = ShownZone::of(Some("Asia/Tokyo")).unwrap();
        assert_eq!(zone.offset_minutes(i64::MAX), None);
        assert_eq!(zone.offset_minutes(0), Some(Some(540)));
        assert!(ShownZone::of(Some("Mars/Olympus")).is_none());
    }
}
