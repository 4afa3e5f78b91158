//! How the rows of a table are cut into batches: runs of rows that stand one after the other, each
//! cut into equal parts.

use std::ops::Range;
use std::sync::Arc;

/// Runs of rows, each cut into batches of its own.
#[derive(Debug, Clone)]
pub struct Grid {
    /// One, or one for each partition.
    runs: Arc<[RowRange]>,
    /// Rows in a batch, but for the last one of a run.
    batch_rows: u64,
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

impl Grid {
    /// One run.
    pub fn one(first_row: u64, rows: Option<u64>, batch_rows: u64) -> Self {
        let run = RowRange {
            first_row,
            rows,
            first_batch: 0,
        };
        Self {
            runs: Arc::new([run]),
            batch_rows,
        }
    }

    /// Other runs, in batches of the same size.
    #[must_use]
    pub fn of(&self, runs: Vec<RowRange>) -> Self {
        Self {
            runs: runs.into(),
            batch_rows: self.batch_rows,
        }
    }

    /// The same runs in batches of another size.
    #[must_use]
    pub fn in_batches_of(&self, batch_rows: u64) -> Self {
        Self {
            runs: self.runs.clone(),
            batch_rows,
        }
    }

    /// Some of the runs, with batches that are numbered from 0.
    #[must_use]
    pub fn only(&self, runs: Range<usize>) -> Self {
        let runs = &self.runs[runs];
        let first = runs.first().map_or(0, |run| run.first_batch);
        let run = |run: &RowRange| RowRange {
            first_batch: run.first_batch - first,
            ..*run
        };
        self.of(runs.iter().map(run).collect())
    }

    /// The runs.
    pub fn runs(&self) -> &[RowRange] {
        &self.runs
    }

    /// Rows in a batch, but for the last one of a run.
    pub fn batch_rows(&self) -> u64 {
        self.batch_rows
    }

    /// How many batches there are; none without end.
    pub fn batches(&self) -> Option<u64> {
        match self.runs.last() {
            Some(run) => Some(run.first_batch + run.rows?.div_ceil(self.batch_rows)),
            None => Some(0),
        }
    }

    /// The table's row number at which batch `number` begins.
    pub fn first_row(&self, number: u64) -> u64 {
        let run = self.run(number);
        run.first_row + (number - run.first_batch) * self.batch_rows
    }

    /// How many rows batch `number` has, before any is left out.
    pub fn rows(&self, number: u64) -> usize {
        let run = self.run(number);
        let before = (number - run.first_batch) * self.batch_rows;
        let left = run
            .rows
            .map_or(self.batch_rows, |rows| rows.saturating_sub(before));
        // A batch never has more rows than fit a u32, so it fits a usize.
        left.min(self.batch_rows) as usize
    }

    fn run(&self, number: u64) -> RowRange {
        let after = self.runs.partition_point(|run| run.first_batch <= number);
        let none = RowRange {
            first_row: 0,
            rows: Some(0),
            first_batch: 0,
        };
        self.runs
            .get(after.saturating_sub(1))
            .copied()
            .unwrap_or(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_into_batches_of_their_own() {
        let run = |first_row, rows, first_batch| RowRange {
            first_row,
            rows: Some(rows),
            first_batch,
        };
        let grid = Grid::one(0, None, 4).of(vec![run(0, 10, 0), run(10, 5, 3)]);
        let cuts: Vec<(u64, usize)> = (0..5)
            .map(|number| (grid.first_row(number), grid.rows(number)))
            .collect();
        assert_eq!(cuts, [(0, 4), (4, 4), (8, 2), (10, 4), (14, 1)]);
        assert_eq!(grid.batches(), Some(5));
    }

    #[test]
    fn no_runs_are_no_batches() {
        let grid = Grid::one(0, None, 4).of(Vec::new());
        assert_eq!((grid.batches(), grid.rows(0)), (Some(0), 0));
    }
}
