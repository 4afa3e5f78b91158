//! Batches of a generated table: a run of its rows cut into batches of equal size.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use super::Indexed;
use crate::column::rows::Rows;
use crate::column::{ProgramCell, Selection};
use crate::error::{Error, Result};

/// Rows of a generated table.
#[derive(Clone)]
pub struct Generated {
    /// The table's columns.
    pub program: Arc<ProgramCell>,
    /// The ones to make.
    pub selection: Selection,
    /// Their names and types.
    pub schema: SchemaRef,
    /// Runs of rows, each cut into batches of its own: one, or one for each partition.
    pub runs: Arc<Vec<RowRange>>,
    /// Rows in a batch, but for the last one of a run.
    pub batch_rows: u64,
}

/// Rows that stand one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// The first row.
    pub first_row: u64,
    /// How many; none without end.
    pub rows: Option<u64>,
    /// The number of its first batch.
    pub first_batch: u64,
}

impl Generated {
    /// The chosen columns at any rows.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub fn at(&self, rows: Rows<'_>) -> Result<RecordBatch> {
        let program = self
            .program
            .get()
            .ok_or_else(|| Error::run("the table is not built"))?;
        let columns = program.evaluate(&self.selection, rows, &[])?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }

    fn run(&self, number: u64) -> &RowRange {
        let after = self.runs.partition_point(|run| run.first_batch <= number);
        &self.runs[after.saturating_sub(1)]
    }
}

impl Indexed for Generated {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn batches(&self) -> Option<u64> {
        match self.runs.last() {
            Some(run) => Some(run.first_batch + run.rows?.div_ceil(self.batch_rows)),
            None => Some(0),
        }
    }

    fn first_row(&self, number: u64) -> u64 {
        let run = self.run(number);
        run.first_row + (number - run.first_batch) * self.batch_rows
    }

    fn rows(&self, number: u64) -> usize {
        let run = self.run(number);
        let before = (number - run.first_batch) * self.batch_rows;
        let left = run
            .rows
            .map_or(self.batch_rows, |rows| rows.saturating_sub(before));
        // A batch never has more rows than fit a u32, so it fits a usize.
        left.min(self.batch_rows) as usize
    }

    fn make(&self, number: u64) -> Result<RecordBatch> {
        self.at(Rows::Range {
            first: self.first_row(number),
            count: self.rows(number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_into_batches_of_their_own() {
        let runs = vec![
            RowRange {
                first_row: 0,
                rows: Some(10),
                first_batch: 0,
            },
            RowRange {
                first_row: 10,
                rows: Some(5),
                first_batch: 3,
            },
        ];
        let program = Arc::new(ProgramCell::new());
        let selection = crate::column::Program::default().select(vec![]);
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        let source = Generated {
            program,
            selection,
            schema,
            runs: Arc::new(runs),
            batch_rows: 4,
        };
        let cuts: Vec<(u64, usize)> = (0..5)
            .map(|n| (source.first_row(n), source.rows(n)))
            .collect();
        assert_eq!(cuts, [(0, 4), (4, 4), (8, 2), (10, 4), (14, 1)]);
        assert_eq!(source.batches(), Some(5));
    }
}
