//! How rows and changes are sent over one connection.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::apply::{Apply, Trouble};
use super::changes::{self, Sent};
use super::insert::Insert;
use super::values::{self, Encoder};
use super::{Connection, Load, Rows, failure};
use crate::batch::RowNumbers;
use crate::client::mysql::Database;
use crate::error::Result;
use crate::sink::applied::Keyed;
use crate::sink::database::Sends;
use crate::sink::session::{Failure, Part, Session};
use crate::sink::{Found, Target, lane};

/// A transaction that gives way to others is made again so often before its connection is.
const TRIES: u32 = 8;

/// How long it waits then, and twice as long the second time.
const GIVE_WAY: Duration = Duration::from_millis(2);

/// Rows of a batch as they are sent.
#[derive(Clone)]
pub struct Encoded {
    /// All of them, where they are inserted.
    pub(super) rows: values::Encoded,
    /// How changes are sent.
    changes: Option<Arc<Sent>>,
}

/// What sends rows.
pub struct Writer {
    insert: Insert,
    /// What changes rows, where they are changes.
    apply: Option<Apply>,
}

impl Sends for Database {
    type Encoded = Encoded;
    type Writer = Writer;

    const BEGIN: &'static str = "START TRANSACTION; ";

    fn encode(
        load: &Load,
        (rows, place): (&RecordBatch, &RowNumbers),
        keyed: &Keyed,
    ) -> Result<Encoded> {
        Ok(match &load.changes {
            None => Encoded {
                rows: load.columns.encoder().encode(rows, place)?,
                changes: None,
            },
            Some(changes) => Encoded {
                rows: values::Encoded::default(),
                changes: Some(Arc::new(changes::encode(
                    (load, changes),
                    (rows, place),
                    keyed,
                )?)),
            },
        })
    }

    fn size(encoded: &Encoded, rows: Range<usize>, keyed: &Keyed) -> usize {
        match &encoded.changes {
            Some(sent) => sent.size(rows.start, keyed.rows()),
            None => encoded.rows.size(rows),
        }
    }

    fn measured(_load: &Load, target: &Target) -> Result<Found> {
        let encoder = Encoder::default();
        Ok(lane::each(target, move |batch| {
            // A row that cannot be encoded is found by the run; here only time counts.
            let _ = std::hint::black_box(encoder.encode(&batch.rows, &batch.place));
        }))
    }

    async fn writer(load: &Load, conn: &mut Conn) -> Result<Writer, Refusal> {
        let packet: Option<u64> = conn.query_first("SELECT @@max_allowed_packet").await?;
        let packet = packet.unwrap_or(1 << 20) as usize;
        let key = load.options.key.iter().map(|key| key.as_str());
        let key: Vec<&str> = key.collect();
        let how = (load.options.mode, key.as_slice());
        let changes = load.changes.as_ref();
        Ok(Writer {
            insert: Insert::new(&load.name, &load.schema, how, packet),
            apply: changes.map(|changes| Apply::new(load, changes, packet)),
        })
    }

    fn wrong(connection: &Connection, chunks: &[Rows]) -> Vec<(usize, String)> {
        let insert = &connection.writer.insert;
        let mut wrong = match chunks.iter().any(|chunk| chunk.encoded.changes.is_some()) {
            // Changes are looked at statement by statement.
            true => Vec::new(),
            false => insert.too_long(chunks),
        };
        let mut first = 0;
        for chunk in chunks {
            let odd = chunk.odd().into_iter();
            wrong.extend(odd.map(|(row, what)| (first + row, what)));
            first += chunk.rows();
        }
        wrong
    }

    /// Tables that refer to each other lock each other's rows: a transaction that has begun with this and gives
    /// way is made again at once, on its connection.
    async fn put(connection: &mut Connection, chunks: &[Rows]) -> Result<(), Failure> {
        let is_whole = !connection.begun;
        let apply = connection.writer.apply.take();
        let mut tries = 0;
        let put = loop {
            let put = match &apply {
                Some(apply) => connection.apply(apply, chunks).await,
                None => connection.add(chunks).await,
            };
            match put {
                Err(trouble) if trouble.gave_way && is_whole && tries < TRIES => {
                    tries += 1;
                    if !connection.roll_back().await {
                        break Err(trouble.failure);
                    }
                    tokio::time::sleep(GIVE_WAY * tries).await;
                }
                put => break put.map_err(|trouble| trouble.failure),
            }
        };
        connection.writer.apply = apply;
        put
    }

