//! Dates, timestamps and intervals as PostgreSQL writes them (ISO style).

use crate::kernel::time::{SECONDS_PER_DAY, Zone, civil_from_days};
use std::fmt::Write;

const NANOSECONDS: i128 = 1_000_000_000;

/// `2026-01-31`.
pub(super) fn date(text: &mut String, days: i64) {
    let (year, month, day) = civil_from_days(days);
    let _ = write!(text, "{year:04}-{month:02}-{day:02}");
}

/// `2026-01-31 10:30:00.25+01`, the fraction without trailing zeros, the offset where there is a zone.
pub(super) fn timestamp(text: &mut String, instant: i64, zone: Option<&Zone>, per_second: i64) {
    let offset = zone.map(|zone| zone.offset_at(instant.div_euclid(per_second)));
    let local = i128::from(instant) + i128::from(offset.unwrap_or(0)) * i128::from(per_second);
    let per_day = i128::from(per_second) * i128::from(SECONDS_PER_DAY);
    date(text, local.div_euclid(per_day) as i64);
    text.push(' ');
    clock(
        text,
        local.rem_euclid(per_day) * (NANOSECONDS / i128::from(per_second)),
    );
    if let Some(offset) = offset {
        let _ = write!(
            text,
            "{}{:02}",
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 3600
        );
        if offset % 3600 != 0 {
            let _ = write!(text, ":{:02}", offset.abs() / 60 % 60);
        }
    }
}

/// `04:05:06.5`, of ticks since midnight.
pub(super) fn time_of_day(text: &mut String, ticks: i64, per_second: i64) {
    clock(
        text,
        i128::from(ticks) * (NANOSECONDS / i128::from(per_second)),
    );
}

/// `04:05:06.5`.
fn clock(text: &mut String, nanoseconds: i128) {
    let seconds = nanoseconds / NANOSECONDS;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(text, "{hour:02}:{minute:02}:{second:02}");
    let fraction = nanoseconds % NANOSECONDS;
    if fraction != 0 {
        let digits = format!("{fraction:09}");
        let _ = write!(text, ".{}", digits.trim_end_matches('0'));
    }
}

/// `1 year 2 mons -3 days +04:05:06`; months, days and nanoseconds keep their own signs.
pub(super) fn interval(text: &mut String, (months, days, nanoseconds): (i32, i64, i128)) {
    let start = text.len();
    let mut negative_before = false;
    let months = i64::from(months);
    for (count, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if count != 0 {
            let space = if text.len() > start { " " } else { "" };
            let plus = if negative_before && count > 0 {
                "+"
            } else {
                ""
            };
            let plural = if count == 1 { "" } else { "s" };
            let _ = write!(text, "{space}{plus}{count} {unit}{plural}");
            negative_before = count < 0;
        }
    }
    let empty = text.len() == start;
    if nanoseconds != 0 || empty {
        text.push_str(if empty { "" } else { " " });
        text.push_str(match nanoseconds {
            ..0 => "-",
            _ if negative_before => "+",
            _ => "",
        });
        clock(text, nanoseconds.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut String)) -> String {
        let mut text = String::new();
        write(&mut text);
        text
    }

    #[test]
    fn timestamps_show_their_zone() {
        let india = Zone::parse("Asia/Kolkata");
        for (instant, zone, expected) in [
            (0, None, "1970-01-01 00:00:00"),
            (1_500_000, None, "1970-01-01 00:00:01.5"),
            (-1, None, "1969-12-31 23:59:59.999999"),
            (0, Some(Zone::UTC), "1970-01-01 00:00:00+00"),
            (0, india, "1970-01-01 05:30:00+05:30"),
            (0, Some(Zone::Fixed(-7200)), "1969-12-31 22:00:00-02"),
            (i64::MAX, None, "294247-01-10 04:00:54.775807"),
        ] {
            assert_eq!(
                written(|text| timestamp(text, instant, zone.as_ref(), 1_000_000)),
                expected
            );
        }
    }

    #[test]
    fn intervals_keep_the_sign_of_each_part() {
        let second = NANOSECONDS;
        for (parts, expected) in [
            ((0, 0, 0), "00:00:00"),
            ((14, 3, 14_706 * second), "1 year 2 mons 3 days 04:05:06"),
            ((0, 1, second / 2), "1 day 00:00:00.5"),
            ((-1, 2, 0), "-1 mons +2 days"),
            ((0, -1, 3600 * second), "-1 days +01:00:00"),
            ((0, 0, -90 * second), "-00:01:30"),
            ((0, 0, 360_000 * second), "100:00:00"),
        ] {
            assert_eq!(written(|text| interval(text, parts)), expected);
        }
    }
}
