//! `start`, `until` and `tombstones`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::by_node;
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

by_node!(
    inline,
    Until,
    |node| {
        Ok(match until::said(node, "end")? {
            Said::Forever => Until::Forever,
            Said::Word => Until::End,
            Said::Count(count) => Until::Count(count),
        })
    },
    |_| until::schema("end")
);
