//! Messages on their way to being rows.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::columns::{Change, Schemas};
use super::metadata::Known;
use super::pipe::Message;
use crate::batch::Span;
use crate::error::Result;
use crate::format::envelope::{Envelope, Told, guessed, plain_json, read};
use crate::source::avro_messages::AvroMessages;
use crate::source::json_rows::JsonRows;
use crate::source::reject::BadRow;
use crate::source::{Block, Piece, Rejected};

/// How messages become rows.
pub struct Decode {
    /// The queues' names.
    pub queues: Vec<String>,
    /// All columns: those of the values, then those of `metadata`.
    pub schema: SchemaRef,
    /// What the last ones hold; of envelopes, all of them.
    pub metadata: Vec<Known>,
    /// What values hold.
    pub values: Values,
    /// What schemas say that came beside changes.
    pub schemas: Schemas,
}

/// What values hold.
#[derive(Clone)]
pub enum Values {
    /// One JSON object each.
    Json,
    /// One Avro datum each.
    Avro(Arc<AvroMessages>),
    /// A change each, which is a row.
    Envelopes,
    /// A change each, whose row is the row.
    Rows,
}

impl Values {
    /// True if each is a change.
    pub fn are_changes(&self) -> bool {
        matches!(self, Self::Envelopes | Self::Rows)
    }
}

/// A block that was not looked at yet.
pub struct Waiting {
    messages: Vec<Message>,
    origin: Arc<[Span]>,
    decode: Arc<Decode>,
}

/// What one message has become.
enum DecodedMessage<'m> {
    /// A row: of the change in it, and of this object.
    Row(Option<Box<Envelope<'m>>>, Option<Cow<'m, [u8]>>),
    /// Nothing: a tombstone, or a change that is of no row.
    PassedOver,
    BadRow(BadRow),
}

impl Waiting {
    /// These messages, which cover this.
    pub fn new(messages: Vec<Message>, origin: Arc<[Span]>, decode: Arc<Decode>) -> Self {
        Self {
            messages,
            origin,
            decode,
        }
    }
}

impl Block for Waiting {
    fn rows(&self) -> usize {
        self.messages.len()
    }

    fn read(&self, first: u64, columns: &[usize]) -> Result<Piece> {
        self.decode.read(&self.messages, first, columns)
    }

    fn origin(&self) -> &Arc<[Span]> {
        &self.origin
    }
}

impl Decode {
    /// The rows of these messages.
    pub fn read(&self, messages: &[Message], first: u64, columns: &[usize]) -> Result<Piece> {
        let (mut changes, mut objects) = (Vec::new(), Vec::new());
        let (mut kept, mut bad) = (Vec::new(), Vec::new());
        for (place, message) in messages.iter().enumerate() {
            match self.see(&message.body) {
                DecodedMessage::Row(envelope, object) => {
                    changes.push(Change { message, envelope });
                    objects.extend(object);
                    kept.push(place);
                }
                DecodedMessage::PassedOver => {}
                DecodedMessage::BadRow(wrong) => bad.push((place, wrong)),
            }
        }
        // Of envelopes all columns are metadata, and there are no values to read.
        let own = self.schema.fields().len() - self.metadata.len();
        let of_values: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| *column < own)
            .collect();
        let mut arrays = Vec::new().into_iter();
        if own > 0 {
            let objects: Vec<&[u8]> = objects.iter().map(AsRef::as_ref).collect();
            let (made, wrong) = match &self.values {
                Values::Avro(avro) => avro.read(&self.schema, &objects, &of_values)?,
                _ => {
                    let wanted = Arc::new(self.schema.project(&of_values)?);
                    JsonRows::new(wanted).read(&objects)?
                }
            };
            arrays = made.into_iter();
            // Rows whose values cannot be read are known only now; what is known of their messages
            // must not become rows, either.
            let (left, rest) = readable((kept, changes), wrong, &mut bad);
            (kept, changes) = (left, rest);
            bad.sort_by_key(|(place, _)| *place);
        }
        let values = |column: &usize| -> Option<ArrayRef> {
            match column.checked_sub(own) {
                None => arrays.next(),
                Some(place) => {
                    let known = self.metadata[place];
                    Some(known.values(&self.queues, &self.schemas, &changes))
                }
            }
        };
        let made = columns.iter().filter_map(values).collect();
        let rejected = bad
            .into_iter()
            .map(|(place, bad)| self.reject(&messages[place], bad));
        Ok(Piece {
            columns: made,
            rejected: rejected.collect(),
            kept: (kept.len() < messages.len())
                .then(|| kept.into_iter().map(|place| first + place as u64).collect()),
            odd: Vec::new(),
        })
    }

    fn see<'m>(&self, body: &'m [u8]) -> DecodedMessage<'m> {
        if !self.values.are_changes() {
            return DecodedMessage::Row(None, Some(Cow::Borrowed(body)));
        }
        let envelope = match read(body) {
            Ok(Told::Tombstone) => return DecodedMessage::PassedOver,
            Ok(Told::Change(envelope)) => envelope,
            Err(why) => return DecodedMessage::BadRow(BadRow::new("no envelope", why)),
        };
        if matches!(self.values, Values::Envelopes) {
            return DecodedMessage::Row(Some(envelope), None);
        }
        // A truncation is about no row.
        let Some(row) = envelope.after.or(envelope.before) else {
            return DecodedMessage::PassedOver;
        };
        let object = match envelope.schema {
            Some(schema) => plain_json(row, &self.schemas.of(schema).0),
            None => match guessed(&self.schema, row) {
                Ok(meanings) => plain_json(row, &meanings),
                Err(why) => return DecodedMessage::BadRow(BadRow::new("no unit", why)),
            },
        };
        match object {
            Ok(object) => {
                DecodedMessage::Row(Some(envelope), Some(Cow::Owned(object.into_bytes())))
            }
            Err(why) => DecodedMessage::BadRow(BadRow::new("no envelope", why)),
        }
    }

    fn reject(&self, message: &Message, bad: BadRow) -> Rejected {
        let (queue, tag) = (&self.queues[message.queue as usize], message.tag);
        let mut letter = serde_json::Map::new();
        letter.insert("queue".into(), queue.clone().into());
        letter.insert("delivery_tag".into(), tag.into());
        letter.insert("routing_key".into(), message.routing_key.clone().into());
        letter.insert("redelivered".into(), message.redelivered.into());
        letter.insert("reason".into(), bad.message.clone().into());
        letter.insert("value".into(), STANDARD.encode(&message.body).into());
        Rejected {
            place: format!("queue `{queue}`, delivery {tag}"),
            kind: bad.kind,
            message: bad.message,
            letter,
        }
    }
}

/// The messages whose rows could be read; the others are bad.
fn readable<'m>(
    (kept, changes): (Vec<usize>, Vec<Change<'m>>),
    wrong: Vec<(usize, BadRow)>,
    bad: &mut Vec<(usize, BadRow)>,
) -> (Vec<usize>, Vec<Change<'m>>) {
    let mut wrong = wrong.into_iter().peekable();
    let both = kept.into_iter().zip(changes).enumerate();
    let readable = both.filter_map(|(row, both)| match wrong.next_if(|(bad, _)| *bad == row) {
        Some((_, wrong)) => {
            bad.push((both.0, wrong));
            None
        }
        None => Some(both),
    });
    readable.unzip()
}
