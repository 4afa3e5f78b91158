//! Rows of a table that is made here in another order than its own: by columns, by folders, or both.
//!
//! Any row can be made alone, so rows are not sorted: their numbers are. A first pass makes the key columns
//! alone and turns each row's key into an entry of 8 or 16 bytes, which holds the row's number, too; where
//! the key has no room in it, what is alike in an entry is made again and compared whole. Entries that are
//! more than memory is there for are dealt to ranges of keys in a file without a name, and sorted range after
//! range. Then batches are made from lists of rows.
//!
//! ```text
//! column, code, layout   the key of a row as bits, in its order   transform   month(at), bucket(16, id)
//! sort, ties             all entries, or those of a range         spill       what has no room in memory
//! folders                where partitions begin                   run         what a run holds of it
//! ```

mod code;
mod column;
mod entry;
mod folders;
mod layout;
mod run;
mod sort;
mod spill;
mod ties;
mod transform;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};

use super::{Grid, MadeBatches};
use crate::column::hash::Key;
use crate::column::kin::{Kin, KnownValues};
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};
use crate::place::Place;
use column::texts;
pub use column::{SortColumn, folder_texts};
use entry::Entry;
pub use folders::{MOST_FOLDERS, SortedFolder};
use layout::KeyLayout;
pub use run::SortedRun;
pub use transform::Transform;

/// Rows whose keys are made at once.
// A batch's size; nothing else was measured.
const CHUNK: u64 = 16_384;

/// Rows of a sample for each range of keys.
// So many that the largest of a hundred ranges is about a fifth larger than their mean.
const SAMPLED: u64 = 256;

/// The rows of a table in an order: what a plan knows of it.
#[derive(Clone)]
pub struct Sorting(Arc<SortingPlan>);

/// What a sort is made from.
pub struct SortingPlan {
    /// All columns that are wanted.
    pub table: MadeBatches,
    /// The key columns.
    pub keys: MadeBatches,
    /// What those are sorted as.
    pub columns: Vec<SortColumn>,
    /// The first row, and how many there are.
    pub rows: (u64, u64),
    /// How the order is cut into batches, where no folder ends one: what of it is wanted.
    pub grid: Grid,
    /// Only the folders that begin in this part of the order are wanted.
    pub part: Range<u64>,
    /// The bytes that entries may take.
    pub memory: u64,
    /// Where the pipeline says by which columns.
    pub place: Place,
}

/// What a run lends a sort.
pub struct SortContext<'a> {
    /// True once nobody waits for it any more.
    pub stopping: &'a (dyn Fn() -> bool + Sync),
    /// Where entries go that have no room in memory.
    pub folder: &'a Path,
}

/// A sort whose key has its layout.
pub(super) struct Sorter {
    plan: Sorting,
    layout: KeyLayout,
    /// Whose child a row is, kept beside its number.
    kin: Option<Kin>,
}

/// What sorting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortCosts {
    /// The bytes of an entry.
    pub entry: u64,
    /// How many entries there are.
    pub entries: u64,
    /// Ranges of keys that are sorted one after the other; one if all have room in memory.
    pub ranges: u64,
}

impl Sorting {
    /// What is sorted.
    pub fn new(plan: SortingPlan) -> Self {
        Self(Arc::new(plan))
    }

    /// What it takes.
    ///
    /// # Errors
    /// A column has no order.
    pub fn costs(&self) -> Result<SortCosts> {
        Ok(self.sorter()?.costs())
    }

    /// How the order is cut into batches, where no folder ends one.
    pub fn grid(&self) -> &Grid {
        &self.0.grid
    }

    /// How many rows are sorted.
    pub fn rows(&self) -> u64 {
        self.0.rows.1
    }

    /// The memory that its entries may take.
    pub fn memory(&self) -> u64 {
        self.0.memory
    }

    /// What a run holds of it.
    ///
    /// # Errors
    /// A column has no order.
    pub fn start(&self) -> Result<SortedRun> {
        Ok(SortedRun::new(self.sorter()?))
    }

