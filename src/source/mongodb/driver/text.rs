//! Documents as JSON of the columns that are wanted: numbers with their digits, times as text, bytes in
//! hexadecimal.

use std::fmt::Write;

use arrow::datatypes::{DataType, Schema};
use mongodb::bson::{Bson, Document};
use serde_json::Value;

/// The wanted fields of a document.
pub fn json(document: &Document, wanted: &Schema) -> String {
    let mut out = String::from("{");
    for field in wanted.fields() {
        let Some(value) = document.get(field.name()) else {
            continue;
        };
        let comma = if out.len() > 1 { "," } else { "" };
        let name = Value::from(field.name().as_str());
        // Nothing that is written to a text fails.
        let _ = write!(
            out,
            "{comma}{name}:{}",
            shown(value, Some(field.data_type()))
        );
    }
    out.push('}');
    out
}

fn shown(value: &Bson, wanted: Option<&DataType>) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    match value {
        Bson::Null | Bson::Undefined => "null".into(),
        Bson::Boolean(flag) => flag.to_string(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        Bson::Double(number) if number.is_finite() => Value::from(*number).to_string(),
        // JSON has no infinities and no NaN.
        Bson::Double(number) => quoted(&number.to_string()),
        Bson::Decimal128(number) => decimal(&number.to_string()),
        Bson::String(text) | Bson::Symbol(text) => quoted(text),
        Bson::DateTime(moment) => {
            let text = moment.try_to_rfc3339_string();
            let text = text.unwrap_or_else(|_| moment.timestamp_millis().to_string());
            match wanted {
                Some(DataType::Date32) => {
                    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
                    quoted(if time == "00:00:00Z" { day } else { &text })
                }
                Some(DataType::Timestamp(_, None)) => quoted(text.trim_end_matches('Z')),
                _ => quoted(&text),
            }
        }
        Bson::ObjectId(id) => quoted(&id.to_hex()),
        Bson::Binary(binary) => quoted(&digits(&binary.bytes, wanted)),
        Bson::Array(items) => {
            let item = match wanted {
                Some(DataType::List(item)) => Some(item.data_type()),
                _ => None,
            };
            let items: Vec<String> = items.iter().map(|value| shown(value, item)).collect();
            format!("[{}]", items.join(","))
        }
        Bson::Document(document) => {
            let field = |(name, value): (&String, &Bson)| {
                let wanted = match wanted {
                    Some(DataType::Struct(fields)) => {
                        fields.find(name).map(|(_, field)| field.data_type())
                    }
                    _ => None,
                };
                format!("{}:{}", Value::from(name.as_str()), shown(value, wanted))
            };
            let fields: Vec<String> = document.iter().map(field).collect();
            format!("{{{}}}", fields.join(","))
        }
        other => quoted(&other.to_string()),
    }
}

/// A decimal as JSON spells numbers; what is no number is text.
fn decimal(text: &str) -> String {
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.E".contains(&byte));
    match is_number {
        true => text.replace("E+", "e"),
        false => Value::from(text).to_string(),
    }
}

/// Bytes in hexadecimal; those of a UUID, or what may be one, with its hyphens.
fn digits(bytes: &[u8], wanted: Option<&DataType>) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match (wanted, digits.len()) {
        (Some(DataType::FixedSizeBinary(16) | DataType::Utf8), 32) => format!(
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        ),
        _ => digits,
    }
}
