//! `tables:` and `reference:`: what is made, and what it is made from.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::column::{Column, ColumnType};
use crate::place::{Count, Named, Placed, Text};
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
    /// Types of columns that are read, where the source's own are not the ones wanted.
    #[serde(default)]
    pub types: Named<Placed<ColumnType>>,
    /// The columns in the order of the output. Beside `from` they come after those that are read, or take the place of the one of their name, which they can read under it.
    #[serde(default)]
    pub columns: Named<Arc<Column>>,
}

/// A small JSON, CSV or Parquet file, held in memory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceFile {
    /// The file, relative to the pipeline's; its extension (json, jsonl, csv, tsv, parquet) says what it is.
    pub path: Placed<Text>,
    /// Keeps the rows for which this expression is true.
    #[serde(rename = "where")]
    pub filter: Option<Placed<Text>>,
    /// Types of fields, where the file's own are not the ones wanted.
    #[serde(default)]
    pub types: Named<Placed<ColumnType>>,
    /// What separates the fields of a CSV file (default: a comma; a tab for tsv).
    pub delimiter: Option<Placed<Text>>,
}
