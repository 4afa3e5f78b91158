//! Reference data from JSON: an array of objects, or one object a line.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use arrow_json::reader::infer_json_schema_from_iterator;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use crate::source::{JsonRows, Types};

/// Reads a JSON file into one batch; types are inferred from all its objects. A float would lose
/// digits on the way to a type that is asked for: such fields are read as that.
pub(super) fn read(path: &Path, types: &Types) -> Result<RecordBatch, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let objects = objects(&text)?;
    let found = infer_json_schema_from_iterator(objects.iter().map(Ok))
        .map_err(|error| error.to_string())?;
    let field = |field: &Arc<Field>| {
        let said = types.iter().find(|(name, _)| name.value == *field.name());
        match said.filter(|_| field.data_type() == &DataType::Float64) {
            Some((_, wanted)) if wanted.data_type.is_numeric() => {
                Field::new(field.name(), wanted.data_type.clone(), true)
            }
            _ => field.as_ref().clone(),
        }
    };
    let schema = Schema::new(found.fields().iter().map(field).collect::<Vec<_>>());
    let schema = Arc::new(schema);
    let rows = JsonRows::new(schema.clone()).read(&texts(&text));
    let (columns, bad) = rows.map_err(|error| error.to_string())?;
    match bad.first() {
        Some((item, bad)) => Err(format!("item {}: {}", item + 1, bad.message)),
        None => RecordBatch::try_new(schema, columns).map_err(|error| error.to_string()),
    }
}

fn objects(text: &str) -> Result<Vec<Value>, String> {
    let values = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<Vec<Value>>(text).map_err(|error| error.to_string())?,
        false => Deserializer::from_str(text)
            .into_iter::<Value>()
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?,
    };
    match values.iter().position(|value| !value.is_object()) {
        Some(index) => Err(format!("item {} is not an object", index + 1)),
        None => Ok(values),
    }
}

/// The objects as they are written, of a text that has nothing but objects.
fn texts(text: &str) -> Vec<&[u8]> {
    let mut texts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        rest = &rest[start..];
        let mut object = Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let _ = object.next();
        let (text, behind) = rest.split_at(object.byte_offset().max(1));
        texts.push(text.as_bytes());
        rest = behind;
    }
    texts
}
