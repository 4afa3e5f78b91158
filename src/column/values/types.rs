//! Type names of a pipeline file: Arrow types with their SQL synonyms.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use schemars::json_schema;

use crate::error::did_you_mean;
use crate::place::{by_node, parsed};
use crate::registry::type_elsewhere;
use crate::type_names::NAMES;
pub use crate::type_names::show_type;

/// Marks a fixed binary of 16 bytes as a UUID in a field's metadata (an Arrow canonical extension).
pub const UUID_EXTENSION: &str = "arrow.uuid";

/// True of a fixed binary that is marked as a UUID.
pub fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some(UUID_EXTENSION)
}

/// A column's type as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// The Arrow type. Decimals of precision up to 18 are `Decimal64`.
    pub data_type: DataType,
    /// The canonical extension on top of it.
    pub extension: Option<&'static str>,
    /// At most so many characters: of `varchar(n)`.
    pub length: Option<usize>,
    /// Of a column that is read: a null is no value of it.
    pub required: bool,
}

const WITH_ARGUMENTS: &[&str] = &[
    "decimal",
    "numeric",
    "timestamp",
    "time",
    "fixed_binary",
    "char",
];

impl ColumnType {
    /// A type without extension.
    pub fn plain(data_type: DataType) -> Self {
        Self {
            data_type,
            extension: None,
            length: None,
            required: false,
        }
    }
}

/// Reads a type such as `int32`, `decimal(18,6)` or `timestamp(us, UTC)`.
///
/// # Errors
/// What is wrong with it, and a near name.
pub fn parse_type(text: &str) -> Result<ColumnType, String> {
    let text = text.trim();
    if let Some((_, data_type)) = NAMES.iter().find(|(name, _)| *name == text) {
        let extension = (text == "uuid").then_some(UUID_EXTENSION);
        return Ok(ColumnType {
            extension,
            ..ColumnType::plain(data_type.clone())
        });
    }
    // Microseconds, as PostgreSQL's `timestamp` has them.
    if text == "timestamp" {
        return Ok(ColumnType::plain(DataType::Timestamp(
            TimeUnit::Microsecond,
            None,
        )));
    }
    let (name, arguments) = text
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .ok_or_else(|| unknown(text))?;
    let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
    if let ("varchar" | "char", [length]) = (name.trim(), arguments.as_slice()) {
        return characters(text, length);
    }
    with_arguments(text, name.trim(), &arguments).map(ColumnType::plain)
}

fn with_arguments(text: &str, name: &str, arguments: &[&str]) -> Result<DataType, String> {
    match (name, arguments) {
        ("decimal" | "numeric", [precision]) => decimal(text, precision, "0"),
        ("decimal" | "numeric", [precision, scale]) => decimal(text, precision, scale),
        ("timestamp", [unit]) => Ok(DataType::Timestamp(time_unit(text, unit)?, None)),
        ("timestamp", [unit, zone]) => {
            let zone = time_zone(zone)?;
            Ok(DataType::Timestamp(time_unit(text, unit)?, Some(zone)))
        }
        ("time", [unit]) => Ok(match time_unit(text, unit)? {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            unit => DataType::Time64(unit),
        }),
        ("fixed_binary", [width]) => match width.parse() {
            Ok(width @ 1..=65_536) => Ok(DataType::FixedSizeBinary(width)),
            _ => Err(format!(
                "`{text}`: the width of a fixed binary is 1 to 65536 bytes"
            )),
        },
        _ => Err(unknown(text)),
    }
}

/// Text of a greatest length: the only type that says more than Arrow's.
fn characters(text: &str, length: &str) -> Result<ColumnType, String> {
    // PostgreSQL's limit.
    match length.parse() {
        Ok(length @ 1..=10_485_760) => Ok(ColumnType {
            length: Some(length),
            ..ColumnType::plain(DataType::Utf8)
        }),
        _ => Err(format!("`{text}`: a length is 1 to 10485760 characters")),
    }
}

fn decimal(text: &str, precision: &str, scale: &str) -> Result<DataType, String> {
    let wrong = || {
        format!("`{text}`: a decimal has a precision of 1 to 38 and a scale of 0 to its precision")
    };
    let precision: u8 = precision.parse().map_err(|_| wrong())?;
    let scale: i8 = scale.parse().map_err(|_| wrong())?;
    match (precision, u8::try_from(scale)) {
        // 10^18 is the greatest power of ten that 64 bits hold.
        (1..=18, Ok(digits)) if digits <= precision => Ok(DataType::Decimal64(precision, scale)),
        (19..=38, Ok(digits)) if digits <= precision => Ok(DataType::Decimal128(precision, scale)),
        _ => Err(wrong()),
    }
}

