//! Rows of any table as statements: a document each.

use std::sync::Arc;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Bson, Document, doc};
use twox_hash::XxHash64;

use super::super::{Mode, MongoDb};
use super::bulk::{Kind, Statement};
use super::values::Column;
use crate::batch::{Batch, Position};

/// How rows of a table become documents.
pub struct Documents {
    pub collection: Arc<str>,
    key: Vec<String>,
    upsert: bool,
    /// Of rows without a key, what `_id` begins with; nothing of a stream.
    load: Option<[u8; 5]>,
}

/// What became of a row that no document holds.
pub type Unheld = (usize, String);

impl Documents {
    /// Of rows of this load; of a stream, `load` is none.
    pub fn new(options: &MongoDb, table: &str, load: Option<&str>) -> Self {
        Self {
            collection: options.collection(table).into(),
            key: options
                .key
                .iter()
                .map(|name| name.as_str().to_string())
                .collect(),
            upsert: options.mode == Mode::Upsert,
            load: load.map(|load| first_bytes(load.as_bytes())),
        }
    }

    /// The statements of a batch's rows, and rows that none can be made of.
    ///
    /// # Errors
    /// The columns are not what they should be.
    pub fn encode(&self, batch: &Batch) -> crate::error::Result<(Vec<Statement>, Vec<Unheld>)> {
        let schema = batch.rows.schema_ref();
        let columns = schema.fields().iter().zip(batch.rows.columns());
        let columns = columns.map(|(field, values)| Column::new(field, values));
        let columns = columns.collect::<crate::error::Result<Vec<_>>>()?;
        let (mut statements, mut unheld) = (Vec::new(), Vec::new());
        for row in 0..batch.rows.num_rows() {
            let made = self.statement(batch, &columns, row);
            match made.and_then(Statement::fitting) {
                Ok(statement) => statements.push(statement),
                Err(why) => unheld.push((row, why)),
            }
        }
        Ok((statements, unheld))
    }

    fn statement(
        &self,
        batch: &Batch,
        columns: &[Column],
        row: usize,
    ) -> Result<Statement, String> {
        let mut values = Document::new();
        for column in columns {
            let value = column.value(row);
            let value = value.map_err(|why| format!("column `{}`: {why}", column.name()))?;
            values.insert(column.name(), value);
        }
        let id = match self.key.is_empty() {
            true => Bson::ObjectId(self.number(batch, row)),
            false => key(&values, self.key.iter().map(String::as_str))?,
        };
        let mut document = doc! { "_id": id.clone() };
        document.extend(values);
        let raw = |document: Document| {
            RawDocumentBuf::try_from(document).map_err(|error| error.to_string())
        };
        let (kind, identity, bytes) = match self.upsert {
            true => {
                let query = doc! { "_id": id };
                let identity = raw(query.clone())?.into_bytes();
                let update = doc! { "q": query, "u": document, "upsert": true };
                (Kind::Replace, Some(identity), raw(update)?)
            }
            false => (Kind::Insert, None, raw(document)?),
        };
        Ok(Statement {
            row,
            collection: self.collection.clone(),
            kind,
            identity,
            position: String::new(),
            bytes,
        })
    }

    /// An `_id` that is the same whenever the row is made or read again, where that can be known.
    fn number(&self, batch: &Batch, row: usize) -> ObjectId {
        let (head, number) = match (self.load, Position::of(&batch.origin, row)) {
            (Some(load), _) => (load, batch.place.row(row)),
            // Rows of a stream have no number that stays. Read again, they are there twice, as the
            // plan says of this sink.
            _ => return ObjectId::new(),
        };
        let mut bytes = [0; 12];
        // Five bytes of the load and seven of the row: 2^56 rows, and two loads are alike once in
        // 2^40.
        bytes[..5].copy_from_slice(&head);
        bytes[5..].copy_from_slice(&number.to_be_bytes()[1..]);
        ObjectId::from_bytes(bytes)
    }
}

fn first_bytes(text: &[u8]) -> [u8; 5] {
    let [a, b, c, d, e, ..] = XxHash64::oneshot(0, text).to_be_bytes();
    [a, b, c, d, e]
}

/// A document's `_id`: the value of its key, or a document of several.
///
/// # Errors
/// A column that is not there, or null.
pub fn key<'k>(
    values: &Document,
    columns: impl ExactSizeIterator<Item = &'k str>,
) -> Result<Bson, String> {
    let single = columns.len() == 1;
    let mut key = Document::new();
    for column in columns {
        let value = values.get(column);
        let value = value.ok_or_else(|| format!("the row has no column `{column}` of the key"))?;
        match value {
            // `null` would be one document for all rows without a key.
            Bson::Null => return Err(format!("column `{column}` of the key is null")),
            // MongoDB takes no array as `_id`.
            Bson::Array(_) => return Err(format!("column `{column}` of the key is a list")),
            value if single => return Ok(value.clone()),
            value => key.insert(column, value.clone()),
        };
    }
    Ok(Bson::Document(key))
}
