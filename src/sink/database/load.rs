//! A load into a table of a database: what is looked at before its first row, whichever the database is.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::SchemaRef;

use super::{Mode, SinkDialect, TableSink};
use crate::client::offsets::{KeepsOffsets, Offsets, STREAM};
use crate::client::patience::Patience;
use crate::client::table_name::TableName;
use crate::error::{Error, Problem, Result};
use crate::format::Shape;
use crate::sink::applied::{AppliedColumns, another_load, of_table};
use crate::sink::begun::{is_begun, other_batches, rows_there};
use crate::sink::session::Held;
use crate::sink::{RunHandle, Slice, Target};

/// Everything about a load that does not change.
pub struct Load<S: Loads> {
    pub options: TableSink<S::Names>,
    pub name: TableName<S::Names>,
    pub database: S,
    pub schema: SchemaRef,
    pub offsets: Option<Offsets<S>>,
    /// Rows are changes, which are applied.
    pub changes: Option<AppliedColumns>,
    pub batch_rows: i64,
    pub is_stream: bool,
    /// What is known of the table's columns.
    pub columns: S::Columns,
    /// What is there is replaced, whoever has made it.
    pub begins_anew: bool,
    /// There is no table: no row of a load is there, whatever is noted of it. A stream's offsets stay,
    /// for its messages may be elsewhere by now.
    is_gone: AtomicBool,
    /// It is opened only while this one goes on.
    run: Arc<dyn RunHandle>,
    /// The load stands in the database: what it says of it counts.
    pub(super) prepared: AtomicBool,
}

/// How far a load is, and what whoever runs it should know of the table.
pub type Looked = (HashMap<i32, i64>, Option<String>);

/// A database that tables are loaded into: what it looks at and makes in its own way.
pub trait Loads: KeepsOffsets<Names: SinkDialect> {
    /// What is known of a table's columns, once it was looked at.
    type Columns: Send + Sync;

    /// What is known before.
    fn columns(shape: &Shape) -> Self::Columns;

