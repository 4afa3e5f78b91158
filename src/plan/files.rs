//! `files: 10`: batches end where the files of a sink do, so that there are as many as it asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::source::{Grid, RowRange};

/// The grid with a cut wherever a sink that asks for so many files begins one.
pub(super) fn cut(grid: &Grid, files: &[u64]) -> Grid {
    // Cuts within batches, because files were whole batches once: 40 000 rows made 3 files where 10
    // were asked for.
    let ([run], false) = (grid.runs(), files.is_empty()) else {
        return grid.clone();
    };
    let Some(rows) = run.rows else {
        return grid.clone();
    };
    // All sinks that share the batches share the cuts: a sink that asks for no files gets shorter
    // batches there.
    let mut cuts: BTreeSet<u64> = files
        .iter()
        .flat_map(|files| begins(rows, *files))
        .collect();
    cuts.insert(rows);
    let (mut runs, mut from, mut first_batch) = (Vec::new(), 0, 0);
    for to in cuts {
        runs.push(RowRange {
            first_row: run.first_row + from,
            rows: Some(to - from),
            first_batch,
        });
        first_batch += (to - from).div_ceil(grid.batch_rows());
        from = to;
    }
    grid.of(runs)
}

/// The batches of `grid` with which the second of so many files begins, and each after it.
pub(super) fn starts(grid: Option<&Grid>, files: Option<u64>) -> Arc<[u64]> {
    let (Some(grid), Some(files)) = (grid, files) else {
        return Arc::default();
    };
    let runs = grid.runs();
    let rows: Option<u64> = runs.iter().map(|run| run.rows).sum();
    let (Some(first), Some(rows)) = (runs.first(), rows) else {
        return Arc::default();
    };
    let batch = |begin: u64| {
        let row = first.first_row + begin;
        let at = runs.binary_search_by_key(&row, |run| run.first_row).ok()?;
        Some(runs[at].first_batch)
    };
    begins(rows, files).filter_map(batch).collect()
}

/// The batches with which all runs but the first begin: each is a file.
pub(super) fn begun(grid: &Grid) -> Arc<[u64]> {
    let runs = grid.runs().iter().skip(1);
    runs.map(|run| run.first_batch).collect()
}

/// The rows with which all files but the first begin, when `rows` are dealt to `files` evenly; no file
/// is empty.
fn begins(rows: u64, files: u64) -> impl Iterator<Item = u64> {
    let files = files.min(rows);
    // In 128 bits: the product of rows and files overflows 64.
    (1..files).map(move |index| (u128::from(rows) * u128::from(index) / u128::from(files)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(grid: &Grid) -> Vec<(u64, u64, u64)> {
        let shown = |run: &RowRange| (run.first_row, run.rows.unwrap(), run.first_batch);
        grid.runs().iter().map(shown).collect()
    }

    #[test]
    fn batches_end_where_files_do() {
        let grid = cut(&Grid::one(100, Some(10), 3), &[3]);
        assert_eq!(runs(&grid), [(100, 3, 0), (103, 3, 1), (106, 4, 2)]);
        assert_eq!(grid.batches(), Some(4));
        assert_eq!(*starts(Some(&grid), Some(3)), [1, 2]);
        assert_eq!(*starts(Some(&grid), None), [0; 0]);
    }

    #[test]
    fn sinks_that_share_batches_each_get_their_files() {
        let grid = cut(&Grid::one(0, Some(12), 100), &[2, 3]);
        let expected = [(0, 4, 0), (4, 2, 1), (6, 2, 2), (8, 4, 3)];
        assert_eq!(runs(&grid), expected);
        assert_eq!(*starts(Some(&grid), Some(2)), [2]);
        assert_eq!(*starts(Some(&grid), Some(3)), [1, 3]);
    }

    #[test]
    fn no_file_is_empty() {
        let grid = cut(&Grid::one(0, Some(2), 100), &[5]);
        assert_eq!(*starts(Some(&grid), Some(5)), [1]);
        let none = cut(&Grid::one(0, Some(0), 100), &[5]);
        assert_eq!(
            (none.batches(), starts(Some(&none), Some(5)).len()),
            (Some(0), 0)
        );
    }
}
