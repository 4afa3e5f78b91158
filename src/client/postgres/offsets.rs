//! `rowgen_offsets`: how far each partition of a load is, moved on in the transactions of its rows.

use std::collections::HashMap;

use tokio_postgres::Client;

use super::TableName;
use crate::batch::Span;
use crate::client::offsets::{OFFSETS, SHARDS_OF, STREAM};

/// Held to the end of the transaction by who makes the table of this name: two services that start
/// together make it one after the other.
pub const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('rowgen'), hashtext($1))";

/// True if there is a table of this name, in quotes.
///
/// # Errors
/// What the server says.
pub async fn exists(client: &Client, quoted: &str) -> Result<bool, tokio_postgres::Error> {
    let found = "SELECT to_regclass($1) IS NOT NULL";
    let row = client.query_one(found, &[&quoted]).await?;
    Ok(row.get(0))
}

/// The offsets of one load.
#[derive(Debug, Clone)]
pub struct Offsets {
    pub(super) table: String,
    /// The rows' table.
    pub(super) sink: String,
    /// What tells this load from others into the same table.
    pub(super) load: String,
}

impl Offsets {
    /// Those of a load into the table of this name.
    pub fn new(rows: &TableName, load: &str) -> Self {
        Self {
            table: rows.beside(OFFSETS).quoted(),
            sink: rows.table().to_string(),
            load: load.to_string(),
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

    /// Makes the table where it does not exist. `IF NOT EXISTS` alone fails for one of two that make it
    /// at the same time.
    ///
    /// # Errors
    /// What the server says.
    pub async fn make(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let table = &self.table;
        if exists(client, table).await? {
            return Ok(());
        }
        // The lock is held to the end of the transaction, so that the other one finds the table.
        client.execute(LOCK, &[table]).await?;
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {table} (sink text, load text, partition integer, next bigint NOT NULL, PRIMARY KEY (sink, load, partition))"
        );
        client.batch_execute(&create).await
    }

    /// Those that are known; none where the table does not exist.
    ///
    /// # Errors
    /// What the server says.
    pub async fn read(&self, client: &Client) -> Result<HashMap<i32, i64>, tokio_postgres::Error> {
        let table = &self.table;
        let query = format!("SELECT partition, next FROM {table} WHERE sink = $1 AND load = $2");
        if !exists(client, table).await? {
            return Ok(HashMap::new());
        }
        let rows = client.query(&query, &[&self.sink, &self.load]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// True if any slice of the load has begun.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_begun(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let table = &self.table;
        let whole = self.load.split('/').next().unwrap_or_default();
        let query = format!(
            "SELECT EXISTS (SELECT FROM {table} WHERE sink = $1 AND (load = $2 OR starts_with(load, $2 || '/')))"
        );
        let row = client.query_one(&query, &[&self.sink, &whole]).await?;
        Ok(row.get(0))
    }

    /// True if changes of another load have been committed to the table of rows; false where there is no
    /// table of offsets.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_other_changes(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let table = &self.table;
        if !exists(client, table).await? {
            return Ok(false);
        }
        let query = format!(
            "SELECT EXISTS (SELECT FROM {table} o JOIN {table} p USING (sink, load) \
             WHERE sink = $1 AND load <> $2 AND o.partition = {SHARDS_OF} AND p.partition >= 0)"
        );
        let row = client.query_one(&query, &[&self.sink, &self.load]).await?;
        Ok(row.get(0))
    }

    /// Keeps what a load was begun with.
    ///
    /// # Errors
    /// What the server says.
    pub async fn begin(
        &self,
        client: &Client,
        partition: i32,
        next: i64,
    ) -> Result<(), tokio_postgres::Error> {
        let table = &self.table;
        let add = format!("INSERT INTO {table} VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&self.sink, &self.load, &partition, &next];
        client.execute(&add, &parameters).await.map(drop)
    }

    /// Forgets every load but streams, whose messages may be elsewhere by now: no row of them is there.
    ///
    /// # Errors
    /// What the server says.
    pub async fn forget(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let table = &self.table;
        let remove =
            format!("DELETE FROM {table} WHERE sink = $1 AND NOT starts_with(load, '{STREAM}')");
        client.execute(&remove, &[&self.sink]).await.map(drop)
    }

    /// Moves partitions on from where they should be, and tells those that were elsewhere.
    ///
    /// One statement for all of them: a partition that is there moves if it is where the span begins,
    /// and one that is not there is added.
    ///
    /// # Errors
    /// What the server says.
    pub async fn move_on(
        &self,
        client: &Client,
        spans: &[Span],
    ) -> Result<Vec<i32>, tokio_postgres::Error> {
        let table = &self.table;
        let statement = format!(
            "WITH span AS (SELECT * FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS s(partition, first, behind)), \
             moved AS (UPDATE {table} o SET next = s.behind FROM span s \
               WHERE o.sink = $1 AND o.load = $2 AND o.partition = s.partition AND o.next = s.first RETURNING o.partition), \
             added AS (INSERT INTO {table} SELECT $1, $2, s.partition, s.behind FROM span s \
               WHERE NOT EXISTS (SELECT FROM {table} o WHERE o.sink = $1 AND o.load = $2 AND o.partition = s.partition) \
               ON CONFLICT DO NOTHING RETURNING partition) \
             SELECT partition FROM moved UNION ALL SELECT partition FROM added"
        );
        let partitions: Vec<i32> = spans.iter().map(|span| span.partition).collect();
        let first: Vec<i64> = spans.iter().map(|span| span.from).collect();
        let behind: Vec<i64> = spans.iter().map(|span| span.to).collect();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&self.sink, &self.load, &partitions, &first, &behind];
        // Sent with its types: nothing is prepared, which would take another round trip.
        let types = {
            use tokio_postgres::types::Type;
            [
                Type::TEXT,
                Type::TEXT,
                Type::INT4_ARRAY,
                Type::INT8_ARRAY,
                Type::INT8_ARRAY,
            ]
        };
        let typed: Vec<_> = parameters.into_iter().zip(types).collect();
        let moved = client.query_typed(&statement, &typed).await?;
        let moved: Vec<i32> = moved.iter().map(|row| row.get(0)).collect();
        let elsewhere = partitions.into_iter().filter(|one| !moved.contains(one));
        Ok(elsewhere.collect())
    }
}
