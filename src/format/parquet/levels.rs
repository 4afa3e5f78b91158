//! Definition levels of flat columns, and other bits, in runs: `RLE` of Parquet.

use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::values::pack_bits;
use crate::kernel::delta::varint;

/// Adds a run of one value, which takes `bytes` bytes.
pub(super) fn repeated(count: usize, value: u64, bytes: usize, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

/// Adds the head of a run of so many values that are packed bit by bit.
pub(super) fn packed(count: usize, out: &mut Vec<u8>) {
    // Parquet's "Encodings", RLE / bit-packing hybrid: the lowest bit tells packed groups of eight
    // from a repeated value.
    varint((count.div_ceil(8) as u64) << 1 | 1, out);
}

/// Adds bits in one run, or in as few as it takes when they are all the same.
pub(super) fn bits(bits: &BooleanBuffer, out: &mut Vec<u8>) {
    match bits.count_set_bits() {
        // A column without nulls, or of nulls alone, has levels of a few bytes for all rows.
        0 => repeated(bits.len(), 0, 1, out),
        set if set == bits.len() => repeated(bits.len(), 1, 1, out),
        _ => {
            packed(bits.len(), out);
            pack_bits(bits, out);
        }
    }
}

/// Adds the definition levels of rows of an optional column.
pub(super) fn definition(nulls: Option<&NullBuffer>, rows: usize, out: &mut Vec<u8>) {
    match nulls {
        None => repeated(rows, 1, 1, out),
        Some(nulls) => bits(nulls.inner(), out),
    }
}

/// Adds what `fill` adds, after its length in four bytes.
pub(super) fn with_length(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_one_run() {
        let level = |nulls: &[bool]| {
            let mut out = Vec::new();
            let nulls = NullBuffer::from(nulls.to_vec());
            definition(Some(&nulls), nulls.len(), &mut out);
            out
        };
        assert_eq!(level(&[true; 3]), [6, 1]);
        assert_eq!(level(&[false; 100]), [200, 1, 0]);
        assert_eq!(level(&[true, false, true]), [3, 0b101]);
        let mut out = Vec::new();
        with_length(&mut out, |out| definition(None, 1, out));
        assert_eq!(out, [2, 0, 0, 0, 2, 1]);
    }
}