    fn passes(error: &Refusal) -> bool {
        failure::passes(error)
    }

    fn is_gone(error: &Refusal) -> bool {
        failure::is_gone(error)
    }
}

impl Rows {
    /// How changes are sent, and the place of the first of these rows there.
    pub(super) fn sent(&self) -> Option<(&Sent, usize)> {
        Some((self.encoded.changes.as_deref()?, self.rows.start))
    }

    /// Rows that MySQL has no values for, counted from the first one.
    fn odd(&self) -> Vec<(usize, String)> {
        if let Some((sent, first)) = self.sent() {
            let rows = self.keyed.rows().iter().enumerate();
            let odd = rows.filter_map(|(row, (operation, _))| {
                let what = sent.odd(first + row, *operation)?;
                Some((row, what.to_string()))
            });
            return odd.collect();
        }
        let own = self
            .encoded
            .rows
            .odd
            .iter()
            .filter(|(row, _)| self.rows.contains(row));
        let own = own.map(|(row, what)| (row - self.rows.start, what.clone()));
        own.collect()
    }
}

impl Connection {
    /// What is said before the first statement with rows: what a refusal leaves of the others is undone.
    fn opening(&self) -> String {
        format!("{}SAVEPOINT `rows`; ", self.beginning())
    }

    /// Sends rows; how many came before the statement that failed.
    async fn send(&mut self, chunks: &[Rows]) -> Result<(), (Refusal, usize)> {
        let mut before = 0;
        for shares in self.writer.insert.shares(chunks) {
            let first = match before {
                0 => self.opening(),
                _ => String::new(),
            };
            let statement = self.writer.insert.statement(&first, chunks, &shares);
            self.begun = true;
            let sent = self.conn.query_drop(statement).await;
            sent.map_err(|error| (error, before))?;
            before += shares.iter().map(|(_, rows)| rows.len()).sum::<usize>();
        }
        Ok(())
    }

    /// Applies changes: inserts, then waves of updates, then deletes.
    async fn apply(&mut self, apply: &Apply, chunks: &[Rows]) -> Result<(), Trouble> {
        let opening = self.opening();
        self.begun = true;
        let there = (&mut self.conn, self.load.as_ref());
        apply.all(there, &opening, chunks).await
    }

    /// Adds rows.
    async fn add(&mut self, chunks: &[Rows]) -> Result<(), Trouble> {
        let sent = self.send(chunks).await;
        let Err((error, before)) = sent else {
            return Ok(());
        };
        let failure = failure::of_rows(&self.load.database, &error, before);
        Err(Trouble {
            gave_way: failure::gave_way(&error),
            failure: self.named(failure, before).await,
        })
    }

    /// The row that the server has refused last, where it says so: MariaDB does.
    async fn named(&mut self, failure: Failure, before: usize) -> Failure {
        let Failure::Refused(reason) = failure else {
            return failure;
        };
        let asked = "GET DIAGNOSTICS CONDITION 1 @rowgen_row = ROW_NUMBER";
        if self.conn.query_drop(asked).await.is_ok()
            && let Ok(Some(Some(row))) = self.conn.query_first("SELECT @rowgen_row").await
            && let Some(row) = usize::checked_sub(row, 1)
        {
            return Failure::Rows(vec![(before + row, reason)]);
        }
        Failure::Refused(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Rows {
        /// All rows of a batch.
        pub(in crate::sink::mysql::driver) fn of(batch: &RecordBatch) -> Self {
            let encoded = Encoder::default().encode(batch, &RowNumbers::From(0));
            Self {
                encoded: Encoded {
                    rows: encoded.unwrap(),
                    changes: None,
                },
                rows: 0..batch.num_rows(),
                batch: batch.clone(),
                keyed: Keyed::new([]),
            }
        }
    }
}
