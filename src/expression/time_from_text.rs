//! `to_date` and `to_timestamp` with a format: a text read field by field, as PostgreSQL's `DCH_from_char`.
//!
//! A space or sign of the format stands for one or none of the text, further spaces are passed over, a number
//! before something that is no digit takes all digits, and a year of fewer digits is the one nearest to 2020.
//! What the text lacks at its end is the first of its kind. `FX` asks for exact widths.

use super::error::Result;
use super::functions::CallArguments;
use super::node::{Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::time_fields::Fields;
use super::time_pattern::{Case, Field, Piece, TimePattern};
use super::time_to_text::{DAYS, MONTHS, ROMAN};
use super::types::Family;
use super::value::nulls;
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, TimeUnit};
use std::sync::Arc;

/// What a text lacks or has too much of.
pub(super) type ReadResult<T> = std::result::Result<T, String>;

pub(super) fn to_date(arguments: CallArguments) -> Result<TypedNode> {
    let days = NumericBounds::new(i32::MIN.into(), i32::MAX.into());
    let result_type = ResultType::of(DataType::Date32).within(days);
    read(arguments, result_type, |fields| {
        let days = i32::try_from(fields.days()?);
        days.map(i64::from)
            .map_err(|_| "no date is so late".to_owned())
    })
}

pub(super) fn to_timestamp(arguments: CallArguments) -> Result<TypedNode> {
    let data_type = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    read(arguments, ResultType::of(data_type), Fields::microseconds)
}

fn read(
    mut arguments: CallArguments,
    result_type: ResultType,
    value: fn(&Fields) -> ReadResult<i64>,
) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    arguments.require(1, Family::Text, "text")?;
    if arguments.nodes.iter().any(TypedNode::is_null) {
        return Ok(TypedNode::null(result_type.data_type, arguments.place));
    }
    let pattern = TimePattern::of(&arguments.nodes[1])?;
    check(&pattern)?;
    arguments.nodes.truncate(1);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (texts, nulls) = (values[0].text(), nulls(values));
        let ticks = evaluation.each(nulls.as_ref(), |row| {
            let text = texts.at(row);
            let fields = Reading::new(&pattern, text).all();
            fields.and_then(|fields| value(&fields)).map_err(|why| {
                let format = &pattern.text;
                format!("`{text}` is not of the format `{format}`: {why}")
            })
        })?;
        Ok(Arc::new(Int64Array::new(ticks.into(), nulls)) as ArrayRef)
    });
    arguments.strict(result_type.fallible(true), kernel)
}

/// Refuses what a text cannot be read by.
fn check(pattern: &TimePattern) -> Result<()> {
    let place = pattern.place;
    // PostgreSQL reads `D` and `Q` and ignores them. Who writes them means them to count, so that
    // they are refused with those that it cannot read.
    let unread = |field: Field| {
        matches!(
            field,
            Field::Century
                | Field::DayOfWeek
                | Field::WeekOfMonth
                | Field::Week
                | Field::Quarter
                | Field::ZoneName
                | Field::ZoneOffset
                | Field::IsoDayOfYear
                | Field::IsoYear(1..=3)
        )
    };
    for piece in &pattern.pieces {
        if let Piece::Field { field, .. } = piece
            && unread(*field)
        {
            let error = place.error(format!("`{}` can be written, not read", field.name()));
            return Err(error.hint("a day is read by `YYYY`, `MM` and `DD`, by `YYYY` and `DDD`, by `IYYY`, `IW` and `ID`, or by `J`"));
        }
    }
    let year = |field| {
        matches!(
            field,
            Field::Year(_) | Field::YearWithComma | Field::IsoYear(_) | Field::JulianDay
        )
    };
    match pattern.has(year) {
        true => Ok(()),
        false => Err(place
            .error("the format has no year")
            .hint("such as `'YYYY-MM-DD'`; a time of day alone is no timestamp")),
    }
}

/// A text that is being read.
struct Reading<'a> {
    pattern: &'a TimePattern,
    text: &'a str,
    rest: &'a str,
    /// Characters of the text that were passed over beyond those that the format has.
    more: i64,
    fields: Fields,
}

