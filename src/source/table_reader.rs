//! A table of a database as one run reads it, which says when it ends.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;

use super::{Piece, Records};
use crate::error::{Problem, Result};

/// Rows that are on their way when the run is to end are waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What is known of a table, whoever reads it.
pub(super) struct Known {
    /// What the columns are to be.
    pub(super) schema: SchemaRef,
    pub(super) rows: u64,
    pub(super) digest: String,
    /// How far the load into it is that was asked for.
    pub(super) progress: Option<HashMap<i32, i64>>,
    /// The table and where it is, in words.
    pub(super) what: String,
}

impl Known {
    /// What is wrong with a value, and where it is: its column, its row, and its key if it has one.
    pub(super) fn wrong(
        &self,
        column: &str,
        (row, key): (u64, Option<(&str, i64)>),
        what: &str,
    ) -> Problem {
        let key = key.map_or(String::new(), |(name, value)| {
            format!(" (`{name}` {value})")
        });
        let cause = format!("column `{column}`, row {row}{key}: {what}");
        Problem::new(format!("could not read {}", self.what)).cause(cause)
    }
}

/// A table of a database.
pub(super) trait Table: Send + Sync + 'static {
    /// The kind of the source.
    const KIND: &'static str;

    /// What is known of it.
    fn known(&self) -> &Known;

    /// Some of its rows, unless the run `ends` while they are on their way.
    fn read(
        &self,
        rows: (u64, usize),
        columns: &[usize],
        ends: &(dyn Fn() -> bool + Sync),
    ) -> Result<Piece>;

    /// The key in whose order they are read.
    fn key(&self) -> Option<&str>;

    /// What is wrong with a value, and where it is: its column, and its row behind the `first` of those that
    /// were read, with their keys if they have some.
    fn wrong_value(
        &self,
        column: &str,
        (row, first): (usize, u64),
        keys: &[i64],
        what: &str,
    ) -> Problem {
        let key = self.key().zip(keys.get(row).copied());
        self.known().wrong(column, (first + row as u64, key), what)
    }
}

/// A table as one run reads it.
pub(super) struct Reader<T> {
    table: Arc<T>,
    /// Since when the run is to end.
    stopped: OnceLock<Instant>,
}

impl<T> Reader<T> {
    pub(super) fn new(table: Arc<T>) -> Self {
        Self {
            table,
            stopped: OnceLock::new(),
        }
    }

    /// True once the run was to end so long ago that rows on their way would have come.
    fn is_over(&self) -> bool {
        let stopped = self.stopped.get();
        stopped.is_some_and(|since| since.elapsed() >= LAST_WORDS)
    }
}

impl<T: Table> Records for Reader<T> {
    fn schema(&self) -> SchemaRef {
        self.table.known().schema.clone()
    }

    fn rows(&self) -> u64 {
        self.table.known().rows
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        if columns.is_empty() || count == 0 {
            return Ok(Piece::empty(&self.table.known().schema, columns));
        }
        let ends = || self.is_over();
        self.table.read((first, count), columns, &ends)
    }

    fn describe(&self) -> String {
        let order = self.table.key().map(|key| format!(", by `{key}`"));
        let what = self.table.known().what.trim_start_matches("the ");
        format!("{} {what}{}", T::KIND, order.unwrap_or_default())
    }

    fn digest(&self) -> String {
        self.table.known().digest.clone()
    }

    fn progress(&self) -> Option<&HashMap<i32, i64>> {
        self.table.known().progress.as_ref()
    }

    // One for each run: two of them read the same snapshot, and the end of one must not be that of
    // the other.
    fn for_run(&self) -> Option<Arc<dyn Records>> {
        Some(Arc::new(Self::new(self.table.clone())))
    }

    fn stop(&self) {
        self.stopped.get_or_init(Instant::now);
    }
}
