//! `to_char` of dates and timestamps: the fields of a format written one after the other, as PostgreSQL's
//! `DCH_to_char` does.

use super::cast_time::{midnight, per_second, zone_of};
use super::error::Result;
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::text::build;
use super::time_pattern::{Case, Field, Piece, TimePattern};
use super::types::{Family, family};
use super::value::nulls;
use crate::kernel::time::{SECONDS_PER_DAY, Zone, civil_from_days};
use crate::kernel::time_part::TimePart;
use arrow::datatypes::DataType;
use std::fmt::Write;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday on.
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

pub(super) const ROMAN: [&str; 12] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
];

/// Days before 1970 of the day 0 of astronomers.
pub(super) const JULIAN: i64 = 2_440_588;

/// A wall clock, in parts.
struct Clock {
    year: i64,
    month: i64,
    day: i64,
    days: i64,
    seconds: i64,
    microseconds: i64,
    /// Seconds east of UTC.
    offset: i64,
    zone: &'static str,
}

pub(super) fn to_char(node: TypedNode, format: &TypedNode) -> Result<TypedNode> {
    let place = node.place;
    let pattern = TimePattern::of(format)?;
    let node = match family(&node.data_type) {
        Family::Date => midnight(node)?,
        _ => node,
    };
    let zone = zone_of(&node.data_type, place)?;
    let name = match zone {
        Some(Zone::Named(_)) if pattern.has(|field| field == Field::ZoneName) => {
            let error = format.place.error("zones have no short names here");
            return Err(error.hint("`OF` is the offset, or `TZH:TZM`"));
        }
        Some(_) => "UTC",
        None => "",
    };
    let (zone, per_second) = (zone.unwrap_or(Zone::UTC), per_second(&node.data_type));
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let instants = values[0].narrow();
        build(evaluation.rows, nulls(values), |to, row| {
            let clock = Clock::at(instants.at(row), per_second, &zone, name);
            pattern
                .pieces
                .iter()
                .for_each(|piece| clock.piece(piece, to));
            Ok(())
        })
    });
    let result_type = ResultType::of(DataType::Utf8).with_form(CallForm::AsText);
    TypedNode::strict(place, result_type, vec![node], kernel)
}

impl Clock {
    fn at(instant: i64, per_second: i64, zone: &Zone, name: &'static str) -> Self {
        let offset = zone.offset_at(instant.div_euclid(per_second));
        // In 128 bits: the last hours that 64 bits of nanoseconds hold are beyond them on a clock
        // in the east.
        let local = i128::from(instant) + i128::from(offset) * i128::from(per_second);
        let per_day = i128::from(per_second) * i128::from(SECONDS_PER_DAY);
        let days = local.div_euclid(per_day) as i64;
        let ticks = local.rem_euclid(per_day) as i64;
        let (year, month, day) = civil_from_days(days);
        let fraction = i128::from(ticks % per_second) * 1_000_000 / i128::from(per_second);
        Self {
            year,
            month,
            day,
            days,
            seconds: ticks / per_second,
            microseconds: fraction as i64,
            offset,
            zone: name,
        }
    }

    fn piece(&self, piece: &Piece, to: &mut String) {
        match piece {
            Piece::Separator(letter) | Piece::Letter(letter) => to.push(*letter),
            Piece::Field {
                field,
                case,
                fill,
                ordinal,
            } => match self.number(*field) {
                Some((number, width)) => {
                    let width = if *fill { 0 } else { width };
                    let _ = write!(to, "{number:0width$}");
                    if let Some(case) = ordinal {
                        to.push_str(&cased(ordinal_ending(number), *case));
                    }
                }
                None => self.words(*field, *case, *fill, to),
            },
        }
    }

