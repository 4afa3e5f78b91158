//! `faults:` and `ledger:`: the faults that a sink gets, and where each of them is named.

use schemars::json_schema;

use super::sink::SinkEntry;
use crate::error::Problem;
use crate::faults::Faults;
use crate::place::{Node, Placed, Text, Value, by_node, decode};
use crate::sink::SinkKind;

/// Faults, or `none`.
#[derive(Debug, Clone)]
pub enum AskedFaults {
    /// Rows are as their table makes them, whatever that says.
    None,
    /// These.
    Some(Box<Faults>),
}

/// Where faults are named: a sink, or the options of a file.
#[derive(Debug, Clone)]
pub struct Ledger(pub Box<SinkEntry>);

/// What is said where the rows are, not where their faults are named.
const OF_ROWS: &[&str] = &[
    "table", "tables", "columns", "where", "rate", "faults", "ledger", "enabled",
];

by_node!(
    inline,
    AskedFaults,
    |node| match &node.value {
        Value::Scalar { .. } => match decode::<Placed<Text>>(node)? {
            said if said.value.as_str() == "none" => Ok(AskedFaults::None),
            said => Err(Problem::new(format!(
                "expected faults or `none`, found `{}`",
                said.value.as_str()
            ))
            .at(&said.place)
            .hint("faults are a map: `faults: { missing: { rate: 0.01 } }`")),
        },
        _ => decode(node).map(|faults| AskedFaults::Some(Box::new(faults))),
    },
    |generator| {
        let faults = generator.subschema_for::<Faults>();
        json_schema!({ "anyOf": [faults, { "const": "none" }] })
    }
);

by_node!(
    inline,
    Ledger,
    |node| {
        let is_sink = |entries: &[(crate::place::MapKey, Node)]| match entries {
            [(key, _)] => SinkKind::KINDS.iter().any(|kind| kind.name == key.name),
            _ => false,
        };
        let sink = match &node.value {
            Value::Map(entries) if is_sink(entries) => node.clone(),
            Value::Map(entries) => match entries.first() {
                Some((first, _)) => {
                    let file = crate::place::MapKey {
                        name: "file".into(),
                        place: first.place.clone(),
                    };
                    Node {
                        value: Value::Map(vec![(file, node.clone())]),
                        place: node.place.clone(),
                    }
                }
                None => return Err(unsaid(node)),
            },
            _ => return Err(unsaid(node)),
        };
        if let Value::Map(entries) = &sink.value
            && let Some((
                kind,
                Node {
                    value: Value::Map(options),
                    ..
                },
            )) = entries.first()
            && let Some((key, _)) = options
                .iter()
                .find(|(key, _)| OF_ROWS.contains(&key.name.as_str()))
        {
            let what = format!("a ledger has no `{}`", key.name);
            return Err(Problem::new(what).at(&key.place).hint(format!(
                "it has the options of `{}` that say where and how lines are written",
                kind.name
            )));
        }
        SinkEntry::from_node(&sink).map(|entry| Ledger(Box::new(entry)))
    },
    |generator| {
        let sink = generator.subschema_for::<SinkEntry>();
        let file = generator.subschema_for::<crate::sink::file::File>();
        json_schema!({
            "description": "Where each fault is named: a file, or any sink.",
            "anyOf": [file, sink]
        })
    }
);

fn unsaid(node: &Node) -> Problem {
    Problem::new("a ledger says where faults are named")
        .at(&node.place)
        .hint("`ledger: { path: faults.jsonl }`, or a sink: `ledger: { kafka: { … } }`")
}
