//! `DELTA_BINARY_PACKED` of Parquet: differences, in blocks of 128, each less the block's least.

use super::bit_pack::{SLACK, pack_narrow, pack_wide, packed_length, width_of};
use crate::dispatched;

/// Values of a block, and of each of the four parts that have a width of their own.
// Parquet's "Encodings", delta encoding: a block is a multiple of 128 values, a part one of 32. The
// smallest of both follow the values most closely.
const BLOCK: usize = 128;
const PART: usize = 32;
const PARTS: usize = BLOCK / PART;

/// A number in groups of seven bits, the lowest first.
#[inline(always)]
pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Signed numbers with the small ones, of either sign, first.
#[inline(always)]
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

macro_rules! delta {
    ($(#[$meta:meta])* $name:ident, $signed:ty, $unsigned:ty, $pack:ident) => {
        dispatched! {
            $(#[$meta])*
            pub fn $name(values: &[$signed], out: &mut Vec<u8>) {
                #[inline(always)]
                fn block(before: &[$signed], values: &[$signed], out: &mut Vec<u8>) {
                    debug_assert_eq!(before.len(), values.len());
                    debug_assert!(values.len() <= BLOCK);
                    let mut deltas = [0 as $signed; BLOCK];
                    for ((delta, value), before) in deltas.iter_mut().zip(values).zip(before) {
                        // The format counts on it: readers add with the same wrapping, so that no
                        // difference is too large.
                        *delta = value.wrapping_sub(*before);
                    }
                    let known = &mut deltas[..values.len()];
                    let least = known.iter().copied().fold(<$signed>::MAX, <$signed>::min);
                    let mut above = [0 as $unsigned; BLOCK];
                    for (above, delta) in above.iter_mut().zip(known) {
                        *above = delta.wrapping_sub(least) as $unsigned;
                    }
                    varint(zigzag(i64::from(least)), out);
                    let parts = values.len().div_ceil(PART);
                    let parts = &above.as_chunks::<PART>().0[..parts];
                    let mut widths = [0; PARTS];
                    for (width, part) in widths.iter_mut().zip(parts) {
                        let all = part.iter().fold(0, |all, value| all | value);
                        *width = width_of(u64::from(all)) as u8;
                    }
                    out.extend_from_slice(&widths);
                    let mut at = out.len();
                    let lengths = widths.map(|width| packed_length(PART, width as usize));
                    // The last part is filled up with zeros to 32 values; parts without any value
                    // have the width 0 and no bytes.
                    out.resize(at + lengths.iter().sum::<usize>() + SLACK, 0);
                    for ((part, width), length) in parts.iter().zip(widths).zip(lengths) {
                        $pack(part, width as usize, &mut out[at..]);
                        at += length;
                    }
                    out.truncate(at);
                }
                varint(BLOCK as u64, out);
                varint(PARTS as u64, out);
                varint(values.len() as u64, out);
                let Some((first, rest)) = values.split_first() else {
                    varint(0, out);
                    return;
                };
                varint(zigzag(i64::from(*first)), out);
                out.reserve(BLOCK * size_of::<$signed>() + 2 * SLACK);
                let (befores, values) = (&values[..rest.len()], rest);
                let (blocks, last) = values.as_chunks::<BLOCK>();
                let (before_blocks, before_last) = befores.as_chunks::<BLOCK>();
                for (values, before) in blocks.iter().zip(before_blocks) {
                    block(before, values, out);
                }
                if !last.is_empty() {
                    block(before_last, last, out);
                }
            }
        }
    };
}

delta! {
    /// Adds 32-bit integers; differences wrap around.
    pack_i32, i32, u32, pack_narrow
}

delta! {
    /// Adds 64-bit integers; differences wrap around.
    pack_i64, i64, u64, pack_wide
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Reader<'a>(&'a [u8]);

    impl Reader<'_> {
        fn byte(&mut self) -> u8 {
            let (first, rest) = self.0.split_first().unwrap();
            self.0 = rest;
            *first
        }
        fn varint(&mut self) -> u64 {
            let (mut value, mut shift) = (0, 0);
            loop {
                let byte = self.byte();
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return value;
                }
            }
        }
        fn signed(&mut self) -> i64 {
            let value = self.varint();
            (value >> 1) as i64 ^ -((value & 1) as i64)
        }
    }

    /// Reads one value after the other, bit by bit.
    fn unpack(bytes: &[u8], widest: usize) -> Vec<i64> {
        let mut reader = Reader(bytes);
        assert_eq!((reader.varint(), reader.varint()), (128, 4));
        let count = reader.varint() as usize;
        let mut values = vec![reader.signed()];
        while values.len() < count {
            let least = reader.signed();
            let widths = [(); 4].map(|()| reader.byte() as usize);
            for width in widths {
                assert!(width <= widest);
                if values.len() >= count {
                    assert_eq!(width, 0, "parts that are not needed have no width");
                    continue;
                }
                let (part, rest) = reader.0.split_at(4 * width);
                reader.0 = rest;
                for place in 0..PART.min(count - values.len()) {
                    let mut above = 0_u64;
                    for bit in 0..width {
                        let at = place * width + bit;
                        above |= u64::from(part[at / 8] >> (at % 8) & 1) << bit;
                    }
                    let before = values[values.len() - 1];
                    values.push(before.wrapping_add(least).wrapping_add(above as i64));
                }
            }
        }
        assert!(reader.0.is_empty());
        values.truncate(count);
        values
    }

    fn numbers(length: usize, width: u32) -> Vec<i64> {
        let mixed = |n: usize| (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64;
        (0..length)
            .map(|n| mixed(n).checked_shr(64 - width).unwrap_or(0) + n as i64)
            .collect()
    }

    #[test]
    fn what_is_packed_can_be_unpacked_at_every_width_and_many_lengths() {
        for width in 0..=64 {
            for length in [0, 1, 2, 32, 33, 128, 129, 130, 160, 161, 257, 1000] {
                let values = numbers(length, width);
                let mut out = Vec::new();
                pack_i64(&values, &mut out);
                assert_eq!(unpack(&out, 64), values, "{length} of {width} bits");
                let narrow: Vec<i32> = values.iter().map(|value| *value as i32).collect();
                out.clear();
                pack_i32(&narrow, &mut out);
                let found: Vec<i32> = unpack(&out, 32).iter().map(|n| *n as i32).collect();
                assert_eq!(found, narrow, "{length} of {width} bits");
            }
        }
    }

    #[test]
    fn differences_wrap_around() {
        let values = [i64::MIN, i64::MAX, 0, -1, i64::MIN, i64::MIN, i64::MAX];
        let mut out = Vec::new();
        pack_i64(&values, &mut out);
        assert_eq!(unpack(&out, 64), values);
        let values = [i32::MIN, i32::MAX, 0, -1, i32::MIN, i32::MAX];
        out.clear();
        pack_i32(&values, &mut out);
        let found: Vec<i32> = unpack(&out, 32).iter().map(|n| *n as i32).collect();
        assert_eq!(found, values);
    }
}
