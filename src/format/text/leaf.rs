//! A column of leaf values as text: which types there are, and how each is written.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Field, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::number::{Floats, write_decimal, write_f32, write_f64, write_signed, write_unsigned};
use super::temporal::{dates, times, timestamps};
use super::time::Zone;
use crate::format::cells::{Cells, Refusal};
use crate::format::nested::plain_type;

/// The leaf types that text formats know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
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
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// What stands before and after each value.
    pub around: &'a [u8],
    /// What stands for null.
    pub null: &'a [u8],
    /// How floats are spelt.
    pub floats: Floats,
}

/// The name under which Arrow marks sixteen bytes as a UUID.
const UUID: &str = "arrow.uuid";

impl Leaf {
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
                Zone::of(zone.as_deref())?;
                Self::Timestamp
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
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
    leaf: Leaf,
    style: &Style<'_>,
    shown: Option<&NullBuffer>,
) -> Result<Cells, Refusal> {
    let cells = match leaf {
        Leaf::Boolean => {
            let values = array.as_boolean();
            let word = |row| if values.value(row) { "true" } else { "false" };
            fill(array, style, |out, row| {
                out.extend_from_slice(word(row).as_bytes())
            })
        }
        Leaf::Integer { .. } => integers(array, style),
        Leaf::Float => floats(array, style),
        Leaf::Decimal => decimals(array, style),
        Leaf::Date => dates(array, style),
        Leaf::Time => return times(array, style, shown),
        Leaf::Timestamp => return timestamps(array, style, shown),
        Leaf::Text => texts(array, style.null, |out, text| {
            out.extend_from_slice(text.as_bytes())
        }),
        Leaf::Uuid => bytes(array, style, write_uuid),
        Leaf::Binary => bytes(array, style, write_hexadecimal),
    };
    Ok(cells)
}

fn fill(array: &dyn Array, style: &Style<'_>, mut write: impl FnMut(&mut Vec<u8>, usize)) -> Cells {
    Cells::fill(array.len(), array.nulls(), style.null, |out, row| {
        out.extend_from_slice(style.around);
        write(out, row);
        out.extend_from_slice(style.around);
    })
}

fn bytes(array: &dyn Array, style: &Style<'_>, write: fn(&mut Vec<u8>, &[u8])) -> Cells {
    binaries(array, style.null, |out, bytes| {
        out.extend_from_slice(style.around);
        write(out, bytes);
        out.extend_from_slice(style.around);
    })
}

/// Writes a column of numbers, each value by `write`.
pub fn primitives<T: ArrowPrimitiveType>(
    array: &dyn Array,
    style: &Style<'_>,
    mut write: impl FnMut(&mut Vec<u8>, T::Native),
) -> Cells {
    let values = array.as_primitive::<T>().values();
    fill(array, style, |out, row| write(out, values[row]))
}

fn integers(array: &dyn Array, style: &Style<'_>) -> Cells {
    macro_rules! signed {
        ($t:ty) => {
            primitives::<$t>(array, style, |out, value| {
                write_signed(out, i64::from(value))
            })
        };
    }
    macro_rules! unsigned {
        ($t:ty) => {
            primitives::<$t>(array, style, |out, value| {
                write_unsigned(out, u64::from(value))
            })
        };
    }
    match array.data_type() {
        DataType::Int8 => signed!(Int8Type),
        DataType::Int16 => signed!(Int16Type),
        DataType::Int32 => signed!(Int32Type),
        DataType::UInt8 => unsigned!(UInt8Type),
        DataType::UInt16 => unsigned!(UInt16Type),
        DataType::UInt32 => unsigned!(UInt32Type),
        DataType::UInt64 => unsigned!(UInt64Type),
        _ => signed!(Int64Type),
    }
}

fn floats(array: &dyn Array, style: &Style<'_>) -> Cells {
    let floats = style.floats;
    match array.data_type() {
        DataType::Float32 => {
            primitives::<Float32Type>(array, style, |out, value| write_f32(out, value, floats))
        }
        _ => primitives::<Float64Type>(array, style, |out, value| write_f64(out, value, floats)),
    }
}

fn decimals(array: &dyn Array, style: &Style<'_>) -> Cells {
    macro_rules! decimal {
        ($t:ty, $scale:expr) => {
            primitives::<$t>(array, style, |out, value| {
                write_decimal(out, i128::from(value), $scale)
            })
        };
    }
    match *array.data_type() {
        DataType::Decimal32(_, scale) => decimal!(Decimal32Type, scale),
        DataType::Decimal64(_, scale) => decimal!(Decimal64Type, scale),
        DataType::Decimal128(_, scale) => decimal!(Decimal128Type, scale),
        _ => decimal!(Decimal128Type, 0),
    }
}

/// Writes a column of text, each value by `write`.
pub fn texts(array: &dyn Array, null: &[u8], mut write: impl FnMut(&mut Vec<u8>, &str)) -> Cells {
    let (len, nulls) = (array.len(), array.nulls());
    match array.data_type() {
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
        _ => {
            let values = array.as_string::<i32>();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
    }
}

/// Writes a column of bytes, each value by `write`.
pub fn binaries(
    array: &dyn Array,
    null: &[u8],
    mut write: impl FnMut(&mut Vec<u8>, &[u8]),
) -> Cells {
    let (len, nulls) = (array.len(), array.nulls());
    match array.data_type() {
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
        _ => {
            let values = array.as_binary::<i32>();
            Cells::fill(len, nulls, null, |out, row| write(out, values.value(row)))
        }
    }
}

/// Writes two hexadecimal digits a byte.
pub fn write_hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Writes sixteen bytes as `8-4-4-4-12` hexadecimal digits.
pub fn write_uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            out.push(b'-');
        }
        write_hexadecimal(out, &[*byte]);
    }
}
