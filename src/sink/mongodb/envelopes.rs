//! `envelopes`: what becomes of changes as Debezium tells them, and which columns they are in.

use arrow::datatypes::{DataType, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Problem;
use crate::format::Shape;
use crate::place::{NamedItems, OneOrMany, Place, Placed, Text};
use crate::sink::ChangesOf;

/// Changes as documents.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Envelopes {
    /// The collection of a table's changes (default `{database}_{table}`).
    pub into: Option<Placed<Text>>,
    /// What the fields of documents are called: `joined` (default: `databasename`, `beforedata`, …) or `snake` (`database_name`, `before_data`, …).
    pub names: Names,
    /// What the rows before and after hold: values as Debezium `sent` them (default; numbers are doubles, decimals base64), or what they `mean`, by the schema beside the change.
    pub values: Stored,
    /// The current state of tables.
    pub state: Option<State>,
}

/// The current state of tables: a document a row that is there, and of one that is gone a document with `_deleted`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The collection of a table's rows (default `{database}_{table}_current`).
    pub into: Option<Placed<Text>>,
    /// The columns of each table's primary key: `{ shop.customers: id }`. Tables that are not named have no state.
    pub keys: NamedItems<Placed<OneOrMany<Text>>>,
}

/// What the fields of documents are called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// `databasename`.
    #[default]
    Joined,
    /// `database_name`.
    Snake,
}

/// What rows hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Values as they were sent.
    #[default]
    Sent,
    /// What they mean.
    Mean,
}

/// The columns of an envelope, by their places.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "mongodb"),
    expect(dead_code, reason = "without MongoDB no document is made of them")
)]
pub struct Columns {
    pub database: usize,
    pub table: usize,
    pub operation: usize,
    pub before: usize,
    pub after: usize,
    pub types: usize,
    pub ts_ms: usize,
    pub transaction: usize,
    pub file: usize,
    pub pos: usize,
    pub row: usize,
}

impl Envelopes {
    /// The collection of a table's documents, or its state.
    pub fn documents(&self, database: &str, table: &str) -> String {
        let default = "{database}_{table}";
        filled(
            self.into.as_ref().map_or(default, |into| into.as_str()),
            database,
            table,
        )
    }

    /// The collections of each table whose state is kept.
    pub fn tables(&self) -> Vec<ChangesOf> {
        let of = |state: &State, name: &str| {
            let (database, table) = name.split_once('.').unwrap_or(("", name));
            ChangesOf {
                database: database.to_string(),
                table: table.to_string(),
                documents: self.documents(database, table),
                state: state.collection(database, table),
            }
        };
        let state = self.state.as_ref();
        let tables = state.map(|state| state.keys.names().map(|name| of(state, name)));
        tables.into_iter().flatten().collect()
    }
}

impl State {
    /// The collection of a table's rows.
    pub fn collection(&self, database: &str, table: &str) -> String {
        let default = "{database}_{table}_current";
        filled(
            self.into.as_ref().map_or(default, |into| into.as_str()),
            database,
            table,
        )
    }

    /// The columns of a table's key.
    pub fn key(&self, database: &str, table: &str) -> Option<Vec<&str>> {
        let key = self.keys.get(&format!("{database}.{table}"))?;
        Some(key.value.0.iter().map(|column| column.0.as_str()).collect())
    }
}

fn filled(template: &str, database: &str, table: &str) -> String {
    template
        .replace("{database}", database)
        .replace("{table}", table)
}

impl Names {
    /// What a field is called: its words joined, or with `_` between.
    pub fn of(self, joined: &'static str, snake: &'static str) -> &'static str {
        match self {
            Self::Joined => joined,
            Self::Snake => snake,
        }
    }
}

impl Columns {
    /// Those of a table's shape.
    ///
    /// # Errors
    /// What is not there, or of another type.
    pub fn of(shape: &Shape, place: &Place) -> Result<Self, Problem> {
        let moment = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let find = |name: &str, wanted: &DataType| {
            let found = shape.schema.column_with_name(name);
            let fits = |found: &DataType| match (found, wanted) {
                (DataType::Dictionary(_, values), wanted) => values.as_ref() == wanted,
                (found, wanted) => found == wanted,
            };
            let found = found.filter(|(_, field)| fits(field.data_type()));
            found.map(|(index, _)| index).ok_or_else(|| {
                let wanted = crate::type_names::show_type(wanted);
                let message = format!("`envelopes` needs a column `{name}` of type {wanted}");
                Problem::new(message)
                    .at(place)
                    .hint("`from: { rabbitmq: { format: debezium } }` has all columns of changes")
            })
        };
        let text = |name: &str| find(name, &DataType::Utf8);
        Ok(Self {
            database: text("database")?,
            table: text("table")?,
            operation: text("operation")?,
            before: text("before")?,
            after: text("after")?,
            types: text("types")?,
            ts_ms: find("ts_ms", &moment)?,
            transaction: text("transaction_id")?,
            file: text("file")?,
            pos: find("pos", &DataType::Int64)?,
            row: find("row", &DataType::Int32)?,
        })
    }
}
