//! What a Parquet file of some shape will look like, for `rowgen plan`.

use std::sync::Arc;

use parquet::arrow::ArrowSchemaConverter;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::{Parquet, properties, schema};
use crate::format::Shape;
use crate::units::{show_bytes, show_count};

/// The file's own settings in one line, then one line for each column.
pub(super) fn describe(options: &Parquet, shape: &Shape) -> Vec<String> {
    let schema = Arc::new(schema::logical(&shape.schema));
    let Ok(described) = ArrowSchemaConverter::new().convert(&schema) else {
        return Vec::new();
    };
    let properties = properties::make(options, shape, &schema, &described);
    let mut lines = vec![format!(
        "row groups of {} rows or {}",
        show_count(options.row_group_rows()),
        show_bytes(options.row_group_bytes())
    )];
    for leaf in described.columns() {
        lines.push(column(leaf.path(), &properties));
    }
    lines
}

fn column(path: &ColumnPath, properties: &WriterProperties) -> String {
    let encoding = match properties.encoding(path) {
        _ if properties.dictionary_enabled(path) => "dictionary".to_string(),
        Some(encoding) => encoding.to_string(),
        None => "plain".to_string(),
    };
    let bloom = match properties.bloom_filter_properties(path) {
        Some(_) => ", bloom filter",
        None => "",
    };
    let compression = format!("{:?}", properties.compression(path)).to_lowercase();
    format!(
        "{}: {}, {compression}{bloom}",
        path.string(),
        encoding.to_lowercase()
    )
}
