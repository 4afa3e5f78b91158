//! Messages that are Avro, whoever brings them: the schema of their rows, and what knows their writers'.

#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
mod reading;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::client::registry::Registry;
use crate::format::message::Framing;
use crate::place::{FilePath, Placed, Text};
#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
pub use reading::AvroMessages;

/// One Avro datum a message.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvroOptions {
    /// What stands before a datum: `datum` (nothing), `single_object` or `confluent` (default with a registry; else `datum`).
    pub framing: Option<Framing>,
    /// A schema of the rows, relative to the pipeline's file. With a registry it can be left out: it is the newest one of the subject then.
    pub schema_file: Option<Placed<FilePath>>,
    /// The registry that has the writers' schemas.
    pub registry: Option<Registry>,
    /// The subject in the registry (default `TOPIC-value`; a queue has none).
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
