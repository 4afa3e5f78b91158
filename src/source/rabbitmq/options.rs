//! `format`, `until` and the queues.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::by_node;
use crate::source::avro_messages::AvroOptions;
use crate::source::until::{self, Said};

/// What messages hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::registry::or_bare)]
pub enum MessageFormat {
    /// One JSON object each; the columns are those of `types`.
    #[default]
    Json,
    /// One Avro datum each.
    Avro(Box<AvroOptions>),
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

by_node!(
    inline,
    Until,
    |node| {
        Ok(match until::said(node, "empty")? {
            Said::Forever => Until::Forever,
            Said::Word => Until::Empty,
            Said::Count(count) => Until::Count(count),
        })
    },
    |_| until::schema("empty")
);
