//! `on_bad_row` of sinks that send rows one by one: what becomes of a row that cannot be sent.

use std::path::PathBuf;

use schemars::json_schema;
use serde::Deserialize;
use serde_json::Map;

use crate::batch::Position;
use crate::error::Problem;
use crate::place::{FilePath, Node, Value, by_node, decode};

/// What becomes of a row that cannot be sent, or that the server does not take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OnBadRow {
    /// The sink fails.
    #[default]
    Stop,
    /// It is left out and counted.
    Skip,
    /// It is left out, counted and noted in this file, a JSON object a line.
    DeadLetter(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadLetter {
    dead_letter: FilePath,
}

impl OnBadRow {
    /// The file in which rows are kept.
    pub fn letters(&self) -> Option<PathBuf> {
        match self {
            Self::DeadLetter(path) => Some(path.clone()),
            Self::Stop | Self::Skip => None,
        }
    }
}

/// What is noted of a row: its number in its table, where it came from, and what is wrong with it.
pub fn letter(
    table: &str,
    row: u64,
    position: Option<&Position>,
    reason: &str,
) -> Map<String, serde_json::Value> {
    let mut letter = Map::new();
    letter.insert("table".into(), table.into());
    letter.insert("row".into(), row.into());
    if let Some(position) = position {
        position.tell(&mut letter);
    }
    letter.insert("reason".into(), reason.into());
    letter
}

fn of_node(node: &Node) -> Result<OnBadRow, Problem> {
    match &node.value {
        Value::Scalar { text, .. } if text == "stop" => Ok(OnBadRow::Stop),
        Value::Scalar { text, .. } if text == "skip" => Ok(OnBadRow::Skip),
        Value::Map(_) => {
            decode::<DeadLetter>(node).map(|of| OnBadRow::DeadLetter(of.dead_letter.0.into()))
        }
        _ => {
            let message = format!(
                "expected what to do with a bad row, found {}",
                node.describe()
            );
            let known = "it is `stop`, `skip` or `{ dead_letter: PATH }`";
            Err(Problem::new(message).at(&node.place).hint(known))
        }
    }
}

by_node!(inline, OnBadRow, of_node, |_| {
    json_schema!({ "anyOf": [
        { "enum": ["stop", "skip"] },
        { "type": "object", "properties": { "dead_letter": { "type": "string" } }, "required": ["dead_letter"], "additionalProperties": false }
    ]})
});
