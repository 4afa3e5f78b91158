//! What a run holds of rows in an order: entries that are sorted, and batches made of them.

use std::sync::{OnceLock, PoisonError, RwLock};

use super::folders::{FolderCounts, SortedFolder};
use super::sort::{Sorted, SortedRows};
use super::{SortContext, Sorter};
use crate::batch::{Batch, RowNumbers};
use crate::column::rows::Rows;
use crate::error::{Error, Result};
use crate::source::{Grid, RowRange};

/// Rows in an order, in one run.
pub struct SortedRun {
    sorter: Sorter,
    state: RwLock<Option<Box<dyn SortedRows>>>,
    /// How the order is cut into batches.
    grid: OnceLock<Grid>,
}

impl SortedRun {
    pub(super) fn new(sorter: Sorter) -> Self {
        Self {
            sorter,
            state: RwLock::new(None),
            grid: OnceLock::new(),
        }
    }

    /// Sorts, on all cores of the pool that it is called in; the folders that come, in order, where the
    /// order has any.
    ///
    /// # Errors
    /// A value that cannot be made, a file that cannot be written, or the run ends before.
    pub fn sort(&self, context: &SortContext<'_>) -> Result<Vec<SortedFolder>> {
        let sorter = &self.sorter;
        let folders = sorter.layout.folders() > 0;
        let counts = (folders && sorter.counts()).then(FolderCounts::default);
        let sorted = sorter.sorted(counts.as_ref(), context);
        let sorted = sorted.map_err(|error| error.at(&sorter.plan().place))?;
        let found = match (folders, counts) {
            (false, _) => None,
            (true, Some(counts)) => Some(counts.all()),
            (true, None) => Some(sorted.folders(sorter)),
        };
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Some(sorted);
        let grid = &sorter.plan().grid;
        let Some(found) = found else {
            self.grid.get_or_init(|| grid.clone());
            return Ok(Vec::new());
        };
        let rows: Vec<u64> = found.iter().map(|(row, _)| *row).collect();
        let values = sorter
            .values(&rows)
            .map_err(|error| error.at(&sorter.plan().place))?;
        let (mut runs, mut folders) = (Vec::<RowRange>::new(), Vec::new());
        let (mut place, mut batch) = (0, 0);
        for ((_, rows), values) in found.into_iter().zip(values) {
            runs.push(RowRange {
                first_row: place,
                rows: Some(rows),
                first_batch: batch,
            });
            folders.push(SortedFolder {
                first_batch: batch,
                values,
            });
            place += rows;
            batch += rows.div_ceil(grid.batch_rows());
        }
        let part = &sorter.plan().part;
        let begins = |place: u64| runs.partition_point(|run| run.first_row < place);
        let wanted = begins(part.start)..begins(part.end);
        let first = folders
            .get(wanted.start)
            .map_or(0, |folder| folder.first_batch);
        let mut folders: Vec<SortedFolder> = folders.drain(wanted.clone()).collect();
        folders
            .iter_mut()
            .for_each(|folder| folder.first_batch -= first);
        self.grid.get_or_init(|| grid.of(runs).only(wanted));
        Ok(folders)
    }

    /// Makes more batches ready; false when all are.
    ///
    /// # Errors
    /// As `sort`.
    pub fn go_on(&self, context: &SortContext<'_>) -> Result<bool> {
        let ready = self.ready();
        if ready == self.batches() {
            return Ok(false);
        }
        // What stands before the first batch that is not ready was made into batches already.
        let keep = self.place(ready);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let state = state.as_mut().ok_or_else(unsorted)?;
        state.go_on(&self.sorter, keep, context)
    }

    /// Lets go of what was sorted: the next table may need as much.
    pub fn end(&self) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many batches there are, once that is known.
    pub fn batches(&self) -> u64 {
        let grid = self.grid.get().and_then(Grid::batches);
        grid.unwrap_or(u64::MAX)
    }

    /// How many batches can be made by now.
    pub fn ready(&self) -> u64 {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let (Some(state), Some(grid)) = (state.as_ref(), self.grid.get()) else {
            return 0;
        };
        let place = state.ready();
        let end = |batch: u64| grid.first_row(batch) + grid.rows(batch) as u64;
        let (mut low, mut high) = (0, self.batches());
        while low < high {
            let middle = low.midpoint(high);
            match end(middle) <= place {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// How many rows of this run come before a batch.
    pub fn rows_before(&self, number: u64) -> u64 {
        self.place(number) - self.place(0)
    }

    /// The place in the order of the first row of a batch.
    fn place(&self, number: u64) -> u64 {
        self.grid.get().map_or(0, |grid| grid.first_row(number))
    }

    /// A batch that is ready.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn make(&self, number: u64) -> Result<Batch> {
        let grid = self.grid.get().ok_or_else(unsorted)?;
        let (from, count) = (grid.first_row(number), grid.rows(number));
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let rows = state.as_ref().ok_or_else(unsorted)?;
        let (rows, given) = rows.rows(&self.sorter, from, count);
        // The lock is let go before values are made: `go_on` waits for it.
        drop(state);
        let columns = &self.sorter.plan().table.columns;
        let made = match given.is_empty() {
            true => self.sorter.plan().table.at(Rows::List(&rows))?,
            false => columns.evaluate_given(Rows::List(&rows), given)?,
        };
        Ok(Batch {
            place: RowNumbers::List(rows.into()),
            ..Batch::new(number, 0, made)
        })
    }
}

fn unsorted() -> Error {
    Error::run("rows were asked for before they were sorted, which is a bug of rowgen")
}

impl Sorter {
    /// Folders are counted while keys are made: entries do not say them, or not all are in memory.
    fn counts(&self) -> bool {
        !self.layout.has_folders() || self.costs().ranges > 1
    }

    fn sorted(
        &self,
        counts: Option<&FolderCounts>,
        context: &SortContext<'_>,
    ) -> Result<Box<dyn SortedRows>> {
        Ok(match self.layout.is_narrow() {
            true => Box::new(Sorted::<u64>::new(self, counts, context)?),
            false => Box::new(Sorted::<u128>::new(self, counts, context)?),
        })
    }
}
