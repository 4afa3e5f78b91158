//! What messages hold.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::client::registry::Registry;
use crate::format::message::Framing;
use crate::place::{LocalPath, Placed, Text};

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

/// One Avro datum a message.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvroOptions {
    /// What stands before a datum: `datum` (nothing), `single_object` or `confluent` (default with a registry; else `datum`).
    pub framing: Option<Framing>,
    /// A schema of the rows, relative to the pipeline's file. With a registry it can be left out: it is the newest one of the subject then.
    pub schema_file: Option<Placed<LocalPath>>,
    /// The registry that has the writers' schemas.
    pub registry: Option<Registry>,
    /// The subject in the registry (default `TOPIC-value`).
    pub subject: Option<Placed<Text>>,
}

impl AvroOptions {
    /// What stands before a datum.
    pub fn framing(&self) -> Framing {
        self.framing.unwrap_or(match &self.registry {
            Some(_) => Framing::Confluent,
            None => Framing::Datum,
        })
    }
}