fn time_unit(text: &str, unit: &str) -> Result<TimeUnit, String> {
    match unit {
        "s" => Ok(TimeUnit::Second),
        "ms" => Ok(TimeUnit::Millisecond),
        "us" | "µs" => Ok(TimeUnit::Microsecond),
        "ns" => Ok(TimeUnit::Nanosecond),
        _ => Err(format!("`{text}`: the units are `s`, `ms`, `us` and `ns`")),
    }
}

fn time_zone(zone: &str) -> Result<Arc<str>, String> {
    zone.parse::<arrow::array::timezone::Tz>()
        .map(|_| Arc::from(zone))
        .map_err(|_| format!("unknown time zone `{zone}`: write `UTC`, `Europe/Rome` or `+01:00`"))
}

fn unknown(text: &str) -> String {
    if let Some(ours) = type_elsewhere(text) {
        return format!("unknown type `{text}`: {ours}");
    }
    if let Some(needed) = without_arguments(text) {
        return needed;
    }
    let lower = text.to_lowercase();
    if lower != text && parse_type(&lower).is_ok() {
        return format!("unknown type `{text}`: types are written in lower case, as `{lower}`");
    }
    let names = NAMES.iter().map(|(name, _)| *name);
    let near = did_you_mean(text, names.chain(WITH_ARGUMENTS.iter().copied()));
    let rest = near.unwrap_or_else(|| {
        "the types are boolean, int8 to int64, uint8 to uint64, float32, float64, decimal(p,s), utf8, binary, fixed_binary(n), uuid, date, time(unit) and timestamp(unit, zone)".into()
    });
    format!("unknown type `{text}`: {rest}")
}

/// A type that is known, and says nothing alone.
fn without_arguments(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    Some(match lower.as_str() {
        "decimal" | "numeric" => format!(
            "`{text}` needs how many digits it has, and how many of them stand after the point: `\"{lower}(18,2)\"`"
        ),
        "fixed_binary" => format!("`{text}` needs its number of bytes: `fixed_binary(8)`"),
        _ => return None,
    })
}

/// A UUID's bytes: 32 hexadecimal digits, with dashes between them or without.
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut digits = text.bytes().filter(|byte| *byte != b'-');
    for byte in &mut bytes {
        let mut digit = || char::from(digits.next()?).to_digit(16);
        *byte = (digit()? * 16 + digit()?) as u8;
    }
    digits.next().is_none().then_some(bytes)
}

by_node!(inline, ColumnType, |node| parsed(node, parse_type), |_| {
    let mut examples: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    examples.extend([
        "decimal(18,6)",
        "timestamp(us, UTC)",
        "time(ms)",
        "fixed_binary(8)",
        "varchar(20)",
    ]);
    json_schema!({ "type": "string", "examples": examples })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_shown() {
        for text in [
            "int32",
            "decimal(18,6)",
            "decimal(38,2)",
            "timestamp(us, UTC)",
            "timestamp(ms)",
            "time(s)",
            "fixed_binary(4)",
            "boolean",
            "utf8",
            "date",
        ] {
            assert_eq!(show_type(&parse_type(text).unwrap().data_type), text);
        }
        assert_eq!(
            parse_type("numeric(10, 2)").unwrap().data_type,
            DataType::Decimal64(10, 2)
        );
    }

    #[test]
    fn lengths_are_kept() {
        let length = |text| parse_type(text).map(|data_type| data_type.length);
        assert_eq!(length("varchar(3)"), Ok(Some(3)));
        assert_eq!(length("char( 10 )"), Ok(Some(10)));
        assert_eq!(length("varchar"), Ok(None));
        for text in ["varchar(0)", "char(-1)", "varchar(n)", "varchar(20000000)"] {
            let message = format!("`{text}`: a length is 1 to 10485760 characters");
            assert_eq!(length(text), Err(message));
        }
    }

    #[test]
    fn wrong_types_say_what_is_right() {
        assert_eq!(
            parse_type("int23").unwrap_err(),
            "unknown type `int23`: did you mean `int32`?"
        );
        assert_eq!(
            parse_type("decimal").unwrap_err(),
            "`decimal` needs how many digits it has, and how many of them stand after the point: `\"decimal(18,2)\"`"
        );
        assert_eq!(
            parse_type("fixed_binary").unwrap_err(),
            "`fixed_binary` needs its number of bytes: `fixed_binary(8)`"
        );
        for (text, lower) in [("INT", "int"), ("VARCHAR(10)", "varchar(10)")] {
            let said =
                format!("unknown type `{text}`: types are written in lower case, as `{lower}`");
            assert_eq!(parse_type(text).unwrap_err(), said);
        }
        assert_eq!(
            parse_type("decimal(40,2)").unwrap_err(),
            "`decimal(40,2)`: a decimal has a precision of 1 to 38 and a scale of 0 to its precision"
        );
        assert_eq!(
            parse_type("timestamp(us, Mars)").unwrap_err(),
            "unknown time zone `Mars`: write `UTC`, `Europe/Rome` or `+01:00`"
        );
    }
}
