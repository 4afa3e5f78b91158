//! A column of leaf values as text: which types there are, and how each is written.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Field, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::number::{FLOAT, FloatSpelling, put_f32, put_f64, write_decimal};
use super::temporal::{dates, times, timestamps};
use super::time::ShownZone;
use crate::format::cells::{CellValues, Cells, Delimiters, Refusal};
use crate::format::nested::plain_type;
use crate::kernel::number_text::{
    SIGNED, UNSIGNED, decimal_room, put_decimal, put_signed, put_unsigned,
};

/// The leaf types that text formats know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextLeaf {
    /// `true`, `false`.
    Boolean,
    /// A whole number; `wide` when it has 64 bits.
    Integer {
        /// It may not fit in a double.
        wide: bool,
    },
    /// A float.
    Float,
    /// A decimal with a fixed number of digits.
    Decimal,
    /// `2026-01-15`.
    Date,
    /// `08:00:00.123`.
    Time,
    /// `2026-01-15T08:00:00.123Z`.
    Timestamp,
    /// Text.
    Text,
    /// An identifier with its hyphens.
    Uuid,
    /// Bytes, as hexadecimal.
    Binary,
}

/// How leaves other than text are written.
#[derive(Debug, Clone)]
pub struct LeafStyle {
    /// What stands around each value.
    pub frame: Delimiters,
    /// How floats are spelt.
    pub floats: FloatSpelling,
}

/// The name under which Arrow marks sixteen bytes as a UUID.
const UUID: &str = "arrow.uuid";

