//! `format(…)` with `%s`, `%I` and `%L` as in PostgreSQL, and `initcap`.

use super::error::{Result, RowFailure, TextSpan};
use super::functions::{CallArguments, Function};
use super::node::{Kernel, ResultType, TypedNode};
use super::text::{WriteResult, as_text, build, lower, upper};
use super::text_part::length_of;
use super::types::Family;
use super::value::{ColumnarValue, TextValues, nulls};
use arrow::datatypes::DataType;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", "format('… %s …', a, …)", 1..=usize::MAX, format),
    Function::new("initcap", "initcap(text)", 1..=1, initcap),
];

/// A piece of a format.
enum Piece {
    Text(String),
    Value {
        argument: usize,
        quoting: Quoting,
        /// At least so many letters, with spaces before or, if negative, behind.
        width: i32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// As it is: `%s`.
    None,
    /// As a name of SQL: `%I`.
    Name,
    /// As a text of SQL: `%L`.
    Literal,
}

fn format(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    let place = arguments.place;
    let mut nodes = arguments.nodes.into_iter();
    let Some(pattern) = nodes.next() else {
        return Ok(TypedNode::null(DataType::Utf8, place));
    };
    if pattern.is_null() {
        return Ok(TypedNode::null(DataType::Utf8, place));
    }
    let text = pattern.constant_text().ok_or_else(|| {
        let error = pattern.place.error("the format must be a constant");
        error.hint("`concat` and `||` join columns")
    })?;
    let values = nodes.map(|node| as_text("format", node));
    let values: Vec<TypedNode> = values.collect::<Result<_>>()?;
    let pieces = pieces(text, values.len(), pattern.place)?;
    let fallible = pieces.iter().any(|piece| piece.names(&values));
    // Not strict: a null writes nothing or `NULL`, as in PostgreSQL, so that rows which nobody
    // asked for must be left out here.
    let kernel: Kernel = Box::new(move |values: &[ColumnarValue], evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        build(evaluation.rows, None, |to, row| {
            if !evaluation.is_active(row) {
                return Ok(());
            }
            let mut pieces = pieces.iter();
            pieces.try_for_each(|piece| piece.write(&texts, row, to))
        })
    });
    let result_type = ResultType::of(DataType::Utf8).fallible(fallible);
    TypedNode::call(place, result_type, values, kernel)
}

/// `%[position$][flags][width]type`.
fn pieces(text: &str, values: usize, place: TextSpan) -> Result<Vec<Piece>> {
    let (mut pieces, mut next, mut rest) = (Vec::new(), 0, text);
    while let Some((before, after)) = rest.split_once('%') {
        pieces.push(Piece::Text(before.to_owned()));
        if let Some(after) = after.strip_prefix('%') {
            pieces.push(Piece::Text("%".to_owned()));
            rest = after;
            continue;
        }
        let (position, after) = match number(after) {
            (Some(position), after) if after.starts_with('$') => (Some(position), &after[1..]),
            _ => (None, after),
        };
        let left = after.starts_with('-');
        let (width, after) = number(after.trim_start_matches('-'));
        let mut letters = after.chars();
        let quoting = match letters.next() {
            Some('s') => Quoting::None,
            Some('I') => Quoting::Name,
            Some('L') => Quoting::Literal,
            other => {
                let found =
                    other.map_or("`%` at its end".to_owned(), |letter| format!("`%{letter}`"));
                let error = place.error(format!("the format has {found}"));
                return Err(error.hint(
                    "`%s` is a value, `%I` a name of SQL, `%L` a text of SQL, `%%` a percent sign",
                ));
            }
        };
        let argument = position.map_or(next, |position| (position as usize).wrapping_sub(1));
        if argument >= values {
            let wants = argument.wrapping_add(1);
            return Err(place.error(format!("the format wants value {wants} of {values}")));
        }
        next = argument + 1;
        // PostgreSQL takes any width; a mistyped one would ask for gigabytes in every row.
        let width = width.unwrap_or(0).min(1 << 16) as i32;
        pieces.push(Piece::Value {
            argument,
            quoting,
            width: if left { -width } else { width },
        });
        rest = letters.as_str();
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn number(text: &str) -> (Option<u32>, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    (digits.parse().ok(), rest)
}

impl Piece {
    /// True where it writes a name of SQL of what may be null.
    fn names(&self, values: &[TypedNode]) -> bool {
        match self {
            Self::Value {
                argument,
                quoting: Quoting::Name,
                ..
            } => values[*argument].nullable,
            _ => false,
        }
    }

    fn write(&self, texts: &[TextValues<'_>], row: usize, to: &mut String) -> WriteResult {
        match self {
            Self::Text(text) => to.push_str(text),
            Self::Value {
                argument,
                quoting,
                width,
            } => {
                let start = to.len();
                let value = texts[*argument].get(row);
                if value.is_none() && *quoting == Quoting::Name {
                    return Err(RowFailure::at(row, "null is no name of SQL"));
                }
                quoting.write(value, to);
                let length = length_of(&to[start..]);
                let missing = (width.unsigned_abs() as usize).saturating_sub(length);
                let spaces = std::iter::repeat_n(' ', missing);
                match *width < 0 {
                    true => to.extend(spaces),
                    false => to.insert_str(start, &spaces.collect::<String>()),
                }
            }
        }
        Ok(())
    }
}

impl Quoting {
    fn write(self, value: Option<&str>, to: &mut String) {
        match (self, value) {
            (Self::None, value) => to.push_str(value.unwrap_or_default()),
            (Self::Literal, None) => to.push_str("NULL"),
            (Self::Literal, Some(text)) => {
                // PostgreSQL escapes backslashes in its own form of text.
                let escaped = text.contains('\\');
                to.push_str(if escaped { "E'" } else { "'" });
                to.push_str(&text.replace('\\', r"\\").replace('\'', "''"));
                to.push('\'');
            }
            (Self::Name, value) => {
                let name = value.unwrap_or_default();
                // PostgreSQL quotes its own key words, too. Its list changes with each version and
                // is not kept here.
                let first = |letter: char| letter.is_ascii_lowercase() || letter == '_';
                let plain = name.starts_with(first)
                    && name
                        .chars()
                        .all(|letter| first(letter) || letter.is_ascii_digit());
                match plain {
                    true => to.push_str(name),
                    false => to.push_str(&format!("\"{}\"", name.replace('"', "\"\""))),
                }
            }
        }
    }
}

/// The first letter of every word large, the others small. Words are made of letters and digits.
fn initcap(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    let kernel: Kernel = Box::new(|values, evaluation| {
        let texts = values[0].text();
        build(evaluation.rows, nulls(values), |to, row| {
            let (mut within, mut bytes) = (false, [0; 4]);
            for letter in texts.at(row).chars() {
                let text = letter.encode_utf8(&mut bytes);
                match within {
                    true => lower(text, to),
                    false => upper(text, to),
                }
                within = letter.is_alphanumeric();
            }
            Ok(())
        })
    });
    arguments.strict(ResultType::of(DataType::Utf8), kernel)
}
