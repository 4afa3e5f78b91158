//! `start`, `until` and `tombstones`.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use crate::source::until::{self, Said};

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
        Ok(match until::said(deserializer, "end")? {
            Said::Forever => Self::Forever,
            Said::Word => Self::End,
            Said::Count(count) => Self::Count(count),
        })
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
        until::schema("end")
    }
}