impl TextLeaf {
    /// The leaf that a field holds; none for nested types and for types without a text form.
    pub fn of(field: &Field) -> Option<Self> {
        let leaf = match plain_type(field.data_type()) {
            DataType::Boolean => Self::Boolean,
            DataType::Int64 | DataType::UInt64 => Self::Integer { wide: true },
            integer if integer.is_integer() => Self::Integer { wide: false },
            DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => {
                Self::Decimal
            }
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(_, zone) => {
                ShownZone::of(zone.as_deref())?;
                Self::Timestamp
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            // Sixteen bytes alone are no UUID: only what Arrow's extension type says is written
            // with hyphens.
            DataType::FixedSizeBinary(16) if field.extension_type_name() == Some(UUID) => {
                Self::Uuid
            }
            DataType::FixedSizeBinary(_)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Self::Binary,
            _ => return None,
        };
        Some(leaf)
    }
}

/// Writes a column of leaves that are not text and not in a dictionary.
///
/// # Errors
/// A time of day or a moment that has no text form.
pub fn write(
    array: &dyn Array,
    leaf: TextLeaf,
    style: &LeafStyle,
    shown: Option<&NullBuffer>,
) -> Result<CellValues, Refusal> {
    let frame = &style.frame;
    let values = match leaf {
        TextLeaf::Boolean => booleans(array, frame),
        TextLeaf::Integer { .. } => integers(array, frame),
        TextLeaf::Float => floats(array, style),
        TextLeaf::Decimal => decimals(array, frame),
        TextLeaf::Date => dates(array, frame),
        TextLeaf::Time => return times(array, frame, shown),
        TextLeaf::Timestamp => return timestamps(array, frame, shown),
        TextLeaf::Text => CellValues::Cells(texts(array, frame, |out, text| {
            out.extend_from_slice(text.as_bytes())
        })),
        TextLeaf::Uuid => uuids(array, frame),
        TextLeaf::Binary => CellValues::Cells(binaries(array, frame, write_hexadecimal)),
    };
    Ok(values)
}

/// Writes a column of short values: `put` writes that of a row at a place and says where it ends.
#[inline(always)]
pub fn short(
    array: &dyn Array,
    frame: &Delimiters,
    room: usize,
    put: impl FnMut(&mut [u8], usize, usize) -> usize,
) -> CellValues {
    CellValues::short(array.len(), array.nulls(), frame, room, put)
}

/// Writes a column of short numbers, each value by `put`.
#[inline(always)]
pub fn primitives<T: ArrowPrimitiveType>(
    array: &dyn Array,
    frame: &Delimiters,
    room: usize,
    mut put: impl FnMut(&mut [u8], usize, T::Native) -> usize,
) -> CellValues {
    let values = array.as_primitive::<T>().values();
    short(array, frame, room, |block, at, row| {
        put(block, at, values[row])
    })
}

fn booleans(array: &dyn Array, frame: &Delimiters) -> CellValues {
    let values = array.as_boolean().values();
    short(array, frame, 5, |block, at, row| {
        let word: &[u8] = if values.value(row) { b"true" } else { b"false" };
        block[at..at + word.len()].copy_from_slice(word);
        at + word.len()
    })
}

fn uuids(array: &dyn Array, frame: &Delimiters) -> CellValues {
    let values = array.as_fixed_size_binary();
    short(array, frame, UUID_LENGTH, |block, at, row| {
        put_uuid(block, at, values.value(row))
    })
}

fn integers(array: &dyn Array, frame: &Delimiters) -> CellValues {
    macro_rules! signed {
        ($t:ty, $room:expr) => {
            primitives::<$t>(array, frame, $room, |block, at, value| {
                put_signed(block, at, i64::from(value))
            })
        };
    }
    macro_rules! unsigned {
        ($t:ty, $room:expr) => {
            primitives::<$t>(array, frame, $room, |block, at, value| {
                put_unsigned(block, at, u64::from(value))
            })
        };
    }
    // A sign and eight digits at once, or ten digits in two parts.
    // No more room than needed: a block holds what stands around the value as well, and its width
    // follows from the sum.
    const NARROW: usize = 11;
    match array.data_type() {
        DataType::Int8 => signed!(Int8Type, NARROW),
        DataType::Int16 => signed!(Int16Type, NARROW),
        DataType::Int32 => signed!(Int32Type, NARROW),
        DataType::UInt8 => unsigned!(UInt8Type, NARROW),
        DataType::UInt16 => unsigned!(UInt16Type, NARROW),
        DataType::UInt32 => unsigned!(UInt32Type, NARROW),
        DataType::UInt64 => unsigned!(UInt64Type, UNSIGNED),
        _ => signed!(Int64Type, SIGNED),
    }
}

fn floats(array: &dyn Array, style: &LeafStyle) -> CellValues {
    let (frame, floats) = (&style.frame, style.floats);
    match array.data_type() {
        DataType::Float32 => primitives::<Float32Type>(array, frame, FLOAT, |out, at, value| {
            put_f32(out, at, value, floats)
        }),
        _ => primitives::<Float64Type>(array, frame, FLOAT, |out, at, value| {
            put_f64(out, at, value, floats)
        }),
    }
}

fn decimals(array: &dyn Array, frame: &Delimiters) -> CellValues {
    macro_rules! narrow {
        ($t:ty, $scale:expr) => {{
            let values = array.as_primitive::<$t>().values().iter();
            // The room follows from the batch's own values, not from the type: short ones fit in
            // narrow blocks.
            let most = values.fold(0, |most, value| most.max(u64::from(value.unsigned_abs())));
            let room = decimal_room(most, $scale as u32);
            primitives::<$t>(array, frame, room, |block, at, value| {
                put_decimal(block, at, i64::from(value), $scale as u32)
            })
        }};
    }
    macro_rules! wide {
        ($t:ty, $scale:expr) => {{
            let values = array.as_primitive::<$t>().values();
            let write =
                |out: &mut Vec<u8>, row: usize| write_decimal(out, i128::from(values[row]), $scale);
            CellValues::Cells(Cells::fill(array.len(), array.nulls(), frame, write))
        }};
    }
    match *array.data_type() {
        DataType::Decimal32(_, scale @ 0..=9) => narrow!(Decimal32Type, scale),
        DataType::Decimal64(_, scale @ 0..=18) => narrow!(Decimal64Type, scale),
        // Negative scales, and those beyond the digits of the type, have no fast way.
        DataType::Decimal32(_, scale) => wide!(Decimal32Type, scale),
        DataType::Decimal64(_, scale) => wide!(Decimal64Type, scale),
        DataType::Decimal128(_, scale) => wide!(Decimal128Type, scale),
        _ => wide!(Decimal128Type, 0),
    }
}

/// Writes a column of text, each value by `write`.
pub fn texts(
    array: &dyn Array,
    frame: &Delimiters,
    mut write: impl FnMut(&mut Vec<u8>, &str),
) -> Cells {
    let (len, nulls) = (array.len(), array.nulls());
    match array.data_type() {
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
        _ => {
            let values = array.as_string::<i32>();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
    }
}

/// Writes a column of bytes, each value by `write`.
pub fn binaries(
    array: &dyn Array,
    frame: &Delimiters,
    mut write: impl FnMut(&mut Vec<u8>, &[u8]),
) -> Cells {
    let (len, nulls) = (array.len(), array.nulls());
    match array.data_type() {
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
        _ => {
            let values = array.as_binary::<i32>();
            Cells::fill(len, nulls, frame, |out, row| write(out, values.value(row)))
        }
    }
}

/// Writes two hexadecimal digits a byte.
pub fn write_hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.iter().flat_map(|byte| hexadecimal(*byte)));
}

fn hexadecimal(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

/// The length of a UUID as text.
pub const UUID_LENGTH: usize = 36;

/// Writes sixteen bytes as `8-4-4-4-12` hexadecimal digits; says where they end.
pub fn put_uuid(out: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let out = &mut out[at..at + UUID_LENGTH];
    for (byte, place) in bytes.iter().zip(PLACES) {
        out[place..place + 2].copy_from_slice(&hexadecimal(*byte));
    }
    for hyphen in [8, 13, 18, 23] {
        out[hyphen] = b'-';
    }
    at + UUID_LENGTH
}
