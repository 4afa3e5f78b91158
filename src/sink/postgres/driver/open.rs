//! A load: what is looked at before, and what is made before its first row.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::super::{Mode, Postgres};
use super::session::{Connecting, Rows};
use super::table;
use crate::batch::Batch;
use crate::client::offsets::{CONNECTIONS, STREAM};
use crate::client::postgres::{
    Database, Offsets, Patience, TableName, connections, exists, quoted,
};
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};
use crate::sink::applied::{AppliedColumns, Keyed, another_load, of_table};
use crate::sink::begun::{is_begun, other_batches, rows_there};
use crate::sink::session::{self, Held, Options};
use crate::sink::{Found, Run, Target};

/// Everything about a load that does not change.
pub(super) struct Load {
    pub(super) options: Postgres,
    pub(super) name: TableName,
    pub(super) database: Database,
    pub(super) schema: SchemaRef,
    pub(super) offsets: Option<Offsets>,
    /// Rows are changes, which are applied.
    pub(super) changes: Option<AppliedColumns>,
    pub(super) batch_rows: i64,
    pub(super) is_stream: bool,
    /// What is there is replaced, whoever has made it.
    pub(super) begins_anew: bool,
    /// There is no table: no row of a load is there, whatever is noted of it. A stream's offsets stay,
    /// for its messages may be elsewhere by now.
    is_gone: AtomicBool,
    /// It is opened only while this one goes on.
    run: Arc<dyn Run>,
    /// The load stands in the database: what it says of it counts.
    pub(super) prepared: AtomicBool,
    /// The columns' types, once the table is known.
    types: OnceLock<Vec<Type>>,
}

/// How far a load is, and what whoever runs it should know of the table.
type Looked = (HashMap<i32, i64>, Option<String>);

