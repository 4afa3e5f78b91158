//! What is made before the first row of a load: the database, the table, its place in `rowgen_offsets`.
//!
//! A statement that makes or empties a table commits by itself. So what is noted of a load is removed before
//! its rows are, and noted anew after: whatever is killed in between begins it again.

use std::sync::atomic::Ordering;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::super::types::create;
use super::open::Load;
use super::table;
use crate::client::mysql::{answer, literal, quoted};
use crate::client::offsets::{BATCH_ROWS, CONNECTIONS, OFFSETS, SHARDS_OF};
use crate::error::{Error, Problem, Result};
use crate::sink::applied::SHARDS;
use crate::sink::constraints::Constraints;

/// Who begins at the same time is waited for so long, in seconds.
const LOCK: u32 = 60;

/// Not allowed to this user (1142), or another table refers to it (1701): its rows are removed one by one.
const ONE_BY_ONE: [u16; 2] = [1142, 1701];

/// There is no such table.
const ABSENT: u16 = 1146;

impl Load {
    /// Makes what is missing. A lock keeps others out that begin at the same time.
    pub(super) async fn prepare(&self, connections: usize) -> Result<()> {
        let making = format!("making table {}", self.name);
        let prepared = self.patiently(&making, async |conn| {
            self.prepare_by(conn, connections).await
        });
        prepared.await
    }

    async fn prepare_by(&self, conn: &mut Conn, connections: usize) -> Result<()> {
        self.lock(conn).await?;
        let created = match table::exists(conn, &self.name).await {
            Ok(true) => false,
            Ok(false) => self.create(conn).await.map(|()| true)?,
            Err(error) => return Err(self.unmade(&error)),
        };
        self.check(conn).await?;
        let begins = self.prepare_offsets(conn, created).await?;
        if begins && self.empties() && !created {
            self.empty(conn).await?;
        }
        self.begin(conn, connections).await?;
        if created {
            let table = self.name.to_string();
            tracing::info!(table, "Database table and indexes created successfully");
        }
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    fn unmade(&self, error: &Refusal) -> Error {
        let doing = format!("making table {}", self.name);
        self.database.error(&doing, error)
    }

    /// Held until the connection ends. Names of locks are short.
    async fn lock(&self, conn: &mut Conn) -> Result<()> {
        let name = literal(&self.name.to_string());
        let query = format!("SELECT GET_LOCK(CONCAT('rowgen ', MD5({name})), {LOCK})");
        let locked: Result<Option<Option<i64>>, _> = conn.query_first(query).await;
        match locked.map_err(|error| self.unmade(&error))?.flatten() {
            Some(1) => Ok(()),
            _ => {
                let what = format!("making table {} in {}", self.name, self.database.name());
                let why = format!("another run has been making it for {LOCK} s");
                Err(Error::run(Problem::new(what).cause(why)))
            }
        }
    }

    /// Makes the table, and its database.
    async fn create(&self, conn: &mut Conn) -> Result<()> {
        let said = |error: Refusal| self.unmade(&error);
        if let Some(database) = self.name.schema() {
            let query = format!(
                "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = {}",
                literal(database)
            );
            let there: Option<u64> = conn.query_first(query).await.map_err(said)?;
            if there == Some(0) {
                let create = format!("CREATE DATABASE IF NOT EXISTS {}", quoted(database));
                conn.query_drop(create).await.map_err(said)?;
            }
        }
        match &self.options.create {
            Some(statements) => {
                conn.query_drop(self.database.entered())
                    .await
                    .map_err(said)?;
                conn.query_drop(statements.as_str()).await.map_err(said)
            }
            None => {
                let statement = create(&self.name, &self.schema, &self.constraints());
                let statement = statement.map_err(|fault| Error::user(Problem::new(fault)))?;
                conn.query_drop(statement).await.map_err(said)
            }
        }
    }

    /// What the table has beside its columns.
    pub(super) fn constraints(&self) -> Constraints {
        match &self.changes {
            Some(changes) => changes.constraints(&self.schema, self.database.name()),
            None => Constraints::of_key(&self.options.key),
        }
    }

    /// True if nothing of the load is there. Where the table was just made, or is to be emptied, nothing of
    /// any other one is there, either.
    async fn prepare_offsets(&self, conn: &mut Conn, created: bool) -> Result<bool> {
        let Some(offsets) = &self.offsets else {
            return Ok(true);
        };
        let said = |error: Refusal| self.no_offsets(&error);
        offsets.make(conn).await.map_err(said)?;
        let begun = offsets.has_begun(conn).await.map_err(said)?;
        let begins = created || self.begins_anew || !begun;
        if created || begins && self.empties() {
            offsets.forget(conn).await.map_err(said)?;
        }
        Ok(begins)
    }

    /// Notes what the load is begun with.
    async fn begin(&self, conn: &mut Conn, connections: usize) -> Result<()> {
        let Some(offsets) = self.offsets.as_ref().filter(|_| !self.is_stream) else {
            return Ok(());
        };
        let (connections, shards) = (connections as i64, SHARDS as i64);
        let begun = match self.changes {
            // Changes go on with other connections and batches, too.
            Some(_) => vec![(SHARDS_OF, shards)],
            None => vec![(CONNECTIONS, connections), (BATCH_ROWS, self.batch_rows)],
        };
        for (partition, next) in begun {
            let noted = offsets.begin(conn, partition, next).await;
            noted.map_err(|error| self.no_offsets(&error))?;
        }
        Ok(())
    }

    fn no_offsets(&self, error: &Refusal) -> Error {
        let error = self
            .database
            .error(&format!("making table {OFFSETS}"), error);
        error.hint("`exactly_once: false` needs no such table: a row may come twice then")
    }

    async fn empty_by(&self, conn: &mut Conn) -> Result<(), Refusal> {
        let waits = "SET SESSION lock_wait_timeout = 10, innodb_lock_wait_timeout = 10";
        conn.query_drop(waits).await?;
        if let Some(changes) = &self.changes {
            // Those that change together refer to each other, and all of them begin anew.
            conn.query_drop("SET SESSION foreign_key_checks = 0")
                .await?;
            for name in changes.applied.changing().beside(self.database.name()) {
                match empty_table(conn, &name).await {
                    Err(error) if answer(&error).is_some_and(|said| said.code == ABSENT) => {}
                    emptied => emptied?,
                }
            }
            return conn.query_drop("SET SESSION foreign_key_checks = 1").await;
        }
        empty_table(conn, &self.name.quoted()).await
    }

    /// Removes all rows. Whoever reads them keeps the table as it is, perhaps this very run.
    async fn empty(&self, conn: &mut Conn) -> Result<()> {
        self.empty_by(conn).await.map_err(|error| {
            let doing = format!("emptying table {}", self.name);
            let said = self.database.error(&doing, &error);
            match answer(&error) {
                Some(answer) if answer.code == 1205 => {
                    said.hint("somebody reads it or writes to it: a run cannot empty what it reads")
                }
                _ => said,
            }
        })
    }
}

/// At once where that is allowed.
async fn empty_table(conn: &mut Conn, name: &str) -> Result<(), Refusal> {
    match conn.query_drop(format!("TRUNCATE TABLE {name}")).await {
        Err(error) if answer(&error).is_some_and(|said| ONE_BY_ONE.contains(&said.code)) => {
            conn.query_drop(format!("DELETE FROM {name}")).await
        }
        emptied => emptied,
    }
}
