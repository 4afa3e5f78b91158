//! The parts of a date, a time of day, a timestamp or an interval: what `extract` reads and `date_trunc` cuts to.

use super::time::{SECONDS_PER_DAY, civil_from_days, days_from_civil};

// Seconds of more days than these do not fit 64 bits; a date has 32, and never gets there.
const MOST_DAYS: i64 = i64::MAX / SECONDS_PER_DAY;

/// A part by its PostgreSQL name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimePart {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Epoch,
}

/// Every name, the plain one of each part first.
pub const PARTS: &[(&str, TimePart)] = &[
    ("microseconds", TimePart::Microseconds),
    ("milliseconds", TimePart::Milliseconds),
    ("second", TimePart::Second),
    ("minute", TimePart::Minute),
    ("hour", TimePart::Hour),
    ("day", TimePart::Day),
    ("week", TimePart::Week),
    ("month", TimePart::Month),
    ("quarter", TimePart::Quarter),
    ("year", TimePart::Year),
    ("decade", TimePart::Decade),
    ("century", TimePart::Century),
    ("millennium", TimePart::Millennium),
    ("dow", TimePart::DayOfWeek),
    ("isodow", TimePart::IsoDayOfWeek),
    ("doy", TimePart::DayOfYear),
    ("isoyear", TimePart::IsoYear),
    ("epoch", TimePart::Epoch),
    ("dayofweek", TimePart::DayOfWeek),
    ("dayofyear", TimePart::DayOfYear),
    ("isoweek", TimePart::Week),
    ("microsecond", TimePart::Microseconds),
    ("millisecond", TimePart::Milliseconds),
    ("seconds", TimePart::Second),
    ("minutes", TimePart::Minute),
    ("hours", TimePart::Hour),
    ("days", TimePart::Day),
    ("weeks", TimePart::Week),
    ("months", TimePart::Month),
    ("years", TimePart::Year),
];

impl TimePart {
    pub fn parse(name: &str) -> Option<Self> {
        let named =
            |(known, part): &(&str, Self)| known.eq_ignore_ascii_case(name).then_some(*part);
        PARTS.iter().find_map(named)
    }

    /// Whether a time of day has it.
    pub fn is_of_a_clock(self) -> bool {
        matches!(
            self,
            Self::Microseconds
                | Self::Milliseconds
                | Self::Second
                | Self::Minute
                | Self::Hour
                | Self::Epoch
        )
    }

    /// A wall clock cut to the part; `None` for the parts that only number something, and where the part begins
    /// before all that 64 bits hold: a millennium has more nanoseconds than they count. The ticks per second
    /// are a constant of the code, because a division by a variable costs five times one by a constant.
    pub fn truncate<const PER_SECOND: i64>(self, local: i64) -> Option<i64> {
        let per_second = PER_SECOND;
        let per_day = per_second * SECONDS_PER_DAY;
        let cut = |ticks: i64| local.checked_sub(local.rem_euclid(ticks.max(1)));
        match self {
            Self::Microseconds => cut(per_second / 1_000_000),
            Self::Milliseconds => cut(per_second / 1000),
            Self::Second => cut(per_second),
            Self::Minute => cut(per_second * 60),
            Self::Hour => cut(per_second * 3600),
            Self::Day => cut(per_day),
            _ => self
                .first_day(local.div_euclid(per_day))?
                .checked_mul(per_day),
        }
    }

    /// Whether [`TimePart::truncate`] cuts to it.
    pub fn cuts(self) -> bool {
        self.truncate::<1>(0).is_some()
    }

    /// No part that it cuts to is longer: so many days.
    pub fn most_days(self) -> i64 {
        match self {
            Self::Millennium => 365_243,
            Self::Century => 36_525,
            Self::Decade => 3_653,
            Self::Year | Self::Quarter | Self::Month | Self::Week => 366,
            _ => 1,
        }
    }

    /// The first day of the part that a day is in.
    fn first_day(self, days: i64) -> Option<i64> {
        let (year, month, _) = civil_from_days(days);
        // Centuries and millennia begin with year 1, decades with year 0.
        let (year, month) = match self {
            Self::Week => return Some(days.saturating_sub(iso_day_of_week(days) - 1)),
            Self::Month => (year, month),
            Self::Quarter => (year, month - (month - 1) % 3),
            Self::Year => (year, 1),
            Self::Decade => (year - year.rem_euclid(10), 1),
            Self::Century => (year - (year - 1).rem_euclid(100), 1),
            Self::Millennium => (year - (year - 1).rem_euclid(1000), 1),
            _ => return None,
        };
        Some(days_from_civil(year, month, 1))
    }

    /// The part of a wall clock, at [`TimePart::scale`] digits after the point.
    pub fn of_clock<const PER_SECOND: i64>(self, local: i64) -> i64 {
        let per_second = PER_SECOND;
        let per_minute = per_second * 60;
        match self {
            Self::Epoch => local,
            Self::Second => local.rem_euclid(per_minute),
            Self::Milliseconds => local.rem_euclid(per_minute) * (1000 / per_second).max(1),
            Self::Microseconds => local.rem_euclid(per_minute) * (1_000_000 / per_second).max(1),
            Self::Minute => local.div_euclid(per_minute).rem_euclid(60),
            Self::Hour => local.div_euclid(per_minute * 60).rem_euclid(24),
            _ => self.of_day(local.div_euclid(per_second * SECONDS_PER_DAY)),
        }
    }

