//! Rows of a batch that are on their way to be messages: which of them are left, and where they
//! stood.

use std::ops::Range;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::UInt32Type;

use crate::batch::{Batch, Place};
use crate::error::Result;

/// Rows of one batch, in any order.
pub struct Rows {
    /// The rows.
    pub batch: RecordBatch,
    /// Where each stood in the whole batch; as they are without.
    places: Option<UInt32Array>,
    /// Which rows of the table the whole batch holds.
    of: Place,
}

impl Rows {
    /// All of a batch.
    pub fn all(batch: &Batch) -> Self {
        Self {
            batch: batch.rows.clone(),
            places: None,
            of: batch.place.clone(),
        }
    }

    /// Where a row stood in the whole batch.
    pub fn place(&self, row: usize) -> usize {
        let places = self.places.as_ref();
        places.map_or(row, |places| places.value(row) as usize)
    }

    /// The table's row.
    pub fn row(&self, row: usize) -> u64 {
        self.of.row(self.place(row))
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// Texts of 2 GiB and more.
    pub fn picked(&self, rows: Vec<u32>) -> Result<Self> {
        let rows = UInt32Array::from(rows);
        let batch = take_record_batch(&self.batch, &rows)?;
        let places = match &self.places {
            None => rows,
            Some(places) => take(places, &rows, None)?
                .as_primitive::<UInt32Type>()
                .clone(),
        };
        Ok(Self {
            batch,
            places: Some(places),
            of: self.of.clone(),
        })
    }

    /// All but these, which rise.
    ///
    /// # Errors
    /// See `picked`.
    pub fn without(&self, rows: &[usize]) -> Result<Self> {
        let all = 0..self.batch.num_rows();
        let left = all.filter(|row| rows.binary_search(row).is_err());
        self.picked(left.map(|row| row as u32).collect())
    }

    /// Some that stand side by side.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let places = self.places.as_ref();
        Self {
            batch: self.batch.slice(rows.start, rows.len()),
            places: places.map(|places| places.slice(rows.start, rows.len())),
            of: self.of.clone(),
        }
    }
}
