//! The rows of a table without faults, and which of them there are: what `where` leaves out has no faults, and
//! no line in the ledger. What befalls the others, and their places, is what it is without `where`.

use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;

use super::rows::{Placing, RowMark};
use crate::column::rows::Rows;
use crate::error::{Error, Result};

/// A table's rows without faults.
pub trait CleanRows {
    /// The columns at any rows.
    ///
    /// # Errors
    /// A value that cannot be made.
    fn columns(&self, rows: Rows<'_>) -> Result<Vec<ArrayRef>>;

    /// The times that rows are late by, in ticks.
    ///
    /// # Errors
    /// A value that cannot be made, or no column has them.
    fn times(&self, _: Rows<'_>) -> Result<Vec<i64>> {
        Err(Error::run("the rows have no times"))
    }

    /// Which of some rows there are; none where all are.
    ///
    /// # Errors
    /// A condition that cannot be made.
    fn kept(&self, _: Rows<'_>) -> Result<Option<BooleanBuffer>> {
        Ok(None)
    }
}

impl<F: Fn(Rows<'_>) -> Result<Vec<ArrayRef>>> CleanRows for F {
    fn columns(&self, rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
        self(rows)
    }
}

/// Which rows of a range there are.
pub(super) struct Kept {
    first: u64,
    /// None where all are.
    rows: Option<BooleanBuffer>,
}

impl Kept {
    /// Those of a range.
    pub(super) fn of(range: Range<u64>, clean: &dyn CleanRows) -> Result<Self> {
        let (first, count) = (range.start, (range.end - range.start) as usize);
        let rows = clean.kept(Rows::Range { first, count })?;
        Ok(Self { first, rows })
    }

    /// How many rows of the range are left out.
    pub(super) fn left_out(&self) -> u64 {
        let rows = self.rows.as_ref();
        rows.map_or(0, |rows| (rows.len() - rows.count_set_bits()) as u64)
    }

    /// The rows of the range that there are; none where all are.
    pub(super) fn numbers(&self) -> Option<Vec<u64>> {
        let rows = self.rows.as_ref()?;
        let row = |index: usize| self.first + index as u64;
        Some(rows.set_indices().map(row).collect())
    }

    /// True of a row of the range that there is.
    pub(super) fn has(&self, row: u64) -> bool {
        let rows = self.rows.as_ref();
        rows.is_none_or(|rows| rows.value((row - self.first) as usize))
    }

    /// What befalls rows of the range, of those that there are.
    pub(super) fn marks(&self, mut marks: Vec<RowMark>) -> Vec<RowMark> {
        marks.retain(|mark| self.has(mark.row));
        marks
    }

    /// The rows that come in the range, of those that there are: some are of before it.
    pub(super) fn coming(
        &self,
        mut coming: Vec<Placing>,
        clean: &dyn CleanRows,
    ) -> Result<Vec<Placing>> {
        if self.rows.is_none() {
            return Ok(coming);
        }
        let before = coming.iter().map(|placing| placing.row);
        let before: Vec<u64> = before.filter(|row| *row < self.first).collect();
        let kept = match before.is_empty() {
            true => None,
            false => clean.kept(Rows::List(&before))?,
        };
        let mut kept = kept.iter().flat_map(BooleanBuffer::iter);
        coming.retain(|placing| match placing.row < self.first {
            true => kept.next().unwrap_or(true),
            false => self.has(placing.row),
        });
        Ok(coming)
    }
}
