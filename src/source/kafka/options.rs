//! `start`, `until` and `tombstones`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::place::{Node, Value};
use crate::units::parse_count;

/// Where a group begins that has no offsets yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// At the first message that is kept.
    #[default]
    Earliest,
    /// At the next one that comes.
    Latest,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// Never.
    #[default]
    Forever,
    /// At the last message that is there when the run begins.
    End,
    /// After so many messages.
    Count(u64),
}

/// What becomes of messages without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tombstones {
    /// Rows whose columns of the value are null.
    Rows,
    /// They are passed over.
    Skip,
    /// They cannot be read: a column is never null, and nothing was said.
    #[serde(skip)]
    Refuse,
}

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "expected `forever`, `end` or a number of messages";
        let node = Node::deserialize(deserializer)?;
        let Value::Scalar { text, .. } = &node.value else {
            return Err(D::Error::custom(expected));
        };
        match text.as_str() {
            "forever" => Ok(Self::Forever),
            "end" => Ok(Self::End),
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
        "Until".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "enum": ["forever", "end"] }, { "type": ["integer", "number", "string"] }] })
    }
}