    /// Asks for everything that the load will do.
    fn check_grants(
        load: &Load<Self>,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<()>>;

    /// Compares the table with the columns.
    fn check(
        load: &Load<Self>,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<()>>;

    /// Keeps others out that begin at the same time, until it has `made` what is missing.
    fn lock(
        load: &Load<Self>,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<()>>;

    /// Makes the table.
    fn create(
        load: &Load<Self>,
        connection: &mut Self::Connection,
        statements: &str,
    ) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// Removes all rows of tables. Whoever reads them keeps a table as it is, perhaps this very run.
    fn empty(
        load: &Load<Self>,
        connection: &mut Self::Connection,
        tables: &[String],
    ) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// Everything is made.
    fn made(connection: &mut Self::Connection) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// There is no table: whether it can be made.
    fn check_absent(
        _load: &Load<Self>,
        _connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

impl<S: Loads> Load<S> {
    /// A load that an address is known of.
    pub(super) fn new(
        options: &TableSink<S::Names>,
        target: &Target,
        name: TableName<S::Names>,
        database: S,
    ) -> Self {
        let of_slice = |slice: Slice| format!("/{}of{}", slice.index, slice.count);
        // A stream is the same load whatever its pipeline says: its offsets are the source's.
        let load = match target.is_stream {
            true => format!("{STREAM}{}", target.shape.table),
            false => format!(
                "{}{}",
                target.load,
                target.slice.map(of_slice).unwrap_or_default()
            ),
        };
        let name = name.within(database.schema());
        Self {
            offsets: options
                .is_exactly_once()
                .then(|| Offsets::new(&name, &load)),
            changes: target.shape.changes.as_ref().and_then(|columns| {
                let applied = target.applied(database.name(), &name.quoted())?;
                let count = target.shape.schema.fields().len();
                Some(AppliedColumns::new(columns, applied, count))
            }),
            options: options.clone(),
            name,
            database,
            schema: of_table(&target.shape),
            batch_rows: target.shape.batch_rows as i64,
            is_stream: target.is_stream,
            columns: S::columns(&target.shape),
            begins_anew: target.overwrite && !target.is_stream,
            is_gone: AtomicBool::new(false),
            run: target.run.clone(),
            prepared: AtomicBool::new(false),
        }
    }

    /// Looks, and changes nothing: how far the load is.
    ///
    /// # Errors
    /// Nobody answers, the user may not, or the table does not fit.
    pub(super) async fn look(&self) -> Result<Looked> {
        let looking = format!("looking at table {}", self.name);
        let looked = self.patiently(&looking, async |connection| self.look_by(connection).await);
        let (reached, told) = looked.await?;
        let name = self.name.to_string();
        match other_batches(&name, &reached, self.batch_rows).filter(|_| self.changes.is_none()) {
            Some(problem) => Err(Error::run(problem)),
            None => Ok((reached, told)),
        }
    }

    async fn look_by(&self, connection: &mut S::Connection) -> Result<Looked> {
        S::check_grants(self, connection).await?;
        let said = |error| self.unseen(&error);
        let name = self.name.quoted();
        let exists = S::exists(connection, &name).await.map_err(said)?;
        match exists {
            true => S::check(self, connection).await?,
            false => {
                S::check_absent(self, connection).await?;
                self.is_gone.store(!self.is_stream, Ordering::Release);
            }
        }
        let reached = match &self.offsets {
            Some(offsets) if !self.replaces() => offsets.read(connection).await.map_err(said)?,
            _ => HashMap::new(),
        };
        if exists {
            self.check_load(connection, &reached).await?;
        }
        let told = match exists && !self.is_stream && !self.begins_anew {
            true => self.told(connection, &reached).await.map_err(said)?,
            false => None,
        };
        Ok((reached, told))
    }

    /// Changes of one load only: those of another one have other rows.
    async fn check_load(
        &self,
        connection: &mut S::Connection,
        reached: &HashMap<i32, i64>,
    ) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        if is_begun(reached) || self.empties() {
            return Ok(());
        }
        let said = |error| self.unseen(&error);
        let others = offsets.has_other_changes(connection).await.map_err(said)?;
        // Where somebody has emptied the table, nothing of them is in the way.
        if others && !self.is_empty(connection).await.map_err(said)? {
            return Err(Error::run(another_load(&self.name.to_string())));
        }
        Ok(())
    }

    /// Once more, when its parts are to be held: of two loads that began together, one has written.
    pub(super) async fn check_again(&self, connection: &mut S::Connection) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        let reached = offsets.read(connection).await;
        let reached = reached.map_err(|error| self.unseen(&error))?;
        self.check_load(connection, &reached).await
    }

    async fn is_empty(&self, connection: &mut S::Connection) -> Result<bool, S::Refusal> {
        let query = format!("SELECT NOT EXISTS (SELECT 1 FROM {})", self.name.quoted());
        S::is_true(connection, &query).await
    }

    /// The server has said something else than what was asked for.
    pub fn unseen(&self, error: &S::Refusal) -> Error {
        let doing = format!("looking at table {}", self.name);
        self.database.error(&doing, error)
    }

    /// The table is not as the pipeline has its columns.
    pub fn misfit(&self, faults: &[String]) -> Error {
        let problem = Problem::new(faults.join("; ")).at(&self.options.url.place);
        let hint = "`into` names another table; `create` is used only where there is none";
        Error::user(problem.hint(hint))
    }

    /// What the load does with the rows that are there.
    async fn told(
        &self,
        connection: &mut S::Connection,
        reached: &HashMap<i32, i64>,
    ) -> Result<Option<String>, S::Refusal> {
        let begun = is_begun(reached);
        let looks = begun || self.options.mode == Mode::Append;
        let is_empty = !looks || self.is_empty(connection).await?;
        Ok(rows_there(&self.name.to_string(), begun, is_empty))
    }

    /// Does something on a connection of its own, while the server is there and the run goes on.
    pub(super) async fn patiently<T>(
        &self,
        doing: &str,
        work: impl AsyncFnOnce(&mut S::Connection) -> Result<T>,
    ) -> Result<T> {
        let ends = || self.run.stopping();
        let patience = Patience::new(&self.database, &ends);
        let mut connection = patience.connect(self.database.connect()).await?;
        let done = patience.wait(None, work(&mut connection)).await;
        done.map_err(|why| self.database.unanswered(doing, &why))?
    }

    /// A load that begins removes all rows first.
    pub fn empties(&self) -> bool {
        self.begins_anew || self.options.mode == Mode::Truncate
    }

    /// True while the database still has the offsets of a load that this one replaces.
    pub(super) fn replaces(&self) -> bool {
        let is_gone = self.is_gone.load(Ordering::Acquire);
        (self.begins_anew || is_gone) && !self.prepared.load(Ordering::Acquire)
    }

    /// What each session holds. The partitions of a stream move from one process to another, and offsets
    /// alone say whose they are.
    pub(super) fn holds(&self, sessions: usize) -> Vec<Arc<Held>> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| !self.is_stream) else {
            return Vec::new();
        };
        match &self.changes {
            // A table takes one load of changes alone.
            Some(changes) => {
                let leader = changes.applied.changing().leader(self.database.name());
                Held::shards(sessions, &leader, offsets.table_name())
            }
            None => Held::sessions(sessions, offsets.name()),
        }
    }
}
