//! What rows must have come to that changes were applied to: for each range of keys the last change of
//! each row before its moment, made again by the plan's own programs.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use arrow::array::ArrayRef;

use super::columns::{Column, From};
use super::side::{ComparedRows, Side};
use crate::batch::RowNumbers;
use crate::changes::{Living, Table};
use crate::error::{Error, Result};
use crate::format::Operation;
use crate::plan::{BATCH_ROWS, Job, SinkPlan};
use crate::source::{Batches, MadeBatches};
use crate::sync::lock;

/// The moment of which each row is expected: how many changes of all tables came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moments {
    /// The same for all rows.
    One(u64),
    /// By the row's number modulo how many there are.
    Shards(Vec<u64>),
}

/// Rows of a table as they are at a moment.
pub(super) struct States<'p> {
    sink: &'p SinkPlan,
    made: &'p MadeBatches,
    table: &'p Table,
    columns: &'p [Column],
    moments: Moments,
    /// Rows that were inserted by the last of the moments.
    keys: u64,
    /// Rows whose last changes are kept at once.
    most: u64,
    kept: Mutex<Option<Kept>>,
}

/// The last changes of a range of rows.
#[derive(Clone)]
struct Kept {
    keys: Range<u64>,
    updates: Arc<Vec<u64>>,
}

impl Moments {
    /// That of a row.
    pub(super) fn of(&self, key: u64) -> u64 {
        match self {
            Self::One(number) => *number,
            // One number for each shard; a row belongs to the shard of its number modulo theirs.
            Self::Shards(numbers) => numbers[(key % numbers.len() as u64) as usize],
        }
    }

    /// The last of them.
    pub(super) fn last(&self) -> u64 {
        match self {
            Self::One(number) => *number,
            Self::Shards(numbers) => numbers.iter().copied().max().unwrap_or_default(),
        }
    }
}

impl<'p> States<'p> {
    /// The rows of a sink that applies changes, in so many bytes of memory.
    ///
    /// # Errors
    /// The rows of the job are no changes.
    pub(super) fn new(
        job: &'p Job,
        sink: &'p SinkPlan,
        columns: &'p [Column],
        moments: Moments,
        memory: u64,
    ) -> Result<Self> {
        let (Batches::Made(made), Some(changes)) = (&job.source, &job.changes) else {
            return Err(Error::run("the rows of this table do not change"));
        };
        let table = &changes.table;
        Ok(Self {
            sink,
            made,
            table,
            columns,
            keys: table.before_of(Operation::Insert, moments.last()),
            moments,
            // Eight bytes for each row of a range. Which update of a row was its last is found by a
            // scan over all changes: the fewer ranges of rows there are, the fewer scans.
            most: (memory / 8).next_multiple_of(BATCH_ROWS).max(BATCH_ROWS),
            kept: Mutex::default(),
        })
    }

    /// The moment of each row.
    pub(super) fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The table.
    pub(super) fn table(&self) -> &Table {
        self.table
    }

    /// How many rows there are.
    pub(super) fn exact_rows(&self) -> u64 {
        let alive = |key: &u64| self.table.alive(*key, self.moments.of(*key));
        (0..self.keys).filter(alive).count() as u64
    }

    /// Rows as they are then, or as they were.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub(super) fn values(&self, rows: &[Living]) -> Result<Vec<ArrayRef>> {
        let batch = self.made.versions(&Living::places(self.table, rows))?;
        let batch = self.sink.shape.take(&self.sink.columns, &batch)?;
        let column = |column: &Column| match column.from {
            From::Batch(index) => column.held.of(batch.column(index)),
            From::Folder(_) => Err(Error::run("no folder holds rows that change")),
        };
        self.columns.iter().map(column).collect()
    }

    /// The last updates of the rows that a piece has.
    fn updates(&self, keys: &Range<u64>) -> Kept {
        // Held during the scan: other workers need the same range, and would all scan for it.
        let mut kept = lock(&self.kept);
        let has = |kept: &&Kept| kept.keys.start <= keys.start && keys.end <= kept.keys.end;
        if let Some(kept) = kept.as_ref().filter(has) {
            return kept.clone();
        }
        // One range is kept: pieces are read in ascending order, and several would share the
        // memory.
        let start = keys.start / self.most * self.most;
        let all = start..(start + self.most).min(self.keys);
        let (moment, last) = (|key| self.moments.of(key), self.moments.last());
        let updates = self.table.last_updates(all.clone(), last, &moment);
        let made = Kept {
            keys: all,
            updates: Arc::new(updates),
        };
        kept.replace(made.clone());
        made
    }
}

impl Side for States<'_> {
    fn pieces(&self) -> u64 {
        self.keys.div_ceil(BATCH_ROWS)
    }

    fn rows(&self) -> u64 {
        self.keys
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        let first = piece * BATCH_ROWS;
        let keys = first..(first + BATCH_ROWS).min(self.keys);
        let kept = self.updates(&keys);
        let living = |key: u64| {
            let alive = self.table.alive(key, self.moments.of(key));
            alive.then(|| {
                let update = kept.updates[(key - kept.keys.start) as usize].checked_sub(1);
                Living {
                    key,
                    update: update.map(|rank| (rank, self.table.update(rank))),
                }
            })
        };
        let rows: Vec<Living> = keys.filter_map(living).collect();
        Ok(ComparedRows {
            columns: self.values(&rows)?,
            count: rows.len(),
            place: RowNumbers::List(rows.iter().map(|row| row.key).collect()),
            odd: Vec::new(),
        })
    }
}
