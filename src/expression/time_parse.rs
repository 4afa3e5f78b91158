//! Dates, timestamps and intervals from text, in the ISO forms of PostgreSQL.

use crate::kernel::time::{SECONDS_PER_DAY, Zone, days_from_civil, days_in_month};
use arrow::datatypes::IntervalMonthDayNano;

const NANOSECONDS: i64 = 1_000_000_000;

/// `2026-01-31`, perhaps with a time of day that is cut off: days since 1970.
pub(super) fn date(text: &str) -> Option<i64> {
    let (date, time) = split_date(text);
    if !time.is_empty() {
        clock(time)?;
    }
    civil(date)
}

fn split_date(text: &str) -> (&str, &str) {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    (date, time.trim_start())
}

fn civil(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut part = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        let number = part.bytes().all(|digit| digit.is_ascii_digit());
        (number && digits.contains(&part.len())).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day) = (part(4..=6)?, part(1..=2)?, part(1..=2)?);
    let known = parts.next().is_none() && (1..=12).contains(&month);
    (known && day >= 1 && day <= days_in_month(year, month))
        .then(|| days_from_civil(year, month, day))
}

/// `10:30`, `10:30:15.25`, followed by nothing or a zone: seconds, nanoseconds, the zone.
fn clock(text: &str) -> Option<(i64, i64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != ':' && letter != '.');
    let (time, zone) = text.split_at(end.unwrap_or(text.len()));
    let mut parts = time.split(':');
    let mut part = |most: i64| {
        let part = parts.next()?;
        let number = (1..=2)
            .contains(&part.len())
            .then(|| part.parse::<i64>().ok())??;
        (number <= most).then_some(number)
    };
    let (hour, minute) = (part(24)?, part(59)?);
    let (second, nanoseconds) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            let second = whole.parse::<i64>().ok().filter(|second| *second <= 59)?;
            (second, nanoseconds(fraction)?)
        }
    };
    let total = hour * 3600 + minute * 60 + second;
    let ends = parts.next().is_none() && total <= SECONDS_PER_DAY;
    ends.then_some((total, nanoseconds, zone.trim()))
}

/// The digits after a point, as billionths.
fn nanoseconds(fraction: &str) -> Option<i64> {
    let digits = fraction.get(..fraction.len().min(9))?;
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match digits.len() {
        0 => Some(0),
        length => Some(digits.parse::<i64>().ok()? * 10_i64.pow(9 - length as u32)),
    }
}

/// A date and a time of day in ticks since 1970. A zone in the text counts for a zoned type only; without
/// one the wall clock is that of the type's zone.
pub(super) fn timestamp(text: &str, zone: Option<&Zone>, per_second: i64) -> Option<i64> {
    let (date, time) = split_date(text);
    let (seconds, nanoseconds, written) = match time {
        "" => (0, 0, ""),
        time => clock(time)?,
    };
    let written = match written {
        "" => None,
        name => Some(Zone::parse(name).or_else(|| Zone::parse(&name.to_uppercase()))?),
    };
    let local = civil(date)?
        .checked_mul(SECONDS_PER_DAY)?
        .checked_add(seconds)?;
    let instant = match zone {
        Some(zone) => written.as_ref().unwrap_or(zone).to_instant(local, 1),
        None => local,
    };
    let per_tick = NANOSECONDS / per_second;
    let ticks = (nanoseconds + per_tick / 2) / per_tick;
    instant.checked_mul(per_second)?.checked_add(ticks)
}

/// `3 days`, `1 year 2 months -04:05:06.5`, `90s`, `1 day ago`; a bare number is seconds.
pub(super) fn interval(text: &str) -> Option<IntervalMonthDayNano> {
    let text = text.trim_start_matches('@').trim();
    let (text, ago) = match text.strip_suffix("ago") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let mut total = Total::default();
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            total.add_clock(word)?;
            continue;
        }
        let unit = word.find(|letter: char| letter.is_ascii_alphabetic());
        let (number, unit) = match unit {
            Some(start) => word.split_at(start),
            None => (word, words.next().unwrap_or("seconds")),
        };
        total.add(number, unit)?;
    }
    total.interval(if ago { -1 } else { 1 })
}

/// Months, days and nanoseconds, gathered in numbers that cannot overflow.
#[derive(Default)]
struct Total {
    months: i128,
    days: i128,
    nanoseconds: i128,
}

