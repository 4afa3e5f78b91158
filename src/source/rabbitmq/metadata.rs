//! Columns with what is known of a message beside its value.

use arrow::datatypes::{DataType, Field, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Placed, Text};

/// The names of columns to add.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The queue.
    queue: Option<Placed<Text>>,
    /// Where the message was sent to.
    routing_key: Option<Placed<Text>>,
    /// Whether it may have come before.
    redelivered: Option<Placed<Text>>,
    /// When it was sent, if its sender says.
    timestamp: Option<Placed<Text>>,
    /// Of a change, its operation: `create`, `update`, `delete`, `read` or `truncate`.
    operation: Option<Placed<Text>>,
    /// Of a change, the database.
    database: Option<Placed<Text>>,
    /// Of a change, the table.
    table: Option<Placed<Text>>,
    /// Of a change, the binlog's file.
    file: Option<Placed<Text>>,
    /// Of a change, its position in the file.
    pos: Option<Placed<Text>>,
    /// Of a change, its row within the event.
    row: Option<Placed<Text>>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The queue.
    Queue,
    /// Where the message was sent to.
    RoutingKey,
    /// Whether it may have come before.
    Redelivered,
    /// When it was sent.
    Timestamp,
    /// A change's operation.
    Operation,
    /// The change's database.
    Database,
    /// The change's table.
    Table,
    /// The row before, as it was sent.
    Before,
    /// The row after, as it was sent.
    After,
    /// What the row's columns mean.
    Types,
    /// When Debezium handled the change.
    At,
    /// Its transaction.
    Transaction,
    /// The binlog's file.
    File,
    /// Its position in the file.
    Pos,
    /// Its row within the event.
    Row,
}

/// The columns of an envelope.
pub const ENVELOPE: &[(Known, &str)] = &[
    (Known::Database, "database"),
    (Known::Table, "table"),
    (Known::Operation, "operation"),
    (Known::Before, "before"),
    (Known::After, "after"),
    (Known::Types, "types"),
    (Known::At, "ts_ms"),
    (Known::Transaction, "transaction_id"),
    (Known::File, "file"),
    (Known::Pos, "pos"),
    (Known::Row, "row"),
];

impl Metadata {
    /// What is asked for, and the names that it is to have.
    pub fn columns(&self) -> Vec<(Known, &Placed<Text>)> {
        let all = [
            (Known::Queue, &self.queue),
            (Known::RoutingKey, &self.routing_key),
            (Known::Redelivered, &self.redelivered),
            (Known::Timestamp, &self.timestamp),
            (Known::Operation, &self.operation),
            (Known::Database, &self.database),
            (Known::Table, &self.table),
            (Known::File, &self.file),
            (Known::Pos, &self.pos),
            (Known::Row, &self.row),
        ];
        let said = all.into_iter();
        said.filter_map(|(known, name)| Some((known, name.as_ref()?)))
            .collect()
    }
}

impl Known {
    /// True of what only a change has.
    pub fn is_of_change(self) -> bool {
        !matches!(
            self,
            Self::Queue | Self::RoutingKey | Self::Redelivered | Self::Timestamp
        )
    }

    /// The column of that name.
    pub fn field(self, name: &str) -> Field {
        let moment = |unit| DataType::Timestamp(unit, Some("UTC".into()));
        let (data_type, nullable) = match self {
            Self::Queue | Self::RoutingKey | Self::Operation | Self::Database | Self::Table => {
                (DataType::Utf8, false)
            }
            Self::Redelivered => (DataType::Boolean, false),
            Self::Timestamp | Self::At => (moment(TimeUnit::Millisecond), true),
            Self::Before | Self::After | Self::Types | Self::Transaction | Self::File => {
                (DataType::Utf8, true)
            }
            Self::Pos => (DataType::Int64, true),
            Self::Row => (DataType::Int32, true),
        };
        Field::new(name, data_type, nullable)
    }
}
