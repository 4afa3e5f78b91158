//! A load: what is looked at before its first row.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use mysql_async::{Conn, Error as Refusal};

use super::super::{Mode, Mysql};
use super::session::{Connecting, Rows};
use super::table;
use super::texts::Texts;
use super::values::Encoder;
use crate::batch::Batch;
use crate::client::database::connections;
use crate::client::mysql::{Database, Offsets, Patience, Settings, TableName};
use crate::client::offsets::{CONNECTIONS, STREAM};
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};
use crate::sink::applied::{AppliedColumns, Keyed, another_load, of_table};
use crate::sink::begun::{is_begun, other_batches, rows_there};
use crate::sink::session::{self, Held, Options};
use crate::sink::{Found, Run, Target};

/// Everything about a load that does not change.
pub(super) struct Load {
    pub(super) options: Mysql,
    pub(super) name: TableName,
    pub(super) database: Database,
    pub(super) schema: SchemaRef,
    pub(super) offsets: Option<Offsets>,
    /// Rows are changes, which are applied.
    pub(super) changes: Option<AppliedColumns>,
    pub(super) batch_rows: i64,
    pub(super) is_stream: bool,
    /// What its texts are made of, as far as that is known.
    texts: Texts,
    /// What is there is replaced, whoever has made it.
    pub(super) begins_anew: bool,
    /// There is no table: no row of a load is there, whatever is noted of it. A stream's offsets stay,
    /// for its messages may be elsewhere by now.
    is_gone: AtomicBool,
    /// It is opened only while this one goes on.
    run: Arc<dyn Run>,
    /// The load stands in the database: what it says of it counts.
    pub(super) prepared: AtomicBool,
    /// What rows are made by, once the table is known.
    encoder: OnceLock<Encoder>,
    /// The columns of it that are sent as their bytes.
    bytes: OnceLock<Vec<String>>,
}

/// How far a load is, and what whoever runs it should know of the table.
type Looked = (HashMap<i32, i64>, Option<String>);