    /// A field that is a number, and its digits at least.
    fn number(&self, field: Field) -> Option<(i64, usize)> {
        let hour = self.seconds / 3600;
        Some(match field {
            Field::Hour12 => ((hour + 11) % 12 + 1, 2),
            Field::Hour24 => (hour, 2),
            Field::Minute => (self.seconds / 60 % 60, 2),
            Field::Second => (self.seconds % 60, 2),
            Field::Millisecond => (self.microseconds / 1000, 3),
            Field::Microsecond => (self.microseconds, 6),
            Field::Fraction(digits) => {
                let unit = 10_i64.pow(6 - u32::from(digits));
                (self.microseconds / unit, digits.into())
            }
            Field::SecondOfDay => (self.seconds, 0),
            Field::Year(digits) => year_digits(self.year, digits),
            Field::IsoYear(digits) => year_digits(self.part(TimePart::IsoYear), digits),
            Field::Century => (century(self.year), 2),
            Field::Month => (self.month, 2),
            Field::DayOfYear => (self.part(TimePart::DayOfYear), 3),
            Field::IsoDayOfYear => {
                let week = self.part(TimePart::Week);
                ((week - 1) * 7 + self.part(TimePart::IsoDayOfWeek), 3)
            }
            Field::Day => (self.day, 2),
            Field::DayOfWeek => (self.part(TimePart::DayOfWeek) + 1, 0),
            Field::IsoDayOfWeek => (self.part(TimePart::IsoDayOfWeek), 0),
            Field::WeekOfMonth => ((self.day - 1) / 7 + 1, 0),
            Field::Week => ((self.part(TimePart::DayOfYear) - 1) / 7 + 1, 2),
            Field::IsoWeek => (self.part(TimePart::Week), 2),
            Field::JulianDay => (self.days + JULIAN, 0),
            Field::Quarter => (self.part(TimePart::Quarter), 0),
            _ => return None,
        })
    }

    fn words(&self, field: Field, case: Case, fill: bool, to: &mut String) {
        let month = MONTHS[(self.month - 1) as usize];
        let day = DAYS[self.part(TimePart::DayOfWeek) as usize];
        // PostgreSQL pads to the longest of the names: `September`, `Wednesday`, `VIII`.
        let padded = |text: String, width| match fill {
            true => text,
            false => format!("{text:width$}"),
        };
        match field {
            Field::MonthName => to.push_str(&padded(cased(month, case), 9)),
            Field::MonthAbbreviation => to.push_str(&cased(&month[..3], case)),
            Field::DayName => to.push_str(&padded(cased(day, case), 9)),
            Field::DayAbbreviation => to.push_str(&cased(&day[..3], case)),
            Field::MonthInRoman => {
                let roman = ROMAN[(self.month - 1) as usize];
                to.push_str(&padded(cased(roman, case), 4));
            }
            Field::Meridiem { points } => {
                let words = [["AM", "A.M."], ["PM", "P.M."]];
                let word = words[usize::from(self.seconds >= 43_200)][usize::from(points)];
                to.push_str(&cased(word, case));
            }
            Field::Era { points } => {
                let words = [["AD", "A.D."], ["BC", "B.C."]];
                let word = words[usize::from(self.year <= 0)][usize::from(points)];
                to.push_str(&cased(word, case));
            }
            Field::YearWithComma => {
                let year = shown_year(self.year);
                let _ = write!(to, "{},{:03}", year / 1000, year % 1000);
            }
            Field::ZoneName => to.push_str(&match case {
                Case::Lower => self.zone.to_lowercase(),
                _ => self.zone.to_owned(),
            }),
            Field::ZoneHours => self.zone_hours(to),
            Field::ZoneMinutes => {
                let _ = write!(to, "{:02}", self.offset.abs() / 60 % 60);
            }
            Field::ZoneOffset => {
                self.zone_hours(to);
                if self.offset % 3600 != 0 {
                    let _ = write!(to, ":{:02}", self.offset.abs() / 60 % 60);
                }
            }
            _ => {}
        }
    }

    fn zone_hours(&self, to: &mut String) {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let _ = write!(to, "{sign}{:02}", self.offset.abs() / 3600);
    }

    fn part(&self, part: TimePart) -> i64 {
        part.of_day(self.days)
    }
}

/// There is no year 0: the one before 1 is 1 BC.
fn shown_year(year: i64) -> i64 {
    if year <= 0 { 1 - year } else { year }
}

fn year_digits(year: i64, digits: u8) -> (i64, usize) {
    let year = shown_year(year);
    match digits {
        4 => (year, 4),
        digits => (year % 10_i64.pow(digits.into()), digits.into()),
    }
}

fn century(year: i64) -> i64 {
    match year {
        1.. => (year - 1) / 100 + 1,
        _ => year / 100 - 1,
    }
}

fn cased(text: &str, case: Case) -> String {
    match case {
        Case::Upper => text.to_ascii_uppercase(),
        Case::Capital => text.to_owned(),
        Case::Lower => text.to_ascii_lowercase(),
    }
}

fn ordinal_ending(number: i64) -> &'static str {
    match (number / 10 % 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}
