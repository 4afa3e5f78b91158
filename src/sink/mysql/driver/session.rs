//! One connection: rows by INSERT, offsets beside them, both in one transaction.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::apply::{Apply, Trouble};
use super::changes::{self, Sent};
use super::failure;
use super::insert::Insert;
use super::open::Load;
use super::values::Encoded;
use crate::batch::{Batch, Span, json_values};
use crate::client::mysql::{Known, Settings};
use crate::error::Result;
use crate::sink::applied::Keyed;
use crate::sink::session::{Connect, Failure, Held, Part, Session};

/// A transaction that gives way to others is made again so often before its connection is.
const TRIES: u32 = 8;

/// How long it waits then, and twice as long the second time.
const GIVE_WAY: Duration = Duration::from_millis(2);

/// Rows as they are sent, with their values for dead letters.
#[derive(Clone)]
pub(super) struct Rows {
    encoded: Encoded,
    rows: Range<usize>,
    batch: RecordBatch,
    /// What they do, where they are changes, and how that is sent.
    keyed: Keyed,
    sent: Option<Arc<Sent>>,
}

/// Makes sessions: what each of them holds, where others may not.
pub(super) struct Connecting {
    pub(super) load: Arc<Load>,
    pub(super) holds: Vec<Arc<Held>>,
}

pub(super) struct Connection {
    pub(super) load: Arc<Load>,
    pub(super) conn: Conn,
    insert: Insert,
    /// What changes rows, where they are changes.
    apply: Option<Apply>,
    /// A transaction is open.
    begun: bool,
    /// Partitions that the table of offsets has.
    known: Known,
    /// What it does not hold yet.
    pub(super) unheld: Option<Arc<Held>>,
}

impl Rows {
    pub(super) fn encode(load: &Load, batch: &Batch, keyed: &Keyed) -> Result<Self> {
        let place = &batch.place;
        let (encoded, rows, sent) = match &load.changes {
            None => {
                let encoded = load.encoder().encode(&batch.rows, place)?;
                (encoded, batch.rows.clone(), None)
            }
            Some(changes) => {
                let rows = batch.rows.project(&changes.of_table)?;
                let sent = changes::encode((load, changes), (&rows, place), keyed)?;
                (Encoded::default(), rows, Some(Arc::new(sent)))
            }
        };
        Ok(Self {
            encoded,
            rows: 0..rows.num_rows(),
            batch: rows,
            keyed: keyed.clone(),
            sent,
        })
    }

    /// What they do, where they are changes.
    pub(super) fn keyed(&self) -> &Keyed {
        &self.keyed
    }

    /// How changes are sent, and the place of the first of these rows there.
    pub(super) fn sent(&self) -> Option<(&Sent, usize)> {
        Some((self.sent.as_deref()?, self.rows.start))
    }

    pub(super) fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// Which rows of the encoded ones these are.
    pub(super) fn range(&self) -> Range<usize> {
        self.rows.clone()
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
            .odd
            .iter()
            .filter(|(row, _)| self.rows.contains(row));
        let own = own.map(|(row, what)| (row - self.rows.start, what.clone()));
        own.collect()
    }
}

impl Part for Rows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        match self.sent() {
            Some((sent, first)) => sent.size(first, self.keyed.rows()),
            None => self.encoded.size(self.rows.clone()),
        }
    }

    fn part(&self, rows: Range<usize>) -> Self {
        Self {
            rows: self.rows.start + rows.start..self.rows.start + rows.end,
            keyed: match self.keyed.is_empty() {
                true => self.keyed.clone(),
                false => self.keyed.part(rows),
            },
            ..self.clone()
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
        let conn = load.database.connect(Settings::Writes).await;
        let mut conn = conn.map_err(|why| failure::of_connecting(&load.database, &why))?;
        let packet = conn.query_first("SELECT @@max_allowed_packet").await;
        let packet: Option<u64> =
            packet.map_err(|error| failure::of(&load.database, "connecting", &error))?;
        let key = load.options.key.iter().map(|key| key.as_str());
        let key: Vec<&str> = key.collect();
        let how = (load.options.mode, key.as_slice());
        let packet = packet.unwrap_or(1 << 20) as usize;
        let changes = load.changes.as_ref();
        Ok(Connection {
            insert: Insert::new(&load.name, &load.schema, how, packet),
            apply: changes.map(|changes| Apply::new(&load, changes, packet)),
            load,
            conn,
            begun: false,
            known: Known::default(),
            unheld: self.holds.get(number).cloned(),
        })
    }
}

