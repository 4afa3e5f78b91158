//! One connection: rows, and their offsets beside them, in one transaction.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::failure;
use super::load::{Load, Loads};
use crate::batch::{Batch, RowNumbers, Span};
use crate::client::offsets::{Known, NotHeld};
use crate::client::table_name::Dialect;
use crate::error::Result;
use crate::sink::applied::Keyed;
use crate::sink::session::{Connect, Failure, Held, Part, Session, all_values};
use crate::sink::{Found, Target};

/// Rows as they are sent, with their values for dead letters.
#[derive(Clone)]
pub struct Rows<S: Sends> {
    /// All of their batch.
    pub encoded: S::Encoded,
    /// Which of them these are.
    pub rows: Range<usize>,
    pub batch: RecordBatch,
    /// What they do, where they are changes.
    pub keyed: Keyed,
}

/// Makes sessions: what each of them holds, where others may not.
pub(super) struct Connecting<S: Loads> {
    pub(super) load: Arc<Load<S>>,
    pub(super) holds: Vec<Arc<Held>>,
}

/// A session.
pub struct Connection<S: Sends> {
    pub load: Arc<Load<S>>,
    pub conn: S::Connection,
    pub writer: S::Writer,
    /// A transaction is open.
    pub begun: bool,
    /// Partitions that the table of offsets has.
    known: Known,
    /// What it does not hold yet.
    unheld: Option<Arc<Held>>,
}

/// A database that rows are sent to: how it takes them, and what its refusals ask for.
pub trait Sends: Loads {
    /// Rows of a batch as they are sent.
    type Encoded: Clone + Send;
    /// What a connection keeps of how it sends them.
    type Writer: Send;

    /// What begins a transaction, before other statements.
    const BEGIN: &'static str;

    /// Makes what is sent of rows, which have the table's columns only.
    fn encode(
        load: &Load<Self>,
        rows: (&RecordBatch, &RowNumbers),
        keyed: &Keyed,
    ) -> Result<Self::Encoded>;

    /// About how many bytes are sent for some of the rows.
    fn size(encoded: &Self::Encoded, rows: Range<usize>, keyed: &Keyed) -> usize;

    /// The run is only measured: rows are encoded and thrown away.
    fn measured(load: &Load<Self>, target: &Target) -> Result<Found>;

    /// Gets ready to send rows.
    fn writer(
        load: &Load<Self>,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<Self::Writer, Self::Refusal>>;

    /// Rows that are wrong whatever the server says of the others, counted from the first one.
    fn wrong(_connection: &Connection<Self>, _chunks: &[Rows<Self>]) -> Vec<(usize, String)> {
        Vec::new()
    }

    /// Adds rows to the transaction, or applies changes, behind a savepoint `rows`.
    fn put(
        connection: &mut Connection<Self>,
        chunks: &[Rows<Self>],
    ) -> impl Future<Output = Result<(), Failure>>;

    /// True if another try may succeed: the connection is gone, nobody answered, or what stood in the way will not.
    fn passes(error: &Self::Refusal) -> bool;

    /// True if the connection ended before the server said what became of what it was asked for.
    fn is_gone(error: &Self::Refusal) -> bool;
}

impl<S: Sends> Rows<S> {
    pub(super) fn encode(load: &Load<S>, batch: &Batch, keyed: &Keyed) -> Result<Self> {
        let rows = match &load.changes {
            Some(changes) => batch.rows.project(&changes.of_table)?,
            None => batch.rows.clone(),
        };
        Ok(Self {
            encoded: S::encode(load, (&rows, &batch.place), keyed)?,
            rows: 0..rows.num_rows(),
            batch: rows,
            keyed: keyed.clone(),
        })
    }
}

impl<S: Sends> Part for Rows<S> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        S::size(&self.encoded, self.rows.clone(), &self.keyed)
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

    fn letter(&self, row: usize) -> serde_json::Map<String, serde_json::Value> {
        all_values(&self.batch, self.rows.start + row)
    }
}

impl<S: Sends> Connect for Connecting<S> {
    type Session = Connection<S>;

