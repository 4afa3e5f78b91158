//! Snappy for texts that begin like earlier ones: only row starts are looked up.
//!
//! The usual compressor hashes every place of its input. In a column of ids most of what repeats
//! begins where a text begins, so that one look a row finds it, in a fraction of the time. The
//! output is Snappy like any other.

use crate::dispatched;

/// Rows remembered by how they begin.
// A choice, no measurement is behind it: the table takes 4 KiB, and is emptied for every page.
const PLACES: usize = 1 << 10;
/// Bytes that are compared and copied at once, and what may be written beyond the end.
const WINDOW: usize = 32;
/// A copy in three bytes reaches so far back, and takes so many bytes.
// Snappy's format description, section 2.2.2: a copy with a two-byte offset has a length of six
// bits.
const FARTHEST: usize = u16::MAX as usize;
const LONGEST: usize = 64;
/// A match of fewer bytes is not worth its copy.
const SHORTEST: usize = 6;

/// What is kept from page to page.
#[derive(Debug, Default)]
pub struct SnappyRows {
    table: Vec<u32>,
    room: Vec<u8>,
    taken: usize,
}

/// Where the first bytes of a text are remembered.
#[inline(always)]
fn place(start: &[u8; 12]) -> usize {
    let (low, high) = (start.first_chunk::<8>(), start.last_chunk::<8>());
    let low = low.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let high = high.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // 2^64 divided by the golden ratio: the upper bits of the product depend on all bits of the
    // text.
    let mixed = (low ^ high.rotate_left(23)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 54) as usize % PLACES
}

/// How many bytes are the same from two places on, up to `most`.
#[inline(always)]
fn same(bytes: &[u8], one: usize, other: usize, most: usize) -> usize {
    let mut length = 0;
    while length < most {
        let windows = (
            bytes[one + length..].first_chunk::<8>(),
            bytes[other + length..].first_chunk::<8>(),
        );
        let (Some(one), Some(other)) = windows else {
            break;
        };
        let differ = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differ != 0 {
            return (length + differ.trailing_zeros() as usize / 8).min(most);
        }
        length += 8;
    }
    length.min(most)
}

/// Puts bytes down as they are; says where they end.
#[inline(always)]
fn literal(bytes: &[u8], start: usize, end: usize, out: &mut [u8], mut at: usize) -> usize {
    let length = end - start;
    match length {
        0 => return at,
        // Section 2.1: up to 60 bytes the length stands in the tag; 60 there means one byte more
        // for it, and 63 four bytes.
        1..=60 => {
            out[at] = ((length - 1) << 2) as u8;
            at += 1;
        }
        61..=256 => {
            out[at] = 60 << 2;
            out[at + 1] = (length - 1) as u8;
            at += 2;
        }
        _ => {
            out[at] = 63 << 2;
            out[at + 1..at + 5].copy_from_slice(&((length - 1) as u32).to_le_bytes());
            at += 5;
        }
    }
    let windows = (
        bytes[start..].first_chunk::<WINDOW>(),
        out[at..].first_chunk_mut::<WINDOW>(),
    );
    match windows {
        (Some(from), Some(to)) if length <= WINDOW => *to = *from,
        _ => out[at..at + length].copy_from_slice(&bytes[start..end]),
    }
    at + length
}

/// Puts down that so many bytes stand `back` bytes before; says where that ends.
#[inline(always)]
fn copy(back: usize, mut length: usize, out: &mut [u8], mut at: usize) -> usize {
    debug_assert!((1..=FARTHEST).contains(&back));
    while length > 0 {
        let part = length.min(LONGEST);
        out[at] = ((part - 1) << 2 | 2) as u8;
        out[at + 1..at + 3].copy_from_slice(&(back as u16).to_le_bytes());
        at += 3;
        length -= part;
    }
    at
}

dispatched! {
    fn compress_into(bytes: &[u8], offsets: &[i32], rows: &mut SnappyRows) {
        let SnappyRows { table, room, taken } = rows;
        let Some(first) = offsets.first() else {
            *taken = 0;
            return;
        };
        let (mut at, mut unwritten) = (0, *first as usize);
        for ends in offsets.windows(2) {
            let (start, end) = (ends[0] as usize, ends[1] as usize);
            debug_assert!(start <= end && end <= bytes.len());
            let Some(head) = bytes[start..].first_chunk().filter(|_| end - start >= SHORTEST) else {
                continue;
            };
            let slot = &mut table[place(head)];
            let before = std::mem::replace(slot, start as u32) as usize;
            if before >= start || start - before > FARTHEST {
                continue;
            }
            let length = same(bytes, before, start, end - start);
            if length >= SHORTEST {
                at = literal(bytes, unwritten, start, room, at);
                at = copy(start - before, length, room, at);
                unwritten = start + length;
            }
        }
        let end = offsets.last().map_or(0, |end| *end as usize);
        *taken = literal(bytes, unwritten, end, room, at);
    }
}

impl SnappyRows {
    /// Snappy's elements for the texts that `offsets` mark in `bytes`, without the length that a
    /// whole of Snappy begins with.
    pub fn compress(&mut self, bytes: &[u8], offsets: &[i32]) -> &[u8] {
        let all = offsets.first().zip(offsets.last());
        let all = all.map_or(0, |(first, last)| (last - first) as usize);
        // A copy is shorter than what it stands for; a literal between two copies has a head of
        // five bytes at most, and each copy has saved three.
        let most = all + 2 * offsets.len() + 2 * WINDOW;
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        // It remembers places of the page before, which mean nothing in this one.
        self.table.clear();
        self.table.resize(PLACES, u32::MAX);
        compress_into(bytes, offsets, self);
        &self.room[..self.taken]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[String]) -> usize {
        let bytes = texts.concat().into_bytes();
        let ends = texts.iter().scan(0, |at, text| {
            *at += text.len() as i32;
            Some(*at)
        });
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        let mut rows = SnappyRows::default();
        let mut whole = Vec::new();
        crate::kernel::delta::varint(bytes.len() as u64, &mut whole);
        whole.extend_from_slice(rows.compress(&bytes, &offsets));
        let found = snap::raw::Decoder::new().decompress_vec(&whole).unwrap();
        assert_eq!(found, bytes);
        whole.len()
    }

    #[test]
    fn snappy_reads_what_is_written() {
        check(&[]);
        check(&[String::new()]);
        check(&["a".into(), String::new(), "abc".into()]);
        let kinds = ["PRAGMATIC", "EGT", "NETENT"];
        let ids = (0..5000).map(|n| format!("EXT-{}-{n:08}", kinds[n * 7 % 3]));
        let ids: Vec<String> = ids.collect();
        assert!(check(&ids) < ids.concat().len() / 3);
        for length in [5, 6, 11, 12, 13, 31, 32, 33, 61, 64, 65, 300, 70_000] {
            let text = |n: usize| format!("{}{n}", "z".repeat(length - n % length.min(9)));
            check(&(0..20).map(text).collect::<Vec<_>>());
            let noise = |n: usize| {
                let letter =
                    |place: usize| (b'a' + (n * 31 + place * place * 7 % 23) as u8 % 26) as char;
                (0..length).map(letter).collect()
            };
            check(&(0..20).map(noise).collect::<Vec<_>>());
        }
    }
}
