//! The rows of parents: where each one's children begin, and how many they are.

use super::{Children, CountedChildren};
use crate::column::rows::Rows;

/// The rows of one parent's children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::column) struct Run {
    /// The first of them.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Children {
    /// The least number of children that a parent can have.
    pub(in crate::column) fn least(&self) -> u64 {
        match self {
            Self::Alike { number, .. } => *number,
            Self::Drawn(drawn) => drawn.numbers.range().0,
        }
    }

    /// The children of each of the parents.
    pub(in crate::column) fn runs(&self, parents: Rows<'_>) -> Vec<Run> {
        match self {
            Self::Alike { number, .. } => parents.map(|parent| Run {
                first: parent * number,
                count: *number,
            }),
            Self::Drawn(drawn) => drawn.runs(parents),
        }
    }
}

impl CountedChildren {
    fn runs(&self, parents: Rows<'_>) -> Vec<Run> {
        let counts = self.numbers_of(parents);
        let mut runs: Vec<Run> = Vec::with_capacity(counts.len());
        let mut before = None;
        for (index, count) in counts.into_iter().enumerate() {
            let parent = parents.at(index);
            let first = match (before, runs.last()) {
                // The next parent's children begin where the last one's end: nothing to look up.
                (Some(before), Some(last)) if parent == before + 1 => last.first + last.count,
                _ => self.first_child(parent),
            };
            before = Some(parent);
            runs.push(Run { first, count });
        }
        runs
    }

    /// The row at which a parent's children begin.
    pub(super) fn first_child(&self, parent: u64) -> u64 {
        let block = parent / self.block;
        if self.block == 1 {
            return self.starts[block as usize];
        }
        let first = block * self.block;
        let before = Rows::Range {
            first,
            count: (parent - first) as usize,
        };
        let counts = self.numbers_of(before);
        self.starts[block as usize] + counts.iter().sum::<u64>()
    }
}
