//! Columns with what Kafka knows of a message beside its value.

use arrow::datatypes::{DataType, Field, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Placed, Text};

/// The names of columns to add.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The topic.
    topic: Option<Placed<Text>>,
    /// The partition.
    partition: Option<Placed<Text>>,
    /// The offset in the partition.
    offset: Option<Placed<Text>>,
    /// The message's time.
    timestamp: Option<Placed<Text>>,
    /// The key's bytes.
    key: Option<Placed<Text>>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The topic.
    Topic,
    /// The partition.
    Partition,
    /// The offset in the partition.
    Offset,
    /// The message's time.
    Timestamp,
    /// The key's bytes.
    Key,
}

impl Metadata {
    /// What is asked for, and the names that it is to have.
    pub fn columns(&self) -> Vec<(Known, &Placed<Text>)> {
        let all = [
            (Known::Topic, &self.topic),
            (Known::Partition, &self.partition),
            (Known::Offset, &self.offset),
            (Known::Timestamp, &self.timestamp),
            (Known::Key, &self.key),
        ];
        all.into_iter()
            .filter_map(|(known, name)| Some((known, name.as_ref()?)))
            .collect()
    }
}

impl Known {
    /// The column of that name.
    pub fn field(self, name: &str) -> Field {
        let (data_type, nullable) = match self {
            Self::Topic => (DataType::Utf8, false),
            Self::Partition => (DataType::Int32, false),
            Self::Offset => (DataType::Int64, false),
            Self::Timestamp => (
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                true,
            ),
            Self::Key => (DataType::Binary, true),
        };
        Field::new(name, data_type, nullable)
    }
}
