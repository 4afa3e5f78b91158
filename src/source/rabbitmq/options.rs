//! `format`, `until` and the queues.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::place::{Node, Value};
use crate::units::parse_count;

/// What messages hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::registry::or_bare)]
pub enum MessageFormat {
    /// One JSON object each; the columns are those of `types`.
    #[default]
    Json,
    /// One change each, as Debezium tells it.
    Debezium(#[serde(default)] DebeziumOptions),
}

/// One change a message.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DebeziumOptions {
    /// What becomes a row: `envelopes` (default), `rows` of the table, with the columns of `types`, as they are after a change; of a delete, before it.
    pub read: Read,
}

/// What becomes a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The whole envelope.
    #[default]
    Envelopes,
    /// The row that it is about.
    Rows,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Never.
    #[default]
    Forever,
    /// Once no queue has a message left.
    Empty,
    /// After so many messages.
    Count(u64),
}

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "expected `forever`, `empty` or a number of messages";
        let node = Node::deserialize(deserializer)?;
        let Value::Scalar { text, .. } = &node.value else {
            return Err(D::Error::custom(expected));
        };
        match text.as_str() {
            "forever" => Ok(Self::Forever),
            "empty" => Ok(Self::Empty),
            text => parse_count(text)
                .map(Self::Count)
                .map_err(|_| D::Error::custom(format!("{expected}, found `{text}`"))),
        }
    }
}

impl JsonSchema for Until {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UntilEmpty".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "enum": ["forever", "empty"] }, { "type": ["integer", "number", "string"] }] })
    }
}