impl Connection {
    /// What is said before the first statement with rows: what a refusal leaves of the others is undone.
    fn opening(&self) -> &'static str {
        match self.begun {
            false => "START TRANSACTION; SAVEPOINT `rows`; ",
            true => "SAVEPOINT `rows`; ",
        }
    }

    /// Sends rows; how many came before the statement that failed.
    async fn send(&mut self, chunks: &[Rows]) -> Result<(), (Refusal, usize)> {
        let mut before = 0;
        for shares in self.insert.shares(chunks) {
            let first = if before == 0 { self.opening() } else { "" };
            let statement = self.insert.statement(first, chunks, &shares);
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
        apply.all(there, opening, chunks).await
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

    /// Adds rows, or applies changes. Tables that refer to each other lock each other's rows: a transaction
    /// that has begun with this and gives way is made again at once, on its connection.
    async fn put_all(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        let is_whole = !self.begun;
        let apply = self.apply.take();
        let mut tries = 0;
        let put = loop {
            let put = match &apply {
                Some(apply) => self.apply(apply, chunks).await,
                None => self.add(chunks).await,
            };
            match put {
                Err(trouble) if trouble.gave_way && is_whole && tries < TRIES => {
                    tries += 1;
                    if !self.roll_back().await {
                        break Err(trouble.failure);
                    }
                    tokio::time::sleep(GIVE_WAY * tries).await;
                }
                put => break put.map_err(|trouble| trouble.failure),
            }
        };
        self.apply = apply;
        put
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

/// Rows that are wrong whatever the server says of the others.
fn wrong(insert: &Insert, chunks: &[Rows]) -> Vec<(usize, String)> {
    let mut wrong = match chunks.iter().any(|chunk| chunk.sent.is_some()) {
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

impl Session for Connection {
    type Chunk = Rows;
    const SAVEPOINTS: bool = true;

    async fn put(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        self.hold().await?;
        let wrong = wrong(&self.insert, chunks);
        if !wrong.is_empty() {
            return Err(Failure::Rows(wrong));
        }
        let Err(failure) = self.put_all(chunks).await else {
            return Ok(());
        };
        if matches!(failure, Failure::Rows(_) | Failure::Refused(_)) {
            let undone = self.conn.query_drop("ROLLBACK TO SAVEPOINT `rows`").await;
            undone.map_err(|error| failure::of(&self.load.database, "undoing rows", &error))?;
        }
        Err(failure)
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        self.hold().await?;
        let (load, conn) = (&self.load, &mut self.conn);
        if let Some(offsets) = &load.offsets
            && !origin.is_empty()
        {
            let opening = if self.begun {
                ""
            } else {
                "START TRANSACTION; "
            };
            self.begun = true;
            let elsewhere = offsets
                .move_on(conn, opening, origin, &mut self.known)
                .await;
            let said = |error| failure::of(&load.database, "moving offsets on", &error);
            let elsewhere = elsewhere.map_err(said)?;
            if !elsewhere.is_empty() {
                return Err(Failure::Fenced(elsewhere));
            }
        }
        if !self.begun {
            return Ok(());
        }
        self.begun = false;
        let committed = conn.query_drop("COMMIT").await;
        committed.map_err(|error| failure::of_commit(&load.database, &error))
    }

    async fn roll_back(&mut self) -> bool {
        self.begun = false;
        self.known.clear();
        self.conn.query_drop("ROLLBACK").await.is_ok()
    }

    async fn offsets(&mut self, _partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let said = |error: &Refusal| failure::of(&self.load.database, "reading offsets", error);
        let Some(offsets) = &self.load.offsets else {
            // The server ends a connection on which nothing is asked.
            let answered = self.conn.ping().await;
            return answered.map(|()| None).map_err(|error| said(&error));
        };
        if self.load.replaces() {
            let answered = self.conn.ping().await;
            return answered
                .map(|()| Some(HashMap::new()))
                .map_err(|error| said(&error));
        }
        let read = offsets.read(&mut self.conn).await;
        read.map(Some).map_err(|error| said(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Place;
    use crate::sink::mysql::driver::values::Encoder;

    impl Rows {
        /// All rows of a batch.
        pub(in crate::sink::mysql::driver) fn of(batch: &RecordBatch) -> Self {
            let encoded = Encoder::default().encode(batch, &Place::From(0));
            Self {
                encoded: encoded.unwrap(),
                rows: 0..batch.num_rows(),
                batch: batch.clone(),
                keyed: Keyed::new([]),
                sent: None,
            }
        }
    }
}
