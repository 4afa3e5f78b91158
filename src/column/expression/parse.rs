//! From text to `sqlparser`'s tree, with places in bytes.

use super::cast::Target;
use super::error::{ExpressionError, Place, did_you_mean};
use super::types::decimal;
use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::ast::{self, CharacterLength, ExactNumberInfo, Expr, Spanned, TimezoneInfo};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token};

/// Names of types, for a did-you-mean.
const TYPES: &[&str] = &[
    "smallint",
    "integer",
    "int",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "decimal",
    "text",
    "varchar",
    "date",
    "timestamp",
    "timestamptz",
    "interval",
    "boolean",
];

/// Where `sqlparser` stopped, when it says so: its message ends in this.
const LOCATION: &str = " at Line: ";

pub(super) fn parse(sql: &str) -> Result<Expr, ExpressionError> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect)
        .try_with_sql(sql)
        .map_err(|error| readable(sql, &error))?;
    let expression = parser.parse_expr().map_err(|error| readable(sql, &error))?;
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return Ok(expression);
    }
    let place = span_place(sql, rest.span.start, rest.span.end);
    let error = place.error(format!("`{}` does not belong here", rest.token));
    Err(match expression {
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case("select") => {
            error.hint("write the expression alone, without `select`")
        }
        _ => error,
    })
}

/// The parser's own message in our style: `Expected: ), found: EOF` becomes `expected ), found the end`.
fn readable(sql: &str, error: &ParserError) -> ExpressionError {
    let (ParserError::ParserError(message) | ParserError::TokenizerError(message)) = error else {
        return Place {
            offset: 0,
            length: sql.len(),
        }
        .error("the expression is nested too deeply");
    };
    let (message, location) = match message.rsplit_once(LOCATION) {
        Some((message, location)) => (message, parse_location(location)),
        None => (message.as_str(), None),
    };
    let offset = location.map_or(sql.len(), |location| offset(sql, location));
    let message = message
        .replace("Expected: ", "expected ")
        .replace("found: EOF", "found the end");
    let message = match message.split_once("found: ") {
        Some((before, found)) => format!("{before}found `{found}`"),
        None => message,
    };
    let mut letters = message.chars();
    let first = letters
        .next()
        .map_or(String::new(), |letter| letter.to_lowercase().to_string());
    let length = sql[offset..].chars().next().map_or(0, char::len_utf8);
    Place { offset, length }.error(format!("{first}{}", letters.as_str()))
}

fn parse_location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location {
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

/// The byte of a line and a column, both counted in characters from 1.
fn offset(sql: &str, location: Location) -> usize {
    let line = usize::try_from(location.line).unwrap_or(1);
    let start: usize = sql
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let column = usize::try_from(location.column)
        .unwrap_or(1)
        .saturating_sub(1);
    let rest = &sql[start..];
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(byte, _)| byte)
}

fn span_place(sql: &str, start: Location, end: Location) -> Place {
    let (start, end) = (offset(sql, start), offset(sql, end));
    Place {
        offset: start,
        length: end.saturating_sub(start),
    }
}

/// The place of a part of the tree; of the whole text where the parser kept none.
pub(super) fn place(sql: &str, part: &impl Spanned) -> Place {
    let span = part.span();
    if span.start.line == 0 {
        return Place {
            offset: 0,
            length: sql.len(),
        };
    }
    span_place(sql, span.start, span.end)
}

/// A type by its SQL name.
pub(super) fn target(data_type: &ast::DataType, place: Place) -> Result<Target, ExpressionError> {
    use ast::DataType as Sql;
    let type_of = |data_type| Ok(Target::Type(data_type));
    match data_type {
        Sql::SmallInt(None) | Sql::Int2(None) => type_of(DataType::Int16),
        Sql::Int(None) | Sql::Integer(None) | Sql::Int4(None) => type_of(DataType::Int32),
        Sql::BigInt(None) | Sql::Int8(None) => type_of(DataType::Int64),
        Sql::Real | Sql::Float4 => type_of(DataType::Float32),
        Sql::DoublePrecision | Sql::Float8 | Sql::Double(ExactNumberInfo::None) => {
            type_of(DataType::Float64)
        }
        Sql::Float(ExactNumberInfo::None) => type_of(DataType::Float64),
        Sql::Float(ExactNumberInfo::Precision(bits)) => type_of(if *bits <= 24 {
            DataType::Float32
        } else {
            DataType::Float64
        }),
        Sql::Numeric(info) | Sql::Decimal(info) | Sql::Dec(info) => numeric(*info, place),
        Sql::Text | Sql::String(None) => type_of(DataType::Utf8),
        Sql::Varchar(length) | Sql::CharacterVarying(length) | Sql::CharVarying(length) => {
            Ok(match length {
                Some(CharacterLength::IntegerLength { length, .. }) => {
                    Target::Varchar(usize::try_from(*length).unwrap_or(usize::MAX))
                }
                _ => Target::Type(DataType::Utf8),
            })
        }
        Sql::Boolean | Sql::Bool => type_of(DataType::Boolean),
        Sql::Date => type_of(DataType::Date32),
        Sql::Timestamp(digits, zone) => {
            let zoned = matches!(zone, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz);
            Ok(Target::Timestamp {
                unit: digits.map(unit),
                zoned,
            })
        }
        Sql::Interval { .. } => type_of(super::types::INTERVAL),
        other => Err(unknown(&other.to_string(), place)),
    }
}

fn numeric(info: ExactNumberInfo, place: Place) -> Result<Target, ExpressionError> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Ok(Target::Numeric),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let fits = (1..=38).contains(&precision) && (0..=precision as i64).contains(&scale);
    if !fits {
        let message = format!(
            "numeric({precision},{scale}) needs 1 to 38 digits, of which 0 to all after the point"
        );
        return Err(place.error(message));
    }
    Ok(Target::Type(decimal(precision as u8, scale as i8)))
}

/// The unit that holds so many digits of a second.
fn unit(digits: u64) -> TimeUnit {
    match digits {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

fn unknown(name: &str, place: Place) -> ExpressionError {
    let lower = name.to_lowercase();
    let error = place.error(format!("unknown type `{lower}`"));
    match did_you_mean(&lower, TYPES.iter().copied()) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sql: &str) -> (String, usize, usize) {
        let error = parse(sql).expect_err(sql);
        (error.message, error.offset, error.length)
    }

    #[test]
    fn mistakes_of_grammar_stand_at_their_byte() {
        for (sql, message, offset, length) in [
            ("a +", "expected an expression, found the end", 3, 0),
            ("concat('x', y", "expected ), found the end", 13, 0),
            ("a b", "`b` does not belong here", 2, 1),
            ("select 1", "`1` does not belong here", 7, 1),
            ("'é' || 'unterminated", "unterminated string literal", 8, 1),
            ("x in ()", "expected an expression, found `)`", 6, 1),
            ("'é' +\n  )", "expected an expression, found `)`", 9, 1),
            ("", "expected an expression, found the end", 0, 0),
        ] {
            assert_eq!(refused(sql), (message.to_owned(), offset, length), "{sql}");
        }
    }

    #[test]
    fn places_are_bytes() {
        let sql = "'é' ||\n \"ü\" + 1";
        let tree = parse(sql).expect("parses");
        let Expr::BinaryOp { left, right, .. } = &tree else {
            panic!("{tree:?}");
        };
        assert_eq!(
            place(sql, &**left),
            Place {
                offset: 0,
                length: 4
            }
        );
        assert_eq!(
            place(sql, &**right),
            Place {
                offset: 9,
                length: 8
            }
        );
    }
}
