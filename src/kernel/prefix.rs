//! What texts share with the text before them, and what is left of each: `DELTA_BYTE_ARRAY`.

use crate::dispatched;

/// Bytes that are compared and copied at once.
// A vector of 256 bits: texts that differ within it take one comparison without a loop.
const WINDOW: usize = 32;

/// The texts of a page without what they share with the text before.
#[derive(Debug, Default)]
pub struct PrefixSplit {
    /// How many bytes each text shares with the one before it.
    pub prefixes: Vec<i32>,
    /// How many bytes of each are left.
    pub lengths: Vec<i32>,
    /// The bytes that are left, one text after the other, and room after them.
    room: Vec<u8>,
    /// How many bytes of the room are taken.
    taken: usize,
}

/// Where two windows differ first; `WINDOW` if they are equal.
#[inline(always)]
fn first_difference(one: &[u8; WINDOW], other: &[u8; WINDOW]) -> usize {
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    for (place, (one, other)) in words.enumerate() {
        let differ = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differ != 0 {
            return place * 8 + differ.trailing_zeros() as usize / 8;
        }
    }
    WINDOW
}

/// How many first bytes are the same.
#[inline(always)]
fn shared(one: &[u8], other: &[u8]) -> usize {
    let differ = one.iter().zip(other).position(|(one, other)| one != other);
    differ.unwrap_or(one.len().min(other.len()))
}

dispatched! {
    /// Splits the texts that `offsets` mark in `bytes`; the first shares nothing.
    fn split_into(offsets: &[i32], bytes: &[u8], split: &mut PrefixSplit) {
        let PrefixSplit { prefixes, lengths, room, taken } = split;
        let ends = offsets.get(1..).unwrap_or_default();
        prefixes.resize(ends.len(), 0);
        lengths.resize(ends.len(), 0);
        let places = prefixes.iter_mut().zip(lengths).zip(offsets).zip(ends);
        let (mut before, mut before_length, mut at) = (0, 0, 0);
        for (((prefix, length), start), end) in places {
            let (start, end) = (*start as usize, *end as usize);
            debug_assert!(start <= end && end <= bytes.len());
            let whole = end - start;
            let least = whole.min(before_length);
            let windows = bytes[before..].first_chunk().zip(bytes[start..].first_chunk());
            let mut same = match windows {
                Some((before, this)) => first_difference(before, this).min(least),
                None => 0,
            };
            if (same == WINDOW || windows.is_none()) && same < least {
                same += shared(&bytes[before + same..before + least], &bytes[start + same..start + least]);
            }
            *prefix = same as i32;
            *length = (whole - same) as i32;
            let from = bytes[start + same..].first_chunk::<WINDOW>();
            match (from, room[at..].first_chunk_mut::<WINDOW>()) {
                (Some(from), Some(to)) if whole - same <= WINDOW => *to = *from,
                _ => room[at..at + whole - same].copy_from_slice(&bytes[start + same..end]),
            }
            at += whole - same;
            (before, before_length) = (start, whole);
        }
        *taken = at;
    }
}

impl PrefixSplit {
    /// Splits the texts that `offsets` mark in `bytes`.
    pub fn split(&mut self, offsets: &[i32], bytes: &[u8]) {
        let first = offsets.first().copied().unwrap_or(0);
        let all = offsets.last().map_or(0, |last| (last - first) as usize);
        // A suffix is copied as a whole window: the last one may write so far beyond its end.
        if self.room.len() < all + WINDOW {
            self.room.resize(all + WINDOW, 0);
        }
        split_into(offsets, bytes, self);
    }

    /// The bytes that are left, one text after the other.
    pub fn suffixes(&self) -> &[u8] {
        &self.room[..self.taken]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[String]) {
        let bytes = texts.concat().into_bytes();
        let ends = texts.iter().scan(0, |at, text| {
            *at += text.len() as i32;
            Some(*at)
        });
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        let mut split = PrefixSplit::default();
        split.split(&offsets, &bytes);
        let mut before: &[u8] = b"";
        let mut at = 0;
        for (place, text) in texts.iter().enumerate() {
            let text = text.as_bytes();
            let same = shared(before, text);
            assert_eq!(split.prefixes[place] as usize, same, "{texts:?}");
            assert_eq!(split.lengths[place] as usize, text.len() - same);
            assert_eq!(split.suffixes()[at..at + text.len() - same], text[same..]);
            at += text.len() - same;
            before = text;
        }
        assert_eq!(split.suffixes().len(), at);
    }

    #[test]
    fn texts_are_split_as_the_plain_loop_splits_them() {
        check(&[]);
        check(&[String::new()]);
        check(&[
            String::new(),
            "a".into(),
            "ab".into(),
            "a".into(),
            String::new(),
        ]);
        check(
            &(0..300)
                .map(|n| format!("TXN-20260115-{n:08}"))
                .collect::<Vec<_>>(),
        );
        for length in [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 200] {
            let text = |n: usize| {
                let mut text = "x".repeat(length);
                text.replace_range(n % length..n % length + 1, "y");
                text
            };
            check(&(0..100).map(text).collect::<Vec<_>>());
            check(&(0..100).map(|n| "z".repeat(n % length)).collect::<Vec<_>>());
        }
    }
}
