//! Changes as Debezium tells them, read: which row of which table, what it was before and what it is after,
//! and where the change stands in the binlog. With Kafka Connect's schema beside the payload or without.

mod decode;
mod guess;
mod meaning;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use decode::{Plain, plain, plain_json, time_text};
pub use guess::{guessed, is_digits, parts_of_second};
pub use meaning::{Meaning, Meanings};

/// What one message tells.
#[derive(Debug)]
pub enum Told<'m> {
    /// A change.
    Change(Box<Envelope<'m>>),
    /// That a key is gone, which the change before has told: no value, or what Debezium Server sends in its place.
    Tombstone,
}

/// One change.
#[derive(Debug)]
pub struct Envelope<'m> {
    /// The schema beside it, as it was sent.
    pub schema: Option<&'m str>,
    /// The database.
    pub database: Cow<'m, str>,
    /// The table.
    pub table: Cow<'m, str>,
    /// `create`, `update`, `delete`, `read` (of a snapshot) or `truncate`.
    pub operation: &'static str,
    /// The row before, as it was sent.
    pub before: Option<&'m str>,
    /// The row after, as it was sent.
    pub after: Option<&'m str>,
    /// Milliseconds since 1970 at which Debezium handled it.
    pub ts_ms: Option<i64>,
    /// The transaction, where Debezium tells it; else the server's global number of it.
    pub transaction: Option<Cow<'m, str>>,
    /// The binlog's file.
    pub file: Option<Cow<'m, str>>,
    /// The event's position in the file.
    pub pos: Option<i64>,
    /// The row within the event.
    pub row: Option<i32>,
}

#[derive(Deserialize)]
struct Message<'m> {
    // Kept as it stands: it is longer than the change and the same for all of a table, and read
    // only once.
    #[serde(borrow, default)]
    schema: Option<&'m RawValue>,
    // Null in the place of a value that is gone; one that is not there at all is no envelope.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    payload: Option<Payload<'m>>,
}

#[derive(Deserialize)]
struct Payload<'m> {
    #[serde(borrow, default)]
    before: Option<&'m RawValue>,
    #[serde(borrow, default)]
    after: Option<&'m RawValue>,
    #[serde(borrow)]
    source: Source<'m>,
    #[serde(borrow)]
    op: Cow<'m, str>,
    #[serde(default)]
    ts_ms: Option<i64>,
    #[serde(borrow, default)]
    transaction: Option<Transaction<'m>>,
}

#[derive(Deserialize)]
struct Source<'m> {
    #[serde(borrow, default)]
    db: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    table: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    gtid: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    file: Option<Cow<'m, str>>,
    #[serde(default)]
    pos: Option<i64>,
    #[serde(default)]
    row: Option<i32>,
}

#[derive(Deserialize)]
struct Transaction<'m> {
    #[serde(borrow, default)]
    id: Option<Cow<'m, str>>,
}

/// What Debezium Server sends where a message has no value.
const NO_VALUE: &[u8] = b"default";

/// Reads a message.
///
/// # Errors
/// It is no envelope, and why.
pub fn read(message: &[u8]) -> Result<Told<'_>, String> {
    let text = message.trim_ascii();
    if text.is_empty() || text == NO_VALUE || text == b"null" {
        return Ok(Told::Tombstone);
    }
    let (schema, payload) = match parts(text) {
        Ok((_, None)) => return Ok(Told::Tombstone),
        Ok((schema, Some(payload))) => (schema, payload),
        Err(error) => return Err(format!("it is no envelope of Debezium: {error}")),
    };
    let operation = operation(&payload.op)?;
    let Payload { source, .. } = payload;
    let (Some(database), Some(table)) = (source.db, source.table) else {
        return Err("it is no envelope of Debezium: its source names no `db` and `table`".into());
    };
    let transaction = payload.transaction.and_then(|transaction| transaction.id);
    Ok(Told::Change(Box::new(Envelope {
        schema: schema.map(RawValue::get),
        database,
        table,
        operation,
        before: payload.before.map(RawValue::get),
        after: payload.after.map(RawValue::get),
        ts_ms: payload.ts_ms,
        // Debezium tells transactions only where that is switched on.
        transaction: transaction.or(source.gtid),
        file: source.file,
        pos: source.pos,
        row: source.row,
    })))
}

type Parts<'m> = (Option<&'m RawValue>, Option<Payload<'m>>);

/// The schema and the payload; a message without a schema is the payload.
fn parts(text: &[u8]) -> serde_json::Result<Parts<'_>> {
    // The schema comes first, so that this is known at once.
    let framed = text.get(1..).map(<[u8]>::trim_ascii_start);
    let framed = framed
        .is_some_and(|text| text.starts_with(b"\"schema\"") || text.starts_with(b"\"payload\""));
    match framed {
        true => serde_json::from_slice(text).map(|Message { schema, payload }| (schema, payload)),
        false => serde_json::from_slice(text).map(|payload| (None, Some(payload))),
    }
}

fn operation(op: &str) -> Result<&'static str, String> {
    Ok(match op {
        "c" => "create",
        "u" => "update",
        "d" => "delete",
        "r" => "read",
        "t" => "truncate",
        other => {
            return Err(format!(
                "nobody knows the operation `{other}`; it is c, u, d, r or t"
            ));
        }
    })
}
