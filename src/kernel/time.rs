//! Calendar arithmetic on plain numbers: days and instants since 1970, zones, truncation, parts.
//!
//! The calendar is the proleptic Gregorian one. No function panics, whatever number it is given, because a
//! null's slot may hold anything.

use arrow::array::timezone::Tz;
use arrow::datatypes::TimeUnit;
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone};

pub const SECONDS_PER_DAY: i64 = 86_400;

/// Ticks of a unit in a second.
pub fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Days since 1970 of a day of the calendar; months beyond 1..=12 carry into the year.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (
        year + (month - 1).div_euclid(12),
        (month - 1).rem_euclid(12) + 1,
    );
    // Howard Hinnant's algorithm: years that begin in March put the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    // The calendar repeats after 400 years, which are 146 097 days; 719 468 is 1970-01-01 counted
    // from 0000-03-01.
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    // Five months from March on have 153 days, and so have the next five: 31, 30, 31, 30, 31.
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day since 1970.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    // Leap days are taken out before years are counted: those of every fourth year, put back for
    // each century, taken out again for the era.
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days in a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            28 + i64::from(leap)
        }
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A day moved by whole months, held to the last day of a shorter month as PostgreSQL does.
pub fn add_months(days: i64, months: i64) -> i64 {
    let (year, month, day) = civil_from_days(days);
    let total = year * 12 + month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    days_from_civil(year, month, day.min(days_in_month(year, month)))
}

/// Where a zoned timestamp's wall clock stands.
#[derive(Clone, Copy, Debug)]
pub enum Zone {
    /// Seconds east of UTC; also the timestamps without a zone, at 0.
    Fixed(i64),
    /// A zone whose offset changes.
    Named(Tz),
}

impl Zone {
    pub const UTC: Self = Self::Fixed(0);

    /// `None` where the name is not a zone.
    pub fn parse(name: &str) -> Option<Self> {
        if ["UTC", "Z", "Etc/UTC", "GMT"].contains(&name) {
            return Some(Self::UTC);
        }
        let zone: Tz = name.parse().ok()?;
        let fixed = name.starts_with(['+', '-']);
        let offset = i64::from(
            zone.offset_from_utc_datetime(&NaiveDateTime::default())
                .fix()
                .local_minus_utc(),
        );
        Some(if fixed {
            Self::Fixed(offset)
        } else {
            Self::Named(zone)
        })
    }

    /// Seconds to add to an instant, in seconds since 1970, to read the wall clock.
    pub fn offset_at(&self, instant: i64) -> i64 {
        match self {
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => DateTime::from_timestamp(instant, 0).map_or(0, |utc| {
                let offset = zone.offset_from_utc_datetime(&utc.naive_utc());
                i64::from(offset.fix().local_minus_utc())
            }),
        }
    }

    /// The offset that holds at a wall clock, in seconds. In the hour that a clock change repeats, the
    /// standard time (the later instant); in the hour it skips, the offset of before, as PostgreSQL.
    pub fn offset_at_local(&self, local: i64) -> i64 {
        let Self::Named(zone) = self else {
            return self.offset_at(local);
        };
        let Some(clock) = DateTime::from_timestamp(local, 0) else {
            return 0;
        };
        let offset = match zone.offset_from_local_datetime(&clock.naive_utc()) {
            MappedLocalTime::Single(offset) => offset,
            MappedLocalTime::Ambiguous(_, later) => later,
            MappedLocalTime::None => {
                // Asked a day earlier, when the clock still goes by the offset of before.
                let before = clock.naive_utc().checked_sub_signed(TimeDelta::days(1));
                zone.offset_from_utc_datetime(&before.unwrap_or_default())
            }
        };
        i64::from(offset.fix().local_minus_utc())
    }

    /// An instant as the wall clock shows it, both in ticks of `per_second`; `None` for the last hours of 64
    /// bits, which a clock in the east shows as hours beyond them.
    #[inline]
    pub fn to_local(&self, instant: i64, per_second: i64) -> Option<i64> {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Named(_) => self.offset_at(instant.div_euclid(per_second)),
        };
        instant.checked_add(offset.checked_mul(per_second)?)
    }

    /// The instant of a wall clock; `None` where 64 bits do not hold it.
    #[inline]
    pub fn to_instant(&self, local: i64, per_second: i64) -> Option<i64> {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Named(_) => self.offset_at_local(local.div_euclid(per_second)),
        };
        local.checked_sub(offset.checked_mul(per_second)?)
    }
}