    async fn connect(&self, number: usize) -> Result<Connection<S>, Failure> {
        let load = self.load.clone();
        let conn = load.database.connect().await;
        let mut conn = conn.map_err(|why| failure::of_connecting(&load.database, &why))?;
        let writer = S::writer(&load, &mut conn).await;
        let writer = writer.map_err(|error| failure::of(&load.database, "connecting", &error))?;
        Ok(Connection {
            load,
            conn,
            writer,
            begun: false,
            known: Known::default(),
            unheld: self.holds.get(number).cloned(),
        })
    }
}

impl<S: Sends> Connection<S> {
    /// What is said before other statements where no transaction is open.
    pub fn beginning(&self) -> &'static str {
        if self.begun { "" } else { S::BEGIN }
    }

    /// What a failure of its server asks for.
    pub fn failed(&self, doing: &str, error: &S::Refusal) -> Failure {
        failure::of(&self.load.database, doing, error)
    }

    /// Sees to it that nobody else writes the partitions that it writes, so that another run of the load waits
    /// for it, and says so.
    async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        let wanted = held.turn().await?;
        let tried = match offsets.hold(&mut self.conn, &wanted).await {
            Ok(own) => Ok(own),
            Err(NotHeld::By(holder)) => Err(holder),
            Err(NotHeld::Refused(error)) => return Err(self.failed("locking its part", &error)),
        };
        // Another load may have written since this one looked: who waits for it is refused at once, too.
        let checked = self.load.check_again(&mut self.conn).await;
        checked.map_err(Failure::Stop)?;
        let holder = match tried {
            Ok(own) => {
                held.hold(own);
                self.unheld = None;
                return Ok(());
            }
            Err(holder) => holder,
        };
        if let Some(own) = held.own(holder.as_ref()) {
            // It may be gone by now.
            let _ = S::run(&mut self.conn, &S::ends(own)).await;
        }
        if let Some(ends) = holder.as_ref().and_then(|holder| S::ends_idle(holder.id)) {
            // It may be another user's, which this one may not end.
            let _ = S::run(&mut self.conn, &ends).await;
        }
        Err(held.taken(holder.as_ref()))
    }
}

impl<S: Sends> Session for Connection<S> {
    type Chunk = Rows<S>;
    const SAVEPOINTS: bool = true;

    async fn put(&mut self, chunks: &[Rows<S>]) -> Result<(), Failure> {
        self.hold().await?;
        let wrong = S::wrong(self, chunks);
        if !wrong.is_empty() {
            return Err(Failure::Rows(wrong));
        }
        let Err(failure) = S::put(self, chunks).await else {
            return Ok(());
        };
        if matches!(failure, Failure::Rows(_) | Failure::Refused(_)) {
            let undo = format!("ROLLBACK TO SAVEPOINT {}", S::Names::quoted("rows"));
            let undone = S::run(&mut self.conn, &undo).await;
            undone.map_err(|error| self.failed("undoing rows", &error))?;
        }
        Err(failure)
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        self.hold().await?;
        if let Some(offsets) = &self.load.offsets
            && !origin.is_empty()
        {
            let opening = self.beginning();
            self.begun = true;
            let (conn, known) = (&mut self.conn, &mut self.known);
            let elsewhere = S::move_on(offsets, conn, opening, origin, known).await;
            let elsewhere = elsewhere.map_err(|error| self.failed("moving offsets on", &error))?;
            if !elsewhere.is_empty() {
                return Err(Failure::Fenced(elsewhere));
            }
        }
        if !self.begun {
            return Ok(());
        }
        self.begun = false;
        let committed = S::run(&mut self.conn, "COMMIT").await;
        committed.map_err(|error| failure::of_commit(&self.load.database, &error))
    }

    async fn roll_back(&mut self) -> bool {
        self.begun = false;
        self.known.clear();
        S::run(&mut self.conn, "ROLLBACK").await.is_ok()
    }

    async fn offsets(&mut self, partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let read = match &self.load.offsets {
            Some(offsets) if !partitions.is_empty() && !self.load.replaces() => {
                offsets.read(&mut self.conn).await.map(Some)
            }
            // The server ends a connection on which nothing is asked.
            offsets => {
                let none = offsets.as_ref().map(|_| HashMap::new());
                S::ping(&mut self.conn).await.map(|()| none)
            }
        };
        read.map_err(|error| self.failed("reading offsets", &error))
    }
}
