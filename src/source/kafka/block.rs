//! Messages that were fetched, on their way to being rows.

use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::dead::DeadTopic;
use super::member::Messages;
use super::metadata::Known;
use super::options::Tombstones;
use crate::batch::Span;
use crate::client::kafka::consume::Message;
use crate::error::Result;
use crate::source::avro_messages::AvroMessages;
use crate::source::json_rows::JsonRows;
use crate::source::piece::Columns;
use crate::source::reject::BadRow;
use crate::source::{Block, Piece, Rejected};

/// How messages become rows.
pub struct Decode {
    /// The topic, for messages.
    pub topic: String,
    /// All columns: those of the values, then those of `metadata`.
    pub schema: SchemaRef,
    /// What the last ones hold.
    pub metadata: Vec<Known>,
    /// What values hold.
    pub values: Arc<Values>,
    /// What becomes of messages without a value.
    pub tombstones: Tombstones,
    /// Where messages go that cannot be read.
    pub dead: Option<Arc<DeadTopic>>,
}

/// What values hold.
pub enum Values {
    /// One JSON object each.
    Json,
    /// One Avro datum each.
    Avro(Box<AvroMessages>),
}

/// A block that was not looked at yet.
pub struct Waiting {
    messages: Vec<Messages>,
    origin: Arc<[Span]>,
    decode: Arc<Decode>,
}

/// What is wrong with a message without a value, where columns are never null.
const TOMBSTONE: &str = "it has no value, and not every column may be null: say `tombstones: rows` to make them so, or `tombstones: skip`";

impl Waiting {
    /// These messages, of these partitions.
    pub fn new(messages: Vec<Messages>, origin: Arc<[Span]>, decode: Arc<Decode>) -> Self {
        Self {
            messages,
            origin,
            decode,
        }
    }
}

impl Block for Waiting {
    fn rows(&self) -> usize {
        self.messages.iter().map(Messages::len).sum()
    }

    fn read(&self, first: u64, columns: &[usize]) -> Result<Piece> {
        let mut messages: Vec<Message<'_>> =
            self.messages.iter().flat_map(Messages::iter).collect();
        // In the order of the spans; a partition's messages keep their own.
        messages.sort_by_key(|message| message.partition);
        self.decode.read(&messages, first, columns)
    }

    fn origin(&self) -> &Arc<[Span]> {
        &self.origin
    }
}

