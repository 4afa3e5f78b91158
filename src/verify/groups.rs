//! Buckets that differ, as many together as memory is given for.

/// Pieces, and the first and the last bucket that has rows of each.
pub(super) type Spans = [(u64, u32, u32)];

/// Buckets whose rows are compared together.
pub(super) struct Group {
    /// Which ones; all of them without digests.
    pub wanted: Option<Vec<bool>>,
    /// Only every so many-th row, by its key: where one bucket alone is too much.
    pub part: (u64, u64),
    /// It is given up when its rows are more than that, those that are the same counted once.
    pub most: Option<usize>,
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
        wanted && (key >> 32) as u64 % count == part
    }
}
