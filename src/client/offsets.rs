//! `rowgen_offsets`, the table in which sinks of databases keep how far each partition of a load is, moved on
//! in the transactions of its rows: what its rows mean, and what is asked of it.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::marker::PhantomData;

use super::server::Server;
use super::table_name::{Dialect, TableName};
use crate::batch::Span;

/// The table of offsets, in the schema of the rows' table.
pub const OFFSETS: &str = "rowgen_offsets";

/// How loads of streams begin there; those of tables begin with a fingerprint.
pub const STREAM: &str = "stream ";

/// The partition whose offset is the number of connections that a made table was begun with.
pub const CONNECTIONS: i32 = -1;

/// The partition whose offset is the number of rows in its batches.
pub const BATCH_ROWS: i32 = -2;

/// The partition whose offset is the number of shards that changes were begun with.
pub const SHARDS_OF: i32 = -3;

/// What a connection is to hold of a load.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted<'h> {
    /// The load as a whole, by its name.
    pub whole: Option<String>,
    /// These partitions of its table.
    pub partitions: &'h [i32],
}

/// Whoever has the lock of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its connection.
    pub id: i64,
    /// The same in words.
    pub shown: String,
}

/// Why partitions are not held.
#[derive(Debug)]
pub enum NotHeld<R> {
    /// Somebody has one of them, who is gone again where nobody is named.
    By(Option<Holder>),
    /// The server says so.
    Refused(R),
}

impl<R> From<R> for NotHeld<R> {
    fn from(error: R) -> Self {
        Self::Refused(error)
    }
}

/// Partitions that the table has, as far as a connection has seen.
pub type Known = HashSet<i32>;

/// The offsets of one load.
#[derive(Debug, Clone)]
pub struct Offsets<S> {
    pub(super) table: String,
    /// The rows' table, as a text of SQL.
    pub(super) sink: String,
    /// What tells this load from others into the same table.
    pub(super) load: String,
    server: PhantomData<S>,
}

/// A database that keeps offsets: what it does in its own way.
pub trait KeepsOffsets: Server {
    /// What an `INSERT` says behind its rows, so that those that are there stay.
    const UNLESS_THERE: &'static str;

    /// Makes the table where it does not exist.
    fn make(
        offsets: &Offsets<Self>,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// Moves partitions on from where they should be, behind an `opening`, and tells those that were elsewhere:
    /// nothing of that may be committed then.
    fn move_on(
        offsets: &Offsets<Self>,
        connection: &mut Self::Connection,
        opening: &str,
        spans: &[Span],
        known: &mut Known,
    ) -> impl Future<Output = Result<Vec<i32>, Self::Refusal>>;

    /// Takes locks of one thing, by their names, until the connection ends, whose number is returned.
    fn take(
        connection: &mut Self::Connection,
        of: &str,
        names: &[String],
    ) -> impl Future<Output = Result<i64, NotHeld<Self::Refusal>>>;

    /// The statement that ends a connection.
    fn ends(connection: i64) -> String;

    /// The statement that ends one whose program stands still, where no timeout of the server does.
    fn ends_idle(_connection: i64) -> Option<String> {
        None
    }
}

impl<S: KeepsOffsets> Offsets<S> {
    /// Those of a load into the table of this name.
    pub fn new(rows: &TableName<S::Names>, load: &str) -> Self {
        Self {
            table: rows.beside(OFFSETS).quoted(),
            sink: S::literal(rows.table()),
            load: load.to_string(),
            server: PhantomData,
        }
    }

    /// What the rows' table is called among all of the server.
    pub fn table_name(&self) -> String {
        format!("{} {}", self.table, self.sink)
    }

    /// What the load is called among all of the server.
    pub fn name(&self) -> String {
        format!("{} {}", self.table_name(), self.load)
    }

    /// Which rows of the table are this load's.
    pub(super) fn own(&self) -> String {
        let [of_sink, of_load, ..] = columns::<S>();
        let (sink, load) = (&self.sink, S::literal(&self.load));
        format!("{of_sink} = {sink} AND {of_load} = {load}")
    }

