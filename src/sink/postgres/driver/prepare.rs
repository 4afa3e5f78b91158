//! What is made before the first row of a load: the table, its offsets, and room in it.

use std::sync::atomic::Ordering;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::super::types::create;
use super::open::Load;
use crate::client::offsets::{BATCH_ROWS, CONNECTIONS, OFFSETS, SHARDS_OF};
use crate::client::postgres::{LOCK, exists};
use crate::error::{Error, Problem, Result};
use crate::sink::applied::SHARDS;
use crate::sink::constraints::Constraints;

impl Load {
    /// Makes what is missing. A lock keeps others out that begin at the same time.
    pub(super) async fn prepare(&self, connections: usize) -> Result<()> {
        let making = format!("making table {}", self.name);
        let prepared = self.patiently(&making, async |client| {
            self.prepare_by(client, connections).await
        });
        prepared.await
    }

    async fn prepare_by(&self, mut client: Client, connections: usize) -> Result<()> {
        let said = |error| {
            self.database
                .error(&format!("making table {}", self.name), &error)
        };
        let transaction = client.transaction().await.map_err(said)?;
        transaction
            .execute(LOCK, &[&self.name.to_string()])
            .await
            .map_err(said)?;
        let mut created = false;
        if !exists(transaction.client(), &self.name.quoted())
            .await
            .map_err(said)?
        {
            let create = self
                .create_statement()
                .map_err(|fault| Error::user(Problem::new(fault)))?;
            transaction.batch_execute(&create).await.map_err(said)?;
            created = true;
        }
        let begins = self
            .prepare_offsets(transaction.client(), connections, created)
            .await?;
        if begins && self.empties() {
            // Whoever reads it keeps it as it is, perhaps this very run.
            let names = self.emptied(transaction.client()).await.map_err(said)?;
            let empty = format!("SET LOCAL lock_timeout = '10s'; TRUNCATE {names}");
            let emptied = transaction.batch_execute(&empty).await;
            emptied.map_err(|error| self.in_use(&error))?;
        }
        transaction.commit().await.map_err(said)?;
        if created {
            let table = self.name.to_string();
            tracing::info!(table, "Database table and indexes created successfully");
        }
        self.prepared.store(true, Ordering::Release);
        self.check(&client).await
    }

    /// What is emptied: no table that others refer to can be emptied without them.
    async fn emptied(&self, client: &Client) -> Result<String, tokio_postgres::Error> {
        let mut names = vec![self.name.quoted()];
        if let Some(changes) = &self.changes {
            let beside = changes.applied.changing().beside(self.database.name());
            for name in beside {
                if !names.contains(&name) && exists(client, &name).await? {
                    names.push(name);
                }
            }
        }
        Ok(names.join(", "))
    }

    /// The table cannot be emptied.
    fn in_use(&self, error: &tokio_postgres::Error) -> Error {
        let doing = format!("emptying table {}", self.name);
        let said = self.database.error(&doing, error);
        match error.code() {
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => {
                said.hint("somebody reads it or writes to it: a run cannot empty what it reads")
            }
            _ => said,
        }
    }

    /// True if nothing of the load is there. Where the table was just made, or is emptied, nothing of any
    /// other one is there, either.
    async fn prepare_offsets(
        &self,
        client: &Client,
        connections: usize,
        created: bool,
    ) -> Result<bool> {
        let Some(offsets) = &self.offsets else {
            return Ok(true);
        };
        let said = |error| {
            let error = self
                .database
                .error(&format!("making table {OFFSETS}"), &error);
            error.hint("`exactly_once: false` needs no such table: a row may come twice then")
        };
        offsets.make(client).await.map_err(said)?;
        let begun = offsets.has_begun(client).await.map_err(said)?;
        let begins = created || self.begins_anew || !begun;
        if created || begins && self.empties() {
            offsets.forget(client).await.map_err(said)?;
        }
        if self.changes.is_some() {
            // They go on with other connections and batches, too.
            let shards = offsets.begin(client, SHARDS_OF, SHARDS as i64);
            shards.await.map_err(said)?;
        } else if !self.is_stream {
            offsets
                .begin(client, CONNECTIONS, connections as i64)
                .await
                .map_err(said)?;
            offsets
                .begin(client, BATCH_ROWS, self.batch_rows)
                .await
                .map_err(said)?;
        }
        Ok(begins)
    }

    fn create_statement(&self) -> Result<String, String> {
        match &self.options.create {
            Some(create) => Ok(create.as_str().to_string()),
            None => create(&self.name, &self.schema, &self.constraints()),
        }
    }

    /// What the table has beside its columns.
    pub(super) fn constraints(&self) -> Constraints {
        match &self.changes {
            Some(changes) => changes.constraints(&self.schema, self.database.name()),
            None => Constraints::of_key(&self.options.key),
        }
    }
}
