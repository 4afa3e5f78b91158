//! The first rows of a table, made for choices that depend on them.

use arrow::array::RecordBatch;

use super::BATCH_ROWS;
use super::job::TablePlan;
use crate::error::Result;
use crate::format::Shape;
use crate::source::{Batches, Grid, Sorting};

/// The first batch of the whole table, whatever the slice.
pub(super) fn trial(
    table: &TablePlan<'_>,
    source: &Batches,
    sorting: Option<&Sorting>,
    columns: &[usize],
    shape: &Shape,
) -> Result<Option<RecordBatch>> {
    let grid = Grid::one(0, table.rows, BATCH_ROWS.min(source.batch_rows()));
    if grid.rows(0) == 0 {
        return Ok(None);
    }
    let first = match sorting {
        Some(sorting) => sorting.trial(grid.batch_rows())?,
        None => source.on(grid).first()?.rows,
    };
    shape.take(columns, &first).map(Some)
}