impl Total {
    fn add_clock(&mut self, word: &str) -> Option<()> {
        let (sign, word) = match word.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, word.trim_start_matches('+')),
        };
        // Hours may be many here, unlike in a time of day.
        let (hours, rest) = word.split_once(':')?;
        let rest = format!("0:{rest}");
        let (seconds, nanoseconds, zone) = clock(&rest)?;
        if !zone.is_empty() {
            return None;
        }
        let seconds = i128::from(hours.parse::<u32>().ok()?) * 3600 + i128::from(seconds);
        let total = seconds * i128::from(NANOSECONDS) + i128::from(nanoseconds);
        self.nanoseconds += sign * total;
        Some(())
    }

    /// A fraction of a unit spills into the next smaller one: of a month 30 days, of a day 24 hours.
    fn add(&mut self, number: &str, unit: &str) -> Option<()> {
        let (digits, scale) = super::text_value::digits_of(number)?;
        let digits = i64::try_from(digits).ok().map(i128::from)?;
        // Few enough digits that no product below overflows.
        let one = (scale <= 18).then(|| 10_i128.pow(scale.unsigned_abs().into()))?;
        let days = |days: i128| days * i128::from(SECONDS_PER_DAY * NANOSECONDS);
        match unit.to_ascii_lowercase().as_str() {
            "millennium" | "millennia" | "mil" => self.add_months(digits, one, 12_000),
            "century" | "centuries" | "c" => self.add_months(digits, one, 1200),
            "decade" | "decades" | "decs" => self.add_months(digits, one, 120),
            "year" | "years" | "yr" | "yrs" | "y" => self.add_months(digits, one, 12),
            "month" | "months" | "mon" | "mons" => self.add_months(digits, one, 1),
            "week" | "weeks" | "w" => {
                self.days += digits * 7 / one;
                self.nanoseconds += days(digits * 7 % one) / one;
            }
            "day" | "days" | "d" => {
                self.days += digits / one;
                self.nanoseconds += days(digits % one) / one;
            }
            unit => self.nanoseconds += digits * nanoseconds_in(unit)? / one,
        }
        Some(())
    }

    fn add_months(&mut self, digits: i128, one: i128, months: i128) {
        let total = digits * months;
        self.months += total / one;
        let days = total % one * 30;
        self.days += days / one;
        self.nanoseconds += days % one * i128::from(SECONDS_PER_DAY * NANOSECONDS) / one;
    }

    fn interval(&self, sign: i128) -> Option<IntervalMonthDayNano> {
        Some(IntervalMonthDayNano::new(
            i32::try_from(sign * self.months).ok()?,
            i32::try_from(sign * self.days).ok()?,
            i64::try_from(sign * self.nanoseconds).ok()?,
        ))
    }
}

fn nanoseconds_in(unit: &str) -> Option<i128> {
    Some(match unit {
        "hour" | "hours" | "hr" | "hrs" | "h" => 3_600_000_000_000,
        "minute" | "minutes" | "min" | "mins" | "m" => 60_000_000_000,
        "second" | "seconds" | "sec" | "secs" | "s" => 1_000_000_000,
        "millisecond" | "milliseconds" | "msec" | "msecs" | "ms" => 1_000_000,
        "microsecond" | "microseconds" | "usec" | "usecs" | "us" => 1000,
        "nanosecond" | "nanoseconds" | "ns" => 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_postgresql_reads_them() {
        let (hour, day) = (3600 * NANOSECONDS, SECONDS_PER_DAY * NANOSECONDS);
        for (text, expected) in [
            ("3 days", Some((0, 3, 0))),
            (
                "1 year 2 months 3 days 04:05:06.5",
                Some((14, 3, 4 * hour + 306 * NANOSECONDS + NANOSECONDS / 2)),
            ),
            ("1 day -02:00", Some((0, 1, -2 * hour))),
            ("-1 day", Some((0, -1, 0))),
            ("+3 weeks", Some((0, 21, 0))),
            ("1 day 2 hours ago", Some((0, -1, -2 * hour))),
            ("1.5 days", Some((0, 1, day / 2))),
            ("1.5 months", Some((1, 15, 0))),
            ("0.1 months", Some((0, 3, 0))),
            ("90s", Some((0, 0, 90 * NANOSECONDS))),
            ("12", Some((0, 0, 12 * NANOSECONDS))),
            ("@ 1 minute", Some((0, 0, 60 * NANOSECONDS))),
            ("100:00", Some((0, 0, 100 * hour))),
            ("250 microseconds", Some((0, 0, 250_000))),
            ("", None),
            ("abc", None),
            ("1 foo", None),
            ("1 day 25:61", None),
            ("99999999999 years", None),
        ] {
            let expected = expected.map(|(months, days, nanoseconds)| {
                IntervalMonthDayNano::new(months, days, nanoseconds)
            });
            assert_eq!(interval(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_and_timestamps() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("1970-1-2 10:00"), Some(1));
        for wrong in [
            "1970-02-30",
            "1970-13-01",
            "70-01-01",
            "1970-01",
            "1970-01-01-01",
            "x",
            "",
            "1970-01-01 25:00",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        let berlin = Zone::parse("Europe/Berlin");
        for (text, zoned, expected) in [
            ("1970-01-01", false, Some(0)),
            ("1970-01-01 00:00:01.5", false, Some(1500)),
            ("1970-01-01T01:00Z", false, Some(3_600_000)),
            ("1970-01-01T01:00Z", true, Some(3_600_000)),
            ("1970-01-01 01:00", true, Some(0)),
            ("1970-01-01 01:00:00+02", true, Some(-3_600_000)),
            (
                "1970-01-01 01:00:00 America/New_York",
                true,
                Some(21_600_000),
            ),
            ("1970-01-01 01:00:00.0005", false, Some(3_600_001)),
            ("1970-01-01 01:00 Mars", true, None),
            ("1970-01-01 1", false, None),
            ("999999-01-01", false, Some(31_494_753_244_800_000)),
        ] {
            assert_eq!(
                timestamp(text, berlin.as_ref().filter(|_| zoned), 1000),
                expected,
                "{text}"
            );
        }
    }
}