impl<'a> Reading<'a> {
    fn new(pattern: &'a TimePattern, text: &'a str) -> Self {
        Self {
            pattern,
            text,
            rest: text,
            more: 0,
            fields: Fields::default(),
        }
    }

    fn all(mut self) -> ReadResult<Fields> {
        for (index, piece) in self.pattern.pieces.iter().enumerate() {
            if self.rest.is_empty() {
                break;
            }
            let is_field = matches!(piece, Piece::Field { .. });
            if !self.pattern.exact && (is_field || index == 0) {
                self.pass_spaces();
            }
            match piece {
                Piece::Separator(_) if !self.pattern.exact => {
                    self.more -= 1;
                    if self.rest.starts_with(is_separator) {
                        self.pass_letter();
                        self.more += 1;
                    }
                }
                Piece::Letter(_) if !self.pattern.exact && self.more > 0 => self.more -= 1,
                Piece::Separator(_) | Piece::Letter(_) => self.pass_letter(),
                Piece::Field { field, .. } => {
                    self.field(*field, index)?;
                    if !self.pattern.exact {
                        self.more = 0;
                        self.pass_spaces();
                    }
                }
            }
        }
        Ok(self.fields)
    }

    fn pass_spaces(&mut self) {
        let after = self
            .rest
            .trim_start_matches(|letter: char| letter.is_ascii_whitespace());
        self.more += (self.rest.len() - after.len()) as i64;
        self.rest = after;
    }

    fn pass_letter(&mut self) {
        let mut letters = self.rest.chars();
        letters.next();
        self.rest = letters.as_str();
    }

    fn field(&mut self, field: Field, index: usize) -> ReadResult<()> {
        let number = |this: &mut Self, digits| this.number(field, digits, index);
        let fields = match field {
            Field::Hour12 | Field::Hour24 | Field::Minute | Field::Second => number(self, 2)?,
            Field::Month | Field::Day | Field::IsoWeek => number(self, 2)?,
            Field::Millisecond | Field::DayOfYear => number(self, 3)?,
            Field::Microsecond => number(self, 6)?,
            Field::Fraction(digits) => number(self, digits.into())?,
            Field::SecondOfDay => number(self, 5)?,
            Field::IsoDayOfWeek => number(self, 1)?,
            Field::Year(digits) | Field::IsoYear(digits) => number(self, digits.into())?,
            Field::JulianDay => number(self, 7)?,
            Field::YearWithComma => return self.year_with_comma(),
            Field::ZoneHours => return self.zone_hours(),
            Field::ZoneMinutes => number(self, 2)?,
            Field::Meridiem { points } => return self.meridiem(points),
            Field::Era { points } => return self.era(points),
            _ => return self.name(field),
        };
        let (value, length) = fields;
        self.fields.set(field, value, length)?;
        self.pass_ordinal(index);
        Ok(())
    }

    /// So many digits, or all where something else than a digit comes next: the number, and how many.
    fn number(&mut self, field: Field, digits: usize, index: usize) -> ReadResult<(i64, usize)> {
        self.pass_spaces();
        let all = self.rest.find(|letter: char| !letter.is_ascii_digit());
        let all = all.unwrap_or(self.rest.len());
        let count = if self.takes_all(index) {
            all
        } else {
            all.min(digits)
        };
        if count == 0 {
            let name = field.name();
            return Err(match self.rest.is_empty() {
                true => format!("`{name}` is missing"),
                false => format!("`{name}` is a number, not `{}`", shortened(self.rest)),
            });
        }
        if count < digits && !self.takes_all(index) {
            let found = &self.rest[..count];
            return Err(format!(
                "`{}` has {digits} digits, not `{found}`",
                field.name()
            ));
        }
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        // In 32 bits, as PostgreSQL's fields are: no sum of them can overflow later.
        let number = number.parse::<i32>();
        let number = number.map_err(|_| format!("`{}` is too large", field.name()))?;
        Ok((number.into(), count))
    }

