//! Bit-packing as Parquet has it: values one after the other, the lowest bits of a byte first.
//!
//! Eight values of any width end at a byte: each group of eight is packed in registers and put
//! down as whole words, and what follows overwrites what was too much of them.

use crate::dispatched;

/// Bytes that packing may write beyond its end.
// A group of eight is put down as eight words, whatever the width of its values.
pub const SLACK: usize = 64;

/// The bytes that so many values take, filled up to whole groups of eight.
pub const fn packed_length(values: usize, width: usize) -> usize {
    values.div_ceil(8) * width
}

/// The least width that holds every value up to `max`.
pub const fn width_of(max: u64) -> usize {
    64 - max.leading_zeros() as usize
}

/// Packs eight values of `WIDTH` bits each.
#[inline(always)]
fn pack_group<const WIDTH: usize>(values: [u64; 8], out: &mut [u8; SLACK]) {
    let mut words = [0_u64; 9];
    for (place, value) in values.into_iter().enumerate() {
        debug_assert!(WIDTH == 64 || value >> WIDTH == 0, "{value} is too wide");
        let (word, shift) = (place * WIDTH / 64, place * WIDTH % 64);
        words[word] |= value << shift;
        if shift + WIDTH > 64 {
            words[word + 1] |= value >> (64 - shift);
        }
    }
    for (word, bytes) in words.iter().zip(out.as_chunks_mut::<8>().0) {
        *bytes = word.to_le_bytes();
    }
}

/// Packs values of `WIDTH` bits each, the last group filled up with zeros.
#[inline(always)]
fn pack_values<const WIDTH: usize, T: Copy>(
    values: &[T],
    widen: impl Fn(T) -> u64 + Copy,
    out: &mut [u8],
) {
    let (groups, rest) = values.as_chunks::<8>();
    let mut at = 0;
    for group in groups {
        put::<WIDTH>(group.map(widen), out, at);
        at += WIDTH;
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = widen(*from);
        }
        put::<WIDTH>(last, out, at);
    }
}

#[inline(always)]
fn put<const WIDTH: usize>(group: [u64; 8], out: &mut [u8], at: usize) {
    if let Some(out) = out.get_mut(at..).and_then(|out| out.first_chunk_mut()) {
        pack_group::<WIDTH>(group, out);
    }
}

/// Chooses the body of a width that is known at run time only.
// With the width in a constant every shift is one, and the loop over the group is unrolled; with a
// variable each value would ask which words it falls into.
macro_rules! by_width {
    ($width:expr, $body:ident $arguments:tt: $($known:literal)*) => {
        match $width {
            $($known => $body::<$known, _> $arguments,)*
            _ => debug_assert!(false, "no width of {}", $width),
        }
    };
}

/// Packs values of at most 64 bits. `out` has room for them and `SLACK` bytes more.
#[inline(always)]
pub fn pack_wide(values: &[u64], width: usize, out: &mut [u8]) {
    debug_assert!(out.len() >= packed_length(values.len(), width) + SLACK);
    let widen = |value| value;
    by_width!(width, pack_values(values, widen, out):
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
        64);
}

/// Packs values of at most 32 bits. `out` has room for them and `SLACK` bytes more.
#[inline(always)]
pub fn pack_narrow(values: &[u32], width: usize, out: &mut [u8]) {
    debug_assert!(out.len() >= packed_length(values.len(), width) + SLACK);
    let widen = u64::from;
    by_width!(width, pack_values(values, widen, out):
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

dispatched! {
    /// Packs the keys of a dictionary. `out` has room for them and `SLACK` bytes more.
    fn pack_keys_into(keys: &[i32], width: usize, out: &mut [u8]) {
        debug_assert!(out.len() >= packed_length(keys.len(), width) + SLACK);
        let widen = |key: i32| u64::from(key as u32);
        by_width!(width, pack_values(keys, widen, out):
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    }
}

/// Adds the packed keys of a dictionary.
pub fn pack_keys(keys: &[i32], width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let length = packed_length(keys.len(), width);
    out.resize(start + length + SLACK, 0);
    pack_keys_into(keys, width, &mut out[start..]);
    out.truncate(start + length);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit.
    fn twin(values: &[u64], width: usize) -> Vec<u8> {
        let mut out = vec![0; packed_length(values.len(), width)];
        for (place, value) in values.iter().enumerate() {
            for bit in 0..width {
                let at = place * width + bit;
                out[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
            }
        }
        out
    }

    fn values(length: usize, width: usize) -> Vec<u64> {
        let mask = u64::MAX.checked_shr(64 - width as u32).unwrap_or(0);
        let mixed = |n: usize| (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..length)
            .map(|n| if n % 7 == 3 { mask } else { mixed(n) & mask })
            .collect()
    }

    /// Miri, which takes a thousand times as long, looks at fewer.
    const LENGTHS: &[usize] = match cfg!(miri) {
        true => &[0, 1, 9, 33, 64],
        false => &[0, 1, 7, 8, 9, 31, 32, 33, 64, 127, 128, 1000],
    };

    #[test]
    fn every_width_and_length_is_packed_as_its_twin_says() {
        for width in 0..=64 {
            for length in LENGTHS.iter().copied() {
                let values = values(length, width);
                let expected = twin(&values, width);
                let mut out = vec![0xAA; expected.len() + SLACK];
                pack_wide(&values, width, &mut out);
                assert_eq!(out[..expected.len()], expected, "{length} of {width} bits");
                if width <= 32 {
                    let narrow: Vec<u32> = values.iter().map(|value| *value as u32).collect();
                    out.fill(0xAA);
                    pack_narrow(&narrow, width, &mut out);
                    assert_eq!(out[..expected.len()], expected, "{length} of {width} bits");
                }
                if width < 32 {
                    let keys: Vec<i32> = values.iter().map(|value| *value as i32).collect();
                    let mut out = vec![1, 2];
                    pack_keys(&keys, width, &mut out);
                    assert_eq!(out[..2], [1, 2]);
                    assert_eq!(out[2..], expected, "{length} of {width} bits");
                }
            }
        }
    }

    #[test]
    fn widths_hold_their_values() {
        assert_eq!(width_of(0), 0);
        assert_eq!(width_of(1), 1);
        assert_eq!(width_of(8), 4);
        assert_eq!(width_of(u64::MAX), 64);
    }
}
