//! What is made before the first row of a load: the table, its place in `rowgen_offsets`, and room in it.
//!
//! Where a statement that makes or empties a table commits by itself, what is noted of a load has to be removed
//! before its rows are, and noted anew after: whatever is killed in between begins it again.

use std::sync::atomic::Ordering;

use super::SinkDialect;
use super::load::{Load, Loads};
use crate::client::offsets::{BATCH_ROWS, CONNECTIONS, OFFSETS, SHARDS_OF};
use crate::error::{Error, Problem, Result};
use crate::sink::applied::SHARDS;
use crate::sink::constraints::Constraints;

impl<S: Loads> Load<S> {
    /// Makes what is missing. A lock keeps others out that begin at the same time.
    pub(super) async fn prepare(&self, connections: usize) -> Result<()> {
        let making = format!("making table {}", self.name);
        let prepared = self.patiently(&making, async |connection| {
            self.prepare_by(connection, connections).await
        });
        prepared.await
    }

    async fn prepare_by(&self, connection: &mut S::Connection, connections: usize) -> Result<()> {
        let said = |error| self.unmade(&error);
        S::lock(self, connection).await?;
        let name = self.name.quoted();
        let created = !S::exists(connection, &name).await.map_err(said)?;
        if created {
            let statements = self.statements()?;
            let made = S::create(self, connection, &statements).await;
            made.map_err(said)?;
        }
        S::check(self, connection).await?;
        let begins = self.prepare_offsets(connection, created).await?;
        if begins && self.empties() && !created {
            self.empty(connection).await?;
        }
        self.begin(connection, connections).await?;
        S::made(connection).await.map_err(said)?;
        if created {
            let table = self.name.to_string();
            tracing::info!(table, "Database table and indexes created successfully");
        }
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    /// The table cannot be made.
    pub fn unmade(&self, error: &S::Refusal) -> Error {
        let doing = format!("making table {}", self.name);
        self.database.error(&doing, error)
    }

    /// What makes the table.
    fn statements(&self) -> Result<String> {
        let made = match &self.options.create {
            Some(create) => Ok(create.as_str().to_string()),
            None => S::Names::create(&self.name, &self.schema, &self.constraints()),
        };
        made.map_err(|fault| Error::user(Problem::new(fault)))
    }

    /// What the table has beside its columns.
    pub fn constraints(&self) -> Constraints {
        match &self.changes {
            Some(changes) => changes.constraints(&self.schema, self.database.name()),
            None => Constraints::of_key(&self.options.key),
        }
    }

    /// True if nothing of the load is there. Where the table was just made, or is to be emptied, nothing of
    /// any other one is there, either.
    async fn prepare_offsets(&self, connection: &mut S::Connection, created: bool) -> Result<bool> {
        let Some(offsets) = &self.offsets else {
            return Ok(true);
        };
        let said = |error| self.no_offsets(&error);
        S::make(offsets, connection).await.map_err(said)?;
        let begun = offsets.has_begun(connection).await.map_err(said)?;
        let begins = created || self.begins_anew || !begun;
        if created || begins && self.empties() {
            offsets.forget(connection).await.map_err(said)?;
        }
        Ok(begins)
    }

    /// Notes what the load is begun with.
    async fn begin(&self, connection: &mut S::Connection, connections: usize) -> Result<()> {
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
            let noted = offsets.begin(connection, partition, next).await;
            noted.map_err(|error| self.no_offsets(&error))?;
        }
        Ok(())
    }

    fn no_offsets(&self, error: &S::Refusal) -> Error {
        let doing = format!("making table {OFFSETS}");
        let error = self.database.error(&doing, error);
        error.hint("`exactly_once: false` needs no such table: a row may come twice then")
    }

    /// Removes all rows. Tables that change together refer to each other, and all of them begin anew.
    async fn empty(&self, connection: &mut S::Connection) -> Result<()> {
        let said = |error| {
            let doing = format!("emptying table {}", self.name);
            let said = self.database.error(&doing, &error);
            match S::is_of_a_lock(&error) {
                true => {
                    said.hint("somebody reads it or writes to it: a run cannot empty what it reads")
                }
                false => said,
            }
        };
        let mut tables = vec![self.name.quoted()];
        let changes = self.changes.iter();
        let beside = changes.flat_map(|one| one.applied.changing().beside(self.database.name()));
        for table in beside {
            if !tables.contains(&table) && S::exists(connection, &table).await.map_err(said)? {
                tables.push(table);
            }
        }
        S::empty(self, connection, &tables).await.map_err(said)
    }
}
