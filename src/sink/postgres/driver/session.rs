//! One connection: rows by COPY, offsets beside them, both in one transaction.

use std::collections::HashMap;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;

use ::bytes::{Bytes, BytesMut};
use arrow::array::RecordBatch;
use futures_util::SinkExt;
use futures_util::future::join;
use tokio_postgres::{Client, CopyInSink, Error as Refusal};

use super::super::Mode;
use super::changes::{Statements, missing, refused};
use super::copy::{self, Encoded};
use super::open::Load;
use super::{failure, table};
use crate::batch::{Batch, Span, json_values};
use crate::client::postgres::quoted;
use crate::error::{Error, Result};
use crate::format::Operation;
use crate::sink::applied::{Keyed, Statement, statements};
use crate::sink::session::{Connect, Failure, Held, Part, Session};

/// What begins a binary COPY: its signature, no flags, no extension.
const START: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What ends it.
const END: &[u8; 2] = &[0xff, 0xff];

/// Rows are given to the connection in pieces of this size: each is a message of the protocol.
const PIECE: usize = 256 << 10;

/// What begins a transaction. One of a program that stands still is undone, so that whoever has its
/// partitions by then is not kept waiting by its locks: no transaction of a living one idles so long.
/// A constraint that is looked at only by COMMIT would refuse rows too late.
const BEGIN: &str =
    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET CONSTRAINTS ALL IMMEDIATE; ";

/// The table that `upsert` copies rows to first; only this connection sees it.
const STAGE: &str = "rowgen_stage";

/// Rows as they are sent, with their values for dead letters.
pub(super) struct Rows {
    encoded: Encoded,
    rows: Range<usize>,
    batch: RecordBatch,
    /// What they do, where they are changes.
    keyed: Keyed,
}

/// Makes sessions: what each of them holds, where others may not.
pub(super) struct Connecting {
    pub(super) load: Arc<Load>,
    pub(super) holds: Vec<Arc<Held>>,
}

pub(super) struct Connection {
    pub(super) load: Arc<Load>,
    pub(super) client: Client,
    /// A transaction is open.
    begun: bool,
    /// Its savepoint is set.
    saved: bool,
    copy: String,
    /// What moves rows on from the stage, with `upsert`.
    merge: Option<String>,
    /// What changes rows, once some came.
    changes: Option<Statements>,
    /// What it does not hold yet.
    pub(super) unheld: Option<Arc<Held>>,
}

impl Rows {
    pub(super) fn encode(load: &Load, batch: &Batch, keyed: &Keyed) -> Result<Self> {
        let batch = match &load.changes {
            Some(changes) => batch.rows.project(&changes.of_table)?,
            None => batch.rows.clone(),
        };
        let encoded = copy::encode(&batch, load.types()).map_err(Error::run)?;
        Ok(Self {
            encoded,
            rows: 0..batch.num_rows(),
            batch,
            keyed: keyed.clone(),
        })
    }

    /// The rows of a batch that one of these is among, and its place there.
    pub(super) fn encoded_row(&self, row: usize) -> (&Encoded, usize) {
        (&self.encoded, self.rows.start + row)
    }

    fn bytes_of(&self, row: usize) -> Bytes {
        let row = self.rows.start + row;
        self.encoded.rows(row..row + 1)
    }
}

/// A whole COPY of a batch, for those who read it.
#[cfg(test)]
pub(crate) fn sent(
    batch: &RecordBatch,
    types: &[tokio_postgres::types::Type],
) -> Result<Vec<u8>, String> {
    let encoded = copy::encode(batch, types)?;
    let rows = encoded.rows(0..batch.num_rows());
    Ok([&START[..], &rows, END].concat())
}

