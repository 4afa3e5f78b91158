//! Sinks that commit: rows and the offsets they came from in one transaction of a server.
//!
//! ```text
//! workers   split a batch by session, encode the shares      split
//!   → Queue     order of the batches, an inbox a session      queue, progress
//!   → drive     one thread a session, its transactions        drive, attempt, transaction, backoff
//!   → Session   what a driver of a server has to write: `put` and `commit`
//! ```
//!
//! A driver writes `Part`, `Session` and `Connect`. Everything else is here once: the order of
//! commits, what shares a transaction, retry, reconnecting, commits whose answer was lost, writers
//! that have been taken over from, the narrowing down of refused rows, dead letters and the marks.
//!
//! The core knows neither threads nor tokio: it is generic over `Clock`, so that one thread with
//! virtual time can run all of it, faults included, as `tests` does with ten thousand seeds.

mod attempt;
mod blocks;
mod clock;
mod drive;
mod held;
mod inbox;
mod lane;
mod letters;
mod narrow;
mod origin;
mod patience;
mod piece;
mod prepared;
mod progress;
mod queue;
mod resume;
mod running;
mod size;
mod split;
mod system_clock;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::HashMap;
use std::future::Future;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;

use super::applied::Applied;
pub use super::on_bad_row::OnBadRow;
pub use clock::Clock;
pub use held::{Held, Leader};
pub use lane::{changes, rows, sink};
pub use letters::{Keep, Letter, Letters};
pub use piece::Piece;
pub use prepared::prepared;
pub use resume::Ask;
pub use running::Sessions;
pub use split::{Share, split};
pub use system_clock::Tokio;

pub use crate::batch::Resume;
use crate::batch::{Span, json_values};
use crate::error::Error;

/// Rows as a session sends them. A refused chunk is narrowed down to the rows that are wrong.
pub trait Part: Send + Sized {
    /// How many there are.
    fn rows(&self) -> usize;

    /// About how many bytes are sent for them.
    fn bytes(&self) -> usize;

    /// Some of them.
    fn part(&self, rows: Range<usize>) -> Self;

    /// What a dead letter keeps of a row beside its number and what is wrong with it: its key, or
    /// all of its values.
    fn letter(&self, _row: usize) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }
}

/// All values of a row, for a dead letter.
pub fn all_values(batch: &RecordBatch, row: usize) -> serde_json::Map<String, serde_json::Value> {
    let names = batch.schema_ref().fields().iter();
    let names = names.map(|field| field.name().as_str());
    let values = json_values(names.zip(batch.columns()), row);
    [("values".to_string(), values)].into_iter().collect()
}

/// Rows as they are, for sessions that bind values.
impl Part for RecordBatch {
    fn rows(&self) -> usize {
        self.num_rows()
    }

    fn bytes(&self) -> usize {
        self.get_array_memory_size()
    }

    fn part(&self, rows: Range<usize>) -> Self {
        self.slice(rows.start, rows.len())
    }
}

/// One connection to a server, with a transaction that begins with the first `put`, or with `commit`
/// where there are no rows.
///
/// Its thread waits for it and for nothing else: its futures need not be `Send`.
pub trait Session: Send {
    /// What it sends.
    type Chunk: Part;

    /// After a refused `put` the transaction is as it was before, as behind a savepoint. Without
    /// that all of it is begun again after each refusal.
    const SAVEPOINTS: bool = false;

    /// Adds the rows of chunks to the transaction, with one answer for all of them. Rows are refused
    /// here, counted from the first one of the first chunk: a constraint that the server looks at only
    /// in the end has to be made immediate.
    fn put(&mut self, chunks: &[Self::Chunk]) -> impl Future<Output = Result<(), Failure>>;

    /// Moves the offsets on and commits. One span a partition and turn: where the sink's table does
    /// not say `from` (or nothing, for a partition that is new to it), somebody else has taken over.
    /// What was put is undone after any failure, by `roll_back` or with the connection.
    fn commit(&mut self, origin: &[Span]) -> impl Future<Output = Result<(), Failure>>;

    /// Undoes what was put since the last commit; false where that takes a new connection.
    fn roll_back(&mut self) -> impl Future<Output = bool> {
        async { false }
    }

    /// What the sink's table says comes next in these partitions; those that it does not know are
    /// left out, and others are looked over. Nothing at all from a sink that keeps no offsets: a commit whose answer was lost
    /// is then made again, and its rows may be there twice.
    fn offsets(
        &mut self,
        _partitions: &[i32],
    ) -> impl Future<Output = Result<Option<HashMap<i32, i64>>, Failure>> {
        async { Ok(None) }
    }
}

