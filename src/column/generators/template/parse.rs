//! Reads a template's text: literals and placeholders, with what is wrong shown under its caret.

use std::ops::Range;

use crate::column::values::scalar::is_decimal;
use crate::error::Problem;
use crate::kernel::strftime::TimePattern;
use crate::place::{BracePart, Place, Placed, Text, braces, place_of};

/// A piece of a template as it is written.
#[derive(Debug)]
pub enum TemplatePiece {
    /// Text as it stands.
    Literal(String),
    /// A column, a field or a built-in, and how to show it.
    Placeholder(Placeholder),
}

/// `{path:format}`.
#[derive(Debug)]
pub struct Placeholder {
    /// What to show.
    pub path: String,
    /// How to show it.
    pub format: PlaceholderFormat,
    /// Where it stands.
    pub place: Place,
}

/// How a value is shown.
#[derive(Debug, Clone)]
pub enum PlaceholderFormat {
    /// As its type is usually shown.
    Usual,
    /// In at least so many digits, zeros first.
    Width(usize),
    /// With so many digits after the point.
    Fraction(usize),
    /// As a date or time.
    Time(TimePattern),
    /// A shuffled number of so many digits.
    Permute(u32),
}

/// The most digits that a width may ask for.
const WIDEST: usize = 64;

/// The most placeholders of a template.
const MOST: usize = 8192;

/// The pieces of a template.
///
/// # Errors
/// A brace without its partner, an empty placeholder, an unknown format or too many of them.
pub fn parse(text: &Placed<Text>) -> Result<Vec<TemplatePiece>, Problem> {
    let parts = braces(text)?;
    let placeholders = parts
        .iter()
        .filter(|part| matches!(part, BracePart::Named(_)));
    if placeholders.count() > MOST {
        let problem = Problem::new(format!("a template has at most {MOST} placeholders"));
        return Err(problem.at(&text.place));
    }
    let pieces = parts.into_iter().map(|part| match part {
        BracePart::Literal(literal) => Ok(TemplatePiece::Literal(literal)),
        BracePart::Named(inner) => placeholder(text, &inner).map(TemplatePiece::Placeholder),
    });
    pieces.collect()
}

fn placeholder(text: &Placed<Text>, range: &Range<usize>) -> Result<Placeholder, Problem> {
    let (start, end) = (range.start - 1, range.end + 1);
    let inner = &text[range.clone()];
    let place = place_of(text, start..end);
    let (path, format) = match inner.split_once(':') {
        Some((path, format)) => (path, Some(format)),
        None => (inner, None),
    };
    if path.trim().is_empty() {
        return Err(Problem::new("a placeholder without a column")
            .at(&place)
            .hint("write `{column}`, `{row}` or `{permute:8}`; `{{` is a brace itself"));
    }
    let format_start = start + 2 + path.len();
    let format = match format {
        None if path == "permute" => Err(None),
        None => Ok(PlaceholderFormat::Usual),
        Some(format) => read_format(path, format),
    };
    let format = format.map_err(|within| {
        let from = within.map_or(start, |offset| format_start + offset);
        wrong_format(inner, path).at(&place_of(text, from..end.max(from + 2) - 1))
    })?;
    Ok(Placeholder {
        path: path.trim().to_string(),
        format,
        place,
    })
}

/// The format, or how far into it the mistake is.
fn read_format(path: &str, format: &str) -> Result<PlaceholderFormat, Option<usize>> {
    if path == "permute" {
        return match format.parse() {
            Ok(digits @ 1..=18) => Ok(PlaceholderFormat::Permute(digits)),
            _ => Err(Some(0)),
        };
    }
    if format.contains('%') {
        return TimePattern::new(format)
            .map(PlaceholderFormat::Time)
            .map_err(Some);
    }
    if let Some(digits) = format.strip_prefix('.') {
        let digits: usize = digits.parse().map_err(|_| Some(0))?;
        return match digits {
            0..=WIDEST => Ok(PlaceholderFormat::Fraction(digits)),
            _ => Err(Some(0)),
        };
    }
    match (format.strip_prefix('0'), format.parse()) {
        (Some(_), Ok(width @ 1..=WIDEST)) => Ok(PlaceholderFormat::Width(width)),
        _ => Err(Some(0)),
    }
}

fn wrong_format(inner: &str, path: &str) -> Problem {
    if path == "permute" {
        return Problem::new(format!("`{{{inner}}}`: expected 1 to 18 digits"))
            .hint("write `{permute:8}` for a shuffled number of 8 digits");
    }
    Problem::new(format!("unknown format in `{{{inner}}}`")).hint(
        "write `08` for at least 8 digits, `.2` for 2 digits after the point, `%Y-%m-%d` for dates",
    )
}

impl PlaceholderFormat {
    /// The least digits that a number has.
    pub fn width(&self) -> usize {
        match self {
            PlaceholderFormat::Width(width) => *width,
            _ => 0,
        }
    }

    /// True when values of the type can be shown like this.
    pub fn suits(&self, data_type: &arrow::datatypes::DataType) -> bool {
        use arrow::datatypes::DataType;
        match self {
            PlaceholderFormat::Usual | PlaceholderFormat::Permute(_) => {
                !data_type.is_nested() && !matches!(data_type, DataType::Binary)
            }
            PlaceholderFormat::Width(_) => data_type.is_integer() || is_decimal(data_type),
            PlaceholderFormat::Fraction(_) => is_decimal(data_type) || data_type.is_floating(),
            PlaceholderFormat::Time(_) => {
                matches!(data_type, DataType::Date32 | DataType::Timestamp(..))
            }
        }
    }
}
