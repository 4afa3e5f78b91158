//! A column of another table at the rows that a foreign key picked there.

use std::sync::OnceLock;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;

use crate::column::program::{Fill, Selection};
use crate::column::program_cell::ProgramRef;
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};

/// Evaluates one node of the parent's program at the rows that its input names.
pub(super) struct ParentColumn {
    program: ProgramRef,
    node: usize,
    /// Rows of one parent follow each other: each is evaluated once.
    clustered: bool,
    selection: OnceLock<Selection>,
}

impl ParentColumn {
    pub(super) fn new(program: ProgramRef, node: usize, clustered: bool) -> Self {
        Self {
            program,
            node,
            clustered,
            selection: OnceLock::new(),
        }
    }

    fn evaluate(&self, rows: &[u64]) -> Result<ArrayRef> {
        let unfinished = || {
            Error::run(Problem::new(
                "a parent's column was read before it was built",
            ))
        };
        let made = self.program.read(|program| {
            let selection = self
                .selection
                .get_or_init(|| program.select(vec![self.node]));
            program.evaluate(selection, as_rows(rows), &[])
        });
        let mut made = made.ok_or_else(unfinished)??;
        made.pop().ok_or_else(unfinished)
    }
}

impl Fill for ParentColumn {
    fn fill(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let picked = inputs[0].as_primitive::<UInt64Type>();
        // Random picks rarely follow one another: looking for runs would cost more than it finds.
        if !self.clustered && picked.null_count() == 0 {
            return self.evaluate(picked.values());
        }
        let (parents, index) = runs(picked);
        if parents.len() == picked.len() {
            return self.evaluate(&parents);
        }
        Ok(take(&self.evaluate(&parents)?, &index, None)?)
    }
}

/// Rows that follow each other are a range, which generators fill faster than a list.
pub(super) fn as_rows(rows: &[u64]) -> Rows<'_> {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last))
            if last.wrapping_sub(*first) == rows.len() as u64 - 1
                && rows
                    .windows(2)
                    .all(|pair| pair[1] == pair[0].wrapping_add(1)) =>
        {
            Rows::Range {
                first: *first,
                count: rows.len(),
            }
        }
        _ => Rows::List(rows),
    }
}

/// Each run of equal rows once, and for each place the run it is in; nothing for a null.
fn runs(picked: &UInt64Array) -> (Vec<u64>, UInt32Array) {
    if picked.null_count() > 0 {
        return runs_around_nulls(picked);
    }
    // Every row is written where the current run stands: without a branch, which would be guessed
    // wrong at each end of a run.
    let mut rows = vec![0; picked.len()];
    let mut before = picked.values().first().copied().unwrap_or(0);
    let mut at = 0;
    let mut run = |row: &u64| {
        at += usize::from(*row != before);
        before = *row;
        rows[at] = *row;
        at as u32
    };
    let index: Vec<u32> = picked.values().iter().map(&mut run).collect();
    rows.truncate(index.last().map_or(0, |last| *last as usize + 1));
    (rows, UInt32Array::from(index))
}

fn runs_around_nulls(picked: &UInt64Array) -> (Vec<u64>, UInt32Array) {
    let mut rows: Vec<u64> = Vec::new();
    let mut run = |row: u64| {
        if rows.last() != Some(&row) {
            rows.push(row);
        }
        rows.len() as u32 - 1
    };
    let index = picked.iter().map(|row| row.map(&mut run)).collect();
    (rows, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_evaluated_once_and_nulls_never() {
        let picked = UInt64Array::from(vec![Some(5), Some(5), None, Some(6), Some(5)]);
        let (rows, index) = runs(&picked);
        assert_eq!(rows, [5, 6, 5]);
        let expected = [Some(0), Some(0), None, Some(1), Some(2)];
        assert!(index.iter().eq(expected));
        let (rows, index) = runs(&UInt64Array::from(vec![5, 5, 6, 6, 6, 9]));
        assert_eq!(rows, [5, 6, 9]);
        assert_eq!(index.values(), &[0, 0, 1, 1, 1, 2]);
        assert_eq!(runs(&UInt64Array::from(Vec::<u64>::new())).0, [0u64; 0]);
    }

    #[test]
    fn rows_that_follow_each_other_are_a_range() {
        assert!(matches!(
            as_rows(&[7, 8, 9]),
            Rows::Range { first: 7, count: 3 }
        ));
        assert!(matches!(as_rows(&[7, 9, 9]), Rows::List(_)));
        assert!(matches!(as_rows(&[9, 8, 7]), Rows::List(_)));
        assert!(matches!(as_rows(&[]), Rows::List(_)));
    }
}
