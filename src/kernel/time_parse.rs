//! Dates, times of day and timestamps from text, in the ISO forms of PostgreSQL: the one way in which
//! sources, pipeline files and expressions read them.

use super::time::{SECONDS_PER_DAY, Zone, days_from_civil, days_in_month};

/// Billionths in a second.
pub const NANOSECONDS: i64 = 1_000_000_000;

/// `2026-01-31`, perhaps with a time of day and a zone that are cut off: the day that is written, as days
/// since 1970, which a date counts in 32 bits.
pub fn date(text: &str) -> Option<i32> {
    let (date, time) = split_date(text.trim());
    if !time.is_empty() {
        let (.., zone) = clock(time)?;
        if !zone.is_empty() {
            zone_named(zone)?;
        }
    }
    i32::try_from(civil(date)?).ok()
}

fn zone_named(name: &str) -> Option<Zone> {
    // PostgreSQL takes `utc` and `z` as well.
    Zone::parse(name).or_else(|| Zone::parse(&name.to_uppercase()))
}

fn split_date(text: &str) -> (&str, &str) {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    (date, time.trim_start())
}

fn civil(text: &str) -> Option<i64> {
    // As ISO 8601 has it without hyphens.
    if text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_digit()) {
        return civil(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    }
    // With a sign, as ISO 8601 has years before 0 and after 9999, and as rowgen writes them.
    let (sign, text, most) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..], 12),
        Some(b'-') => (-1, &text[1..], 12),
        _ => (1, text, 6),
    };
    let mut parts = text.split('-');
    let mut part = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        let number = part.bytes().all(|digit| digit.is_ascii_digit());
        (number && digits.contains(&part.len())).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day) = (sign * part(4..=most)?, part(1..=2)?, part(1..=2)?);
    let known = parts.next().is_none() && (1..=12).contains(&month);
    (known && day >= 1 && day <= days_in_month(year, month))
        .then(|| days_from_civil(year, month, day))
}

/// `10:30`, `10:30:15.25`, followed by nothing or a zone: seconds, nanoseconds, the zone.
pub fn clock(text: &str) -> Option<(i64, i64, &str)> {
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
    // `24:00` is the end of the day, in ISO 8601 and in PostgreSQL.
    let ends = parts.next().is_none() && (total, nanoseconds) <= (SECONDS_PER_DAY, 0);
    ends.then_some((total, nanoseconds, zone.trim()))
}

/// A time of day in ticks since midnight. A day before it and a zone behind it are read, and change nothing.
pub fn time_of_day(text: &str, per_second: i64) -> Option<i64> {
    let text = text.trim();
    let (seconds, nanoseconds, zone) = match clock(text) {
        Some(clock) => clock,
        None => {
            let (date, time) = split_date(text);
            civil(date)?;
            clock(time)?
        }
    };
    if !zone.is_empty() {
        zone_named(zone)?;
    }
    let per_tick = NANOSECONDS / per_second;
    let ticks = (nanoseconds + per_tick / 2) / per_tick;
    Some(seconds * per_second + ticks)
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
pub fn timestamp(text: &str, zone: Option<&Zone>, per_second: i64) -> Option<i128> {
    let (date, time) = split_date(text.trim());
    let (seconds, nanoseconds, written) = match time {
        "" => (0, 0, ""),
        time => clock(time)?,
    };
    let written = match written {
        "" => None,
        name => Some(zone_named(name)?),
    };
    let local = civil(date)?
        .checked_mul(SECONDS_PER_DAY)?
        .checked_add(seconds)?;
    let instant = match zone {
        Some(zone) => written.as_ref().unwrap_or(zone).to_instant(local, 1)?,
        None => local,
    };
    let per_tick = NANOSECONDS / per_second;
    // Rounded, not cut off, as PostgreSQL does.
    let ticks = (nanoseconds + per_tick / 2) / per_tick;
    Some(i128::from(instant) * i128::from(per_second) + i128::from(ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        for (text, millis) in [
            ("08:30", Some(30_600_000)),
            (" 8:30:15.25", Some(30_615_250)),
            ("08:30+02", Some(30_600_000)),
            ("2026-01-31 08:30", Some(30_600_000)),
            ("2026-01-31T23:59:59.9999Z", Some(86_400_000)),
            ("00:00:00.0005", Some(1)),
            ("24:00", Some(86_400_000)),
            ("24:01", None),
            ("08:60", None),
            ("08", None),
            ("2026-13-31 08:30", None),
            ("08:30 Mars", None),
            ("", None),
        ] {
            assert_eq!(time_of_day(text, 1000), millis, "{text}");
        }
    }

    #[test]
    fn years_beyond_four_digits_have_a_sign() {
        // Years that have a sign, and the first and the last day of 32 bits.
        assert_eq!(date("+10000-01-01"), Some(2_932_897));
        assert_eq!(date("+1970-01-02"), Some(1));
        assert_eq!(date("-0001-12-31"), Some(-719_529));
        assert_eq!(date("+5881580-07-11"), Some(i32::MAX));
        assert_eq!(date("-5877641-06-23"), Some(i32::MIN));
        for wrong in [
            "+5881580-07-12",
            "-5877641-06-22",
            "+1970",
            "--1970-01-01",
            "+-1970-01-01",
            "+999999999999-01-01",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_and_timestamps() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("1970-1-2 10:00"), Some(1));
        assert_eq!(date(" 19700102"), Some(1));
        // The day that is written, wherever it is.
        assert_eq!(date("1970-01-02T00:30:00+02:00"), Some(1));
        assert_eq!(date("1970-01-02T23:30:00-05"), Some(1));
        for wrong in [
            "1970-02-30",
            "1970-13-01",
            "70-01-01",
            "1970-01",
            "1970-01-01-01",
            "x",
            "",
            "1970-01-01 25:00",
            "1970-01-01 10:00 Mars",
            "1970010",
            "19701301",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        let berlin = Zone::parse("Europe/Berlin");
        for (text, zoned, expected) in [
            ("1970-01-01", false, Some(0)),
            ("1970-01-01 00:00:01.5", false, Some(1500)),
            ("1970-01-01T01:00Z", false, Some(3_600_000)),
            ("1970-01-01T01:00Z", true, Some(3_600_000)),
            ("1970-01-01T01:00+02:00", false, Some(3_600_000)),
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
            ("1970-01-01 24:00", false, Some(86_400_000)),
            ("1970-01-01 24:00:00.000", false, Some(86_400_000)),
            ("1970-01-01 24:00:00.5", false, None),
            ("1970-01-01 24:00:01", false, None),
            ("999999-01-01", false, Some(31_494_753_244_800_000)),
            ("+10000-01-01T00:00:00.5Z", true, Some(253_402_300_800_500)),
            ("-0044-03-15T12:00:00", false, Some(-63_549_316_800_000)),
        ] {
            assert_eq!(
                timestamp(text, berlin.as_ref().filter(|_| zoned), 1000),
                expected,
                "{text}"
            );
        }
    }
}
