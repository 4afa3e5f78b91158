//! Lists and structs where they are JSON texts: servers keep them as they came, or spell them anew.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::format::json::each_text;

/// The name under which Arrow marks a text as JSON.
const JSON: &str = "arrow.json";

/// The column of texts that holds these values.
pub(super) fn field(field: &Field) -> Field {
    let name = ("ARROW:extension:name".into(), JSON.into());
    Field::new(field.name(), DataType::Utf8, true).with_metadata([name].into())
}

/// True for such a column.
pub(super) fn is_json(field: &Field) -> bool {
    field.extension_type_name() == Some(JSON)
}

/// The texts of lists and structs.
///
/// # Errors
/// A value that JSON cannot hold.
pub(super) fn written(values: &ArrayRef) -> Result<ArrayRef> {
    Ok(alike(&each_text(values)?))
}

/// The texts in one spelling, for all that mean the same; what is no JSON stays.
pub(super) fn alike(texts: &ArrayRef) -> ArrayRef {
    let Some(texts) = texts.as_string_opt::<i32>() else {
        return texts.clone();
    };
    let one = |text: &str| match serde_json::from_str(text) {
        Ok(value) => sorted(value).to_string(),
        Err(_) => text.to_string(),
    };
    let alike: StringArray = texts.iter().map(|text| text.map(one)).collect();
    Arc::new(alike)
}

/// The value with its keys in order and whole numbers without a point.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            // MySQL stores JSON parsed, with its keys sorted and blanks and numbers spelt anew;
            // MariaDB keeps the text as it came. So meanings are compared, and no bytes.
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            // Below 1e15 a whole number is exact in a double (2^53), so the cast loses nothing.
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => (whole as i64).into(),
            _ => Value::Number(number),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_are_alike() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            Some("{\"b\": [1.0, 2.50], \"a\": null}"),
            Some("{\"a\":null,\"b\":[1,2.5]}"),
            Some("no json"),
            None,
        ]));
        let alike = alike(&texts);
        let alike = alike.as_string::<i32>();
        assert_eq!(alike.value(0), "{\"a\":null,\"b\":[1,2.5]}");
        assert_eq!(alike.value(0), alike.value(1));
        assert_eq!(alike.value(2), "no json");
        assert!(is_json(&field(&Field::new("l", DataType::Null, true))));
    }
}
