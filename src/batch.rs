//! A batch of rows with its identity, kept from the source to the sink: its number, which rows of the
//! table it holds, and what it was read from. Nothing downstream guesses where rows came from.

mod keep;
mod position;
mod values;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::array::RecordBatch;

use crate::error::Result;

pub use keep::is_true;
pub use position::{Offsets, Position, Runs};
pub use values::json_values;

/// Rows on their way from a source to the sinks.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its number, from 0; sinks put batches down in this order.
    pub number: u64,
    /// Which rows of the table these are.
    pub place: RowNumbers,
    /// The rows.
    pub rows: RecordBatch,
    /// What they were read from, by partition; empty for tables that are made or read from files.
    pub origin: Arc<[Span]>,
}

/// Row numbers of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowNumbers {
    /// Rows that stand one after the other, from this one on.
    From(u64),
    /// The number of each row: of a partition, of a wanted order, or where rows were left out.
    List(Arc<[u64]>),
}

/// What one partition of a stream gave to a batch. The spans of a batch are sorted by partition, as its
/// rows are. A span may have no rows: what was passed over is committed too.
#[derive(Debug, Clone)]
pub struct Span {
    /// The assignment in which it was read.
    pub turn: Arc<Turn>,
    /// The partition.
    pub partition: i32,
    /// The offset that comes first: the `to` of the span before, or what the sink had committed.
    pub from: i64,
    /// The offset behind the last one, and behind everything that was passed over: rows that cannot be
    /// read, skipped tombstones, transaction markers, gaps of compaction, the end.
    pub to: i64,
    /// Which rows of the batch came from it.
    pub rows: Range<usize>,
    /// The offset of each of them, where it is known.
    // Runs of offsets and no list: gaps are what was passed over, and dead letters must name the
    // offset of their own message.
    pub offsets: Offsets,
}

/// One assignment of a partition to this process. Either side can end it: the source when the group
/// takes the partition away, a sink when another writer has taken over. What was read in a turn that is
/// over is dropped, counts as gone, and is never committed.
#[derive(Debug)]
pub struct Turn {
    number: u64,
    /// The topic whose partition is assigned, where it has a name.
    topic: Option<Arc<str>>,
    over: AtomicBool,
}

/// Where a sink that keeps offsets with its rows wants a stream to go on. It is asked at every
/// assignment; the partition is sought there while it is assigned.
pub trait Resume: Send + Sync {
    /// The next offset of each of these partitions that the sink has rows of.
    ///
    /// # Errors
    /// The sink does not say.
    fn offsets(&self, partitions: &[i32]) -> Result<HashMap<i32, i64>>;
}

impl Batch {
    /// Rows that stand one after the other in their table.
    pub fn new(number: u64, first_row: u64, rows: RecordBatch) -> Self {
        Self {
            number,
            place: RowNumbers::From(first_row),
            rows,
            origin: Arc::default(),
        }
    }

    /// The same rows with other columns: `rows` has as many.
    #[must_use]
    pub fn with(&self, rows: RecordBatch) -> Self {
        debug_assert_eq!(rows.num_rows(), self.rows.num_rows());
        Self {
            rows,
            ..self.clone()
        }
    }
}

impl RowNumbers {
    /// The table's number of the row at `index` of the batch.
    pub fn row(&self, index: usize) -> u64 {
        match self {
            Self::From(first) => first + index as u64,
            Self::List(rows) => rows[index],
        }
    }

    /// Where the row of this number stands in a batch of a stream: its numbers rise.
    pub fn index(&self, row: u64) -> Option<usize> {
        match self {
            Self::From(first) => row.checked_sub(*first).map(|index| index as usize),
            // Numbers rise within a batch of a stream, also where rows were left out.
            Self::List(rows) => rows.binary_search(&row).ok(),
        }
    }
}

impl Span {
    /// True if it is of the same partition in the same turn.
    pub fn is_of(&self, other: &Self) -> bool {
        self.partition == other.partition && Arc::ptr_eq(&self.turn, &other.turn)
    }
}

impl Turn {
    /// A new turn; no two of a process are alike.
    #[expect(
        clippy::new_without_default,
        reason = "each is another one, a default suggests otherwise"
    )]
    pub fn new() -> Self {
        // Numbered over the whole process and not by partition: a partition that comes back is
        // another turn, and pieces of the old one must not pass for it.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            topic: None,
            over: AtomicBool::new(false),
        }
    }

    /// A new turn at a partition of a topic.
    pub fn of(topic: &str) -> Self {
        Self {
            topic: Some(topic.into()),
            ..Self::new()
        }
    }

    /// The topic, where it has a name.
    pub fn topic(&self) -> Option<&Arc<str>> {
        self.topic.as_ref()
    }

    /// Which one it is.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Ends it; true the first time.
    pub fn end(&self) -> bool {
        // One of the two sides may tidy up, whichever is first.
        !self.over.swap(true, Ordering::AcqRel)
    }

    /// True once either side has ended it.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_numbers() {
        assert_eq!(RowNumbers::From(7).row(2), 9);
        assert_eq!(RowNumbers::List(Arc::from([4, 9])).row(1), 9);
        assert_eq!(RowNumbers::From(7).index(9), Some(2));
        assert_eq!(RowNumbers::From(7).index(6), None);
        assert_eq!(RowNumbers::List(Arc::from([4, 9])).index(9), Some(1));
    }

    #[test]
    fn a_turn_ends_once() {
        let (one, other) = (Turn::new(), Turn::new());
        assert_ne!(one.number(), other.number());
        assert_eq!((one.end(), one.end(), one.is_over()), (true, false, true));
        assert!(!other.is_over());
    }
}
