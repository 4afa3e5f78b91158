//! How rows and changes are sent over one connection: by COPY.

use std::ops::Range;
use std::pin::pin;

use ::bytes::{Bytes, BytesMut};
use arrow::array::RecordBatch;
use futures_util::SinkExt;
use futures_util::future::join;
use tokio_postgres::{Client, CopyInSink, Error as Refusal};

use super::changes::Statements;
use super::copy::{self, Encoded};
use super::made_types::made_types;
use super::{Connection, Load, Rows, failure};
use crate::batch::RowNumbers;
use crate::client::postgres::{Database, PostgresNames, quoted};
use crate::error::{Error, Result};
use crate::format::Operation;
use crate::sink::applied::{Keyed, Statement, statements};
use crate::sink::database::failure::{missing, of_statement};
use crate::sink::database::{Mode, Sends, list};
use crate::sink::session::Failure;
use crate::sink::{Found, Target, lane};

/// What begins a binary COPY: its signature, no flags, no extension.
const START: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What ends it.
const END: &[u8; 2] = &[0xff, 0xff];

/// Rows are given to the connection in pieces of this size: each is a message of the protocol.
const PIECE: usize = 256 << 10;

/// The table that `upsert` copies rows to first; only this connection sees it.
const STAGE: &str = "rowgen_stage";

/// What sends rows.
pub struct Writer {
    copy: String,
    /// What moves rows on from the stage, with `upsert`.
    merge: Option<String>,
    /// What changes rows, once some came.
    changes: Option<Statements>,
}

impl Sends for Database {
    type Encoded = Encoded;
    type Writer = Writer;

    /// A transaction of a program that stands still is undone, so that whoever has its partitions by then is not
    /// kept waiting by its locks: no transaction of a living one idles so long.
    /// A constraint that is looked at only by COMMIT would refuse rows too late.
    const BEGIN: &'static str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET CONSTRAINTS ALL IMMEDIATE; ";

    fn encode(
        load: &Load,
        (rows, _place): (&RecordBatch, &RowNumbers),
        _keyed: &Keyed,
    ) -> Result<Encoded> {
        copy::encode(rows, load.types()).map_err(Error::run)
    }

    fn size(encoded: &Encoded, rows: Range<usize>, _keyed: &Keyed) -> usize {
        encoded.size(rows)
    }

    fn measured(load: &Load, target: &Target) -> Result<Found> {
        let types = made_types(&load.schema).map_err(Error::user)?;
        Ok(lane::each(target, move |batch| {
            // A row that cannot be encoded is found by the run; here only time counts.
            let _ = std::hint::black_box(copy::encode(&batch.rows, &types));
        }))
    }

    async fn writer(load: &Load, _client: &mut Client) -> Result<Writer, Refusal> {
        let (name, list) = (load.name.quoted(), list::<PostgresNames>(&load.schema));
        let merge = (load.options.mode == Mode::Upsert).then(|| merge(load));
        let into = if merge.is_some() { STAGE } else { &name };
        Ok(Writer {
            copy: format!("COPY {into} ({list}) FROM STDIN (FORMAT binary)"),
            merge,
            changes: None,
        })
    }

    async fn put(connection: &mut Connection, chunks: &[Rows]) -> Result<(), Failure> {
        if connection.load.changes.is_some() {
            return connection.apply(chunks).await;
        }
        let copied = connection.copy(chunks).await;
        copied.map_err(|error| failure::of_rows(&connection.load.database, &error))
    }

    fn passes(error: &Refusal) -> bool {
        error.code().is_none_or(failure::passes)
    }

    fn is_gone(error: &Refusal) -> bool {
        error.code().is_none_or(failure::is_gone)
    }
}

impl Rows {
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

/// The last row of each key in the stage replaces the one that is there. The stage was just filled:
/// its rows stand in the order in which they came.
fn merge(load: &Load) -> String {
    let (name, list) = (load.name.quoted(), list::<PostgresNames>(&load.schema));
    let key: Vec<String> = load
        .options
        .key
        .iter()
        .map(|column| quoted(column))
        .collect();
    let others = load
        .schema
        .fields()
        .iter()
        .filter(|field| !load.options.is_key(field.name()));
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
            words.push_str(Database::BEGIN);
            if self.writer.merge.is_some() {
                let (name, list) = (
                    self.load.name.quoted(),
                    list::<PostgresNames>(&self.load.schema),
                );
                words.push_str(&format!(
                    "CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} ON COMMIT DELETE ROWS AS SELECT {list} FROM {name} WITH NO DATA; "
                ));
            }
        } else {
            words.push_str("RELEASE SAVEPOINT rows; ");
        }
        words + "SAVEPOINT rows"
    }

    async fn copy(&mut self, chunks: &[Rows]) -> Result<(), Refusal> {
        let opening = self.opening();
        let open = self.conn.batch_execute(&opening);
        // Sent together: the second does not wait for the answer to the first.
        let (opened, sink) = join(open, self.conn.copy_in(&self.writer.copy)).await;
        opened?;
        self.begun = true;
        let whole = chunks
            .iter()
            .map(|chunk| chunk.encoded.rows(chunk.rows.clone()));
        send(sink?, whole).await?;
        match &self.writer.merge {
            Some(merge) => self.conn.batch_execute(merge).await,
            None => Ok(()),
        }
    }

    /// Applies changes: inserts, then waves of updates, then deletes.
    async fn apply(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        let opening = self.opening();
        let opened = self.conn.batch_execute(&opening).await;
        opened.map_err(|error| self.failed("beginning", &error))?;
        self.begun = true;
        let changes = match self.writer.changes.take() {
            Some(changes) => changes,
            // The table is there by now.
            None => Statements::new(&self.conn, &self.load)
                .await
                .map_err(|error| self.failed("preparing statements", &error))?,
        };
        let changes = self.writer.changes.insert(changes);
        for statement in statements(chunks.iter().map(|chunk| &chunk.keyed)) {
            let rows = statement.rows.len() as u64;
            let done = match statement.operation {
                Operation::Insert => {
                    let inserted = insert(&self.conn, &self.writer.copy, chunks, &statement).await;
                    inserted.map(|()| rows)
                }
                _ => changes.change(&self.conn, chunks, &statement).await,
            };
            match done {
                Ok(done) if done == rows => {}
                Ok(done) => return Err(missing(&self.load.name, rows, done)),
                Err(error) => {
                    let refused = failure::of_rows(&self.load.database, &error);
                    return Err(of_statement(refused, chunks, &statement.rows));
                }
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
