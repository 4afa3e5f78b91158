//! Entries that are alike as far as there was room: their keys are made again and compared whole.

use rayon::prelude::*;

use super::entry::Entry;
use super::{CHUNK, Sorter, stopped};
use crate::column::rows::Rows;
use crate::error::Result;

/// Alike entries whose keys may be in memory together.
const TOGETHER: usize = 4 * CHUNK as usize;

impl Sorter {
    /// Settles the order of entries that are sorted as far as they go.
    pub(super) fn settle_ties<E: Entry>(
        &self,
        entries: &mut [E],
        stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        if !self.layout.has_tail() {
            return Ok(());
        }
        let pieces = self.pieces(entries);
        pieces.into_par_iter().try_for_each(|piece| {
            if stopping() {
                return Err(stopped());
            }
            match piece.len() > TOGETHER && self.alike(piece[0], piece[piece.len() - 1]) {
                true => self.settle_many(piece, stopping),
                false => self.settle_few(piece),
            }
        })
    }

    /// What two entries hold of their keys is the same.
    fn alike<E: Entry>(&self, one: E, other: E) -> bool {
        let low = self.layout.low_bits();
        one.above(low) == other.above(low)
    }

    /// Pieces of entries none of which ends among entries that are alike. One that has many of those
    /// has no others.
    fn pieces<'e, E: Entry>(&self, entries: &'e mut [E]) -> Vec<&'e mut [E]> {
        let (mut pieces, mut rest) = (Vec::new(), entries);
        while !rest.is_empty() {
            let mut end = TOGETHER.min(rest.len());
            if end < rest.len() {
                let last = rest[end - 1];
                let begin = rest.partition_point(|entry| {
                    entry.above(self.layout.low_bits()) < last.above(self.layout.low_bits())
                });
                let behind =
                    begin + rest[begin..].partition_point(|entry| self.alike(*entry, last));
                end = match behind - begin > TOGETHER && begin > 0 {
                    true => begin,
                    false => behind,
                };
            }
            let (piece, behind) = rest.split_at_mut(end);
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }

    /// Settles what is alike among some entries with all of their keys in memory.
    fn settle_few<E: Entry>(&self, entries: &mut [E]) -> Result<()> {
        let (mut tied, mut runs) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < entries.len() {
            let run = entries[at..]
                .iter()
                .take_while(|entry| self.alike(**entry, entries[at]));
            let count = run.count();
            if count > 1 {
                runs.push((at, count));
                let run = entries[at..at + count].iter();
                tied.extend(run.map(|entry| self.layout.row(*entry)));
            }
            at += count;
        }
        if tied.is_empty() {
            return Ok(());
        }
        let keys = self.layout.keys(&self.plan().keys.at(Rows::List(&tied))?)?;
        let Some(tail) = &keys.tail else {
            return Ok(());
        };
        let mut from = 0;
        let mut order: Vec<(usize, E)> = Vec::new();
        for (at, count) in runs {
            order.clear();
            order.extend((from..).zip(entries[at..at + count].iter().copied()));
            // Entries with the same lead are ordered by the rest of their keys, then by row.
            order.sort_unstable_by(|(one, a), (other, b)| {
                let rest = tail.row(*one).cmp(&tail.row(*other));
                rest.then_with(|| self.layout.row(*a).cmp(&self.layout.row(*b)))
            });
            for (entry, (_, sorted)) in entries[at..at + count].iter_mut().zip(&order) {
                *entry = *sorted;
            }
            from += count;
        }
        Ok(())
    }

    /// Settles entries that are all alike, and too many for their keys to be in memory: the next bytes of
    /// their keys that are not the same in all of them take the place of those that are.
    fn settle_many<E: Entry>(
        &self,
        entries: &mut [E],
        stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        let keys = |entries: &[E]| {
            let rows = entries.iter().map(|entry| self.layout.row(*entry));
            let rows: Vec<u64> = rows.collect();
            self.layout.keys(&self.plan().keys.at(Rows::List(&rows))?)
        };
        let first = keys(&entries[..1])?;
        let first = first
            .tail
            .as_ref()
            .map_or(Vec::new(), |tail| tail.row(0).data().to_vec());
        let size = CHUNK as usize;
        let shared = entries.par_chunks(size).map(|chunk| -> Result<usize> {
            if stopping() {
                return Err(stopped());
            }
            let keys = keys(chunk)?;
            let rows = keys.tail.iter().flat_map(|tail| tail.iter());
            Ok(rows
                .map(|row| same_bytes(row.data(), &first))
                .min()
                .unwrap_or(0))
        });
        let shared = shared.try_reduce(|| usize::MAX, |one, other| Ok(one.min(other)))?;
        if shared >= first.len() {
            // All keys are the same, and rows are in order.
            return Ok(());
        }
        entries
            .par_chunks_mut(size)
            .try_for_each(|chunk| -> Result<()> {
                let keys = keys(chunk)?;
                let rows = keys.tail.iter().flat_map(|tail| tail.iter());
                for (entry, row) in chunk.iter_mut().zip(rows) {
                    let rest = row.data().get(shared..).unwrap_or_default();
                    *entry = self.layout.with_tail(*entry, rest);
                }
                Ok(())
            })?;
        self.sort(entries, stopping)
    }
}

/// How many bytes two keys begin with that are the same. No key is the beginning of another one.
fn same_bytes(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| one == other).count()
}
