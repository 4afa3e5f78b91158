//! The formats of `to_char`, `to_date` and `to_timestamp`: PostgreSQL's templates, read once.
//!
//! Names of fields, what they mean, and how widths and separators are treated follow `formatting.c` of
//! PostgreSQL. Two things are stricter: a letter that belongs to no field is a mistake, where PostgreSQL
//! copies or skips it (it stands in double quotes), and so is what only other locales have.

use super::error::{ExpressionError, Result, TextSpan};
use super::node::TypedNode;

/// A format, piece by piece.
pub(super) struct TimePattern {
    pub pieces: Vec<Piece>,
    /// `FX`: every field and separator has exactly its width.
    pub exact: bool,
    pub text: String,
    pub place: TextSpan,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A space or a sign, which reading matches with any other.
    Separator(char),
    /// What stands in double quotes.
    Letter(char),
    Field {
        field: Field,
        case: Case,
        /// `FM`: without zeros and spaces before and behind.
        fill: bool,
        /// `TH`, `th`: with the ending of an ordinal number.
        ordinal: Option<Case>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Capital,
    Lower,
}

/// What a field says of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Hour12,
    Hour24,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    /// So many digits of a second.
    Fraction(u8),
    SecondOfDay,
    /// `AM`, or `A.M.` with points.
    Meridiem {
        points: bool,
    },
    /// `AD`, or `A.D.` with points.
    Era {
        points: bool,
    },
    /// `2,026`.
    YearWithComma,
    /// The last so many digits.
    Year(u8),
    IsoYear(u8),
    Century,
    MonthName,
    MonthAbbreviation,
    Month,
    MonthInRoman,
    DayName,
    DayAbbreviation,
    DayOfYear,
    IsoDayOfYear,
    Day,
    DayOfWeek,
    IsoDayOfWeek,
    WeekOfMonth,
    Week,
    IsoWeek,
    JulianDay,
    Quarter,
    ZoneName,
    ZoneHours,
    ZoneMinutes,
    ZoneOffset,
}

/// Fields by name: what begins with another's name stands before it.
const FIELDS: &[(&str, Field)] = &[
    ("A.D.", Field::Era { points: true }),
    ("B.C.", Field::Era { points: true }),
    ("A.M.", Field::Meridiem { points: true }),
    ("P.M.", Field::Meridiem { points: true }),
    ("AD", Field::Era { points: false }),
    ("BC", Field::Era { points: false }),
    ("AM", Field::Meridiem { points: false }),
    ("PM", Field::Meridiem { points: false }),
    ("CC", Field::Century),
    ("DAY", Field::DayName),
    ("DDD", Field::DayOfYear),
    ("DD", Field::Day),
    ("DY", Field::DayAbbreviation),
    ("D", Field::DayOfWeek),
    ("FF1", Field::Fraction(1)),
    ("FF2", Field::Fraction(2)),
    ("FF3", Field::Fraction(3)),
    ("FF4", Field::Fraction(4)),
    ("FF5", Field::Fraction(5)),
    ("FF6", Field::Fraction(6)),
    ("HH24", Field::Hour24),
    ("HH12", Field::Hour12),
    ("HH", Field::Hour12),
    ("IDDD", Field::IsoDayOfYear),
    ("ID", Field::IsoDayOfWeek),
    ("IW", Field::IsoWeek),
    ("IYYY", Field::IsoYear(4)),
    ("IYY", Field::IsoYear(3)),
    ("IY", Field::IsoYear(2)),
    ("I", Field::IsoYear(1)),
    ("J", Field::JulianDay),
    ("MI", Field::Minute),
    ("MM", Field::Month),
    ("MONTH", Field::MonthName),
    ("MON", Field::MonthAbbreviation),
    ("MS", Field::Millisecond),
    ("OF", Field::ZoneOffset),
    ("Q", Field::Quarter),
    ("RM", Field::MonthInRoman),
    ("SSSSS", Field::SecondOfDay),
    ("SSSS", Field::SecondOfDay),
    ("SS", Field::Second),
    ("TZH", Field::ZoneHours),
    ("TZM", Field::ZoneMinutes),
    ("TZ", Field::ZoneName),
    ("US", Field::Microsecond),
    ("WW", Field::Week),
    ("W", Field::WeekOfMonth),
    ("Y,YYY", Field::YearWithComma),
    ("YYYY", Field::Year(4)),
    ("YYY", Field::Year(3)),
    ("YY", Field::Year(2)),
    ("Y", Field::Year(1)),
];

impl Field {
    /// Whether it begins with a digit.
    pub fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Meridiem { .. }
                | Self::Era { .. }
                | Self::MonthName
                | Self::MonthAbbreviation
                | Self::MonthInRoman
                | Self::DayName
                | Self::DayAbbreviation
                | Self::ZoneName
                | Self::ZoneOffset
                | Self::ZoneHours
        )
    }

    pub fn name(self) -> &'static str {
        let known = FIELDS.iter().find(|(_, field)| *field == self);
        known.map_or("", |(name, _)| name)
    }
}

