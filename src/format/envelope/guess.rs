//! What values mean where no schema says it: the types that they are to have say it, or nothing does.

use arrow::datatypes::{DataType, Schema, TimeUnit};
use serde_json::Value;

use super::{Meaning, Meanings};

/// 9999-12-31T23:59:59.999 in milliseconds, the last moment that MySQL has; in microseconds, one of 1978.
const MOST_MILLIS: u64 = 253_402_300_799_999;

const MILLI: i64 = 1_000;
const MICRO: i64 = 1_000_000;

/// What a row's columns mean by their types.
///
/// # Errors
/// A value that may be two, and which type or schema says what it is.
pub fn guessed(schema: &Schema, row: &str) -> Result<Meanings, String> {
    let mut meanings = Meanings::default();
    let row: Value = serde_json::from_str(row).unwrap_or_default();
    for field in schema.fields() {
        let name = field.name().as_str();
        let value = &row[name];
        let count = value.as_i64();
        let meaning = match (field.data_type(), value.as_str()) {
            (DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale), Some(text)) => {
                match is_digits(text, *scale) {
                    true if is_base64_too(text, *scale) => {
                        return Err(digits_or_base64(name, text));
                    }
                    true => continue,
                    false => Meaning::Decimal(*scale),
                }
            }
            (DataType::Date32, _) if count.is_some() => Meaning::Date,
            (DataType::Timestamp(unit, _), _) => match count {
                Some(count) => match parts_of_second(*unit, count) {
                    Some(parts) => Meaning::Timestamp(parts),
                    None => return Err(millis_or_micros(name, count)),
                },
                None => continue,
            },
            (DataType::Time32(_) | DataType::Time64(_), _) if count.is_some() => {
                Meaning::Time(MICRO)
            }
            _ => continue,
        };
        meanings.say(name, meaning);
    }
    Ok(meanings)
}

/// In how many parts of a second a moment is counted that becomes one of this unit: a thousand, as Debezium
/// counts where a column has at most three digits behind the second, or a million. Nothing where it may be
/// both.
pub fn parts_of_second(unit: TimeUnit, count: i64) -> Option<i64> {
    let few_digits = matches!(unit, TimeUnit::Second | TimeUnit::Millisecond);
    match count.unsigned_abs() {
        // 1970 itself is that in any unit.
        0 => Some(MILLI),
        1..=MOST_MILLIS => few_digits.then_some(MILLI),
        _ => Some(MICRO),
    }
}

/// True for a decimal that is written in digits: with a point, wherever it has one. Bytes in base64 have none.
pub fn is_digits(text: &str, scale: i8) -> bool {
    match scale {
        ..=0 => text.parse::<i128>().is_ok(),
        _ => text.contains('.'),
    }
}

/// Four letters stand for three bytes, and digits are letters of base64, too.
fn is_base64_too(text: &str, scale: i8) -> bool {
    scale <= 0 && text.len().is_multiple_of(4) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits_or_base64(name: &str, text: &str) -> String {
    format!(
        "column `{name}`: `{text}` may be digits or base64: with schemas (`schemas.enable`) Debezium says what it is, and as `int64` it is digits"
    )
}

fn millis_or_micros(name: &str, count: i64) -> String {
    format!(
        "column `{name}`: {count} may be milliseconds or microseconds since 1970: with schemas (`schemas.enable`) Debezium says what they are, and as `timestamp(ms)` they are milliseconds"
    )
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::super::plain_json;
    use super::*;

    /// A row of one value as this type, as it is read.
    fn read(data_type: DataType, value: &str) -> String {
        let schema = Schema::new(vec![Field::new("a", data_type, true)]);
        let row = format!("{{\"a\":{value}}}");
        guessed(&schema, &row)
            .and_then(|meanings| plain_json(&row, &meanings))
            .unwrap_or_else(|why| why)
    }

    #[test]
    fn moments_are_of_the_unit_of_their_type_or_refused() {
        let (millis, micros) = (TimeUnit::Millisecond, TimeUnit::Microsecond);
        for (unit, count, expected) in [
            (millis, "1768471872345", "2026-01-15T10:11:12.345"),
            (millis, "-1", "1969-12-31T23:59:59.999"),
            (millis, "86400000", "1970-01-02T00:00:00"),
            (millis, "-30610224000000", "1000-01-01T00:00:00"),
            (millis, "253402300799999", "9999-12-31T23:59:59.999"),
            (TimeUnit::Second, "100000000000000", "5138-11-16T09:46:40"),
            // Of a column with six digits behind the second.
            (millis, "1768471872345000", "2026-01-15T10:11:12.345"),
            (micros, "1768471872345678", "2026-01-15T10:11:12.345678"),
            (micros, "-1768471872345678", "1913-12-17T13:48:47.654322"),
            (TimeUnit::Nanosecond, "0", "1970-01-01T00:00:00"),
        ] {
            let found = read(DataType::Timestamp(unit, None), count);
            assert_eq!(found, format!("{{\"a\":\"{expected}\"}}"), "{count}");
        }
        for count in ["1", "-1", "1768471872345", "253402300799999"] {
            assert_eq!(
                read(DataType::Timestamp(micros, None), count),
                format!(
                    "column `a`: {count} may be milliseconds or microseconds since 1970: with schemas (`schemas.enable`) Debezium says what they are, and as `timestamp(ms)` they are milliseconds"
                )
            );
        }
    }

    #[test]
    fn decimals_are_digits_or_base64_or_refused() {
        let (whole, money) = (DataType::Decimal64(10, 0), DataType::Decimal64(10, 2));
        for (data_type, text, expected) in [
            (&money, "12.50", "\"12.50\""),
            (&money, "-0.05", "\"-0.05\""),
            // Bytes whose base64 looks like a number.
            (&money, "1234", "-26588.24"),
            (&money, "1e10", "-27572.60"),
            (&whole, "12", "\"12\""),
            (&whole, "-1234", "\"-1234\""),
            (&whole, "BNI=", "1234"),
            (&whole, "nan0", "-6444556"),
        ] {
            let found = read(data_type.clone(), &format!("\"{text}\""));
            assert_eq!(found, format!("{{\"a\":{expected}}}"), "{text}");
        }
        assert_eq!(
            read(whole, "\"12345678\""),
            "column `a`: `12345678` may be digits or base64: with schemas (`schemas.enable`) Debezium says what it is, and as `int64` it is digits"
        );
    }
}
