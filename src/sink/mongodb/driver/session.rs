//! One connection: bulks of what rows have become. Each statement can be sent again, so that there is
//! nothing to undo and nothing in doubt.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use mongodb::Database;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Document, doc};

use super::bulk::{self, Kind, Statement};
use super::open::Load;
use super::rows::Unheld;
use crate::batch::Span;
use crate::client::mongodb::Refused;
use crate::sink::session::{Connect, Failure, Part, Session, all_values};

/// Rows as they are sent, with their values for dead letters.
pub struct Rows {
    pub made: Arc<Made>,
    pub rows: Range<usize>,
}

/// What a batch has become.
pub struct Made {
    /// In the order of their rows.
    pub statements: Vec<Statement>,
    /// Rows that no document holds, in their order.
    pub unheld: Vec<Unheld>,
    /// Bytes of the statements up to each row.
    pub sizes: Vec<usize>,
    pub batch: RecordBatch,
}

impl Made {
    /// What the rows of a batch have become.
    pub fn new(statements: Vec<Statement>, unheld: Vec<Unheld>, batch: RecordBatch) -> Self {
        let mut sizes = vec![0; batch.num_rows() + 1];
        for statement in &statements {
            sizes[statement.row + 1] += statement.bytes.as_bytes().len();
        }
        for row in 1..sizes.len() {
            sizes[row] += sizes[row - 1];
        }
        Self {
            statements,
            unheld,
            sizes,
            batch,
        }
    }
}

impl Rows {
    fn statements(&self) -> &[Statement] {
        let before = |row: usize| self.made.statements.partition_point(|one| one.row < row);
        &self.made.statements[before(self.rows.start)..before(self.rows.end)]
    }

    fn unheld(&self) -> impl Iterator<Item = &Unheld> {
        let unheld = self.made.unheld.iter();
        unheld.filter(|(row, _)| self.rows.contains(row))
    }
}

impl Part for Rows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        self.made.sizes[self.rows.end] - self.made.sizes[self.rows.start]
    }

    fn part(&self, rows: Range<usize>) -> Self {
        Self {
            made: self.made.clone(),
            rows: self.rows.start + rows.start..self.rows.start + rows.end,
        }
    }

    fn letter(&self, row: usize) -> serde_json::Map<String, serde_json::Value> {
        all_values(&self.made.batch, self.rows.start + row)
    }
}

/// Makes sessions.
pub struct Connecting(pub Arc<Load>);

pub struct Connection {
    load: Arc<Load>,
    database: Database,
}

/// What a failure of the server asks for.
pub fn failure(refused: Refused) -> Failure {
    match refused.passes {
        true => Failure::Again(refused.error),
        false => Failure::Stop(refused.error),
    }
}

impl Connect for Connecting {
    type Session = Connection;

    async fn connect(&self, _number: usize) -> Result<Connection, Failure> {
        let load = self.0.clone();
        let database = load.database().map_err(failure)?;
        // The client connects when it is first used. A server that is away is to be known here.
        load.server.ping(&database).await.map_err(failure)?;
        Ok(Connection { load, database })
    }
}

impl Connection {
    /// Sends a command: the statements that the server does not take, and why.
    async fn send<'s>(
        &self,
        command: &[&'s Statement],
    ) -> Result<Vec<(&'s Statement, String)>, Failure> {
        if command[0].kind != Kind::Newer {
            return self.write(command).await;
        }
        let emptied = &self.load.emptied;
        // Left out before and removed after: between the two another writer may have emptied the
        // table.
        let newer = emptied.newer(command);
        if newer.is_empty() {
            return Ok(Vec::new());
        }
        let wrong = self.write(&newer).await?;
        let after = emptied.after(&self.database, &newer, &self.load.concern);
        let left = after.await.map_err(|error| self.said(&error))?;
        match left.first() {
            Some(left) => Err(self.again(left.message())),
            None => Ok(wrong),
        }
    }