impl Load {
    pub(super) fn new(
        options: &Mysql,
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
            texts: Texts::new(&target.shape),
            begins_anew: target.overwrite && !target.is_stream,
            is_gone: AtomicBool::new(false),
            run: target.run.clone(),
            prepared: AtomicBool::new(false),
            encoder: OnceLock::new(),
            bytes: OnceLock::new(),
        }
    }

    /// Looks, and changes nothing: how far the load is.
    pub(super) async fn look(&self) -> Result<Looked> {
        let looking = format!("looking at table {}", self.name);
        let looked = self.patiently(&looking, async |conn| self.look_by(conn).await);
        let (reached, told) = looked.await?;
        let name = self.name.to_string();
        match other_batches(&name, &reached, self.batch_rows).filter(|_| self.changes.is_none()) {
            Some(problem) => Err(Error::run(problem)),
            None => Ok((reached, told)),
        }
    }

    async fn look_by(&self, conn: &mut Conn) -> Result<Looked> {
        self.check_grants(conn).await?;
        let said = |error| self.unseen(&error);
        let exists = table::exists(conn, &self.name).await.map_err(said)?;
        match exists {
            true => self.check(conn).await?,
            false => self.is_gone.store(!self.is_stream, Ordering::Release),
        }
        let reached = match &self.offsets {
            Some(offsets) if !self.replaces() => offsets.read(conn).await.map_err(said)?,
            _ => HashMap::new(),
        };
        if exists {
            self.check_load(conn, &reached).await?;
        }
        let told = match exists && !self.is_stream && !self.begins_anew {
            true => self.told(conn, &reached).await.map_err(said)?,
            false => None,
        };
        Ok((reached, told))
    }

    /// Changes of one load only: those of another one have other rows.
    async fn check_load(&self, conn: &mut Conn, reached: &HashMap<i32, i64>) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        if is_begun(reached) || self.empties() {
            return Ok(());
        }
        let said = |error| self.unseen(&error);
        let others = offsets.has_other_changes(conn).await.map_err(said)?;
        // Where somebody has emptied the table, nothing of them is in the way.
        if others && !table::is_empty(conn, &self.name).await.map_err(said)? {
            return Err(Error::run(another_load(&self.name.to_string())));
        }
        Ok(())
    }

    /// Once more, when its parts are to be held: of two loads that began together, one has written.
    pub(super) async fn check_again(&self, conn: &mut Conn) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| self.changes.is_some()) else {
            return Ok(());
        };
        let reached = offsets.read(conn).await;
        let reached = reached.map_err(|error| self.unseen(&error))?;
        self.check_load(conn, &reached).await
    }

    /// The server has said something else than what was asked for.
    pub(super) fn unseen(&self, error: &Refusal) -> Error {
        let doing = format!("looking at table {}", self.name);
        self.database.error(&doing, error)
    }

    /// What the load does with the rows that are there.
    async fn told(
        &self,
        conn: &mut Conn,
        reached: &HashMap<i32, i64>,
    ) -> Result<Option<String>, Refusal> {
        let begun = is_begun(reached);
        let looks = begun || self.options.mode == Mode::Append;
        let is_empty = !looks || table::is_empty(conn, &self.name).await?;
        Ok(rows_there(&self.name.to_string(), begun, is_empty))
    }

    /// Does something on a connection of its own, while the server is there and the run goes on.
    pub(super) async fn patiently<T>(
        &self,
        doing: &str,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let ends = || self.run.stopping();
        let patience = Patience::new(&self.database, &ends);
        let said = |doing, why| self.database.unanswered(doing, &why);
        let connected = patience.connect(Settings::Writes).await;
        let mut conn = connected.map_err(|why| said("connecting", why))?;
        let done = patience.wait(None, work(&mut conn)).await;
        done.map_err(|why| said(doing, why.into()))?
    }

    /// Compares the table with the columns.
    pub(super) async fn check(&self, conn: &mut Conn) -> Result<()> {
        let said = |error: Refusal| self.unseen(&error);
        let columns = table::columns(conn, &self.name).await.map_err(said)?;
        let compared = table::compared(&self.name, &self.schema, &columns);
        let mut faults = compared.as_ref().err().cloned().unwrap_or_default();
        let lacking = self.texts.lacking(conn, &self.name, &columns).await;
        faults.extend(lacking.map_err(said)?);
        let engine = table::without_transactions(conn, &self.name).await;
        if let Some(engine) = engine.map_err(said)?.filter(|_| self.offsets.is_some()) {
            faults.push(format!(
                "table {} is kept by {engine}, which has no transactions: `exactly_once` cannot be promised",
                self.name
            ));
        }
        faults.extend(self.check_key(conn).await.map_err(said)?);
        match compared {
            Ok(bytes) if faults.is_empty() => {
                let _ = self.encoder.set(Encoder::new(bytes.clone()));
                let _ = self.bytes.set(bytes);
                Ok(())
            }
            _ => {
                let problem = Problem::new(faults.join("; ")).at(&self.options.url.place);
                Err(Error::user(problem.hint(
                    "`into` names another table; `create` is used only where there is none",
                )))
            }
        }
    }

    /// An upsert of a table that does not tell rows apart would only add them, and changes would not find
    /// theirs.
    async fn check_key(&self, conn: &mut Conn) -> Result<Option<String>, Refusal> {
        let key: Vec<&str> = match &self.changes {
            Some(changes) => vec![changes.key_of(&self.schema)],
            None if self.options.mode == Mode::Upsert => {
                self.options.key.iter().map(|key| key.as_str()).collect()
            }
            None => return Ok(None),
        };
        let (unique, other) = table::is_unique(conn, &self.name, &key).await?;
        let shown = key.join("`, `");
        Ok(match other {
            _ if !unique => Some(format!(
                "table {} has no unique index of exactly `{shown}`",
                self.name
            )),
            // ON DUPLICATE KEY UPDATE would replace a row of another key where that index has its values.
            Some(other) if self.changes.is_none() => Some(format!(
                "table {} has another unique index, `{other}`, and MySQL's upsert would take rows of equal \
                 values there for rows of equal `{shown}`",
                self.name
            )),
            _ => None,
        })
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

    /// What makes rows; the table was looked at.
    pub(super) fn encoder(&self) -> &Encoder {
        self.encoder.get_or_init(Encoder::default)
    }

    /// The columns that are sent as their bytes.
    pub(super) fn bytes(&self) -> Vec<String> {
        self.bytes.get().cloned().unwrap_or_default()
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