    fn takes_all(&self, index: usize) -> bool {
        let fill = matches!(self.pattern.pieces[index], Piece::Field { fill: true, .. });
        fill || match self.pattern.pieces.get(index + 1) {
            None => true,
            Some(Piece::Field { field, .. }) => !field.is_number(),
            Some(Piece::Letter(letter) | Piece::Separator(letter)) => !letter.is_ascii_digit(),
        }
    }

    fn pass_ordinal(&mut self, index: usize) {
        let ordinal = matches!(
            self.pattern.pieces[index],
            Piece::Field {
                ordinal: Some(Case::Upper | Case::Lower),
                ..
            }
        );
        // Whatever the two letters are, as in PostgreSQL.
        if ordinal {
            self.pass_letter();
            self.pass_letter();
        }
    }

    fn year_with_comma(&mut self) -> ReadResult<()> {
        let wrong = || "`Y,YYY` is a year such as `2,026`".to_owned();
        let (thousands, rest) = self.rest.split_once(',').ok_or_else(wrong)?;
        let behind = rest.get(..3).ok_or_else(wrong)?;
        let year = format!("{thousands}{behind}")
            .parse()
            .map_err(|_| wrong())?;
        self.rest = &rest[3..];
        self.fields.set(Field::Year(4), year, 4)
    }

    fn zone_hours(&mut self) -> ReadResult<()> {
        // A separator of the format takes any of the text, also the sign: as in PostgreSQL it is one where
        // more was passed over than the format has.
        let taken = self.text.len() - self.rest.len();
        let passed = self.more > 0 && self.text[..taken].ends_with('-');
        let own = self.rest.starts_with(['+', '-', ' ']);
        self.fields.west = self.rest.starts_with('-') || !own && passed;
        if own {
            self.pass_letter();
        }
        let all = self.rest.find(|letter: char| !letter.is_ascii_digit());
        let count = all.unwrap_or(self.rest.len()).min(2);
        let (number, rest) = self.rest.split_at(count);
        let wrong = |_| "`TZH` is an offset such as `+02`".to_owned();
        let hours = number.parse().map_err(wrong)?;
        self.rest = rest;
        self.fields.set(Field::ZoneHours, hours, count)
    }

    fn meridiem(&mut self, points: bool) -> ReadResult<()> {
        let names = if points {
            ["A.M.", "P.M."]
        } else {
            ["AM", "PM"]
        };
        let after = self.one_of(&names, "AM")?;
        self.fields.afternoon = Some(after == 1);
        Ok(())
    }

    fn era(&mut self, points: bool) -> ReadResult<()> {
        let names = if points {
            ["A.D.", "B.C."]
        } else {
            ["AD", "BC"]
        };
        self.fields.before_christ = self.one_of(&names, "AD")? == 1;
        Ok(())
    }

    fn name(&mut self, field: Field) -> ReadResult<()> {
        let short = |name: &'static str| &name[..3];
        let found = match field {
            Field::MonthName => self.one_of(&MONTHS, field.name())?,
            Field::MonthAbbreviation => self.one_of(&MONTHS.map(short), field.name())?,
            Field::MonthInRoman => self.one_of(&ROMAN, field.name())?,
            // The day of the week follows from the date: as in PostgreSQL it is read and not looked at.
            Field::DayName => return self.one_of(&DAYS, field.name()).map(|_| ()),
            _ => return self.one_of(&DAYS.map(short), field.name()).map(|_| ()),
        };
        self.fields.set(Field::Month, found as i64 + 1, 2)
    }

    /// Which of the names the text begins with, in any case: the longest, as `III` begins with `I`.
    fn one_of(&mut self, names: &[&str], field: &str) -> ReadResult<usize> {
        let begins = |name: &str| {
            let text = self.rest.get(..name.len());
            text.is_some_and(|text| text.eq_ignore_ascii_case(name))
        };
        let found = (0..names.len()).filter(|at| begins(names[*at]));
        let found = found.max_by_key(|at| names[*at].len());
        let found = found.ok_or_else(|| format!("`{field}` is no `{}`", shortened(self.rest)))?;
        self.rest = &self.rest[names[found].len()..];
        Ok(found)
    }
}

fn is_separator(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter.is_ascii_punctuation()
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> &str {
    text.char_indices()
        .nth(12)
        .map_or(text, |(end, _)| &text[..end])
}
