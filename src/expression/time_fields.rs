//! What was read of a date and a time of day, and the date or the moment that it makes.

use super::time_from_text::ReadResult;
use super::time_pattern::Field;
use super::time_to_text::JULIAN;
use crate::kernel::time::{SECONDS_PER_DAY, days_from_civil, days_in_month};
use crate::kernel::time_part::iso_year_start;

/// The fields of a text, as far as they were there.
#[derive(Default)]
pub(super) struct Fields {
    year: Option<i64>,
    iso_year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    julian: Option<i64>,
    hour: Option<i64>,
    /// The hour is one of twelve.
    twelve: bool,
    minute: Option<i64>,
    second: Option<i64>,
    second_of_day: Option<i64>,
    microsecond: Option<i64>,
    zone_hours: Option<i64>,
    zone_minutes: Option<i64>,
    pub west: bool,
    pub afternoon: Option<bool>,
    pub before_christ: bool,
}

impl Fields {
    /// A field of `length` digits.
    pub fn set(&mut self, field: Field, value: i64, length: usize) -> ReadResult<()> {
        let of_second = |digits: usize| value * 10_i64.pow(6_usize.saturating_sub(digits) as u32);
        let (to, value) = match field {
            Field::Year(4) => (&mut self.year, value),
            Field::Year(_) => (&mut self.year, near_2020(value, length)),
            Field::IsoYear(_) => (&mut self.iso_year, value),
            Field::Month => (&mut self.month, value),
            Field::Day => (&mut self.day, value),
            Field::DayOfYear => (&mut self.day_of_year, value),
            Field::IsoWeek => (&mut self.iso_week, value),
            Field::IsoDayOfWeek => (&mut self.iso_day, value),
            Field::JulianDay => (&mut self.julian, value),
            Field::Hour12 | Field::Hour24 => {
                self.twelve = field == Field::Hour12;
                (&mut self.hour, value)
            }
            Field::Minute => (&mut self.minute, value),
            Field::Second => (&mut self.second, value),
            Field::SecondOfDay => (&mut self.second_of_day, value),
            Field::Millisecond | Field::Microsecond | Field::Fraction(_) if length > 6 => {
                return Err(format!("`{}` has more than six digits", field.name()));
            }
            Field::Millisecond | Field::Microsecond | Field::Fraction(_) => {
                (&mut self.microsecond, of_second(length))
            }
            Field::ZoneHours => (&mut self.zone_hours, value),
            Field::ZoneMinutes => (&mut self.zone_minutes, value),
            _ => return Ok(()),
        };
        if to.is_some_and(|known| known != value) {
            return Err(format!(
                "`{}` is there twice, with two values",
                field.name()
            ));
        }
        *to = Some(value);
        Ok(())
    }

    /// Days since 1970.
    pub fn days(&self) -> ReadResult<i64> {
        // In the order of what says most: a Julian day is a whole date, a week with its year is
        // one, too, and only without them are year, month and day put together.
        if let Some(julian) = self.julian {
            return Ok(julian - JULIAN);
        }
        if let Some(year) = self.iso_year {
            return self.of_iso_week(year);
        }
        let year = self.year.ok_or("`YYYY` is missing")?;
        // There is no year 0: the one before 1 is 1 BC.
        let year = if self.before_christ && year > 0 {
            1 - year
        } else {
            year
        };
        if let Some(day) = self.day_of_year {
            within("DDD", day, 1, 365 + i64::from(days_in_month(year, 2) == 29))?;
            return Ok(days_from_civil(year, 1, 1) + day - 1);
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        within("MM", month, 1, 12)?;
        within("DD", day, 1, days_in_month(year, month))?;
        Ok(days_from_civil(year, month, day))
    }

    fn of_iso_week(&self, year: i64) -> ReadResult<i64> {
        let (week, day) = (self.iso_week.unwrap_or(1), self.iso_day.unwrap_or(1));
        within("IW", week, 1, 53)?;
        within("ID", day, 1, 7)?;
        Ok(iso_year_start(year) + (week - 1) * 7 + day - 1)
    }

    /// Microseconds since 1970; without an offset the clock is that of UTC.
    pub fn microseconds(&self) -> ReadResult<i64> {
        let minute = self.minute.unwrap_or(0);
        let second = self.second.unwrap_or(0);
        within("MI", minute, 0, 59)?;
        within("SS", second, 0, 59)?;
        let seconds = match self.second_of_day {
            Some(seconds) => {
                within("SSSS", seconds, 0, SECONDS_PER_DAY - 1)?;
                seconds
            }
            None => self.hours()? * 3600 + minute * 60 + second,
        };
        let (zone_hours, zone_minutes) = (self.zone_hours, self.zone_minutes.unwrap_or(0));
        within("TZH", zone_hours.unwrap_or(0), 0, 15)?;
        within("TZM", zone_minutes, 0, 59)?;
        let east = zone_hours.unwrap_or(0) * 3600 + zone_minutes * 60;
        let offset = if self.west { -east } else { east };
        let local = self.days()?.checked_mul(SECONDS_PER_DAY);
        local
            .and_then(|local| local.checked_add(seconds - offset))
            .and_then(|instant| instant.checked_mul(1_000_000))
            .and_then(|instant| instant.checked_add(self.microsecond.unwrap_or(0)))
            .ok_or_else(|| "it does not fit a timestamp".to_owned())
    }

    fn hours(&self) -> ReadResult<i64> {
        let hour = self.hour.unwrap_or(0);
        if !self.twelve {
            within("HH24", hour, 0, 23)?;
            return Ok(hour);
        }
        within("HH12", hour, 1, 12)?;
        Ok(match self.afternoon {
            Some(true) => hour % 12 + 12,
            Some(false) => hour % 12,
            None => hour,
        })
    }
}

fn within(field: &str, value: i64, low: i64, high: i64) -> ReadResult<()> {
    match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(format!("`{field}` is {value}, not {low} to {high}")),
    }
}

/// A year of fewer than four digits, as PostgreSQL completes it.
fn near_2020(year: i64, length: usize) -> i64 {
    match year {
        _ if length > 3 => year,
        ..70 => year + 2000,
        70..100 => year + 1900,
        // PostgreSQL's own bounds (`adjust_partial_year_to_2020`): the year nearest to 2020 that
        // ends in these digits.
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}
