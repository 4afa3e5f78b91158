//! Arrays of what is known of messages and of the changes in them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray, TimestampMillisecondArray,
};

use super::metadata::Known;
use super::pipe::Message;
use crate::format::envelope::{Envelope, Meanings};
use crate::sync::lock;

/// A message and the change in it, where it holds one.
pub struct Change<'m> {
    /// The message.
    pub message: &'m Message,
    /// The change.
    pub envelope: Option<Box<Envelope<'m>>>,
}

/// What the columns of tables mean, by the schemas that came beside their changes: each is read once.
#[derive(Default)]
pub struct Schemas(Mutex<HashMap<String, Said>>);

/// What a schema says, as it is and as text.
type Said = (Arc<Meanings>, Arc<str>);

/// More are forgotten: tables change their columns now and then.
// A choice. Each message has the whole schema as text, which is the key here: to read it again for
// each of them would cost more than the row.
const MOST_SCHEMAS: usize = 10_000;

impl Schemas {
    /// What a schema says, as it is and as text.
    pub fn of(&self, schema: &str) -> Said {
        let mut known = lock(&self.0);
        if let Some(found) = known.get(schema) {
            return found.clone();
        }
        let meanings = Meanings::of_schema(schema);
        let text = Arc::from(meanings.text());
        let made = (Arc::new(meanings), text);
        if known.len() >= MOST_SCHEMAS {
            known.clear();
        }
        known.insert(schema.to_string(), made.clone());
        made
    }
}

impl Known {
    /// The values of these messages.
    pub fn values(self, queues: &[String], schemas: &Schemas, changes: &[Change<'_>]) -> ArrayRef {
        let messages = changes.iter().map(|change| change.message);
        match self {
            Self::Queue => {
                let name = |message: &Message| queues[message.queue as usize].as_str();
                Arc::new(StringArray::from_iter_values(messages.map(name)))
            }
            Self::RoutingKey => {
                let keys = messages.map(|message| message.routing_key.as_str());
                Arc::new(StringArray::from_iter_values(keys))
            }
            Self::Redelivered => {
                let flags = messages.map(|message| Some(message.redelivered));
                Arc::new(flags.collect::<BooleanArray>())
            }
            // AMQP has seconds. What a sender counts in smaller units may be no time at all then: null.
            Self::Timestamp => times(messages.map(|message| message.timestamp?.checked_mul(1000))),
            Self::At => times(told(changes, |envelope| envelope.ts_ms)),
            Self::Pos => Arc::new(told(changes, |envelope| envelope.pos).collect::<Int64Array>()),
            Self::Row => Arc::new(told(changes, |envelope| envelope.row).collect::<Int32Array>()),
            Self::Types => {
                let types = told(changes, |envelope| Some(schemas.of(envelope.schema?).1));
                Arc::new(types.collect::<StringArray>())
            }
            text => {
                let text = told(changes, |envelope| text.of(envelope));
                Arc::new(text.collect::<StringArray>())
            }
        }
    }

    /// A text of a change.
    fn of<'c>(self, envelope: &'c Envelope<'_>) -> Option<&'c str> {
        match self {
            Self::Database => Some(&envelope.database),
            Self::Table => Some(&envelope.table),
            Self::Operation => Some(envelope.operation),
            Self::Before => envelope.before,
            Self::After => envelope.after,
            Self::Transaction => envelope.transaction.as_deref(),
            Self::File => envelope.file.as_deref(),
            _ => None,
        }
    }
}

fn told<'c, T>(
    changes: &'c [Change<'c>],
    of: impl Fn(&'c Envelope<'c>) -> Option<T>,
) -> impl Iterator<Item = Option<T>> {
    let envelopes = changes.iter().map(|change| change.envelope.as_deref());
    envelopes.map(move |envelope| envelope.and_then(&of))
}

fn times(times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let times: TimestampMillisecondArray = times.collect();
    Arc::new(times.with_timezone("UTC"))
}
