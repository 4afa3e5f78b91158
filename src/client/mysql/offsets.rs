//! `rowgen_offsets`: how far each partition of a load is, moved on in the transactions of its rows.

use std::collections::{HashMap, HashSet};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::{TableName, answer, literal, quoted};
use crate::batch::Span;
use crate::client::offsets::{OFFSETS, SHARDS_OF, STREAM};

/// There is no such table, or no such database.
const ABSENT: [u16; 2] = [1146, 1049];

/// Partitions that the table has, as far as a connection has seen.
pub type Known = HashSet<i32>;

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
            sink: literal(rows.table()),
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

    /// Makes the table where it does not exist.
    ///
    /// # Errors
    /// What the server says.
    pub async fn make(&self, conn: &mut Conn) -> Result<(), Refusal> {
        let table = &self.table;
        // Who may not make tables may have one that is there.
        let there = conn.query_drop(format!("SELECT 1 FROM {table} LIMIT 0"));
        if there.await.is_ok() {
            return Ok(());
        }
        conn.query_drop(format!(
            "CREATE TABLE IF NOT EXISTS {table} (`sink` varchar(64) NOT NULL, `load` varchar(255) NOT NULL, \
             `partition` int NOT NULL, `next` bigint NOT NULL, PRIMARY KEY (`sink`, `load`, `partition`)) \
             ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        ))
        .await
    }

    /// Which rows of the table are this load's.
    fn own(&self) -> String {
        format!(
            "`sink` = {} AND `load` = {}",
            self.sink,
            literal(&self.load)
        )
    }

    /// Those that are known; none where the table does not exist.
    ///
    /// # Errors
    /// What the server says.
    pub async fn read(&self, conn: &mut Conn) -> Result<HashMap<i32, i64>, Refusal> {
        let (table, own) = (&self.table, self.own());
        let query = format!("SELECT `partition`, `next` FROM {table} WHERE {own}");
        match conn.query::<(i32, i64), _>(query).await {
            Err(error) if answer(&error).is_some_and(|said| ABSENT.contains(&said.code)) => {
                Ok(HashMap::new())
            }
            rows => Ok(rows?.into_iter().collect()),
        }
    }

    /// True if any slice of the load has begun.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_begun(&self, conn: &mut Conn) -> Result<bool, Refusal> {
        let (table, sink) = (&self.table, &self.sink);
        let whole = self.load.split('/').next().unwrap_or_default();
        let (whole, slices) = (literal(whole), literal(&format!("{whole}/")));
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} WHERE `sink` = {sink} AND (`load` = {whole} OR LEFT(`load`, CHAR_LENGTH({slices})) = {slices}))"
        );
        Ok(conn.query_first(query).await?.unwrap_or(false))
    }

    /// True if changes of another load have been committed to the table of rows; false where there is no
    /// table of offsets.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_other_changes(&self, conn: &mut Conn) -> Result<bool, Refusal> {
        let (table, sink, load) = (&self.table, &self.sink, literal(&self.load));
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} o JOIN {table} p USING (`sink`, `load`) \
             WHERE `sink` = {sink} AND `load` <> {load} AND o.`partition` = {SHARDS_OF} AND p.`partition` >= 0)"
        );
        match conn.query_first(query).await {
            Err(error) if answer(&error).is_some_and(|said| ABSENT.contains(&said.code)) => {
                Ok(false)
            }
            found => Ok(found?.unwrap_or(false)),
        }
    }

    /// Keeps what a load was begun with.
    ///
    /// # Errors
    /// What the server says.
    pub async fn begin(&self, conn: &mut Conn, partition: i32, next: i64) -> Result<(), Refusal> {
        let (table, sink, load) = (&self.table, &self.sink, literal(&self.load));
        conn.query_drop(format!(
            "INSERT INTO {table} VALUES ({sink}, {load}, {partition}, {next}) ON DUPLICATE KEY UPDATE `next` = `next`"
        ))
        .await
    }

    /// Forgets every load but streams, whose messages may be elsewhere by now: no row of them is there.
    ///
    /// # Errors
    /// What the server says.
    pub async fn forget(&self, conn: &mut Conn) -> Result<(), Refusal> {
        let (table, sink, stream) = (&self.table, &self.sink, literal(&format!("{STREAM}%")));
        conn.query_drop(format!(
            "DELETE FROM {table} WHERE `sink` = {sink} AND `load` NOT LIKE {stream}"
        ))
        .await
    }

    /// Moves partitions on from where they should be, and tells those that were elsewhere: nothing of that
    /// may be committed then.
    ///
    /// One answer for all of it. A partition that may be new is added first, where the span begins; then
    /// all of them are locked one by one, without the gaps between, in which others may be added.
    ///
    /// # Errors
    /// What the server says.
    pub async fn move_on(
        &self,
        conn: &mut Conn,
        opening: &str,
        spans: &[Span],
        known: &mut Known,
    ) -> Result<Vec<i32>, Refusal> {
        let statements = format!("{opening}{}", self.moving(spans, known));
        let mut found = HashMap::new();
        let mut answers = conn.query_iter(statements).await?;
        loop {
            // The others have no rows.
            found.extend(answers.collect::<(i32, i64)>().await?);
            if answers.is_empty() {
                break;
            }
        }
        let elsewhere = spans
            .iter()
            .filter(|span| found.get(&span.partition) != Some(&span.from));
        let elsewhere: Vec<i32> = elsewhere.map(|span| span.partition).collect();
        known.extend(spans.iter().map(|span| span.partition));
        Ok(elsewhere)
    }

    fn moving(&self, spans: &[Span], known: &Known) -> String {
        let (table, sink, load, own) = (&self.table, &self.sink, literal(&self.load), self.own());
        let listed = |one: &dyn Fn(&Span) -> String, spans: &mut dyn Iterator<Item = &Span>| {
            spans.map(one).collect::<Vec<_>>().join(", ")
        };
        let row = |span: &Span| format!("({sink}, {load}, {}, {})", span.partition, span.from);
        let new = listed(
            &row,
            &mut spans.iter().filter(|span| !known.contains(&span.partition)),
        );
        let add = match new.is_empty() {
            true => String::new(),
            false => format!(
                "INSERT INTO {table} VALUES {new} ON DUPLICATE KEY UPDATE {0} = {0}; ",
                quoted("next")
            ),
        };
        let partitions = listed(&|span| span.partition.to_string(), &mut spans.iter());
        let when = |span: &Span| format!("WHEN {} THEN {}", span.partition, span.to);
        let cases = spans.iter().map(when).collect::<Vec<_>>().join(" ");
        format!(
            "{add}SELECT `partition`, `next` FROM {table} WHERE {own} AND `partition` IN ({partitions}) FOR UPDATE; \
             UPDATE {table} SET `next` = CASE `partition` {cases} END WHERE {own} AND `partition` IN ({partitions})"
        )
    }
}
