//! Types by name: SQL's, and those of a pipeline file. `int8` is PostgreSQL's, which has 64 bits.

use super::cast::CastTarget;
use super::error::{ExpressionError, Result, TextSpan, did_you_mean};
use super::text_span;
use super::types::decimal;
use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::ast::{CharacterLength, DataType as Sql, ExactNumberInfo, TimezoneInfo};
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Names, for a did-you-mean.
const NAMES: &[&str] = &[
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
    "time",
    "interval",
    "boolean",
    "tinyint",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "double",
    "utf8",
    "string",
];

/// Signs and words that a type's arguments have at most: `(us, America/Argentina/Buenos_Aires)`.
const MOST_ARGUMENTS: usize = 24;

/// The tokens, with each type of ours whose arguments SQL does not know in one of them:
/// `timestamp(us, UTC)`.
pub(super) fn joined(sql: &str, tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        // The tokens of such a type become one quoted name, which the parser takes for a type of
        // the user's own: its dialects can be given operators and statements, no types.
        let count = of_unit(&tokens[at..]).unwrap_or(1);
        if count == 1 {
            joined.push(token.clone());
        } else {
            let span = token.span.union(&tokens[at + count - 1].span);
            let place = text_span::of_span(sql, span);
            let text = &sql[place.offset..place.offset + place.length];
            let token = Token::make_word(text, Some('"'));
            joined.push(TokenWithSpan { token, span });
        }
        at += count;
    }
    joined
}

/// How many tokens a type takes that has a unit of time as its argument, if one begins here.
fn of_unit(tokens: &[TokenWithSpan]) -> Option<usize> {
    let word = |token: &Token| match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
        _ => None,
    };
    let begins =
        |token: &Token| matches!(word(token)?.as_str(), "timestamp" | "time").then_some(());
    begins(&tokens.first()?.token)?;
    let mut solid = tokens
        .iter()
        .enumerate()
        .skip(1)
        .take(MOST_ARGUMENTS)
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)));
    let opens = solid.next()?.1.token == Token::LParen;
    let unit = word(&solid.next()?.1.token)?;
    if !opens || time_unit(&unit).is_none() {
        return None;
    }
    let mut rest = solid.map(|(at, token)| (at, &token.token));
    rest.find(|(_, token)| **token == Token::RParen)
        .map(|(at, _)| at + 1)
}

/// A type by its name.
pub(super) fn target(data_type: &Sql, place: TextSpan) -> Result<CastTarget> {
    match data_type {
        Sql::Numeric(info) | Sql::Decimal(info) | Sql::Dec(info) => numeric(*info, place),
        Sql::Varchar(length)
        | Sql::CharacterVarying(length)
        | Sql::CharVarying(length)
        // Without the blanks with which PostgreSQL fills a `char(n)`.
        | Sql::Char(length @ Some(_)) => Ok(match length {
            Some(CharacterLength::IntegerLength { length, .. }) => {
                CastTarget::Varchar(usize::try_from(*length).unwrap_or(usize::MAX))
            }
            _ => CastTarget::Type(DataType::Utf8),
        }),
        Sql::Timestamp(digits, zone) => {
            let zoned = matches!(zone, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz);
            Ok(CastTarget::Timestamp {
                unit: digits.map(unit),
                zoned,
            })
        }
        Sql::Time(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            Ok(CastTarget::Time(digits.map(unit)))
        }
        Sql::Time(..) => {
            let error = place.error("there is no time of day with a zone");
            Err(error.hint("write `time`, or `timestamptz` for a moment"))
        }
        Sql::Custom(name, arguments) => {
            let name = name.to_string();
            custom(name.trim_matches('"'), arguments, place)
        }
        other => match fixed(other) {
            Some(data_type) => Ok(CastTarget::Type(data_type)),
            None => Err(unknown(&other.to_string(), place)),
        },
    }
}