impl TimePattern {
    /// The format, which is a constant.
    pub fn of(node: &TypedNode) -> Result<Self> {
        let text = node.constant_text().ok_or_else(|| {
            let error = node.place.error("the format must be a constant");
            error.hint("such as `'YYYY-MM-DD'`")
        })?;
        let mut pattern = Self {
            pieces: Vec::new(),
            exact: false,
            text: text.to_owned(),
            place: node.place,
        };
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = match letter {
                '"' => pattern.quoted(&rest[1..])?,
                letter if letter.is_ascii_alphabetic() => pattern.field(rest)?,
                letter if letter.is_alphabetic() || letter == '%' => {
                    return Err(pattern.unknown(letter));
                }
                letter if letter.is_ascii_digit() => {
                    pattern.pieces.push(Piece::Letter(letter));
                    &rest[1..]
                }
                letter => {
                    pattern.pieces.push(Piece::Separator(letter));
                    &rest[letter.len_utf8()..]
                }
            };
        }
        Ok(pattern)
    }

    /// Text up to the other quote; what stands behind it.
    fn quoted<'t>(&mut self, text: &'t str) -> Result<&'t str> {
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => return Ok(letters.as_str()),
                '\\' => self.pieces.extend(letters.next().map(Piece::Letter)),
                letter => self.pieces.push(Piece::Letter(letter)),
            }
        }
        let error = self
            .place
            .error("a double quote of the format is not closed");
        Err(error.hint("literal text stands between two of them: `YYYY-MM-DD\"T\"HH24:MI`"))
    }

    /// The field with which the text begins; what stands behind it.
    fn field<'t>(&mut self, text: &'t str) -> Result<&'t str> {
        let (mut rest, mut fill) = (text, false);
        loop {
            if let Some(after) = either_case(rest, "FM") {
                (rest, fill) = (after, true);
            } else if let Some(after) = either_case(rest, "FX") {
                (rest, self.exact) = (after, true);
            } else if let Some(after) = either_case(rest, "TM") {
                // Names are English in every locale here.
                rest = after;
            } else {
                break;
            }
        }
        if rest.is_empty() {
            return Ok(rest);
        }
        let begins = |(name, field): &(&'static str, Field)| {
            let after = rest.get(name.len()..)?;
            let case = case_of(&rest[..name.len()], name)?;
            Some((*field, case, after))
        };
        let Some((field, case, mut rest)) = FIELDS.iter().find_map(begins) else {
            return match rest.chars().next() {
                Some(letter) if letter.is_alphabetic() => Err(self.unknown(letter)),
                _ => Ok(rest),
            };
        };
        let mut ordinal = None;
        for (name, case) in [("TH", Case::Upper), ("th", Case::Lower)] {
            if let Some(after) = rest.strip_prefix(name) {
                (rest, ordinal) = (after, Some(case));
            }
        }
        self.pieces.push(Piece::Field {
            field,
            case,
            fill,
            ordinal,
        });
        Ok(rest)
    }

    fn unknown(&self, letter: char) -> ExpressionError {
        let error = format!("`{letter}` is no part of a format");
        self.place.error(error).hint(match letter {
            '%' => "formats are PostgreSQL's: `YYYY-MM-DD HH24:MI:SS`",
            _ => "literal text stands in double quotes: `YYYY-MM-DD\"T\"HH24:MI:SS`",
        })
    }

    /// Whether a field of these is there.
    pub fn has(&self, wanted: impl Fn(Field) -> bool) -> bool {
        let of = |piece: &Piece| matches!(piece, Piece::Field { field, .. } if wanted(*field));
        self.pieces.iter().any(of)
    }
}

/// What stands behind a name that is in capitals or in small letters.
pub(super) fn either_case<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    // PostgreSQL's table has each name twice, in capitals and in small letters, and none in a
    // mixture.
    let lower = || text.strip_prefix(&name.to_ascii_lowercase());
    text.strip_prefix(name).or_else(lower)
}

/// In which case a name is written: names of days and months have a third one.
fn case_of(text: &str, name: &str) -> Option<Case> {
    if text == name {
        return Some(Case::Upper);
    }
    if text.eq_ignore_ascii_case(name) && text.chars().all(|letter| !letter.is_ascii_uppercase()) {
        return Some(Case::Lower);
    }
    let named = matches!(name, "DAY" | "DY" | "MONTH" | "MON");
    let capital = text[1..].eq_ignore_ascii_case(&name[1..])
        && text.starts_with(|letter: char| letter.is_ascii_uppercase())
        && text[1..].chars().all(|letter| letter.is_ascii_lowercase());
    (named && capital).then_some(Case::Capital)
}
