//! Children whose number a column of their parent says: counted once, before the first row.

use rayon::prelude::*;

use super::{Children, CountColumn, CountedChildren, Numbers, UncountableChildren, starts};
use crate::column::rows::Rows;
use crate::error::{Error, Result};
use crate::units::{show_bytes, show_count};

/// Entries of the index: where parents are no more, each has one of 8 bytes, and nothing is made again.
const MOST_ENTRIES: u64 = 1 << 22;

/// Parents that are made at once.
const STRETCH: u64 = 1 << 14;

impl Children {
    /// Counts the children of all `parents`, in parallel.
    pub(in crate::column) fn of_column(column: CountColumn, parents: u64) -> Result<Self> {
        Self::indexed(column, parents, MOST_ENTRIES)
    }

    fn indexed(column: CountColumn, parents: u64, entries: u64) -> Result<Self> {
        // Blocks that grow with the table keep the index at 32 MiB; a lone row then costs a block of the
        // column, which is why it has an entry a parent as long as that finds room.
        let block = parents.div_ceil(entries).next_power_of_two();
        let stretch = STRETCH.max(block);
        let numbers = Numbers::Column(column);
        let counted = |index: u64| -> Result<(Vec<Option<u64>>, u64, u64)> {
            let first = index * stretch;
            let count = stretch.min(parents - first) as usize;
            let numbers = numbers.of(Rows::Range { first, count })?;
            let least = numbers.iter().copied().min().unwrap_or(0);
            let most = numbers.iter().copied().max().unwrap_or(0);
            let blocks = numbers.chunks(block as usize);
            let sums = blocks.map(|block| block.iter().copied().try_fold(0u64, u64::checked_add));
            Ok((sums.collect(), least, most))
        };
        let parts = (0..parents.div_ceil(stretch)).into_par_iter().map(counted);
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let least = parts.iter().map(|part| part.1).min().unwrap_or(0);
        let most = parts.iter().map(|part| part.2).max().unwrap_or(0);
        let sums = parts.into_iter().flat_map(|part| part.0).collect();
        let starts = starts(sums)
            .ok_or_else(|| Error::run(UncountableChildren::Children.problem(parents)))?;
        Ok(Self::Drawn(CountedChildren {
            numbers: numbers.within(least, most),
            parents,
            block,
            starts,
        }))
    }

    /// What was counted before the first row, and what it takes, where that is a column.
    pub(in crate::column) fn cost(&self) -> Option<String> {
        let Self::Drawn(CountedChildren {
            numbers: Numbers::Column(column),
            parents,
            block,
            starts,
        }) = self
        else {
            return None;
        };
        let (name, parents) = (&column.name, show_count(*parents));
        let bytes = show_bytes(starts.len() as u64 * 8);
        let each = match block {
            1 => "for each of them".to_string(),
            block => format!("for {} of them together", show_count(*block)),
        };
        Some(format!(
            "counted before the first row: `{name}` of {parents} rows, an index of {bytes} {each}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::datatypes::DataType;

    use super::*;
    use crate::column::program::{Origin, Program, ProgramNode};
    use crate::column::program_cell::ProgramCell;

    /// Parents of which row `r` has `r · r mod 7` children.
    fn column(cell: &ProgramCell) -> CountColumn {
        let fill = |rows: Rows<'_>, _: &[ArrayRef]| -> Result<ArrayRef> {
            Ok(Arc::new(Int64Array::from(
                rows.map(|row| (row * row % 7) as i64),
            )))
        };
        let node = ProgramNode::new(
            "n",
            DataType::Int64,
            Vec::new(),
            Origin::Fill(Arc::new(fill)),
        );
        cell.set(Program::new(vec![node]));
        CountColumn::new(cell.weak(), 0, "p.n".into())
    }

    #[test]
    fn an_index_of_blocks_finds_what_one_of_parents_finds() {
        let cell = ProgramCell::default();
        for parents in [0, 1, 5, 1000] {
            let each = Children::of_column(column(&cell), parents).unwrap();
            let expected: Vec<u64> = (0..parents)
                .flat_map(|row| std::iter::repeat_n(row, (row * row % 7) as usize))
                .collect();
            for entries in [1, 3, 16] {
                let blocks = Children::indexed(column(&cell), parents, entries).unwrap();
                let total = blocks.total();
                assert_eq!(total, expected.len() as u64);
                let all = Rows::Range {
                    first: 0,
                    count: total as usize,
                };
                assert_eq!(blocks.parents(all), expected);
                assert_eq!(blocks.places(all), each.places(all));
                let list: Vec<u64> = (0..total).rev().step_by(7).collect();
                let list = Rows::List(&list);
                assert_eq!(blocks.parents(list), each.parents(list));
                let some: Vec<u64> = (0..parents).rev().step_by(3).collect();
                assert_eq!(blocks.runs(Rows::List(&some)), each.runs(Rows::List(&some)));
                let hints = blocks.hints(list, true);
                let Rows::List(rows) = list else { continue };
                assert_eq!(blocks.of_hints(rows, &hints, true).1, each.places(list));
            }
        }
    }
}