/// Types whose names say everything.
fn fixed(data_type: &Sql) -> Option<DataType> {
    Some(match data_type {
        Sql::TinyInt(None) => DataType::Int8,
        Sql::SmallInt(None) | Sql::Int2(None) | Sql::Int16 => DataType::Int16,
        Sql::Int(None) | Sql::Integer(None) | Sql::Int4(None) | Sql::Int32 => DataType::Int32,
        Sql::BigInt(None) | Sql::Int8(None) | Sql::Int64 => DataType::Int64,
        Sql::UInt8 => DataType::UInt8,
        Sql::UInt16 => DataType::UInt16,
        Sql::UInt32 => DataType::UInt32,
        Sql::UInt64 => DataType::UInt64,
        Sql::Real | Sql::Float4 | Sql::Float32 => DataType::Float32,
        // SQL's `float(n)` counts binary digits, of which a `real` has 24.
        Sql::Float(ExactNumberInfo::Precision(..=24)) => DataType::Float32,
        Sql::Float(ExactNumberInfo::None | ExactNumberInfo::Precision(_)) => DataType::Float64,
        Sql::DoublePrecision | Sql::Float8 | Sql::Float64 => DataType::Float64,
        Sql::Double(ExactNumberInfo::None) => DataType::Float64,
        Sql::Text | Sql::String(None) => DataType::Utf8,
        Sql::Boolean | Sql::Bool => DataType::Boolean,
        Sql::Date | Sql::Date32 => DataType::Date32,
        Sql::Binary(None) | Sql::Bytes(None) => DataType::Binary,
        Sql::Uuid => DataType::FixedSizeBinary(16),
        Sql::Interval { .. } => super::types::INTERVAL,
        _ => return None,
    })
}

/// Types that SQL does not know.
fn custom(name: &str, arguments: &[String], place: TextSpan) -> Result<CastTarget> {
    let lower = name.to_lowercase();
    let data_type = match (lower.as_str(), arguments) {
        ("utf8", []) => Some(DataType::Utf8),
        ("fixed_binary", [width]) => width.parse().ok().map(DataType::FixedSizeBinary),
        _ if lower.starts_with("timestamp") => timestamp(name, place)?,
        _ if lower.starts_with("time") => time(&lower),
        _ => None,
    };
    match data_type {
        Some(data_type) => Ok(CastTarget::Type(data_type)),
        None => Err(unknown(name, place)),
    }
}

/// `timestamp(us, UTC)`, its zone as it is spelt.
fn timestamp(name: &str, place: TextSpan) -> Result<Option<DataType>> {
    let arguments = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let mut arguments = arguments.unwrap_or_default().splitn(2, ',').map(str::trim);
    let unit = arguments.next().map(str::to_lowercase);
    let Some(unit) = unit.as_deref().and_then(time_unit) else {
        return Ok(None);
    };
    let zone = match arguments.next() {
        Some(zone) if zone.parse::<Tz>().is_err() => {
            let error = place.error(format!("unknown time zone `{zone}`"));
            return Err(error.hint("write `UTC`, `Europe/Rome` or `+01:00`"));
        }
        zone => zone.map(Into::into),
    };
    Ok(Some(DataType::Timestamp(unit, zone)))
}

/// `time(ms)`.
fn time(name: &str) -> Option<DataType> {
    let (_, unit) = name.split_once('(')?;
    let unit = time_unit(unit.strip_suffix(')')?.trim())?;
    Some(super::time_of_day::of_unit(unit))
}

fn time_unit(unit: &str) -> Option<TimeUnit> {
    Some(match unit {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" | "µs" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn numeric(info: ExactNumberInfo, place: TextSpan) -> Result<CastTarget> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Ok(CastTarget::Numeric),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let fits = (1..=38).contains(&precision) && (0..=precision as i64).contains(&scale);
    if !fits {
        let message = format!("numeric({precision},{scale}) is not a type");
        let hint = "a numeric has 1 to 38 digits, of which none to all stand after the point";
        return Err(place.error(message).hint(hint));
    }
    Ok(CastTarget::Type(decimal(precision as u8, scale as i8)))
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

fn unknown(name: &str, place: TextSpan) -> ExpressionError {
    let lower = name.to_lowercase();
    let error = place.error(format!("unknown type `{lower}`"));
    match did_you_mean(&lower, NAMES.iter().copied()) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