impl Decode {
    /// The rows of these messages.
    fn read(&self, messages: &[Message<'_>], first: u64, columns: &[usize]) -> Result<Piece> {
        let values = self.schema.fields().len() - self.metadata.len();
        let (of_values, _): (Vec<usize>, Vec<usize>) =
            columns.iter().partition(|column| **column < values);
        // Values first: the metadata columns are made of the messages that turn out to be good.
        let (arrays, bad) = self.columns(messages, &of_values)?;
        let mut bad_places = bad.iter().map(|(place, _)| *place).peekable();
        let good = |place: &usize| bad_places.next_if_eq(place).is_none();
        let good: Vec<usize> = (0..messages.len()).filter(good).collect();
        let mut arrays = arrays.into_iter();
        let mut made = Vec::with_capacity(columns.len());
        for column in columns {
            match column.checked_sub(values) {
                None => made.extend(arrays.next()),
                Some(place) => {
                    let good = good.iter().map(|place| &messages[*place]);
                    made.push(self.metadata[place].values(&self.topic, good));
                }
            }
        }
        let rejected: Result<Vec<(usize, Rejected)>> = bad
            .into_iter()
            .map(|(place, bad)| Ok((place, self.reject(messages[place], bad)?)))
            .collect();
        Ok(Piece::among(made, first, messages.len(), rejected?))
    }

    /// Columns of the values, of messages that have one and of those that do not.
    fn columns(&self, messages: &[Message<'_>], columns: &[usize]) -> Result<Columns> {
        let (mut valued, mut bytes, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        for (place, message) in messages.iter().enumerate() {
            match message.value {
                _ if self.metadata.iter().any(|known| known.lacking(message)) => {
                    bad.push((
                        place,
                        BadRow::new("wrong type", "the key is not text in UTF-8"),
                    ));
                }
                Some(value) => {
                    valued.push(place);
                    bytes.push(value);
                }
                None if self.tombstones == Tombstones::Rows => {}
                None => bad.push((place, BadRow::new("tombstone", TOMBSTONE))),
            }
        }
        let (arrays, wrong) = self.values(&bytes, columns)?;
        if valued.len() == messages.len() {
            return Ok((arrays, wrong));
        }
        bad.extend(
            wrong
                .into_iter()
                .map(|(place, wrong)| (valued[place], wrong)),
        );
        bad.sort_by_key(|(place, _)| *place);
        let rows = spread(messages, &bad);
        let spread = arrays.iter().map(|values| Ok(take(values, &rows, None)?));
        Ok((spread.collect::<Result<_>>()?, bad))
    }

    fn values(&self, bytes: &[&[u8]], columns: &[usize]) -> Result<Columns> {
        match self.values.as_ref() {
            Values::Json => {
                let wanted = Arc::new(self.schema.project(columns)?);
                JsonRows::new(wanted).read(bytes)
            }
            Values::Avro(avro) => avro.read(&self.schema, bytes, columns),
        }
    }

    fn reject(&self, message: Message<'_>, bad: BadRow) -> Result<Rejected> {
        // Sent while the batch is made, and waited for before it counts as safe (`Flow::durable`).
        if let Some(dead) = &self.dead {
            dead.send(&self.topic, message, &bad.message)?;
        }
        let coded = |bytes: Option<&[u8]>| bytes.map(|bytes| STANDARD.encode(bytes));
        let (topic, partition, offset) = (&self.topic, message.partition, message.offset);
        let mut letter = serde_json::Map::new();
        letter.insert("topic".into(), topic.clone().into());
        letter.insert("partition".into(), partition.into());
        letter.insert("offset".into(), offset.into());
        letter.insert("timestamp".into(), message.timestamp.into());
        letter.insert("reason".into(), bad.message.clone().into());
        letter.insert("key".into(), coded(message.key).into());
        letter.insert("value".into(), coded(message.value).into());
        Ok(Rejected {
            place: format!("topic `{topic}`, partition {partition}, offset {offset}"),
            kind: bad.kind,
            message: bad.message,
            letter,
        })
    }
}

/// Which row each message has that is not bad; none of those without a value.
fn spread(messages: &[Message<'_>], bad: &[(usize, BadRow)]) -> UInt32Array {
    let mut bad_places = bad.iter().map(|(place, _)| *place).peekable();
    let mut next = 0..;
    let rows = messages.iter().enumerate().filter_map(|(place, message)| {
        let good = bad_places.next_if_eq(&place).is_none();
        good.then(|| message.value.and_then(|_| next.next()))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Field, Schema};

    fn message(offset: i64, value: Option<&'static [u8]>) -> Message<'static> {
        Message {
            partition: 0,
            offset,
            error: None,
            key: None,
            value,
            timestamp: None,
        }
    }

    fn decode(tombstones: Tombstones) -> Decode {
        let fields = vec![
            Field::new("id", DataType::Int64, true),
            Field::new("gone", DataType::Boolean, false),
        ];
        Decode {
            topic: "t".into(),
            schema: Arc::new(Schema::new(fields)),
            metadata: vec![Known::Tombstone],
            values: Arc::new(Values::Json),
            tombstones,
            dead: None,
        }
    }

    #[test]
    fn messages_without_a_value_are_rows_of_nulls() {
        let messages = [
            message(0, None),
            message(1, Some(b"{\"id\":1}")),
            message(2, Some(b"{")),
            message(3, None),
            message(4, Some(b"{\"id\":4}")),
        ];
        let piece = decode(Tombstones::Rows)
            .read(&messages, 10, &[0, 1])
            .unwrap();
        let ids: Vec<_> = piece.columns[0]
            .as_primitive::<arrow::datatypes::Int64Type>()
            .iter()
            .collect();
        assert_eq!(ids, [None, Some(1), None, Some(4)]);
        let gone: Vec<_> = piece.columns[1].as_boolean().iter().flatten().collect();
        assert_eq!(gone, [true, false, true, false]);
        assert_eq!(piece.kept, Some(vec![10, 11, 13, 14]));
        assert_eq!(piece.rejected.len(), 1);
        let piece = decode(Tombstones::Refuse)
            .read(&messages, 10, &[0])
            .unwrap();
        assert_eq!(
            (piece.columns[0].len(), piece.kept),
            (2, Some(vec![11, 14]))
        );
        let said: Vec<_> = piece
            .rejected
            .iter()
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!((said[0], said[2]), (TOMBSTONE, TOMBSTONE));
    }
}
