//! Reference data from JSON: an array of objects, or one object a line.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_json::ReaderBuilder;
use arrow_json::reader::infer_json_schema_from_iterator;
use serde_json::Value;

/// Reads a JSON file into one batch; types are inferred from all its objects.
pub(super) fn read(path: &Path) -> Result<RecordBatch, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let objects = objects(&text)?;
    let schema = infer_json_schema_from_iterator(objects.iter().map(Ok))
        .map_err(|error| error.to_string())?;
    let schema = Arc::new(schema);
    let builder = ReaderBuilder::new(schema.clone()).with_batch_size(objects.len().max(1));
    let mut decoder = builder.build_decoder().map_err(|error| error.to_string())?;
    decoder
        .serialize(&objects)
        .map_err(|error| error.to_string())?;
    let batch = decoder.flush().map_err(|error| error.to_string())?;
    Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

fn objects(text: &str) -> Result<Vec<Value>, String> {
    let values = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<Vec<Value>>(text).map_err(|error| error.to_string())?,
        false => serde_json::Deserializer::from_str(text)
            .into_iter::<Value>()
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?,
    };
    match values.iter().position(|value| !value.is_object()) {
        Some(index) => Err(format!("item {} is not an object", index + 1)),
        None => Ok(values),
    }
}