/// Makes sessions, and makes them again.
pub trait Connect: Send + Sync + 'static {
    /// What it makes.
    type Session: Session<Chunk: 'static>;

    /// A new connection for session `number`, without an open transaction.
    fn connect(&self, number: usize) -> impl Future<Output = Result<Self::Session, Failure>>;
}

/// A function that connects.
impl<F, T, S> Connect for F
where
    F: Fn(usize) -> T + Send + Sync + 'static,
    T: Future<Output = Result<S, Failure>>,
    S: Session<Chunk: 'static>,
{
    type Session = S;

    fn connect(&self, number: usize) -> impl Future<Output = Result<S, Failure>> {
        self(number)
    }
}

/// Why a session could not do what it was asked.
#[derive(Debug, Clone)]
pub enum Failure {
    /// It passes: the transaction is made again on a new connection.
    Again(Error),
    /// These rows of the chunks are wrong, and why; the others were not taken either.
    Rows(Vec<(usize, String)>),
    /// Something is wrong with some row of the chunks, and the server does not say with which.
    Refused(String),
    /// The offsets of these partitions are not what they should be: another writer has taken over.
    Fenced(Vec<i32>),
    /// The answer was lost: what was asked was done, or it was not, or it will be.
    Unknown(Error),
    /// It will not work, however often it is tried.
    Stop(Error),
}

/// Who is told how far the sessions are.
pub trait Listener: Send + Sync {
    /// The first `batches` batches need no more room here: they are in transactions, or gone.
    fn accepted(&self, batches: u64);

    /// Every row of the first `batches` batches is committed, a dead letter on the disk, or read in
    /// a turn that is over.
    fn durable(&self, batches: u64);

    /// So many rows and bytes were committed, which took so long.
    fn committed(&self, rows: u64, bytes: u64, took: Duration);

    /// A transaction of changes is done, that was due with this row of the table; a session had it for so
    /// long.
    fn transacted(&self, _row: Option<u64>, _service: Duration) {}

    /// A session has something to do again, because of this.
    fn retried(&self, session: usize, error: &Error);

    /// What a session could not do it has done.
    fn recovered(&self, session: usize);

    /// A session has a connection, or has none.
    fn connected(&self, session: usize, open: bool);

    /// Nothing more will be taken: something has failed, or the sessions were told to stop.
    fn over(&self, failed: bool);

    /// The run is to end: a server that does not answer is waited for a little while only.
    fn stopping(&self) -> bool;

    /// Nothing more is to be begun: what waits is left to the next run.
    fn leaves(&self) -> bool {
        false
    }
}

/// How sessions work.
#[derive(Clone)]
pub struct SessionOptions {
    /// How many there are: partition `p` belongs to session `p` modulo this.
    pub sessions: usize,
    /// No transaction has more rows, but for one that is a single chunk: the first number, and up to the
    /// second one where commits take long.
    pub rows: RangeInclusive<usize>,
    /// No transaction has more bytes, but for one that is a single chunk.
    pub bytes: usize,
    /// How long is waited for more rows of a transaction that has some.
    pub linger: Duration,
    /// How long a server may take to commit anything; as long as any sink of the run if nothing is said.
    pub stall_timeout: Option<Duration>,
    /// Seeds the jitter of retries.
    pub seed: u64,
    /// What becomes of rows that the server does not take.
    pub bad_rows: OnBadRow,
    /// The sink has a table of offsets: where streams go on is asked of it, and tables that are made
    /// have offsets too: the partition is the session, the offset the row behind its last one. A load
    /// goes on only with the batches and the sessions it began with, so the sink's table has to tell
    /// loads of another kind apart.
    pub keeps_offsets: bool,
    /// What the sink's table says of a table that is made.
    pub reached: HashMap<i32, i64>,
    /// The rows are changes, which are applied: partitions are shards, of which a session has its own.
    pub applied: Option<Arc<Applied>>,
}

/// What a session does not tell apart is tried again.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Again(Error::because("talking to the server", error))
    }
}

impl SessionOptions {
    /// Those of a sink with a table of offsets.
    pub fn keeping_offsets() -> Self {
        Self {
            keeps_offsets: true,
            ..Self::default()
        }
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            sessions: 1,
            rows: 100_000..=100_000,
            bytes: 16 << 20,
            linger: Duration::ZERO,
            stall_timeout: None,
            seed: 0,
            bad_rows: OnBadRow::Stop,
            keeps_offsets: false,
            reached: HashMap::new(),
            applied: None,
        }
    }
}
