//! A collection that has a document a change: every change, where it stands, and the row that it left.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema};
use mongodb::bson::{Bson, Document};
use std::sync::Arc;

use super::super::MongoDb;
use super::collection::Documents;
use super::text::json;
use crate::error::{Error, Problem, Result};
use crate::format::envelope::{Meaning, Meanings, is_digits, parts_of_second, plain_json};
use crate::source::json_rows::JsonRows;

/// A change that has its document.
#[derive(Debug, Clone)]
pub struct Event {
    /// The document's `_id`.
    pub id: String,
    /// Where it stands in the binlog: file, position, row.
    pub place: (u64, u64, u64),
    /// `create`, `update`, `delete` or `read`.
    pub operation: String,
}

/// Parts of a second: microseconds.
const MICRO: i64 = 1_000_000;

/// 2^63, which 64 bits with a sign do not hold.
const BEYOND_INT64: f64 = 9_223_372_036_854_775_808.0;

/// Documents that are read at once.
const AT_ONCE: usize = 16_384;

/// Who is given changes: each piece's, with their rows; of a delete, the row before.
pub type Give<'g> = dyn FnMut(Vec<Event>, Vec<ArrayRef>) -> Result<()> + 'g;

/// What was read.
#[derive(Debug)]
pub struct EventsRead {
    /// Where the documents were.
    pub described: String,
    /// The documents, by their `_id`, that say that the table was emptied.
    pub emptied: Vec<String>,
}

/// Reads the documents of a collection of changes, with their rows as `fields`.
///
/// # Errors
/// The server does not give them, or one is no change.
pub fn events(options: &MongoDb, fields: &[Field], give: &mut Give<'_>) -> Result<EventsRead> {
    let documents = Documents::open(options)?;
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let mut first = 0;
    let mut emptied = Vec::new();
    while first < documents.count {
        let read = documents.read(first, AT_ONCE)?;
        if read.is_empty() {
            break;
        }
        first += read.len() as u64;
        let (emptying, read): (Vec<Document>, Vec<Document>) =
            read.into_iter().partition(|document| {
                document
                    .get_str("operation")
                    .is_ok_and(|operation| operation == "truncate")
            });
        emptied.extend(emptying.iter().map(id));
        let (mut told, mut rows) = (Vec::new(), Vec::new());
        for document in &read {
            let (event, row) = event(document).map_err(|why| stranger(options, document, &why))?;
            told.push(event);
            rows.push(typed(row, &schema).map_err(|why| stranger(options, document, &why))?);
        }
        let bytes: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
        let (arrays, bad) = JsonRows::new(schema.clone()).read(&bytes)?;
        if let Some((row, bad)) = bad.first() {
            return Err(stranger(options, &read[*row], &bad.message));
        }
        give(told, arrays)?;
    }
    Ok(EventsRead {
        described: format!(
            "mongodb changes in {} at {}",
            documents.name,
            documents.server()
        ),
        emptied,
    })
}

fn id(document: &Document) -> String {
    match document.get("_id") {
        Some(Bson::String(text)) => text.clone(),
        other => other.map_or_else(String::new, ToString::to_string),
    }
}

fn stranger(options: &MongoDb, document: &Document, why: &str) -> Error {
    let id = document
        .get("_id")
        .map_or_else(String::new, ToString::to_string);
    let message = format!(
        "document {id} of `{}` is no change of a row",
        options.collection.as_str()
    );
    Error::run(Problem::new(message).cause(why))
}

/// What a document tells, by either spelling of its fields.
fn event(document: &Document) -> Result<(Event, &Document), String> {
    let field = |joined: &str, snake: &str| document.get(joined).or_else(|| document.get(snake));
    let row = |joined, snake| field(joined, snake).and_then(Bson::as_document);
    let operation = document
        .get_str("operation")
        .map_err(|_| "it has no operation")?;
    let row = row("afterdata", "after_data").or(row("beforedata", "before_data"));
    let row = row.ok_or("it has no row, neither before nor after")?;
    let id = document
        .get_str("_id")
        .map_err(|_| "its `_id` is no place in a binlog")?;
    let mut parts = id.split(':');
    let file = parts.next().unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    let file = number(file.rsplit('.').next());
    let (pos, within) = (number(parts.next()), number(parts.next()));
    let (Some(file), Some(pos), Some(within)) = (file, pos, within) else {
        return Err("its `_id` is no place in a binlog".into());
    };
    let event = Event {
        id: id.to_string(),
        place: (file, pos, within),
        operation: operation.to_string(),
    };
    Ok((event, row))
}

/// A row as JSON of the wanted columns, whether its values are what Debezium sent or what they mean.
fn typed(row: &Document, wanted: &Schema) -> Result<String, String> {
    let mut meanings = Meanings::default();
    let mut plain = row.clone();
    for field in wanted.fields() {
        let name = field.name().as_str();
        let Some(value) = plain.get_mut(name) else {
            continue;
        };
        // Numbers were doubles. Beyond 64 bits with a sign they stay that: as JSON they have all of
        // their digits.
        if let Bson::Double(number) = value
            && number.fract() == 0.0
            && number.abs() < BEYOND_INT64
            && !field.data_type().is_floating()
        {
            *value = Bson::Int64(*number as i64);
        }
        let text = value.as_str();
        let count = value.as_i64().or(value.as_i32().map(i64::from));
        let meaning = match field.data_type() {
            DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale)
                if text.is_some_and(|text| !is_digits(text, *scale)) =>
            {
                Meaning::Decimal(*scale)
            }
            DataType::Date32 if count.is_some() => Meaning::Date,
            DataType::Time32(_) | DataType::Time64(_) if count.is_some() => Meaning::Time(MICRO),
            DataType::Timestamp(unit, _) if count.is_some() => {
                // The table is one that our changes were applied to: where their times have
                // microseconds, its column has them, too.
                let parts = count.and_then(|count| parts_of_second(*unit, count));
                Meaning::Timestamp(parts.unwrap_or(MICRO))
            }
            DataType::Binary if matches!(value, Bson::String(_)) => Meaning::Bytes,
            _ => continue,
        };
        meanings.say(name, meaning);
    }
    plain_json(&json(&plain, wanted), &meanings)
}