    async fn write<'s>(
        &self,
        command: &[&'s Statement],
    ) -> Result<Vec<(&'s Statement, String)>, Failure> {
        let answer = bulk::send(&self.database, command, &self.load.concern).await;
        let mut wrong = Vec::new();
        // An insert whose `_id` is there may be one that was sent before: it is compared, not
        // refused.
        let mut there = Vec::new();
        for refused in answer.map_err(|error| self.said(&error))? {
            let statement = command.get(refused.index).copied();
            match statement {
                Some(statement) if refused.is_there() => match statement.kind {
                    // What is there is as new, or newer.
                    Kind::Newer => {}
                    Kind::Insert => there.push((statement, refused.message().to_string())),
                    // Somebody else added it at the same moment.
                    Kind::Replace => return Err(self.again(refused.message())),
                },
                Some(statement) if !refused.passes() => {
                    wrong.push((statement, refused.message().to_string()));
                }
                _ => return Err(self.again(refused.message())),
            }
        }
        if !there.is_empty() {
            wrong.extend(
                self.others(there)
                    .await
                    .map_err(|error| self.said(&error))?,
            );
        }
        Ok(wrong)
    }

    fn said(&self, error: &mongodb::error::Error) -> Failure {
        failure(self.load.server.refused("writing to", error))
    }

    fn again(&self, words: &str) -> Failure {
        let doing = format!("writing to MongoDB at {}", self.load.server.name());
        Failure::Again(crate::error::Error::because(doing, words))
    }

    /// Those whose `_id` has another document: an equal one was written before, by this run or by one that
    /// was killed.
    async fn others<'s>(
        &self,
        there: Vec<(&'s Statement, String)>,
    ) -> Result<Vec<(&'s Statement, String)>, mongodb::error::Error> {
        let id = |bytes: &RawDocumentBuf| {
            let document = Document::try_from(bytes.clone()).ok()?;
            document.get("_id").cloned()
        };
        let ids: Vec<_> = there.iter().filter_map(|(one, _)| id(&one.bytes)).collect();
        let Some((first, _)) = there.first() else {
            return Ok(Vec::new());
        };
        let collection = self
            .database
            .collection::<RawDocumentBuf>(&first.collection);
        let mut cursor = collection.find(doc! { "_id": { "$in": ids } }).await?;
        let mut equal: std::collections::HashSet<Vec<u8>> = std::collections::HashSet::new();
        while cursor.advance().await? {
            equal.insert(cursor.current().as_bytes().to_vec());
        }
        let others = there.into_iter();
        Ok(others
            .filter(|(one, _)| !equal.contains(one.bytes.as_bytes()))
            .collect())
    }
}

impl Session for Connection {
    type Chunk = Rows;

    async fn put(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        let mut wrong: Vec<(usize, String)> = Vec::new();
        let mut first = 0;
        let mut statements = Vec::new();
        let mut places = HashMap::new();
        for chunk in chunks {
            let place = |row: usize| first + row - chunk.rows.start;
            wrong.extend(chunk.unheld().map(|(row, why)| (place(*row), why.clone())));
            for statement in chunk.statements() {
                places.insert(std::ptr::from_ref(statement), place(statement.row));
                statements.push(statement);
            }
            first += chunk.rows();
        }
        for command in bulk::commands(&statements) {
            for (statement, why) in self.send(&command).await? {
                let place = places.get(&std::ptr::from_ref(statement));
                wrong.extend(place.map(|place| (*place, why)));
            }
        }
        // A change is two statements: one reason is enough.
        wrong.sort_by_key(|(row, _)| *row);
        wrong.dedup_by_key(|(row, _)| *row);
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(Failure::Rows(wrong)),
        }
    }

    async fn commit(&mut self, _origin: &[Span]) -> Result<(), Failure> {
        // What was put was answered as safe.
        Ok(())
    }

    /// Nothing is undone: what was put is put again.
    async fn roll_back(&mut self) -> bool {
        true
    }

    async fn offsets(&mut self, _partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let answered = self.load.server.ping(&self.database).await;
        answered.map(|()| None).map_err(failure)
    }
}
