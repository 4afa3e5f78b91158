//! Intervals from text, in the forms of PostgreSQL.

use crate::kernel::time::SECONDS_PER_DAY;
use crate::kernel::time_parse::{NANOSECONDS, clock};
use arrow::datatypes::IntervalMonthDayNano;

/// `3 days`, `1 year 2 months -04:05:06.5`, `90s`, `1 day ago`; a bare number is seconds.
pub(super) fn parse(text: &str) -> Option<IntervalMonthDayNano> {
    let text = text.trim_start_matches('@').trim();
    let (text, ago) = match text.strip_suffix("ago") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let mut total = IntervalTotal::default();
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            total.add_clock(word)?;
            continue;
        }
        // `90s` is a number and its unit in one word, `90 s` in two.
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
struct IntervalTotal {
    months: i128,
    days: i128,
    nanoseconds: i128,
}

impl IntervalTotal {
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
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
