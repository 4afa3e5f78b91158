//! Columns of numbers as Avro's integers, doubles and decimals.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};

use super::encode::{PresentRows, refusal};
use super::leaf::Conversion;
use crate::format::cells::{CellValues, Cells, Delimiters, Refusal};
use crate::format::nested::first_wrong;
use crate::format::text::leaf::{primitives, short};
use crate::kernel::decimal::shortest;
use crate::kernel::varint::{LONG, put_long, write_bytes};

/// Integers, dates, times and timestamps in the schema's unit.
///
/// # Errors
/// A visible value beyond the schema's type.
pub fn integers(
    frame: &Delimiters,
    array: &dyn Array,
    conversion: &Conversion,
    shown: PresentRows<'_>,
) -> Result<CellValues, Refusal> {
    macro_rules! integers {
        ($t:ty) => {{
            let values = array.as_primitive::<$t>().values();
            converted(frame, array, shown, |row| {
                conversion.of(i64::try_from(values[row]).ok()?)
            })
        }};
    }
    match array.data_type() {
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Date32 => integers!(Date32Type),
        DataType::Date64 => integers!(Date64Type),
        DataType::Time32(TimeUnit::Second) => integers!(Time32SecondType),
        DataType::Time32(_) => integers!(Time32MillisecondType),
        DataType::Time64(TimeUnit::Microsecond) => integers!(Time64MicrosecondType),
        DataType::Time64(_) => integers!(Time64NanosecondType),
        DataType::Timestamp(TimeUnit::Second, _) => integers!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => integers!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => integers!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => integers!(TimestampNanosecondType),
        _ => integers!(Int64Type),
    }
}

fn converted(
    frame: &Delimiters,
    array: &dyn Array,
    shown: PresentRows<'_>,
    value: impl Fn(usize) -> Option<i64>,
) -> Result<CellValues, Refusal> {
    if let Some(row) = first_wrong(array, shown, |row| value(row).is_none()) {
        let fault = "is beyond what the schema's type can hold".into();
        return Err(refusal(
            row,
            fault,
            "narrow the column's range, or widen the schema",
        ));
    }
    Ok(short(array, frame, LONG, |out, at, row| {
        put_long(out, at, value(row).unwrap_or_default())
    }))
}

/// Doubles, also from floats.
pub fn doubles(frame: &Delimiters, array: &dyn Array) -> CellValues {
    let put = |out: &mut [u8], at: usize, value: f64| {
        out[at..at + 8].copy_from_slice(&value.to_le_bytes());
        at + 8
    };
    match array.data_type() {
        DataType::Float32 => primitives::<Float32Type>(array, frame, 8, |out, at, value| {
            put(out, at, f64::from(value))
        }),
        _ => primitives::<Float64Type>(array, frame, 8, put),
    }
}

/// Decimals in two's complement, in as few bytes as they need or in `width` of them.
///
/// # Errors
/// The column is not a decimal.
pub fn decimals(
    frame: &Delimiters,
    array: &dyn Array,
    width: Option<usize>,
) -> Result<CellValues, Refusal> {
    let scale = match *array.data_type() {
        DataType::Decimal64(..) if width.is_none() => {
            return Ok(primitives::<Decimal64Type>(array, frame, 9, put_shortest));
        }
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale) => scale,
        _ => 0,
    };
    let wide = arrow::compute::cast(array, &DataType::Decimal128(38, scale))
        .map_err(|error| refusal(0, format!("is not a decimal: {error}"), "check its type"))?;
    let values = wide.as_primitive::<Decimal128Type>().values();
    let write = |out: &mut Vec<u8>, row: usize| match width {
        None => write_bytes(out, shortest(&values[row].to_be_bytes())),
        Some(width) => write_fixed(out, values[row], width),
    };
    Ok(CellValues::Cells(Cells::fill(
        array.len(),
        array.nulls(),
        frame,
        write,
    )))
}

/// Writes the length and the fewest bytes of a decimal; says where they end.
#[inline(always)]
fn put_shortest(out: &mut [u8], at: usize, value: i64) -> usize {
    // A bit for the sign and those that differ from it.
    let bits = 65 - (value ^ (value >> 63)).leading_zeros() as usize;
    let length = bits.div_ceil(8);
    // Always nine bytes are written, of which the next value covers what is too many: one copy of
    // fixed length instead of a loop.
    let bytes = (value as u64) << (64 - 8 * length);
    out[at] = length as u8 * 2;
    out[at + 1..at + 9].copy_from_slice(&bytes.to_be_bytes());
    at + 1 + length
}

/// Big-endian two's complement in `width` bytes, which the plan has found to be enough.
fn write_fixed(out: &mut Vec<u8>, value: i128, width: usize) {
    let bytes = value.to_be_bytes();
    let sign = if value < 0 { 0xff } else { 0 };
    out.resize(out.len() + width.saturating_sub(16), sign);
    out.extend_from_slice(&bytes[16 - width.min(16)..]);
}