impl Part for Rows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        self.encoded.size(self.rows.clone())
    }

    fn part(&self, rows: Range<usize>) -> Self {
        Self {
            encoded: self.encoded.clone(),
            rows: self.rows.start + rows.start..self.rows.start + rows.end,
            keyed: match self.keyed.is_empty() {
                true => self.keyed.clone(),
                false => self.keyed.part(rows),
            },
            batch: self.batch.clone(),
        }
    }

    /// All values of the row.
    fn letter(&self, row: usize) -> serde_json::Map<String, serde_json::Value> {
        let (schema, row) = (self.batch.schema_ref(), self.rows.start + row);
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let values = json_values(names.zip(self.batch.columns()), row);
        let mut letter = serde_json::Map::new();
        letter.insert("values".into(), values);
        letter
    }
}

impl Connect for Connecting {
    type Session = Connection;

    async fn connect(&self, number: usize) -> Result<Connection, Failure> {
        let load = self.load.clone();
        let client = load.database.connect().await;
        let client = client.map_err(|why| failure::of_connecting(&load.database, &why))?;
        let (name, list) = (load.name.quoted(), table::list(&load.schema));
        let into = match load.options.mode {
            Mode::Upsert => STAGE,
            _ => &name,
        };
        let copy = format!("COPY {into} ({list}) FROM STDIN (FORMAT binary)");
        let merge = (load.options.mode == Mode::Upsert).then(|| merge(&load));
        Ok(Connection {
            copy,
            merge,
            changes: None,
            load,
            client,
            begun: false,
            saved: false,
            unheld: self.holds.get(number).cloned(),
        })
    }
}

/// The last row of each key in the stage replaces the one that is there. The stage was just filled:
/// its rows stand in the order in which they came.
fn merge(load: &Load) -> String {
    let (name, list) = (load.name.quoted(), table::list(&load.schema));
    let key: Vec<String> = load
        .options
        .key
        .iter()
        .map(|column| quoted(column))
        .collect();
    let is_key = |name: &str| {
        load.options
            .key
            .iter()
            .any(|column| column.as_str() == name)
    };
    let others = load
        .schema
        .fields()
        .iter()
        .filter(|field| !is_key(field.name()));
    let set: Vec<String> = others
        .map(|field| format!("{0} = EXCLUDED.{0}", quoted(field.name())))
        .collect();
    let key = key.join(", ");
    let action = match set.is_empty() {
        true => "NOTHING".to_string(),
        false => format!("UPDATE SET {}", set.join(", ")),
    };
    format!(
        "INSERT INTO {name} ({list}) SELECT DISTINCT ON ({key}) {list} FROM {STAGE} ORDER BY {key}, ctid DESC \
         ON CONFLICT ({key}) DO {action}; DELETE FROM {STAGE}"
    )
}

impl Connection {
    /// What has to be said before rows come.
    fn opening(&self) -> String {
        let mut words = String::new();
        if !self.begun {
            words.push_str(BEGIN);
            if self.merge.is_some() {
                let (name, list) = (self.load.name.quoted(), table::list(&self.load.schema));
                words.push_str(&format!(
                    "CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} ON COMMIT DELETE ROWS AS SELECT {list} FROM {name} WITH NO DATA; "
                ));
            }
        } else if self.saved {
            words.push_str("RELEASE SAVEPOINT rows; ");
        }
        words + "SAVEPOINT rows"
    }

    async fn copy(&mut self, chunks: &[Rows]) -> Result<(), Refusal> {
        let opening = self.opening();
        let open = self.client.batch_execute(&opening);
        // Sent together: the second does not wait for the answer to the first.
        let (opened, sink) = join(open, self.client.copy_in(&self.copy)).await;
        opened?;
        (self.begun, self.saved) = (true, true);
        let whole = chunks
            .iter()
            .map(|chunk| chunk.encoded.rows(chunk.rows.clone()));
        send(sink?, whole).await?;
        match &self.merge {
            Some(merge) => self.client.batch_execute(merge).await,
            None => Ok(()),
        }
    }

