//! Texts: each after its length, lengths apart, or without what it shares with the one before it.

use crate::kernel::delta;
use crate::kernel::prefix::PrefixSplit;

/// Bytes that are copied at once, whatever a text has.
// A vector of 256 bits: most texts are copied with one load and one store.
const WINDOW: usize = 32;

/// Adds each text after its length.
pub(super) fn plain(offsets: &[i32], bytes: &[u8], out: &mut Vec<u8>) {
    let texts = offsets.len().saturating_sub(1);
    let all = last(offsets) - first(offsets);
    let mut at = out.len();
    out.resize(at + texts * 4 + all + WINDOW, 0);
    for ends in offsets.windows(2) {
        let (start, end) = (ends[0] as usize, ends[1] as usize);
        let length = end - start;
        out[at..at + 4].copy_from_slice(&(length as u32).to_le_bytes());
        at += 4;
        let from = bytes[start..].first_chunk::<WINDOW>();
        match (from, out[at..].first_chunk_mut()) {
            (Some(from), Some(to)) if length <= WINDOW => *to = *from,
            _ => out[at..at + length].copy_from_slice(&bytes[start..end]),
        }
        at += length;
    }
    out.truncate(at);
}

/// Adds the lengths of all texts.
pub(super) fn lengths(offsets: &[i32], lengths: &mut Vec<i32>, out: &mut Vec<u8>) {
    lengths.clear();
    lengths.extend(offsets.windows(2).map(|ends| ends[1] - ends[0]));
    delta::pack_i32(lengths, out);
}

/// Adds the lengths of all texts, then the texts.
pub(super) fn lengths_apart(
    offsets: &[i32],
    bytes: &[u8],
    numbers: &mut Vec<i32>,
    out: &mut Vec<u8>,
) {
    lengths(offsets, numbers, out);
    out.extend_from_slice(&bytes[first(offsets)..last(offsets)]);
}

/// Adds how much each text shares with the one before it, and then what it does not.
pub(super) fn shared_prefixes(
    offsets: &[i32],
    bytes: &[u8],
    split: &mut PrefixSplit,
    out: &mut Vec<u8>,
) {
    split.split(offsets, bytes);
    delta::pack_i32(&split.prefixes, out);
    delta::pack_i32(&split.lengths, out);
    out.extend_from_slice(split.suffixes());
}

fn first(offsets: &[i32]) -> usize {
    offsets.first().map_or(0, |offset| *offset as usize)
}

fn last(offsets: &[i32]) -> usize {
    offsets.last().map_or(0, |offset| *offset as usize)
}
