//! `tables:` and `reference:`: what is made, and what it is made from.

use std::sync::Arc;

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use super::ledger::Ledger;
use super::repeat::Repeat;
use crate::column::{Column, ColumnType};
use crate::faults::Faults;
use crate::place::{
    Count, FilePath, Flag, NamedItems, Node, OneOrMany, Placed, Text, Value, by_node, carry, decode,
};
use crate::source::SourceKind;

/// A table to make or to read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What this table's randomness is keyed by (default: the pipeline's seed).
    pub seed: Option<Placed<Text>>,
    /// How many rows; 0 runs until it is stopped; left out when a `per_parent` foreign key decides, or when all rows are read.
    pub rows: Option<Placed<Count>>,
    /// Where its rows are read from; without it they are made.
    pub from: Option<Placed<SourceKind>>,
    /// Which of its rows go to its sinks: those for which this expression is true. Numbers and values stay, and tables that refer to it see all rows.
    #[serde(rename = "where")]
    pub filter: Option<Placed<Text>>,
    /// Types of columns that are read, where the source's own are not the ones wanted: `id: int32`, or `id: { type: int32, nullable: false }`, where a row in which it is null is a bad row.
    #[serde(default)]
    pub types: ReadTypes,
    /// The columns in the order of the output. Beside `from` they come after those that are read, or take the place of the one of their name, which they can read under it.
    #[serde(default)]
    pub columns: NamedItems<Arc<Column>>,
    /// Columns that are there several times, behind the others: `repeat: { count: 100, columns: { "f_{i:03}": … } }`, or a list of such.
    pub repeat: Option<OneOrMany<Repeat>>,
    /// Faults among the rows that its sinks get; tables that refer to it refer to its rows as they are.
    pub faults: Option<Placed<Faults>>,
    /// Where each of these faults is named: the options of a file, or a sink of any kind.
    pub ledger: Option<Placed<Ledger>>,
}

/// A small JSON, CSV or Parquet file, held in memory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceFile {
    /// The file, from the folder of the file that says it on; its extension (json, jsonl, csv, tsv, parquet) says what it is.
    #[serde(deserialize_with = "crate::place::of_rows")]
    pub path: Placed<FilePath>,
    /// Keeps the rows for which this expression is true.
    #[serde(rename = "where")]
    pub filter: Option<Placed<Text>>,
    /// Types of fields, where the file's own are not the ones wanted.
    #[serde(default)]
    pub types: NamedItems<Placed<ColumnType>>,
    /// What separates the fields of a CSV file (default: a comma; a tab for tsv).
    pub delimiter: Option<Placed<Text>>,
    /// What encloses texts of a CSV file (default `"`).
    pub quote: Option<Placed<Text>>,
    /// What stands before a quote within quotes in a CSV file (default: quotes are doubled).
    pub escape: Option<Placed<Text>>,
    /// How the text of a CSV file is encoded (default UTF-8).
    pub encoding: Option<Placed<Text>>,
}

/// The types of columns that are read, by name.
#[derive(Debug, Clone, Default)]
pub struct ReadTypes(pub Vec<(Placed<String>, Placed<ColumnType>)>);

/// One of them: a type alone, or what `Column` says.
struct ReadType(Placed<ColumnType>);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadColumn {
    /// The type.
    #[serde(rename = "type")]
    data_type: Placed<ColumnType>,
    /// Whether it may be null (default true): `false` makes a row in which it is a bad row.
    nullable: Option<Flag>,
}

impl<'de> Deserialize<'de> for ReadType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let read = match &node.value {
            Value::Map(_) => decode::<ReadColumn>(&node).map(|column| {
                let mut read = column.data_type;
                read.value.required = column.nullable.is_some_and(|nullable| !nullable.0);
                read
            }),
            _ => decode(&node),
        };
        read.map(Self).map_err(carry)
    }
}

by_node!(
    inline,
    ReadTypes,
    |node| {
        let named: NamedItems<ReadType> = decode(node)?;
        let types = named.0.into_iter().map(|(name, read)| (name, read.0));
        Ok(ReadTypes(types.collect()))
    },
    |generator| {
        let bare = ColumnType::json_schema(generator);
        let column = ReadColumn::json_schema(generator);
        json_schema!({
            "type": "object",
            "additionalProperties": { "anyOf": [bare, column] }
        })
    }
);