    /// Applies changes: inserts, then waves of updates, then deletes.
    async fn apply(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        let opening = self.opening();
        let opened = self.client.batch_execute(&opening).await;
        opened.map_err(|error| failure::of(&self.load.database, "beginning", &error))?;
        (self.begun, self.saved) = (true, true);
        let changes = match self.changes.take() {
            Some(changes) => changes,
            // The table is there by now.
            None => Statements::new(&self.client, &self.load)
                .await
                .map_err(|error| {
                    failure::of(&self.load.database, "preparing statements", &error)
                })?,
        };
        let changes = self.changes.insert(changes);
        for statement in statements(chunks.iter().map(|chunk| &chunk.keyed)) {
            let rows = statement.rows.len() as u64;
            let done = match statement.operation {
                Operation::Insert => {
                    let inserted = insert(&self.client, &self.copy, chunks, &statement).await;
                    inserted.map(|()| rows)
                }
                _ => changes.change(&self.client, chunks, &statement).await,
            };
            match done {
                Ok(done) if done == rows => {}
                Ok(done) => return Err(missing(&self.load, &statement, done)),
                Err(error) => return Err(refused(&self.load, chunks, &statement, &error)),
            }
        }
        Ok(())
    }
}

/// Inserts the rows of a statement.
async fn insert(
    client: &Client,
    copy: &str,
    chunks: &[Rows],
    statement: &Statement,
) -> Result<(), Refusal> {
    let sink = client.copy_in(copy).await?;
    let mut all = BytesMut::new();
    for at in &statement.rows {
        all.extend_from_slice(&chunks[at.chunk].bytes_of(at.row));
    }
    send(sink, [all.freeze()]).await
}

/// Sends rows as a COPY.
async fn send(
    sink: CopyInSink<Bytes>,
    rows: impl IntoIterator<Item = Bytes>,
) -> Result<(), Refusal> {
    let mut sink = pin!(sink);
    sink.feed(Bytes::from_static(START)).await?;
    for mut bytes in rows {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            sink.feed(piece).await?;
        }
    }
    sink.feed(Bytes::from_static(END)).await?;
    sink.finish().await.map(drop)
}

impl Session for Connection {
    type Chunk = Rows;
    const SAVEPOINTS: bool = true;

    async fn put(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        self.hold().await?;
        let put = match self.load.changes {
            Some(_) => self.apply(chunks).await,
            None => {
                let copied = self.copy(chunks).await;
                copied.map_err(|error| failure::of_rows(&self.load.database, &error))
            }
        };
        let Err(failure) = put else {
            return Ok(());
        };
        if matches!(failure, Failure::Rows(_) | Failure::Refused(_)) {
            let undone = self
                .client
                .batch_execute("ROLLBACK TO SAVEPOINT rows")
                .await;
            undone.map_err(|error| failure::of(&self.load.database, "undoing rows", &error))?;
        }
        Err(failure)
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        self.hold().await?;
        let (load, client) = (&self.load, &self.client);
        let said = |error: &Refusal| failure::of(&load.database, "moving offsets on", error);
        if let Some(offsets) = &load.offsets
            && !origin.is_empty()
        {
            if !self.begun {
                client
                    .batch_execute(BEGIN)
                    .await
                    .map_err(|error| said(&error))?;
                self.begun = true;
            }
            let elsewhere = offsets.move_on(client, origin).await;
            let elsewhere = elsewhere.map_err(|error| said(&error))?;
            if !elsewhere.is_empty() {
                return Err(Failure::Fenced(elsewhere));
            }
        }
        if !self.begun {
            return Ok(());
        }
        (self.begun, self.saved) = (false, false);
        let committed = client.batch_execute("COMMIT").await;
        committed.map_err(|error| failure::of_commit(&load.database, &error))
    }

    async fn roll_back(&mut self) -> bool {
        (self.begun, self.saved) = (false, false);
        self.client.batch_execute("ROLLBACK").await.is_ok()
    }

    async fn offsets(&mut self, _partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let Some(offsets) = &self.load.offsets else {
            return Ok(None);
        };
        if self.load.replaces() {
            return Ok(Some(HashMap::new()));
        }
        let read = offsets.read(&self.client).await;
        let said = |error: &Refusal| failure::of(&self.load.database, "reading offsets", error);
        read.map(Some).map_err(|error| said(&error))
    }
}
