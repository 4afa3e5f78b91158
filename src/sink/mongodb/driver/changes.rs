//! Changes as Debezium tells them, as statements: a document each, and the current state of their tables.
//!
//! A document's `_id` is where its change stands in the binlog, so that a change that comes again replaces
//! itself. A row of the state is replaced only by what stands behind it in the binlog, and one that is gone
//! leaves its position, so that neither a redelivery nor disorder brings it back; so does a table that was
//! emptied (`emptied`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMillisecondType};
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Bson, DateTime, Document, doc};
use twox_hash::XxHash3_128;

use super::super::envelopes::{Columns, Envelopes, Stored};
use super::bulk::{Kind, Statement};
use super::emptied;
use super::rows::{Unheld, key};
use super::values::{meant, sent};
use crate::batch::Batch;
use crate::error::Result;
use crate::format::envelope::Meanings;
use crate::sync::lock;

/// How changes become documents.
pub struct Changes {
    options: Envelopes,
    columns: Columns,
    // By the text of the schema: every change brings it along, and it seldom changes.
    meanings: Mutex<HashMap<String, Arc<Meanings>>>,
}

/// The columns of a batch.
struct Texts {
    texts: Vec<StringArray>,
    ts_ms: ArrayRef,
    pos: ArrayRef,
    row: ArrayRef,
}

/// One change.
struct Change<'b> {
    row: usize,
    database: &'b str,
    table: &'b str,
    operation: &'b str,
    before: Option<&'b str>,
    after: Option<&'b str>,
    ts_ms: Option<i64>,
    transaction: Option<&'b str>,
    place: Option<(&'b str, i64, i32)>,
    meanings: Arc<Meanings>,
}

impl Changes {
    pub fn new(options: Envelopes, columns: Columns) -> Self {
        Self {
            options,
            columns,
            meanings: Mutex::default(),
        }
    }

    /// The statements of a batch's changes, and those that none can be made of.
    ///
    /// # Errors
    /// The columns are not what they should be.
    pub fn encode(&self, batch: &Batch) -> Result<(Vec<Statement>, Vec<Unheld>)> {
        let texts = self.texts(batch)?;
        let (mut statements, mut unheld) = (Vec::new(), Vec::new());
        for row in 0..batch.rows.num_rows() {
            let change = self.change(&texts, row);
            let made = self.statements(&change);
            let fitting = |made: Vec<Statement>| made.into_iter().map(Statement::fitting).collect();
            match made.and_then(fitting) {
                Ok::<Vec<_>, _>(made) => statements.extend(made),
                Err(why) => unheld.push((row, why)),
            }
        }
        Ok((statements, unheld))
    }

    fn texts(&self, batch: &Batch) -> Result<Texts> {
        let of = |column: usize| batch.rows.column(column);
        let columns = &self.columns;
        let texts = [
            columns.database,
            columns.table,
            columns.operation,
            columns.before,
            columns.after,
            columns.transaction,
            columns.file,
            columns.types,
        ];
        let text = |column: usize| {
            Ok(cast(of(column), &DataType::Utf8)?
                .as_string::<i32>()
                .clone())
        };
        Ok(Texts {
            texts: texts.into_iter().map(text).collect::<Result<_>>()?,
            ts_ms: of(columns.ts_ms).clone(),
            pos: of(columns.pos).clone(),
            row: of(columns.row).clone(),
        })
    }