/// An instant moved by months, then days, both on the wall clock, then by ticks; `None` on overflow.
pub fn add_interval(
    instant: i64,
    (months, days, ticks): (i32, i32, i64),
    zone: &Zone,
    per_second: i64,
) -> Option<i64> {
    let per_day = per_second.checked_mul(SECONDS_PER_DAY)?;
    if months == 0 && (days == 0 || matches!(zone, Zone::Fixed(_))) {
        let moved = instant.checked_add(i64::from(days).checked_mul(per_day)?)?;
        return moved.checked_add(ticks);
    }
    let local = zone.to_local(instant, per_second)?;
    let (day, time) = (local.div_euclid(per_day), local.rem_euclid(per_day));
    let day = if months == 0 {
        day
    } else {
        add_months(day, i64::from(months))
    };
    let day = day.checked_add(i64::from(days))?;
    let local = day.checked_mul(per_day)?.checked_add(time)?;
    zone.to_instant(local, per_second)?.checked_add(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_goes_both_ways() {
        for days in (-1_000_000..1_000_000).step_by(13) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(
                days_from_civil(year, month, day),
                days,
                "{year}-{month}-{day}"
            );
            let theirs = DateTime::from_timestamp(days * SECONDS_PER_DAY, 0);
            let text = theirs.map(|day| day.format("%Y-%-m-%-d").to_string());
            let year = if year < 0 {
                format!("-{:04}", -year)
            } else {
                format!("{year:04}")
            };
            assert_eq!(text, Some(format!("{year}-{month}-{day}")));
        }
        let _ = (civil_from_days(i64::MAX), civil_from_days(i64::MIN));
    }

    #[test]
    fn months_are_held_to_the_last_day() {
        let day = |year, month, day| days_from_civil(year, month, day);
        assert_eq!(add_months(day(2024, 1, 31), 1), day(2024, 2, 29));
        assert_eq!(add_months(day(2023, 1, 31), 1), day(2023, 2, 28));
        assert_eq!(add_months(day(2024, 3, 31), -1), day(2024, 2, 29));
        assert_eq!(add_months(day(2024, 2, 29), 12), day(2025, 2, 28));
        assert_eq!(add_months(day(2024, 5, 15), -17), day(2022, 12, 15));
    }

    #[test]
    fn a_day_is_23_hours_when_the_clock_goes_forward() {
        let berlin = Zone::parse("Europe/Berlin").unwrap_or(Zone::UTC);
        let noon = days_from_civil(2024, 3, 30) * SECONDS_PER_DAY + 11 * 3600;
        assert_eq!(
            add_interval(noon, (0, 1, 0), &berlin, 1),
            Some(noon + 23 * 3600)
        );
        assert_eq!(
            add_interval(noon, (0, 1, 0), &Zone::UTC, 1),
            Some(noon + 24 * 3600)
        );
        assert_eq!(add_interval(i64::MAX, (0, 1, 0), &Zone::UTC, 1), None);
        // 02:30 does not exist that night: the offset of before; in October it happens twice: the later.
        let local = days_from_civil(2024, 3, 31) * SECONDS_PER_DAY + 9000;
        assert_eq!(berlin.offset_at_local(local), 3600);
        let local = days_from_civil(2024, 10, 27) * SECONDS_PER_DAY + 9000;
        assert_eq!(berlin.offset_at_local(local), 3600);
    }

    #[test]
    fn zones_are_names_or_offsets() {
        assert!(matches!(Zone::parse("+05:30"), Some(Zone::Fixed(19_800))));
        assert!(matches!(Zone::parse("-08"), Some(Zone::Fixed(-28_800))));
        assert!(matches!(Zone::parse("UTC"), Some(Zone::Fixed(0))));
        assert!(matches!(Zone::parse("Asia/Tokyo"), Some(Zone::Named(_))));
        assert!(Zone::parse("Mars/Base").is_none());
    }
}
