//! Buckets that differ, as many together as memory is given for.

use super::matching::{Difference, Entry};

/// Pieces, and the first and the last bucket that has rows of each.
pub(super) type Spans = [(u64, u32, u32)];

/// Buckets whose rows are compared together.
pub(super) struct Group {
    /// Which ones; all of them without digests.
    pub wanted: Option<Vec<bool>>,
    /// The share of rows, by their keys, where one bucket alone is too large for memory: (which, of
    /// how many).
    pub part: (u64, u64),
    /// It is given up when its rows are more than that, those that are the same counted once.
    pub most: Option<usize>,
}

/// How many rows of both sides fit into so many bytes in the worst case, in which all of them
/// differ: each is kept, twice while the lists of all workers are put together, and then told.
pub(super) fn fitting(memory: u64) -> u64 {
    // An entry is 64 bytes: two hashes of 128 bits, the place, the count.
    let (kept, told) = (size_of::<Entry>(), size_of::<Difference>());
    (memory / (kept + kept.max(told)) as u64).max(64)
}

/// How many unpaired rows may wait in so many bytes for the other one at their place. Half of the
/// memory, because pairing them moves them to another list.
pub(super) fn waiting(memory: u64) -> usize {
    (memory / 2) as usize / size_of::<Difference>()
}

/// A group that is too large in parts.
pub(super) fn parts(group: &Group, rows: u64, most: u64) -> impl Iterator<Item = Group> {
    let count = rows.div_ceil(most);
    (0..count).map(move |index| Group {
        wanted: group.wanted.clone(),
        part: (index, count),
        most: None,
    })
}

impl Group {
    /// True if a piece may have rows of the group.
    pub(super) fn has(&self, piece: u64, spans: Option<&Spans>) -> bool {
        let (Some(wanted), Some(spans)) = (&self.wanted, spans) else {
            return true;
        };
        match spans.binary_search_by_key(&piece, |(piece, ..)| *piece) {
            Ok(at) => {
                let (_, first, last) = spans[at];
                first <= last && wanted[first as usize..=last as usize].contains(&true)
            }
            Err(_) => true,
        }
    }

    pub(super) fn takes(&self, bucket: u32, key: u128) -> bool {
        let (part, count) = self.part;
        let wanted = self
            .wanted
            .as_ref()
            .is_none_or(|wanted| wanted[bucket as usize]);
        // Bits that neither the bucket (the high ones) nor the share (the low ones) is chosen by;
        // else parts would be empty or all in one.
        wanted && (key >> 32) as u64 % count == part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_all_differ_fit_into_the_memory() {
        let (kept, told) = (size_of::<Entry>() as u64, size_of::<Difference>() as u64);
        assert_eq!((kept, told), (64, 56));
        for memory in [16 << 10, 256 << 20, 3 << 30] {
            let rows = fitting(memory);
            let (read, compared) = (rows * 2 * kept, rows * (kept + told));
            assert!(read <= memory && compared <= memory);
            // They are no longer kept when they are sorted, with half as much beside them.
            assert!(rows * told * 3 / 2 <= memory);
            assert!(
                read + 2 * kept > memory,
                "no more is left than one of them takes"
            );
            // Where some wait, half of the memory is theirs.
            let (rows, wait) = (fitting(memory / 2), waiting(memory) as u64);
            assert!(rows * 2 * kept + wait * told <= memory);
            assert!(wait * 2 * told <= memory && (wait + 1) * 2 * told > memory);
        }
        assert_eq!((fitting(256 << 20), fitting(1)), (2 << 20, 64));
    }
}