    /// The part, but for the epoch, of a wall clock that shows so many seconds and ticks behind them: the last
    /// hours of 64 bits of ticks are on a clock in the east, too, which shows more than they count.
    pub fn of_seconds<const PER_SECOND: i64>(self, seconds: i64, ticks: i64) -> i64 {
        match self {
            Self::Hour | Self::Minute | Self::Second | Self::Milliseconds | Self::Microseconds => {
                let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
                self.of_clock::<PER_SECOND>(of_day * PER_SECOND + ticks)
            }
            _ => self.of_day(seconds.div_euclid(SECONDS_PER_DAY)),
        }
    }

    /// The part of a day, of the days that 64 bits of seconds reach.
    pub fn of_day(self, days: i64) -> i64 {
        let days = days.clamp(-MOST_DAYS, MOST_DAYS);
        let (year, month, day) = civil_from_days(days);
        match self {
            Self::Epoch => days.saturating_mul(SECONDS_PER_DAY),
            Self::Day => day,
            // ISO 8601: weeks begin on Monday, and week 1 is the one with the year's first
            // Thursday.
            Self::Week => days.saturating_sub(iso_year_start(iso_year(days))) / 7 + 1,
            Self::Month => month,
            Self::Quarter => (month - 1) / 3 + 1,
            Self::Year => year,
            Self::Decade => year.div_euclid(10),
            Self::Century => (year - 1).div_euclid(100) + 1,
            Self::Millennium => (year - 1).div_euclid(1000) + 1,
            Self::DayOfWeek => iso_day_of_week(days) % 7,
            Self::IsoDayOfWeek => iso_day_of_week(days),
            Self::DayOfYear => days.saturating_sub(days_from_civil(year, 1, 1)) + 1,
            Self::IsoYear => iso_year(days),
            Self::Hour | Self::Minute | Self::Second | Self::Milliseconds | Self::Microseconds => 0,
        }
    }

    /// Digits after the point of the part of a clock of `digits` digits: `second` of a timestamp in
    /// microseconds has 6.
    pub fn scale(self, digits: i8) -> i8 {
        match self {
            Self::Epoch | Self::Second => digits,
            Self::Milliseconds => (digits - 3).max(0),
            Self::Microseconds => (digits - 6).max(0),
            _ => 0,
        }
    }
}

/// Monday is 1.
fn iso_day_of_week(days: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    (days.rem_euclid(7) + 3) % 7 + 1
}

/// The year whose week a day is in: the year of that week's Thursday.
fn iso_year(days: i64) -> i64 {
    civil_from_days(days.saturating_add(4 - iso_day_of_week(days))).0
}

/// The Monday of week 1, the week of 4 January.
pub fn iso_year_start(year: i64) -> i64 {
    let fourth = days_from_civil(year, 1, 4);
    fourth - iso_day_of_week(fourth) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Datelike, Timelike};

    #[test]
    fn parts_agree_with_chrono() {
        for instant in (-4_000_000_000_i64..8_000_000_000).step_by(7_777_777) {
            let Some(theirs) = DateTime::from_timestamp(instant, 0) else {
                continue;
            };
            let week = theirs.iso_week();
            for (part, expected) in [
                (TimePart::Year, i64::from(theirs.year())),
                (TimePart::Month, theirs.month().into()),
                (TimePart::Day, theirs.day().into()),
                (TimePart::Hour, theirs.hour().into()),
                (TimePart::Minute, theirs.minute().into()),
                (TimePart::Second, theirs.second().into()),
                (TimePart::DayOfYear, theirs.ordinal().into()),
                (
                    TimePart::IsoDayOfWeek,
                    theirs.weekday().number_from_monday().into(),
                ),
                (
                    TimePart::DayOfWeek,
                    theirs.weekday().num_days_from_sunday().into(),
                ),
                (TimePart::Week, week.week().into()),
                (TimePart::IsoYear, week.year().into()),
                (TimePart::Epoch, instant),
            ] {
                assert_eq!(
                    part.of_clock::<1>(instant),
                    expected,
                    "{part:?} of {theirs}"
                );
                assert_eq!(
                    part.of_clock::<1000>(instant * 1000),
                    expected
                        * if part == TimePart::Second || part == TimePart::Epoch {
                            1000
                        } else {
                            1
                        }
                );
            }
        }
    }

    #[test]
    fn cutting_gives_the_start_and_keeps_it() {
        for (_, part) in PARTS {
            for instant in (-4_000_000_000_i64..8_000_000_000).step_by(77_777_777) {
                let Some(start) = part.truncate::<1>(instant) else {
                    assert!(!part.cuts());
                    continue;
                };
                assert!(start <= instant, "{part:?}");
                assert_eq!(part.truncate::<1>(start), Some(start), "{part:?}");
            }
        }
    }

    #[test]
    fn no_number_makes_it_panic() {
        for (_, part) in PARTS {
            for instant in [i64::MIN, i64::MIN + 1, -1, i64::MAX] {
                let _ = (part.of_clock::<1>(instant), part.truncate::<1>(instant));
                let _ = (
                    part.of_clock::<1_000_000_000>(instant),
                    part.of_day(instant),
                );
            }
        }
    }
}
