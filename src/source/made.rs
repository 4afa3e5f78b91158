//! Rows that are made here: any batch of them, in any order.

use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::faulty::{Tally, View};
use super::{Grid, TableColumns};
use crate::batch::Batch;
use crate::column::changes::ChangePlaces;
use crate::column::rows::Rows;
use crate::error::Result;

/// Rows that are made here: any of them, in any order.
#[derive(Clone)]
pub struct MadeBatches {
    pub(super) columns: TableColumns,
    pub(super) grid: Grid,
    /// What is made of them.
    view: View,
}

impl MadeBatches {
    /// These columns of rows that are cut like this.
    pub(super) fn new(columns: TableColumns, grid: Grid) -> Self {
        Self {
            columns,
            grid,
            view: View::Clean,
        }
    }

    /// The same rows with other columns.
    #[must_use]
    pub fn with(&self, columns: TableColumns) -> Self {
        Self::new(columns, self.grid.clone())
    }

    /// The same columns in other batches.
    #[must_use]
    pub fn on(&self, grid: Grid) -> Self {
        Self {
            grid,
            ..self.clone()
        }
    }

    /// The same rows, seen otherwise.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// How many rows come before each batch, and behind the last one, where not every row of the table comes
    /// once.
    ///
    /// # Errors
    /// A value that cannot be made, where the rows are those of a ledger.
    pub fn uneven(&self) -> Result<Option<Vec<u64>>> {
        let uneven = self.view.is_uneven();
        let mut before = vec![0];
        for number in 0..self.grid.batches().filter(|_| uneven).unwrap_or(0) {
            let count = self.view.count(self.rows(number), &self.columns)?;
            before.push(before[before.len() - 1] + count);
        }
        Ok(uneven.then_some(before))
    }

    /// What becomes of the rows of the table, in words, where anything does.
    pub fn describe(&self) -> Option<String> {
        self.view.describe()
    }

    /// True where rows come with faults.
    pub(super) fn is_faulty(&self) -> bool {
        matches!(self.view, View::Faulty(..))
    }

    /// True where rows come with faults, and some of the table are left out.
    pub(super) fn is_filtered(&self) -> bool {
        matches!(&self.view, View::Faulty(faulty) if faulty.is_filtered())
    }

    /// The rows of the table of which batch `number` is made.
    pub(super) fn rows(&self, number: u64) -> Range<u64> {
        let first = self.grid.first_row(number);
        first..first + self.grid.rows(number) as u64
    }

    /// How its rows are cut.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The chosen columns at any rows.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub fn at(&self, rows: Rows<'_>) -> Result<RecordBatch> {
        self.columns.evaluate(rows, &[])
    }

    /// The chosen columns of rows that change, as versions of them are; each with the change that made it.
    ///
    /// # Errors
    /// As `at`; or the rows of this table do not change.
    pub fn versions(&self, places: &ChangePlaces) -> Result<RecordBatch> {
        self.columns.versions(places)
    }

    /// Batch `number`, from 0.
    ///
    /// # Errors
    /// As `at`.
    pub fn make(&self, number: u64) -> Result<Batch> {
        self.view
            .make(&self.columns, number, self.rows(number), None)
    }

    /// As `make`; the faults that are made are counted.
    ///
    /// # Errors
    /// As `at`.
    pub(super) fn make_counted(&self, number: u64, tally: &Tally) -> Result<Batch> {
        let rows = self.rows(number);
        self.view.make(&self.columns, number, rows, Some(tally))
    }

    /// The columns of its batches.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.view.schema().unwrap_or(self.columns.schema())
    }
}
