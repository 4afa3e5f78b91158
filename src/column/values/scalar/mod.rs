//! One value of a pipeline file as a value of the column's type.

mod number;
mod time;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Float32Array, Float64Array, StringArray,
    new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, DecimalType, TimeUnit};

use super::arrays::integers;
use super::types::{parse_uuid, show_type};
use crate::error::Problem;
use crate::kernel;
use crate::place::Scalar;
use number::mismatch;

pub use number::{as_written, float, infer, infer_exactly};
pub use time::{date, timestamp};

/// True for types whose values are held as integers: whole numbers, decimals, dates and times.
pub fn is_integral(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_temporal() || is_decimal(data_type)
}

/// True for decimals.
pub fn is_decimal(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Decimal64(..) | DataType::Decimal128(..)
    )
}

/// True for floating-point numbers.
pub fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

/// The greatest and least integers that the type holds.
pub fn limits(data_type: &DataType) -> (i128, i128) {
    match data_type {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 | DataType::Date32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        DataType::UInt64 => (0, u64::MAX.into()),
        // By the digits that were asked for, not by the bits that hold them.
        DataType::Decimal64(precision, _) | DataType::Decimal128(precision, _) => {
            let most = 10i128.pow(u32::from(*precision)) - 1;
            (-most, most)
        }
        DataType::Time32(unit) | DataType::Time64(unit) => (0, 86_400 * per_second(*unit) - 1),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// Ticks of a unit in a second.
pub fn per_second(unit: TimeUnit) -> i128 {
    kernel::time::per_second(unit).into()
}

/// The integer that holds `scalar` in a column of an integral type.
///
/// # Errors
/// It is not of the type, or does not fit.
pub fn integer(scalar: &Scalar, data_type: &DataType) -> Result<i128, Problem> {
    let text = scalar.text.as_deref().unwrap_or_default().trim();
    let value = match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            number::decimal(scalar, *scale)
        }
        DataType::Date32 => kernel::time_parse::date(text).map(i128::from),
        DataType::Timestamp(unit, zone) => timestamp(text, *unit, zone.as_deref()),
        DataType::Time32(unit) | DataType::Time64(unit) => time::time_of_day(text, *unit),
        _ => number::whole(scalar),
    };
    let value = value.ok_or_else(|| mismatch(scalar, data_type))?;
    let (least, most) = limits(data_type);
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        let message = format!("{text} does not fit in {}", show_type(data_type));
        Err(Problem::new(message).at(&scalar.place))
    }
}

/// The greatest integer that an upper bound lets through: of a day in a column of timestamps, the
/// last one of that day.
///
/// # Errors
/// As `integer`.
pub fn last(scalar: &Scalar, data_type: &DataType) -> Result<i128, Problem> {
    let day = scalar.text.as_deref().and_then(|text| date(text.trim()));
    let (DataType::Timestamp(..), Some(next)) = (data_type, day.and_then(|day| day.succ_opt()))
    else {
        return integer(scalar, data_type);
    };
    // One tick before the next day begins: `max: 2025-12-31` would leave out the day itself
    // otherwise.
    let next = Scalar {
        text: Some(next.to_string()),
        ..scalar.clone()
    };
    // The message is about the day that is written.
    integer(&next, data_type).map_or_else(|_| integer(scalar, data_type), |next| Ok(next - 1))
}

/// From one float to a greater one, finite.
///
/// # Errors
/// They are too far apart; `greater` is where the greater one stands.
pub fn width(min: f64, max: f64, greater: &Scalar) -> Result<f64, Problem> {
    let width = max - min;
    if width.is_finite() {
        return Ok(width);
    }
    let message = format!("from {min:e} to {max:e} is further than a float64 holds");
    Err(Problem::new(message)
        .at(&greater.place)
        .hint("the greatest float64 is about 1.8e308"))
}

/// The values as one array of the type.
///
/// # Errors
/// The first one that is not of the type.
pub fn array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let texts = || scalars.iter().map(|scalar| scalar.text.as_deref());
    if scalars.iter().all(|scalar| scalar.text.is_none()) {
        return Ok(new_null_array(data_type, scalars.len()));
    }
    match data_type {
        DataType::Utf8 => Ok(Arc::new(texts().collect::<StringArray>())),
        DataType::Boolean => Ok(Arc::new(booleans(scalars)?)),
        DataType::Float64 => {
            let values = floats(scalars, data_type)?.into_iter();
            Ok(Arc::new(values.collect::<Float64Array>()))
        }
        DataType::Float32 => {
            let values = floats(scalars, data_type)?
                .into_iter()
                .map(|value| value.map(|value| value as f32));
            Ok(Arc::new(values.collect::<Float32Array>()))
        }
        integral if is_integral(integral) => integral_array(scalars, integral),
        DataType::FixedSizeBinary(16) => Ok(Arc::new(uuids(scalars)?)),
        _ => cast_array(scalars, data_type),
    }
}

/// The value that an integer of an integral type holds, as the user knows it.
pub fn show_integer(value: i128, data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            Decimal128Type::format_decimal(value, DECIMAL128_MAX_PRECISION, *scale)
        }
        _ => value.to_string(),
    }
}

fn integral_array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let values: Vec<Option<i128>> = scalars
        .iter()
        .map(|scalar| {
            scalar
                .text
                .as_ref()
                .map(|_| integer(scalar, data_type))
                .transpose()
        })
        .collect::<Result<_, _>>()?;
    Ok(integers(data_type, &values))
}

fn cast_array(scalars: &[Scalar], data_type: &DataType) -> Result<ArrayRef, Problem> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    // One value at a time, so that the message names the one that is wrong.
    let one = |scalar: &Scalar| -> Result<ArrayRef, Problem> {
        let text = StringArray::from(vec![scalar.text.as_deref()]);
        cast_with_options(&text, data_type, &options)
            .map_err(|cause| mismatch(scalar, data_type).cause(cause))
    };
    let arrays: Vec<ArrayRef> = scalars.iter().map(one).collect::<Result<_, _>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&arrays).map_err(|error| Problem::new(error.to_string()))
}

/// Sixteen bytes are written as a UUID is.
fn uuids(scalars: &[Scalar]) -> Result<FixedSizeBinaryArray, Problem> {
    let one = |scalar: &Scalar| {
        let wrong = |text: &str| {
            Problem::new(format!("`{text}` is not a UUID"))
                .at(&scalar.place)
                .hint("write one as 6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        };
        let read = |text| parse_uuid(text).ok_or_else(|| wrong(text));
        scalar.text.as_deref().map(read).transpose()
    };
    let values: Vec<Option<[u8; 16]>> = scalars.iter().map(one).collect::<Result<_, _>>()?;
    FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 16)
        .map_err(|error| Problem::new(error.to_string()))
}

fn booleans(scalars: &[Scalar]) -> Result<BooleanArray, Problem> {
    let one = |scalar: &Scalar| match scalar.text.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(mismatch(scalar, &DataType::Boolean)),
    };
    scalars.iter().map(one).collect()
}

fn floats(scalars: &[Scalar], data_type: &DataType) -> Result<Vec<Option<f64>>, Problem> {
    let one = |scalar: &Scalar| {
        let text = scalar.text.as_ref();
        text.map(|_| float(scalar, data_type)).transpose()
    };
    scalars.iter().map(one).collect()
}
