//! Dates and times of day as text: ISO 8601, a date written once for all moments of its day.

use std::cell::Cell;

use super::number_text::{put_fraction, put_unsigned};
use super::time::{SECONDS_PER_DAY, civil_from_days};

/// Room that a date needs to be written within the years 0 to 9999, and beyond them.
pub const DATE: usize = 16;
/// See `DATE`.
pub const FAR_DATE: usize = 24;

/// The length of a date within the years 0 to 9999, and the greatest one beyond them.
pub const DATE_LENGTH: usize = 10;
/// See `DATE_LENGTH`.
pub const FAR_DATE_LENGTH: usize = 19;

/// Days whose years have four digits and no sign.
pub const ORDINARY_DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

/// Writes dates, and remembers those of the days it met: a table of dates often has few.
#[derive(Debug)]
pub struct DateWriter {
    day: i64,
    text: [u8; FAR_DATE],
    length: usize,
    /// Ordinary days and their dates, each day at its lowest bits.
    met: Vec<(i32, [u8; 12])>,
}

/// How many days' texts a thread remembers: eleven years of days that follow each other.
// A choice, no measurement is behind it: 64 KiB a thread.
const MET: usize = 4096;

/// No ordinary day.
const NEVER: i32 = i32::MIN;

thread_local! {
    /// What was met by the thread so far.
    static BEFORE: Cell<Vec<(i32, [u8; 12])>> = const { Cell::new(Vec::new()) };
}

/// Writes moments in so many ticks a second as a date, `T`, and a time of day.
#[derive(Debug)]
pub struct Moments<const PER_SECOND: i64> {
    dates: DateWriter,
    /// Where the day of the last moment begins.
    start: i64,
}

impl Default for DateWriter {
    fn default() -> Self {
        let mut dates = Self {
            day: 0,
            text: [0; FAR_DATE],
            length: 0,
            met: BEFORE.take(),
        };
        dates.met.resize(MET, (NEVER, [0; 12]));
        dates.write(0);
        dates
    }
}

impl Drop for DateWriter {
    fn drop(&mut self) {
        let met = std::mem::take(&mut self.met);
        // At the end of a thread there is nobody left to keep it for.
        let _ = BEFORE.try_with(|before| before.set(met));
    }
}

impl DateWriter {
    /// Writes the date of a day counted from 1970-01-01 at `at`; says where it ends.
    #[inline(always)]
    pub fn put(&mut self, out: &mut [u8], at: usize, day: i64) -> usize {
        if day != self.day {
            self.remember(day);
        }
        if self.length == DATE_LENGTH {
            out[at..at + DATE].copy_from_slice(&self.text[..DATE]);
        } else {
            out[at..at + FAR_DATE].copy_from_slice(&self.text);
        }
        at + self.length
    }

    #[inline(never)]
    fn remember(&mut self, day: i64) {
        if !ORDINARY_DAYS.contains(&day) {
            return self.write(day);
        }
        // By its lowest bits, without a hash: days that follow each other never meet in one place.
        let place = day as usize % MET;
        if self.met[place].0 != day as i32 {
            self.write(day);
            let mut text = [0; 12];
            text.copy_from_slice(&self.text[..12]);
            self.met[place] = (day as i32, text);
        }
        self.day = day;
        self.length = DATE_LENGTH;
        self.text[..12].copy_from_slice(&self.met[place].1);
    }

    /// `2026-01-15`; years before 0 and after 9999 have a sign, as ISO 8601 asks.
    fn write(&mut self, day: i64) {
        let (year, month, of_month) = civil_from_days(day);
        let mut text = [0; 2 * FAR_DATE];
        let mut at = 0;
        if ORDINARY_DAYS.contains(&day) {
            at = put_fraction(&mut text, 0, year as u64, 4);
        } else {
            text[0] = if year < 0 { b'-' } else { b'+' };
            let year = year.unsigned_abs();
            at = match year {
                ..10_000 => put_fraction(&mut text, at + 1, year, 4),
                _ => put_unsigned(&mut text, at + 1, year),
            };
        }
        for part in [month, of_month] {
            text[at] = b'-';
            at = put_fraction(&mut text, at + 1, part as u64, 2);
        }
        self.day = day;
        self.length = at;
        self.text.copy_from_slice(&text[..FAR_DATE]);
    }
}

impl<const PER_SECOND: i64> Default for Moments<PER_SECOND> {
    fn default() -> Self {
        Self {
            dates: DateWriter::default(),
            start: 0,
        }
    }
}

impl<const PER_SECOND: i64> Moments<PER_SECOND> {
    const DAY: i64 = SECONDS_PER_DAY * PER_SECOND;

    /// Room that a moment needs after its date, and for one more byte.
    pub const ROOM: usize = 1
        + 8
        + 1
        + match PER_SECOND {
            1 => 0,
            1_000_000 => 8,
            1_000 => 9,
            _ => 10,
        };

    /// Writes a moment that is on the clock already; says where it ends.
    #[inline(always)]
    pub fn put(&mut self, out: &mut [u8], at: usize, value: i64) -> usize {
        let mut in_day = value.wrapping_sub(self.start) as u64;
        let mut day = self.dates.day;
        if in_day >= Self::DAY as u64 {
            day = value.div_euclid(Self::DAY);
            // Wraps in the first day there is, and the difference wraps back.
            self.start = day.wrapping_mul(Self::DAY);
            in_day = value.wrapping_sub(self.start) as u64;
        }
        let at = self.dates.put(out, at, day);
        out[at] = b'T';
        let second = (in_day / PER_SECOND as u64) as u32;
        let fraction = in_day % PER_SECOND as u64;
        put_time::<PER_SECOND>(out, at + 1, second, fraction)
    }

