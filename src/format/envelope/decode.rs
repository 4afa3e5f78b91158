//! Values as Debezium sends them, made what they mean.

use std::fmt::Write;

use arrow::datatypes::i256;
use arrow::temporal_conversions::date32_to_datetime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, NaiveTime};
use serde_json::{Map, Value};

use super::{Meaning, Meanings};

/// A value that is what it means.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain {
    /// As JSON has it.
    Same(Value),
    /// A whole number of 32 bits.
    Int32(i32),
    /// A whole number of 64 bits.
    Int64(i64),
    /// A number with a fraction.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The digits of a decimal.
    Decimal(String),
    /// Days since 1970.
    Date(i32),
    /// A time of day, or a length of time: nanoseconds.
    Time(i64),
    /// A moment: nanoseconds since 1970. The flag is true of one in UTC.
    Moment(i128, bool),
    /// A UUID as text.
    Uuid(String),
}

const NANOS: i64 = 1_000_000_000;

/// What a value means; one that does not fit its meaning stays as it stands.
pub fn plain(value: Value, meaning: Meaning) -> Plain {
    meant(&value, meaning).unwrap_or(Plain::Same(value))
}

fn meant(value: &Value, meaning: Meaning) -> Option<Plain> {
    Some(match meaning {
        Meaning::Same => return None,
        Meaning::Int32 => Plain::Int32(i32::try_from(value.as_i64()?).ok()?),
        Meaning::Int64 => Plain::Int64(value.as_i64()?),
        Meaning::Double => Plain::Double(value.as_f64()?),
        Meaning::Bytes => Plain::Bytes(STANDARD.decode(value.as_str()?).ok()?),
        Meaning::Decimal(scale) => Plain::Decimal(decimal(value.as_str()?, scale)?),
        Meaning::Date => Plain::Date(i32::try_from(value.as_i64()?).ok()?),
        Meaning::Time(unit) => Plain::Time(value.as_i64()?.checked_mul(NANOS / unit)?),
        Meaning::Timestamp(unit) => Plain::Moment(
            i128::from(value.as_i64()?) * i128::from(NANOS / unit),
            false,
        ),
        Meaning::Zoned => Plain::Moment(zoned(value.as_str()?)?, true),
        Meaning::Json => Plain::Same(serde_json::from_str(value.as_str()?).ok()?),
        Meaning::Uuid => Plain::Uuid(value.as_str()?.to_string()),
    })
}

fn zoned(text: &str) -> Option<i128> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    let seconds = i128::from(moment.timestamp()) * i128::from(NANOS);
    Some(seconds + i128::from(moment.timestamp_subsec_nanos()))
}

/// The digits of a number of two's complement in base64.
fn decimal(text: &str, scale: i8) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    // Arrow's widest decimal has 256 bits.
    if bytes.is_empty() || bytes.len() > 32 {
        return None;
    }
    // Two's complement, the highest byte first, as Java's `BigInteger` writes it.
    let fill = if bytes[0] >= 0x80 { 0xff } else { 0 };
    let mut wide = [fill; 32];
    wide[32 - bytes.len()..].copy_from_slice(&bytes);
    Some(pointed(&i256::from_be_bytes(wide).to_string(), scale))
}

/// The digits of a whole number with its point.
fn pointed(digits: &str, scale: i8) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{digits}"),
        Ok(scale) => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => format!(
            "{sign}{digits}{}",
            "0".repeat(usize::from(scale.unsigned_abs()))
        ),
    }
}

/// A row as JSON that says what it means: numbers with their digits, dates and times as text, bytes in
/// hexadecimal.
///
/// # Errors
/// The row is no object.
pub fn plain_json(row: &str, meanings: &Meanings) -> Result<String, String> {
    let row: Map<String, Value> =
        serde_json::from_str(row).map_err(|error| format!("its row is no object: {error}"))?;
    let mut out = String::with_capacity(2 * row.len() * 16);
    out.push('{');
    for (index, (name, value)) in row.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let meaning = meanings.of(&name);
        // Nothing that is written to a text fails.
        let _ = write!(
            out,
            "{comma}{}:{}",
            Value::String(name),
            shown(plain(value, meaning))
        );
    }
    out.push('}');
    Ok(out)
}

fn shown(value: Plain) -> String {
    let quoted = |text: String| Value::String(text).to_string();
    match value {
        Plain::Same(value) => value.to_string(),
        Plain::Int32(number) => number.to_string(),
        Plain::Int64(number) => number.to_string(),
        Plain::Double(number) => Value::from(number).to_string(),
        Plain::Decimal(digits) => digits,
        Plain::Bytes(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            quoted(digits.collect())
        }
        Plain::Date(days) => match date32_to_datetime(days) {
            Some(date) => quoted(date.date().to_string()),
            None => days.to_string(),
        },
        Plain::Time(nanos) => quoted(time_text(nanos)),
        Plain::Moment(nanos, zoned) => match moment(nanos) {
            Some(moment) => {
                let zone = if zoned { "Z" } else { "" };
                quoted(format!("{}{zone}", moment.format("%Y-%m-%dT%H:%M:%S%.f")))
            }
            None => nanos.to_string(),
        },
        Plain::Uuid(text) => quoted(text),
    }
}

fn moment(nanos: i128) -> Option<NaiveDateTime> {
    let seconds = i64::try_from(nanos.div_euclid(i128::from(NANOS))).ok()?;
    let rest = u32::try_from(nanos.rem_euclid(i128::from(NANOS))).ok()?;
    DateTime::from_timestamp(seconds, rest).map(|moment| moment.naive_utc())
}

/// A time of day; MySQL's may be longer than a day, or less than nothing.
pub fn time_text(nanos: i64) -> String {
    let of_day = |nanos: i64| {
        let seconds = u32::try_from(nanos / NANOS).ok()?;
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, (nanos % NANOS) as u32)
    };
    match of_day(nanos).filter(|_| nanos >= 0) {
        Some(time) => time.format("%H:%M:%S%.f").to_string(),
        None => {
            let sign = if nanos < 0 { "-" } else { "" };
            let (seconds, rest) = (
                nanos.unsigned_abs() / 1_000_000_000,
                nanos.unsigned_abs() % 1_000_000_000,
            );
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!(
                "{sign}{hours:02}:{minutes:02}:{seconds:02}.{:06}",
                rest / 1000
            )
        }
    }
}
