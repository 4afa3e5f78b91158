//! Whole numbers, decimals, dates and times as the 64-bit integers that hold them.

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal64Type, Int64Type, UInt64Type};

use super::scalar::{is_integral, per_second};
use crate::error::Result;

/// True for types that `ticks` reads.
pub fn has_ticks(data_type: &DataType) -> bool {
    // Sixteen bytes do not fit; such decimals go the general way.
    let wide = matches!(data_type, DataType::Decimal128(..));
    (is_integral(data_type) && !wide) || data_type == &DataType::Boolean
}

/// The integers that hold the values; the greatest unsigned ones keep their bits.
///
/// # Errors
/// The type is held otherwise.
pub fn ticks(array: &ArrayRef) -> Result<Int64Array> {
    let wide = match array.data_type() {
        DataType::Int64 => array.clone(),
        DataType::Decimal64(..) => {
            let decimals = array.as_primitive::<Decimal64Type>();
            return Ok(decimals.reinterpret_cast::<Int64Type>());
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>();
            return Ok(values.unary(|value| value as i64));
        }
        DataType::Date32 | DataType::Time32(_) => {
            cast(&cast(array, &DataType::Int32)?, &DataType::Int64)?
        }
        _ => cast(array, &DataType::Int64)?,
    };
    Ok(wide.as_primitive::<Int64Type>().clone())
}

/// Nanoseconds in a tick of a date or time; none for other types.
pub fn nanos_per_tick(data_type: &DataType) -> Option<i128> {
    match data_type {
        DataType::Date32 => Some(86_400_000_000_000),
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
            Some(1_000_000_000 / per_second(*unit))
        }
        _ => None,
    }
}
