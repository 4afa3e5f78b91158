//! A sink with real transactions that every machine has: SQLite, rows and offsets in one file.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use rowgen::batch::{Batch, Span};
use rowgen::error::Error;
use rowgen::sink::session::{Connect, Failure, Part, Session};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::Subject;

/// A file of SQLite.
#[derive(Debug, Clone)]
pub struct Sqlite(PathBuf);

/// The keys of rows.
pub struct Ids(Vec<i64>);

pub struct Open {
    connection: Connection,
    begun: bool,
}

impl Part for Ids {
    fn rows(&self) -> usize {
        self.0.len()
    }
    fn bytes(&self) -> usize {
        8 * self.0.len()
    }
    fn part(&self, rows: Range<usize>) -> Self {
        Self(self.0[rows].to_vec())
    }
    fn letter(&self, row: usize) -> serde_json::Map<String, serde_json::Value> {
        [("id".to_string(), self.0[row].into())]
            .into_iter()
            .collect()
    }
}

impl Subject for Sqlite {
    type Connect = Self;

    fn new(folder: &Path, refused: &[i64]) -> Self {
        let path = folder.join("sink.sqlite");
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let connection = Connection::open(&path).unwrap();
        let table = format!(
            "PRAGMA journal_mode = wal;
             CREATE TABLE rows (place INTEGER PRIMARY KEY, id INTEGER CHECK (id NOT IN ({})));
             CREATE TABLE offsets (part INTEGER PRIMARY KEY, next INTEGER NOT NULL);",
            refused.join(", ")
        );
        connection.execute_batch(&table).unwrap();
        Self(path)
    }

    fn connect(&self) -> Self {
        self.clone()
    }

    fn encode(batch: &Batch) -> Ids {
        let ids = batch.rows.column(0).as_primitive::<Int64Type>();
        Ids(ids.values().to_vec())
    }

    fn ids(&self) -> Vec<i64> {
        let connection = Connection::open(&self.0).unwrap();
        let mut rows = connection
            .prepare("SELECT id FROM rows ORDER BY place")
            .unwrap();
        let ids = rows.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }
}

impl Connect for Sqlite {
    type Session = Open;

    async fn connect(&self, _: usize) -> Result<Open, Failure> {
        let connection = Connection::open(&self.0).map_err(why)?;
        connection
            .busy_timeout(Duration::from_secs(5))
            .map_err(why)?;
        let begun = false;
        Ok(Open { connection, begun })
    }
}

impl Open {
    fn begin(&mut self) -> Result<(), Failure> {
        if !self.begun {
            self.connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(why)?;
            self.begun = true;
        }
        Ok(())
    }

    /// Moves an offset on; false where it is not `from`.
    fn move_on(&self, span: &Span) -> rusqlite::Result<bool> {
        let (part, from, to) = (span.partition, span.from, span.to);
        let moved = "UPDATE offsets SET next = ?3 WHERE part = ?1 AND next = ?2";
        let added = "INSERT OR IGNORE INTO offsets VALUES (?1, ?2)";
        Ok(self.connection.execute(moved, (part, from, to))? == 1
            || self.connection.execute(added, (part, to))? == 1)
    }
}

impl Session for Open {
    type Chunk = Ids;
    const SAVEPOINTS: bool = true;

    async fn put(&mut self, chunks: &[Ids]) -> Result<(), Failure> {
        self.begin()?;
        let savepoint = self.connection.savepoint().map_err(why)?;
        {
            let insert = "INSERT INTO rows (id) VALUES (?1)";
            let mut insert = savepoint.prepare_cached(insert).map_err(why)?;
            for id in chunks.iter().flat_map(|chunk| &chunk.0) {
                insert.execute([id]).map_err(why)?;
            }
        }
        savepoint.commit().map_err(why)
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        self.begin()?;
        let mut fenced = Vec::new();
        for span in origin {
            if !self.move_on(span).map_err(why)? {
                fenced.push(span.partition);
            }
        }
        if !fenced.is_empty() {
            self.roll_back().await;
            return Err(Failure::Fenced(fenced));
        }
        self.begun = false;
        self.connection.execute_batch("COMMIT").map_err(why)
    }

    async fn roll_back(&mut self) -> bool {
        self.begun = false;
        self.connection.execute_batch("ROLLBACK").is_ok()
    }

    async fn offsets(&mut self, partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let transaction = TransactionBehavior::Deferred;
        let read = self
            .connection
            .transaction_with_behavior(transaction)
            .map_err(why)?;
        let mut offsets = HashMap::new();
        for part in partitions {
            let next = "SELECT next FROM offsets WHERE part = ?1";
            match read.query_row(next, [part], |row| row.get(0)) {
                Ok(next) => drop(offsets.insert(*part, next)),
                Err(rusqlite::Error::QueryReturnedNoRows) => {}
                Err(error) => return Err(why(error)),
            }
        }
        Ok(Some(offsets))
    }
}

/// SQLite does not say which row it was.
fn why(error: rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Failure::Refused(error.to_string()),
        Some(ErrorCode::DatabaseBusy) => Failure::Again(Error::because("writing to SQLite", error)),
        _ => Failure::Stop(Error::because("writing to SQLite", error)),
    }
}
