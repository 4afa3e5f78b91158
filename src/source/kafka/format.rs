//! What messages hold.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::avro_messages::AvroOptions;

/// What messages hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageFormat {
    /// One JSON object each.
    #[default]
    Json,
    /// One Avro datum each.
    Avro(Box<AvroOptions>),
}
