//! Columns with what Kafka knows of a message beside its value.

#[cfg(feature = "kafka")]
use std::sync::Arc;

#[cfg(feature = "kafka")]
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, Int32Array, Int64Array, StringArray, StringBuilder,
    TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(feature = "kafka")]
use crate::client::kafka::consume::Message;
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
    /// The key: its bytes, or text where the table's `types` say so.
    key: Option<Placed<Text>>,
    /// Whether the message has no value.
    tombstone: Option<Placed<Text>>,
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
    /// The key as text.
    KeyText,
    /// Whether it has no value.
    Tombstone,
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
            (Known::Tombstone, &self.tombstone),
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
            Self::KeyText => (DataType::Utf8, true),
            Self::Tombstone => (DataType::Boolean, false),
        };
        Field::new(name, data_type, nullable)
    }

    /// The same with values of a type that is asked for, where it can have them.
    pub fn of_type(self, wanted: &DataType) -> Option<Self> {
        match (self, wanted) {
            (Self::Key, DataType::Utf8) => Some(Self::KeyText),
            _ => (self.field("").data_type() == wanted).then_some(self),
        }
    }

    /// True of a message that has it, but not as this.
    #[cfg(feature = "kafka")]
    pub fn lacking(self, message: &Message<'_>) -> bool {
        let text = |key| std::str::from_utf8(key).is_ok();
        self == Self::KeyText && !message.key.is_none_or(text)
    }

    /// The values of these messages of a topic.
    #[cfg(feature = "kafka")]
    pub fn values<'m>(
        self,
        topic: &str,
        messages: impl Iterator<Item = &'m Message<'m>>,
    ) -> ArrayRef {
        match self {
            Self::Topic => Arc::new(StringArray::from_iter_values(messages.map(|_| topic))),
            Self::Partition => {
                let partitions = messages.map(|message| message.partition);
                Arc::new(Int32Array::from_iter_values(partitions))
            }
            Self::Offset => {
                let offsets = messages.map(|message| message.offset);
                Arc::new(Int64Array::from_iter_values(offsets))
            }
            Self::Timestamp => {
                let times = messages.map(|message| message.timestamp);
                let times: TimestampMillisecondArray = times.collect();
                Arc::new(times.with_timezone("UTC"))
            }
            Self::Key => {
                let mut keys = BinaryBuilder::new();
                messages.for_each(|message| keys.append_option(message.key));
                Arc::new(keys.finish())
            }
            Self::KeyText => {
                let mut keys = StringBuilder::new();
                let text = |key| std::str::from_utf8(key).ok();
                messages.for_each(|message| keys.append_option(message.key.and_then(text)));
                Arc::new(keys.finish())
            }
            Self::Tombstone => {
                let empty = messages.map(|message| Some(message.value.is_none()));
                Arc::new(empty.collect::<BooleanArray>())
            }
        }
    }
}
