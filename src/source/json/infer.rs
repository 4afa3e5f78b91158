//! The columns of a JSON file, from all of its values.

use std::cell::Cell;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow_json::reader::infer_json_schema_from_iterator;
use serde_json::Value;

use super::Objects;
use crate::error::{Problem, Result};
use crate::source::json_rows::plain;

/// Objects that are parsed at once.
const BLOCK: u64 = 1024;

/// An object's line, from 0, and the object.
type Parsed = (u64, Result<Value, ArrowError>);

/// Every field that any object has, with the type that all of its values allow: null where all are.
pub(super) fn schema(objects: &Objects) -> Result<SchemaRef, Problem> {
    let doing = |error: &dyn std::fmt::Display| {
        let hint = "say the columns in the table's `types`: then none are inferred";
        objects.file.problem(error).hint(hint)
    };
    let line = Cell::new(0);
    let blocks = (0..objects.index.records).step_by(BLOCK as usize);
    let values = blocks.flat_map(|first| {
        parse(objects, first).unwrap_or_else(|error| {
            let error = ArrowError::ExternalError(Box::new(error));
            vec![(line.get(), Err(error))]
        })
    });
    let values = values.map(|(number, value)| {
        line.set(number);
        value
    });
    let found = infer_json_schema_from_iterator(values)
        .map_err(|error| doing(&format!("line {}: {}", line.get() + 1, plain(&error))))?;
    Ok(Arc::new(found))
}

/// The objects from `first` on. What is blank has nothing to tell.
fn parse(objects: &Objects, first: u64) -> Result<Vec<Parsed>> {
    let count = BLOCK.min(objects.index.records - first) as usize;
    let stretch = objects.index.read(&objects.file, first, count)?;
    let texts = objects.split(&stretch, count)?.into_iter();
    let texts = texts.filter(|(_, text)| !text.trim_ascii().is_empty());
    Ok(texts.map(|(line, text)| value(line, text)).collect())
}

/// An object, or the line at which it is none.
fn value(line: u64, text: &[u8]) -> Parsed {
    let refused = |message: String| Err(ArrowError::JsonError(message));
    match serde_json::from_slice(text) {
        Ok(value @ Value::Object(_)) => (line, Ok(value)),
        Ok(_) => (line, refused("expected a JSON object".into())),
        Err(error) => {
            let said = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let said = said.strip_suffix(&place).unwrap_or(&said);
            let line = line + (error.line() as u64).saturating_sub(1);
            (line, refused(format!("it is not JSON: {said}")))
        }
    }
}
