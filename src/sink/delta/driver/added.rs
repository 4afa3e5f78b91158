//! A file as the log names it, with what is known of its values.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow_json::ReaderBuilder;
use delta_kernel::engine::arrow_conversion::TryIntoArrow;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::{DataType, SchemaRef, StructField, StructType};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What the path of a file may hold as it is: all else is escaped in the log.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'=');

/// A file that a commit adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddedFile {
    /// From the table's folder on, as a part of a URL.
    pub(super) path: String,
    pub(super) partition_values: BTreeMap<String, Option<String>>,
    pub(super) size: u64,
    /// In milliseconds since 1970.
    pub(super) modification_time: i64,
    pub(super) stats: FileStats,
}

/// What is known of the values of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileStats {
    pub(super) num_records: u64,
    pub(super) tight_bounds: bool,
    pub(super) null_count: serde_json::Map<String, serde_json::Value>,
    pub(super) min_values: serde_json::Map<String, serde_json::Value>,
    pub(super) max_values: serde_json::Map<String, serde_json::Value>,
}

/// A path from the table's folder on, as the log has it.
pub(super) fn escaped(path: &str) -> String {
    utf8_percent_encode(path, KEPT).to_string()
}

/// The path that stands in the log.
pub(super) fn unescaped(path: &str) -> String {
    let path = percent_encoding::percent_decode_str(path);
    path.decode_utf8_lossy().into_owned()
}

/// The files as a transaction takes them: with the statistics that the table keeps.
pub(super) fn batch(
    files: &[AddedFile],
    add: &SchemaRef,
    stats: SchemaRef,
) -> Result<Box<ArrowEngineData>> {
    let failed = |error: &dyn std::fmt::Display| Error::because("listing files for the log", error);
    let mut fields: Vec<StructField> = Vec::new();
    for field in add.fields() {
        fields.push(match field.name().as_str() {
            "stats" => {
                StructField::nullable("stats", DataType::Struct(Box::new(stats.as_ref().clone())))
            }
            _ => field.clone(),
        });
    }
    let schema = StructType::try_new(fields).map_err(|error| failed(&error))?;
    let schema: Schema = (&schema).try_into_arrow().map_err(|error| failed(&error))?;
    let mut decoder = ReaderBuilder::new(Arc::new(schema))
        .with_batch_size(files.len().max(1))
        .build_decoder()?;
    decoder.serialize(files)?;
    let batch = decoder.flush()?;
    let batch = batch.ok_or_else(|| Error::run("no files to list for the log"))?;
    Ok(Box::new(ArrowEngineData::new(batch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_as_parts_of_urls() {
        let path = "day=2026-01-01/at=a%3Ab c/part-é.parquet";
        let log = escaped(path);
        assert_eq!(log, "day=2026-01-01/at=a%253Ab%20c/part-%C3%A9.parquet");
        assert_eq!(unescaped(&log), path);
    }
}