    /// Writes a moment given as its second and its ticks in that second.
    pub fn put_parts(&mut self, out: &mut [u8], at: usize, second: i64, ticks: i64) -> usize {
        let day = second.div_euclid(SECONDS_PER_DAY);
        self.start = day.wrapping_mul(Self::DAY);
        let at = self.dates.put(out, at, day);
        out[at] = b'T';
        let of_day = second.rem_euclid(SECONDS_PER_DAY) as u32;
        put_time::<PER_SECOND>(out, at + 1, of_day, ticks as u64)
    }
}

/// Writes a time of day, `08:00:00.123456`, with as many digits as the ticks need; says where it
/// ends.
#[inline(always)]
pub fn put_time<const PER_SECOND: i64>(
    out: &mut [u8],
    at: usize,
    second: u32,
    ticks: u64,
) -> usize {
    out[at..at + 8].copy_from_slice(&clock(second).to_le_bytes());
    let at = at + 8;
    match PER_SECOND {
        1 => at,
        1_000_000 => {
            out[at..at + 8].copy_from_slice(&millionths(ticks as u32).to_le_bytes());
            at + 7
        }
        1_000 => {
            out[at] = b'.';
            put_fraction(out, at + 1, ticks, 3)
        }
        _ => {
            out[at] = b'.';
            put_fraction(out, at + 1, ticks, 9)
        }
    }
}

/// `08:00:00`, the first character in the lowest byte. The hour, the minute and the second are in
/// bytes 0, 3 and 6 while they become two digits each.
#[inline(always)]
fn clock(second: u32) -> u64 {
    let minute = second / 60;
    let hour = minute / 60;
    let parts = u64::from(hour)
        | u64::from(minute - 60 * hour) << 24
        | u64::from(second - 60 * minute) << 48;
    // 103 / 2^10 is 1 / 10 for numbers below 100.
    let tens = ((parts * 103) >> 10) & 0x000f_0000_0f00_000f;
    (tens | (parts - 10 * tens) << 8) + 0x3030_3a30_303a_3030
}

/// `.123456` and one byte of anything.
#[inline(always)]
fn millionths(ticks: u32) -> u64 {
    let hundreds = ticks / 100;
    let high = ticks / 10_000;
    let parts = u64::from(high) << 8
        | u64::from(hundreds - 100 * high) << 24
        | u64::from(ticks - 100 * hundreds) << 40;
    let tens = ((parts * 103) >> 10) & 0x0000_0f00_0f00_0f00;
    (tens | (parts - 10 * tens) << 8) + 0x0030_3030_3030_302e
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(put: impl FnOnce(&mut [u8]) -> usize) -> String {
        let mut out = [b'?'; 64];
        let end = put(&mut out);
        String::from_utf8(out[..end].to_vec()).unwrap()
    }

    #[test]
    fn every_day_agrees_with_the_calendar() {
        let mut dates = DateWriter::default();
        for day in (-800_000..3_000_000).step_by(17) {
            let moment = chrono::DateTime::from_timestamp(day * SECONDS_PER_DAY, 0);
            let date = moment.unwrap().date_naive();
            assert_eq!(shown(|out| dates.put(out, 0, day)), format!("{date:?}"));
        }
        for (day, text) in [
            (*ORDINARY_DAYS.start(), "0000-01-01"),
            (ORDINARY_DAYS.start() - 1, "-0001-12-31"),
            (*ORDINARY_DAYS.end(), "9999-12-31"),
            (ORDINARY_DAYS.end() + 1, "+10000-01-01"),
            (i64::MAX / SECONDS_PER_DAY, "+292277026596-12-04"),
        ] {
            assert_eq!(shown(|out| dates.put(out, 0, day)), text);
        }
    }

    #[test]
    fn every_second_of_a_day_and_every_fraction_has_its_digits() {
        for second in 0..86_400 {
            let expected = (second / 3600, second / 60 % 60, second % 60);
            assert_eq!(
                shown(|out| put_time::<1>(out, 0, second, 0)),
                format!("{:02}:{:02}:{:02}", expected.0, expected.1, expected.2)
            );
        }
        for ticks in (0..1_000_000).step_by(7) {
            let micros = shown(|out| put_time::<1_000_000>(out, 0, 0, ticks));
            assert_eq!(micros, format!("00:00:00.{ticks:06}"));
            let millis = shown(|out| put_time::<1_000>(out, 0, 0, ticks / 1000));
            assert_eq!(millis, format!("00:00:00.{:03}", ticks / 1000));
            let nanos = shown(|out| put_time::<1_000_000_000>(out, 0, 0, ticks * 999));
            assert_eq!(nanos, format!("00:00:00.{:09}", ticks * 999));
        }
    }

    #[test]
    fn moments_of_all_time_follow_each_other() {
        let mut moments = Moments::<1_000>::default();
        for value in [
            0,
            -1,
            i64::MIN,
            86_399_999,
            86_400_000,
            i64::MAX,
            -86_400_000,
        ] {
            let moment = chrono::DateTime::from_timestamp_millis(value).map(|moment| {
                moment
                    .naive_utc()
                    .format("%Y-%m-%dT%H:%M:%S%.3f")
                    .to_string()
            });
            let text = shown(|out| moments.put(out, 0, value));
            let (second, ticks) = (value.div_euclid(1000), value.rem_euclid(1000));
            assert_eq!(shown(|out| moments.put_parts(out, 0, second, ticks)), text);
            if let Some(expected) = moment {
                assert_eq!(text, expected);
            }
        }
    }
}