    /// Those that are known; none where the table does not exist.
    ///
    /// # Errors
    /// What the server says.
    pub async fn read(
        &self,
        connection: &mut S::Connection,
    ) -> Result<HashMap<i32, i64>, S::Refusal> {
        if !S::exists(connection, &self.table).await? {
            return Ok(HashMap::new());
        }
        let [.., partition, next] = columns::<S>();
        let (table, own) = (&self.table, self.own());
        let query = format!("SELECT {partition}, {next} FROM {table} WHERE {own}");
        let rows = S::offsets(connection, &query).await?;
        Ok(rows.into_iter().collect())
    }

    /// True if any slice of the load has begun.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_begun(&self, connection: &mut S::Connection) -> Result<bool, S::Refusal> {
        let [of_sink, of_load, ..] = columns::<S>();
        let (table, sink) = (&self.table, &self.sink);
        let whole = self.load.split('/').next().unwrap_or_default();
        let (whole, slices) = (S::literal(whole), S::literal(&format!("{whole}/")));
        let query = format!(
            // `LEFT` and no `LIKE`: names have `_` and may have `%`.
            "SELECT EXISTS (SELECT 1 FROM {table} WHERE {of_sink} = {sink} AND \
             ({of_load} = {whole} OR LEFT({of_load}, CHAR_LENGTH({slices})) = {slices}))"
        );
        S::is_true(connection, &query).await
    }

    /// True if changes of another load have been committed to the table of rows; false where there is no
    /// table of offsets.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_other_changes(
        &self,
        connection: &mut S::Connection,
    ) -> Result<bool, S::Refusal> {
        if !S::exists(connection, &self.table).await? {
            return Ok(false);
        }
        let [of_sink, of_load, partition, _] = columns::<S>();
        let (table, sink, load) = (&self.table, &self.sink, S::literal(&self.load));
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} o JOIN {table} p USING ({of_sink}, {of_load}) \
             WHERE {of_sink} = {sink} AND {of_load} <> {load} AND o.{partition} = {SHARDS_OF} AND p.{partition} >= 0)"
        );
        S::is_true(connection, &query).await
    }

    /// Keeps what a load was begun with.
    ///
    /// # Errors
    /// What the server says.
    pub async fn begin(
        &self,
        connection: &mut S::Connection,
        partition: i32,
        next: i64,
    ) -> Result<(), S::Refusal> {
        let (table, sink, load) = (&self.table, &self.sink, S::literal(&self.load));
        let unless_there = S::UNLESS_THERE;
        let add = format!(
            "INSERT INTO {table} VALUES ({sink}, {load}, {partition}, {next}) {unless_there}"
        );
        S::run(connection, &add).await
    }

    /// Holds the whole load, partitions of it or both until the connection ends, whose number is returned.
    /// Progress moves on from where it should be in any case; a lock says before that whom a run waits for.
    ///
    /// # Errors
    /// Somebody else has one of them; what the server says.
    pub async fn hold(
        &self,
        connection: &mut S::Connection,
        wanted: &Wanted<'_>,
    ) -> Result<i64, NotHeld<S::Refusal>> {
        // Before any partition: who waits for the load must not be in the way of whoever has it.
        if let Some(whole) = &wanted.whole {
            S::take(connection, whole, &["load".to_string()]).await?;
        }
        let load = format!("{}|{}|{}", self.table, self.sink, self.load);
        let partitions: Vec<String> = wanted.partitions.iter().map(i32::to_string).collect();
        S::take(connection, &load, &partitions).await
    }

    /// Forgets every load but streams, whose messages may be elsewhere by now: no row of them is there.
    ///
    /// # Errors
    /// What the server says.
    pub async fn forget(&self, connection: &mut S::Connection) -> Result<(), S::Refusal> {
        let [of_sink, of_load, ..] = columns::<S>();
        let (table, sink, streams) = (&self.table, &self.sink, S::literal(&format!("{STREAM}%")));
        let remove = format!(
            "DELETE FROM {table} WHERE {of_sink} = {sink} AND {of_load} NOT LIKE {streams}"
        );
        S::run(connection, &remove).await
    }
}

/// The columns of the table, as SQL spells them.
fn columns<S: Server>() -> [String; 4] {
    ["sink", "load", "partition", "next"].map(S::Names::quoted)
}
