//! The encodings of pages: values become the bytes of a page.

mod dictionary;
mod split;
mod text;

use arrow::datatypes::ToByteSlice;
use parquet::basic::Encoding;

use super::levels;
use super::values::PageValues;
use crate::kernel::delta;
pub(super) use dictionary::{Dictionary, Used};

/// Room for what an encoding makes on its way, kept from page to page.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    split: crate::kernel::prefix::PrefixSplit,
    numbers: Vec<i32>,
}

/// Adds the values as `encoding` has them; false if it does not take them.
pub(super) fn encode(
    values: &PageValues<'_>,
    encoding: Encoding,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) -> bool {
    match (encoding, values) {
        (Encoding::PLAIN, _) => plain(values, out),
        // Booleans in `RLE` begin with their length in four bytes, also in pages of version 2.
        (Encoding::RLE, PageValues::Bits(bits, length)) => levels::with_length(out, |out| {
            let buffer = arrow::buffer::Buffer::from(*bits);
            levels::bits(&arrow::buffer::BooleanBuffer::new(buffer, 0, *length), out);
        }),
        (Encoding::DELTA_BINARY_PACKED, PageValues::Int32(values)) => delta::pack_i32(values, out),
        (Encoding::DELTA_BINARY_PACKED, PageValues::Int64(values)) => delta::pack_i64(values, out),
        (Encoding::BYTE_STREAM_SPLIT, _) => return split::encode(values, out),
        (Encoding::DELTA_LENGTH_BYTE_ARRAY, PageValues::Text { offsets, bytes }) => {
            text::lengths_apart(offsets, bytes, &mut scratch.numbers, out);
        }
        (Encoding::DELTA_BYTE_ARRAY, PageValues::Text { offsets, bytes }) => {
            text::shared_prefixes(offsets, bytes, &mut scratch.split, out);
        }
        (Encoding::DELTA_BYTE_ARRAY, PageValues::Fixed(bytes, width)) => {
            let offsets = &mut scratch.numbers;
            offsets.clear();
            offsets.extend((0..=values.len()).map(|place| (place * width) as i32));
            text::shared_prefixes(offsets, bytes, &mut scratch.split, out);
        }
        _ => return false,
    }
    true
}

/// Adds the lengths of texts, as `DELTA_LENGTH_BYTE_ARRAY` begins.
pub(super) fn text_lengths(offsets: &[i32], scratch: &mut Scratch, out: &mut Vec<u8>) {
    text::lengths(offsets, &mut scratch.numbers, out);
}

/// Adds the values one after the other.
pub(super) fn plain(values: &PageValues<'_>, out: &mut Vec<u8>) {
    match values {
        PageValues::Bits(bytes, _) | PageValues::Fixed(bytes, _) => out.extend_from_slice(bytes),
        PageValues::Int32(values) => out.extend_from_slice(values.to_byte_slice()),
        PageValues::Int64(values) => out.extend_from_slice(values.to_byte_slice()),
        PageValues::Float(values) => out.extend_from_slice(values.to_byte_slice()),
        PageValues::Double(values) => out.extend_from_slice(values.to_byte_slice()),
        PageValues::Text { offsets, bytes } => text::plain(offsets, bytes, out),
    }
}