impl Load {
    pub(super) fn new(
        options: &Postgres,
        target: &Target,
        name: TableName,
        database: Database,
    ) -> Self {
        let of_slice = |slice: crate::sink::Slice| format!("/{}of{}", slice.index, slice.count);
        // A stream is the same load whatever its pipeline says: its offsets are the source's.
        let load = match target.is_stream {
            true => format!("{STREAM}{}", target.shape.table),
            false => format!(
                "{}{}",
                target.load,
                target.slice.map(of_slice).unwrap_or_default()
            ),
        };
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
            begins_anew: target.overwrite && !target.is_stream,
            is_gone: AtomicBool::new(false),
            run: target.run.clone(),
            prepared: AtomicBool::new(false),
            types: OnceLock::new(),
        }
    }

    /// Looks, and changes nothing: how far the load is.
    pub(super) async fn look(&self) -> Result<Looked> {
        let looking = format!("looking at table {}", self.name);
        let looked = self.patiently(&looking, async |client| self.look_by(&client).await);
        let (reached, told) = looked.await?;
        let name = self.name.to_string();
        match other_batches(&name, &reached, self.batch_rows).filter(|_| self.changes.is_none()) {
            Some(problem) => Err(Error::run(problem)),
            None => Ok((reached, told)),
        }
    }

    async fn look_by(&self, client: &Client) -> Result<Looked> {
        self.check_grants(client).await?;
        let said = |error| self.unseen(&error);
        let there = exists(client, &self.name.quoted()).await.map_err(said)?;
        match there {
            true => self.check(client).await?,
            false => {
                self.check_schema(client).await?;
                self.is_gone.store(!self.is_stream, Ordering::Release);
            }
        }
        let reached = match &self.offsets {
            Some(offsets) if !self.replaces() => offsets.read(client).await.map_err(said)?,
            _ => HashMap::new(),
        };
        if there {
            self.check_load(client, &reached).await?;
        }
        let told = match there && !self.is_stream && !self.begins_anew {
            true => self.told(client, &reached).await.map_err(said)?,
            false => None,
        };
        Ok((reached, told))
    }

    /// There is a schema that the table can be made in, unless the pipeline's own SQL makes it.
    async fn check_schema(&self, client: &Client) -> Result<()> {
        let made_here = self.options.create.is_none();
        let Some(schema) = self.name.schema().filter(|_| made_here) else {
            return Ok(());
        };
        let there = table::has_schema(client, schema).await;
        if there.map_err(|error| self.unseen(&error))? {
            return Ok(());
        }
        let what = format!("there is no schema `{schema}` for table {}", self.name);
        let hint = format!("`CREATE SCHEMA {}` makes it", quoted(schema));
        let problem = Problem::new(what).at(&self.options.url.place);
        Err(Error::user(problem.hint(hint)))
    }

    /// Changes of one load only: those of another one have other rows.
    async fn check_load(&self, client: &Client, reached: &HashMap<i32, i64>) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        if is_begun(reached) || self.empties() {
            return Ok(());
        }
        let said = |error| self.unseen(&error);
        let others = offsets.has_other_changes(client).await.map_err(said)?;
        // Where somebody has emptied the table, nothing of them is in the way.
        if others && !table::is_empty(client, &self.name).await.map_err(said)? {
            return Err(Error::run(another_load(&self.name.to_string())));
        }
        Ok(())
    }

    /// Once more, when its parts are to be held: of two loads that began together, one has written.
    pub(super) async fn check_again(&self, client: &Client) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        let reached = offsets.read(client).await;
        let reached = reached.map_err(|error| self.unseen(&error))?;
        self.check_load(client, &reached).await
    }

    /// The server has said something else than what was asked for.
    pub(super) fn unseen(&self, error: &tokio_postgres::Error) -> Error {
        let doing = format!("looking at table {}", self.name);
        self.database.error(&doing, error)
    }

    /// What the load does with the rows that are there.
    async fn told(
        &self,
        client: &Client,
        reached: &HashMap<i32, i64>,
    ) -> Result<Option<String>, tokio_postgres::Error> {
        let begun = is_begun(reached);
        let looks = begun || self.options.mode == Mode::Append;
        let is_empty = !looks || table::is_empty(client, &self.name).await?;
        Ok(rows_there(&self.name.to_string(), begun, is_empty))
    }

    /// Does something on a connection of its own, while the server is there and the run goes on.
    pub(super) async fn patiently<T>(
        &self,
        doing: &str,
        work: impl AsyncFnOnce(Client) -> Result<T>,
    ) -> Result<T> {
        let ends = || self.run.stopping();
        let patience = Patience::new(&self.database, &ends);
        let said = |doing, why| self.database.unanswered(doing, &why);
        let connected = patience.connect().await;
        let (client, _) = connected.map_err(|why| said("connecting", why))?;
        let done = patience.wait(None, work(client)).await;
        done.map_err(|why| said(doing, why.into()))?
    }

    /// Compares the table with the columns.
    pub(super) async fn check(&self, client: &Client) -> Result<()> {
        let types = table::types(client, &self.name, &self.schema).await;
        let types = types.map_err(|error| self.unseen(&error))?;
        match types {
            Ok(types) => {
                let _ = self.types.set(types);
                match &self.changes {
                    Some(changes) => self.check_key(client, changes).await,
                    None => Ok(()),
                }
            }
            Err(faults) => {
                let problem = Problem::new(faults.join("; ")).at(&self.options.url.place);
                Err(Error::user(problem.hint(
                    "`into` names another table; `create` is used only where there is none",
                )))
            }
        }
    }

    /// Changes find their rows by the key, each of which is there once.
    async fn check_key(&self, client: &Client, changes: &AppliedColumns) -> Result<()> {
        let key = changes.key_of(&self.schema);
        let unique = table::is_unique(client, &self.name, key).await;
        if unique.map_err(|error| self.unseen(&error))? {
            return Ok(());
        }
        let what = format!(
            "table {} has no unique index by `{key}`, by which changes find their rows",
            self.name
        );
        let hint = format!(
            "`ALTER TABLE {} ADD PRIMARY KEY ({})` makes one",
            self.name.quoted(),
            quoted(key)
        );
        let problem = Problem::new(what).at(&self.options.url.place);
        Err(Error::user(problem.hint(hint)))
    }

    /// A load that begins removes all rows first.
    pub(super) fn empties(&self) -> bool {
        self.begins_anew || self.options.mode == Mode::Truncate
    }

    /// True while the database still has the offsets of a load that this one replaces.
    pub(super) fn replaces(&self) -> bool {
        let is_gone = self.is_gone.load(Ordering::Acquire);
        (self.begins_anew || is_gone) && !self.prepared.load(Ordering::Acquire)
    }

    /// The columns' types in the table.
    pub(super) fn types(&self) -> &[Type] {
        self.types.get().map_or(&[], Vec::as_slice)
    }
}

impl Load {
    /// What each session holds. The partitions of a stream move from one process to another, and offsets
    /// alone say whose they are.
    fn holds(&self, sessions: usize) -> Vec<Arc<Held>> {
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

    /// The load as the engine is told of it.
    pub(super) fn found(
        self: Arc<Self>,
        (reached, told): Looked,
        target: &Target,
    ) -> Result<Found> {
        let begun = reached.get(&CONNECTIONS).map(|count| *count as usize);
        let own = self.options.options();
        let asked = connections(own.connections);
        let connections = match &self.changes {
            Some(changes) => changes.applied.changing().share_of(asked),
            None => begun.unwrap_or(asked).max(1),
        };
        let options = Options {
            sessions: connections,
            rows: own.transaction_rows(),
            linger: own.linger(),
            bad_rows: own.bad_rows.clone(),
            keeps_offsets: self.offsets.is_some(),
            applied: self.changes.as_ref().map(|changes| changes.applied.clone()),
            seed: target.run_id as u64,
            ..Options::default()
        };
        let of = self.clone();
        let encode = move |batch: &Batch, keyed: &Keyed| Rows::encode(&of, batch, keyed);
        let connecting = Connecting {
            load: self.clone(),
            holds: self.holds(connections),
        };
        let found = session::changes(target, connecting, options, encode)?;
        let replaces = self.empties() && reached.is_empty();
        let prepare = move || apart("making the table", || block_on(self.prepare(connections))?);
        Ok(session::prepared(found, (replaces, told), prepare))
    }
}
