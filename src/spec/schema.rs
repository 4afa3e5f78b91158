//! The JSON Schema of a pipeline file, from the same structs that read it.

use schemars::generate::SchemaSettings;

use super::pipeline::File;

/// The schema as pretty JSON with a final newline.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = generator.into_root_schema_for::<File>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
