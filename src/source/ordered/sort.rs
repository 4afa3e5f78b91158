//! All entries, or those of a range of keys, in their order.

use rayon::prelude::*;

use super::entry::Entry;
use super::folders::FolderCounts;
use super::spill::{self, Spilled};
use super::{CHUNK, SortContext, Sorter, stopped};
use crate::column::kin::KnownValues;
use crate::column::rows::Rows;
use crate::error::Result;

/// Entries in order from a place on, and those that come after them.
pub(super) struct Sorted<E> {
    /// The place of the first of the entries in the order.
    begin: u64,
    entries: Vec<E>,
    rest: Option<Spilled>,
}

/// What a run asks of entries, whatever their width.
pub(super) trait SortedRows: Send + Sync {
    /// The rows at these places of the order, which are ready, and what is known of them.
    fn rows(&self, sorter: &Sorter, from: u64, count: usize) -> (Vec<u64>, KnownValues);
    /// The first place that is not ready.
    fn ready(&self) -> u64;
    /// Makes the next places ready and forgets those before `keep`; false where there are no more.
    fn go_on(&mut self, sorter: &Sorter, keep: u64, context: &SortContext<'_>) -> Result<bool>;
    /// Where folders begin, as the entries say it: all of them are ready.
    fn folders(&self, sorter: &Sorter) -> Vec<(u64, u64)>;
}

impl<E: Entry> Sorted<E> {
    /// Makes all entries; those that have no room in memory are in a file. Folders are counted where
    /// entries do not say them.
    pub(super) fn new(
        sorter: &Sorter,
        counts: Option<&FolderCounts>,
        context: &SortContext<'_>,
    ) -> Result<Self> {
        let (_, rows) = sorter.plan().rows;
        let ranges = spill::ranges(rows, E::BYTES as u64, sorter.plan().memory);
        if ranges > 1 {
            let rest = sorter.spill::<E>(ranges, counts, context)?;
            let mut sorted = Self {
                begin: 0,
                entries: Vec::new(),
                rest: Some(rest),
            };
            // The first range is sorted at once: somebody waits for the first batch.
            sorted.go_on(sorter, 0, context)?;
            return Ok(sorted);
        }
        Ok(Self {
            begin: 0,
            entries: sorter.all(counts, context)?,
            rest: None,
        })
    }
}

impl<E: Entry> SortedRows for Sorted<E> {
    fn rows(&self, sorter: &Sorter, from: u64, count: usize) -> (Vec<u64>, KnownValues) {
        let from = (from - self.begin) as usize;
        sorter.rows(&self.entries[from..from + count])
    }

    fn ready(&self) -> u64 {
        self.begin + self.entries.len() as u64
    }

    fn go_on(&mut self, sorter: &Sorter, keep: u64, context: &SortContext<'_>) -> Result<bool> {
        let Some(rest) = &mut self.rest else {
            return Ok(false);
        };
        loop {
            // A batch may begin in one range and end in the next one.
            let gone = keep.clamp(self.begin, self.begin + self.entries.len() as u64) - self.begin;
            let kept = self.entries.split_off(gone as usize);
            self.entries = Vec::new();
            self.begin += gone;
            let before = kept.len();
            let Some(entries) = rest.next(kept)? else {
                return Ok(false);
            };
            self.entries = entries;
            // Of a range of which nothing is wanted only its length matters.
            if self.begin + self.entries.len() as u64 > keep {
                sorter.sort(&mut self.entries[before..], context.stopping)?;
                return Ok(true);
            }
        }
    }

    fn folders(&self, sorter: &Sorter) -> Vec<(u64, u64)> {
        let (mut folders, mut rest) = (Vec::new(), &self.entries[..]);
        while let Some(first) = rest.first() {
            let folder = sorter.layout.folder(*first);
            let same = |entry: &E| sorter.layout.folder(*entry) == folder;
            let count = rest.partition_point(same);
            folders.push((sorter.layout.row(*first), count as u64));
            rest = &rest[count..];
        }
        folders
    }
}

impl Sorter {
    /// The entries of all rows in order.
    fn all<E: Entry>(
        &self,
        counts: Option<&FolderCounts>,
        context: &SortContext<'_>,
    ) -> Result<Vec<E>> {
        let (first, rows) = self.plan().rows;
        let mut entries = vec![E::default(); rows as usize];
        let chunks = entries.par_chunks_mut(CHUNK as usize).enumerate();
        chunks.try_for_each(|(index, out)| {
            if (context.stopping)() {
                return Err(stopped());
            }
            let rows = Rows::Range {
                first: first + index as u64 * CHUNK,
                count: out.len(),
            };
            let keys = self.fill(rows, out)?;
            counts.map_or(Ok(()), |counts| counts.add(&self.layout, &keys, out))
        })?;
        self.sort(&mut entries, context.stopping)?;
        Ok(entries)
    }

    /// Puts entries in order, on all cores.
    pub(super) fn sort<E: Entry>(
        &self,
        entries: &mut [E],
        stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        entries.par_sort_unstable();
        self.settle_ties(entries, stopping)
    }
}
