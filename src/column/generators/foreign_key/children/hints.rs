//! What is kept of a row so that its parent needs no search: the parent's place in its block, and the row's
//! place among its siblings.

use super::{Children, CountedChildren};
use crate::column::rows::Rows;

impl Children {
    /// The bits of a hint, with the row's place among its siblings or without; none where there is nothing to
    /// search for.
    pub(in crate::column) fn hint_bits(&self, places: bool) -> u32 {
        match self {
            Self::Alike { .. } => 0,
            Self::Drawn(drawn) => bits(drawn.block) + drawn.place_bits(places),
        }
    }

    /// The hint of each row.
    pub(in crate::column) fn hints(&self, rows: Rows<'_>, places: bool) -> Vec<u64> {
        match self {
            Self::Alike { .. } => vec![0; rows.len()],
            Self::Drawn(drawn) => {
                let (shift, mask) = (drawn.place_bits(places), drawn.block - 1);
                match places {
                    true => drawn.map(rows, |run, row| {
                        ((run.parent & mask) << shift) | (row - run.first)
                    }),
                    false => drawn.map(rows, |run, _| run.parent & mask),
                }
            }
        }
    }

    /// The parents of rows of which hints are known, and their places.
    pub(in crate::column) fn of_hints(
        &self,
        rows: &[u64],
        hints: &[u64],
        places: bool,
    ) -> (Vec<u64>, Vec<u64>) {
        let Self::Drawn(drawn) = self else {
            let rows = Rows::List(rows);
            return (self.parents(rows), self.places(rows));
        };
        let shift = drawn.place_bits(places);
        let mask = (1 << shift) - 1;
        let mut near = 0;
        let parent = |(row, hint): (&u64, &u64)| {
            near = drawn.block_of(*row, near);
            near as u64 * drawn.block + (hint >> shift)
        };
        let parents = rows.iter().zip(hints).map(parent).collect();
        (parents, hints.iter().map(|hint| hint & mask).collect())
    }
}

/// The bits that hold numbers below `bound`.
fn bits(bound: u64) -> u32 {
    u64::BITS - bound.saturating_sub(1).leading_zeros()
}

impl CountedChildren {
    fn place_bits(&self, places: bool) -> u32 {
        match places {
            true => bits(self.numbers.range().1),
            false => 0,
        }
    }

    /// The block that has a row: not far from where it would be if all had as many, or from another one.
    fn block_of(&self, row: u64, near: usize) -> usize {
        let (blocks, total) = (self.starts.len() - 1, self.total());
        let fits = |block: usize| self.starts[block] <= row && row < self.starts[block + 1];
        if fits(near) {
            return near;
        }
        // Guessed first: numbers of children scatter around their mean, so the block is near the
        // place that it would have if all had as many. Then steps that double, and halves of the
        // last one.
        let even = (u128::from(row) * blocks as u128 / u128::from(total.max(1))) as usize;
        let (mut low, mut high) = (even.min(blocks - 1), even.min(blocks - 1) + 1);
        let mut step = 1;
        while self.starts[low] > row {
            high = low;
            low = low.saturating_sub(step);
            step *= 2;
        }
        step = 1;
        while high < blocks && self.starts[high] <= row {
            low = high;
            high = (high + step).min(blocks);
            step *= 2;
        }
        // The last block that begins at or before the row: empty ones come before it.
        let begins = self.starts[low..high].partition_point(|start| *start <= row);
        low + begins.saturating_sub(1)
    }
}