    fn change<'b>(&self, texts: &'b Texts, row: usize) -> Change<'b> {
        let text = |column: usize| {
            let values = &texts.texts[column];
            values.is_valid(row).then(|| values.value(row))
        };
        let there = |values: &ArrayRef| values.is_valid(row);
        let pos = there(&texts.pos).then(|| texts.pos.as_primitive::<Int64Type>().value(row));
        let within = there(&texts.row).then(|| texts.row.as_primitive::<Int32Type>().value(row));
        let at = &texts.ts_ms;
        Change {
            row,
            database: text(0).unwrap_or_default(),
            table: text(1).unwrap_or_default(),
            operation: text(2).unwrap_or_default(),
            before: text(3),
            after: text(4),
            transaction: text(5),
            ts_ms: there(at).then(|| at.as_primitive::<TimestampMillisecondType>().value(row)),
            place: text(6)
                .zip(pos)
                .map(|(file, pos)| (file, pos, within.unwrap_or(0))),
            meanings: self.meanings(text(7).unwrap_or_default()),
        }
    }

    /// What a table's columns mean: read once for each text that says it.
    fn meanings(&self, text: &str) -> Arc<Meanings> {
        let mut known = lock(&self.meanings);
        if let Some(found) = known.get(text) {
            return found.clone();
        }
        let made = Arc::new(Meanings::parse(text));
        known.insert(text.to_string(), made.clone());
        made
    }

    fn statements(&self, change: &Change<'_>) -> Result<Vec<Statement>, String> {
        let mut statements = vec![self.document(change)?];
        if let Some(state) = &self.options.state
            && let Some(columns) = state.key(change.database, change.table)
        {
            let collection = state.collection(change.database, change.table);
            statements.push(current(change, &columns, collection)?);
        }
        Ok(statements)
    }

    /// What is kept of the change itself.
    fn document(&self, change: &Change<'_>) -> Result<Statement, String> {
        let names = self.options.names;
        let row = |row: Option<&str>| match (row, self.options.values) {
            (None, _) => Ok(Bson::Null),
            (Some(row), Stored::Sent) => sent(row),
            (Some(row), Stored::Mean) => meant(row, &change.meanings).map(Bson::Document),
        };
        // Where it stands in the binlog, so that a change that comes again replaces its own
        // document.
        let id = change.id();
        let query = doc! { "_id": &id };
        let place = change.place.map_or(Bson::Null, |(file, pos, _)| {
            Bson::Document(doc! { "file": file, "pos": pos })
        });
        let document = doc! {
            "_id": &id,
            names.of("databasename", "database_name"): change.database,
            names.of("tablename", "table_name"): change.table,
            "operation": change.operation,
            names.of("beforedata", "before_data"): row(change.before)?,
            names.of("afterdata", "after_data"): row(change.after)?,
            "timestamp": change.ts_ms.map(DateTime::from_millis),
            names.of("transactionid", "transaction_id"): change.transaction,
            names.of("binlogposition", "binlog_position"): place,
        };
        Ok(Statement {
            row: change.row,
            collection: self.options.documents(change.database, change.table).into(),
            kind: Kind::Replace,
            identity: Some(id.into_bytes()),
            position: String::new(),
            bytes: raw(&doc! { "q": query, "u": document, "upsert": true })?,
        })
    }
}

impl Change<'_> {
    /// Where it stands in the binlog. A snapshot stands at one place: its rows are told apart by what they hold.
    fn id(&self) -> String {
        let hashed = || {
            let row = self.after.or(self.before).unwrap_or_default();
            format!("{:032x}", XxHash3_128::oneshot(row.as_bytes()))
        };
        match self.place {
            Some((file, pos, row)) if self.operation == "read" => {
                format!("{file}:{pos}:{row}:{}", hashed())
            }
            Some((file, pos, row)) => format!("{file}:{pos}:{row}"),
            None => format!("{}:{}", self.ts_ms.unwrap_or(0), hashed()),
        }
    }

    /// As text that sorts as the binlog is written.
    fn position(&self) -> Result<String, String> {
        let (file, pos, row) = self.place.ok_or(
            "it does not say where it stands in the binlog, which the state of its table needs",
        )?;
        // `binlog.999999` is followed by `binlog.1000000`, which as text stands before it.
        let number = file.rsplit('.').next().unwrap_or(file);
        Ok(format!("{number:0>10}:{pos:020}:{row:010}"))
    }
}

/// What becomes of a row of a table's state, or of the table.
fn current(change: &Change<'_>, columns: &[&str], collection: String) -> Result<Statement, String> {
    let position = change.position()?;
    let (id, mut document) = match change.operation {
        // Whoever has written this removes all that is older.
        "truncate" => (emptied::id(), doc! { "_deleted": true }),
        _ => row(change, columns)?,
    };
    document.insert("_position", &position);
    let mut update = doc! { "_id": &id };
    update.extend(document);
    let identity = raw(&doc! { "_id": &id })?.into_bytes();
    let query = doc! { "_id": id, "_position": { "$lt": &position } };
    Ok(Statement {
        row: change.row,
        collection: collection.into(),
        kind: Kind::Newer,
        identity: Some(identity),
        position,
        bytes: raw(&doc! { "q": query, "u": update, "upsert": true })?,
    })
}

/// The key of the row that a change is of, and what the row has come to.
fn row(change: &Change<'_>, columns: &[&str]) -> Result<(Bson, Document), String> {
    let row = change.after.or(change.before);
    let row = row.ok_or("it has no row, neither before nor after")?;
    let values = meant(row, &change.meanings)?;
    let id = key(&values, columns.iter().copied())?;
    Ok(match change.after {
        Some(_) => (id, values),
        None => (id, doc! { "_deleted": true }),
    })
}

fn raw(document: &Document) -> Result<RawDocumentBuf, String> {
    RawDocumentBuf::try_from(document).map_err(|error| error.to_string())
}
