//! Tables whose rows are their changes: what a row of changes is of, as its columns see it.

mod frame;

use std::sync::Arc;

use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::place::Placed;
pub use frame::{ChangeFrame, ChangeRole};

/// From this row number on, rows are versions of others: the values that the table's updates set, in the
/// order of the updates.
pub const VERSIONS: u64 = 1 << 44;

/// How the rows of a table come, change and go.
pub trait Changed: std::fmt::Debug + Send + Sync {
    /// How many rows are inserted; none without end.
    fn inserts(&self) -> Option<u64>;

    /// How many changes they have; none without end.
    fn changes(&self) -> Option<u64>;

    /// What each of these changes is.
    fn places(&self, rows: Rows<'_>) -> ChangePlaces;

    /// The changes that make each of `rows`: rows that are inserted, or versions.
    fn numbers(&self, rows: Rows<'_>) -> Vec<u64>;

    /// For each of `rows` a row of another table that was there before it and stays, drawn with `key`;
    /// nothing for a table that its rows do not refer to.
    fn parents(&self, parent: &str, key: Key, rows: Rows<'_>) -> Option<Vec<u64>>;
}

/// What some changes are: each list has a place for each of them.
#[derive(Debug, Clone, Default)]
pub struct ChangePlaces {
    /// The operation.
    pub operations: Vec<i32>,
    /// The change's number among those of all tables.
    pub numbers: Vec<i64>,
    /// The row that comes, changes or goes.
    pub keys: Vec<u64>,
    /// The same row, or the version of it that an update makes.
    pub versions: Vec<u64>,
}

/// What a table's changes do to its columns.
#[derive(Debug, Clone)]
pub struct ChangedTable {
    /// Where its changes stand.
    pub places: Arc<dyn Changed>,
    /// The column that tells its rows apart.
    pub key: String,
    /// The columns that updates set.
    pub set: Vec<Placed<String>>,
    /// Updates say all columns, as they leave them.
    pub whole: bool,
    /// How many changes there are of all tables; none without end.
    pub count: Option<u64>,
}

impl ChangePlaces {
    /// Of so many changes, none of which is there yet.
    pub fn with_room(count: usize) -> Self {
        Self {
            operations: Vec::with_capacity(count),
            numbers: Vec::with_capacity(count),
            keys: Vec::with_capacity(count),
            versions: Vec::with_capacity(count),
        }
    }

    /// One more.
    #[inline]
    pub fn push(&mut self, operation: i32, number: u64, key: u64, version: u64) {
        self.operations.push(operation);
        // Numbers end long before 2^63.
        self.numbers.push(number as i64);
        self.keys.push(key);
        self.versions.push(version);
    }
}