    /// About what a batch in the middle of the order is like: rows of a sample that follow each other.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn trial(&self, rows: u64) -> Result<RecordBatch> {
        let sorter = self.sorter()?;
        // Four times as many, of which the middle is taken: rows that follow each other are as
        // alike there as rows of a sample can be.
        let sample = sorter.sample(rows.saturating_mul(4));
        let sorted: Vec<u64> = match sorter.layout.is_narrow() {
            true => sorter.sorted_rows::<u64>(&sample)?,
            false => sorter.sorted_rows::<u128>(&sample)?,
        };
        let count = sorted
            .len()
            .min(usize::try_from(rows).unwrap_or(usize::MAX));
        let from = (sorted.len() - count) / 2;
        self.0.table.at(Rows::List(&sorted[from..from + count]))
    }

    /// What the folders of some rows are called, column by column.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn folders(&self, rows: &[u64]) -> Result<Vec<StringArray>> {
        let keys = self.0.keys.at(Rows::List(rows))?;
        let columns = self.0.columns.iter().zip(keys.columns());
        let folders = columns.filter(|(column, _)| column.folder);
        folders
            .map(|(column, values)| texts(&column.prepared(values)?, column.transform))
            .collect()
    }

    /// No folder of one is a folder of the other, as far as that is known before.
    pub fn is_apart(&self, other: &Self) -> bool {
        let pairs = self.0.columns.iter().zip(&other.0.columns);
        let mut folders = pairs.take_while(|(one, other)| one.folder && other.folder);
        folders.any(|(one, other)| one.is_apart(other))
    }

    fn sorter(&self) -> Result<Sorter> {
        let kin = self.0.table.columns.kin();
        let hint_bits = kin.as_ref().map_or(0, Kin::bits);
        let layout = KeyLayout::new(self.0.columns.clone(), self.0.rows, hint_bits);
        let layout = layout.map_err(|error| error.at(&self.0.place))?;
        Ok(Sorter {
            kin,
            plan: self.clone(),
            layout,
        })
    }
}

impl SortCosts {
    /// Why so much memory is too little, if it is.
    pub fn problem(&self, memory: u64) -> Option<Problem> {
        spill::too_little(self.entries, self.entry, memory)
    }
}

impl Sorter {
    fn costs(&self) -> SortCosts {
        let entry = match self.layout.is_narrow() {
            true => u64::BYTES,
            false => u128::BYTES,
        };
        let (entry, entries) = (entry as u64, self.plan().rows.1);
        SortCosts {
            entry,
            entries,
            ranges: spill::ranges(entries, entry, self.plan().memory),
        }
    }

    fn plan(&self) -> &SortingPlan {
        &self.plan.0
    }

    /// About so many rows from all over the table, the same in every run.
    fn sample(&self, count: u64) -> Vec<u64> {
        let (first, rows) = self.plan().rows;
        if count >= rows {
            return (first..first + rows).collect();
        }
        // One row of each of so many equal parts of the table, none of them by a rule that a column
        // could follow, too.
        let key = Key::new("sample");
        let begin = |part: u64| (u128::from(rows) * u128::from(part) / u128::from(count)) as u64;
        let one = |part: u64| {
            let (from, to) = (begin(part), begin(part + 1));
            first + from + crate::column::hash::below(key.at(part), to - from)
        };
        (0..count).map(one).collect()
    }

    /// Some rows in their order.
    fn sorted_rows<E: Entry>(&self, rows: &[u64]) -> Result<Vec<u64>> {
        let mut entries = vec![E::default(); rows.len()];
        let size = CHUNK as usize;
        for (rows, out) in rows.chunks(size).zip(entries.chunks_mut(size)) {
            self.fill(Rows::List(rows), out)?;
        }
        // No two entries are equal: each has its row's number, so that a stable sort would cost
        // memory for nothing.
        entries.sort_unstable();
        self.settle_ties(&mut entries, &|| false)?;
        Ok(entries
            .into_iter()
            .map(|entry| self.layout.row(entry))
            .collect())
    }

    /// The rows of entries, and what is known of them.
    fn rows<E: Entry>(&self, entries: &[E]) -> (Vec<u64>, KnownValues) {
        let rows = entries.iter().map(|entry| self.layout.row(*entry));
        let rows: Vec<u64> = rows.collect();
        let given = self.kin.as_ref().map(|kin| {
            let hints = entries.iter().map(|entry| self.layout.hint(*entry));
            kin.given(&rows, &hints.collect::<Vec<u64>>())
        });
        (rows, given.unwrap_or_default())
    }

    /// The entries of rows, and their keys.
    fn fill<E: Entry>(&self, rows: Rows<'_>, out: &mut [E]) -> Result<layout::Keys> {
        let keys = self.plan().keys.at(rows)?;
        let keys = self.layout.keys(&keys)?;
        let hints = self.kin.as_ref().map(|kin| kin.hints(rows));
        self.layout.entries(&keys, rows, hints.as_deref(), out)?;
        Ok(keys)
    }
}

/// The run ends before all is sorted.
fn stopped() -> Error {
    Error::run("sorting was stopped")
}
