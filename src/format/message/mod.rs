//! How rows become messages: one file a format, each row's bytes on their own.

mod avro;
mod csv;
mod debezium;
mod json;
mod key;
mod plain;
mod raw;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;

use super::Shape;
use super::cells::{Cells, Refusal};
use crate::client::registry::Registry;
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};
use crate::registry;

pub use avro::{AvroMessage, Framing};
pub use csv::CsvMessage;
pub use debezium::DebeziumMessage;
pub use json::JsonMessage;
pub use key::{Key, KeyFormat};
pub use plain::Plain;
pub use raw::RawMessage;
pub use template::{TemplateMessage, no_text, placeholder};

registry! {
    /// How rows become messages.
    pub enum MessageKind: MessageFormat {
        "avro" => Avro(AvroMessage): "avro: { framing: confluent, registry: { url: \"http://localhost:8081\" } }",
        "csv" => Csv(CsvMessage): "csv: { delimiter: \"|\", null: NULL }",
        "debezium" => Debezium(DebeziumMessage): "debezium: { database: shop, decimals: string }",
        "json" => Json(JsonMessage): "json: { nulls: omit, decimals: string }",
        "raw" => Raw(RawMessage): "raw: { column: payload }",
        "template" => Template(TemplateMessage): "template: { text: \"{id}|{email}\" }",
    }
}

/// The options of a message format: they check themselves against the columns and open a writer.
pub trait MessageFormat: std::fmt::Debug + Send + Sync {
    /// True where values are texts between delimiters: a value may be any bytes.
    fn is_text(&self) -> bool {
        false
    }

    /// Everything about `shape` that messages cannot hold as asked.
    fn check(&self, shape: &Shape) -> Vec<Problem>;

    /// The schema that has to be registered before the first message, if messages name one.
    ///
    /// # Errors
    /// What `check` reports.
    // Apart from `open`: a plan registers nothing, and a schema's number is in every message, so it
    // is asked for once before the first.
    fn registration(&self, _shape: &Shape) -> Result<Option<Registration>, Vec<Problem>> {
        Ok(None)
    }

    /// A writer for rows of this shape; `schema_id` is what the registry answered.
    ///
    /// # Errors
    /// What `check` reports.
    fn open(&self, shape: &Shape, schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>>;
}

/// Turns rows into messages, on many workers at once.
pub trait MessageWriter: Send + Sync {
    /// Appends a message for each row of `batch` to `out`, and says which are null: what stands in
    /// `out` for those means nothing.
    ///
    /// # Errors
    /// A value that the format cannot hold; what was appended is then of no use.
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal>;
}

/// A schema and where to register it.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The registry.
    pub registry: Registry,
    /// Its subject; none for that of the topic.
    pub subject: Option<String>,
    /// The schema as JSON.
    pub schema: String,
}

/// As `Shape::column`, of a name with its place.
fn named(shape: &Shape, name: &Placed<Text>) -> Result<usize, Problem> {
    shape.column(name, &name.place)
}
