//! Between Arrow's arrays and the representations: inputs on their way in, the finished column on its way out.

use super::types::{self, Representation, WIDE};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Float64Array, PrimitiveArray,
    make_array, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type,
    Float32Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, TimeUnit, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use std::sync::Arc;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// An input in its representation, without a copy where the bits are the same.
pub(super) fn load(array: &ArrayRef, representation: Representation) -> Result<ArrayRef, String> {
    let text = |error: ArrowError| error.to_string();
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        // Dictionaries mostly do not come here: what depends on one alone is computed once per
        // value (`per_value`).
        let decoded = take(dictionary.values(), dictionary.keys(), None).map_err(text)?;
        return load(&decoded, representation);
    }
    match representation {
        Representation::Narrow => narrow(array),
        Representation::Wide => wide(array),
        Representation::Float => float(array),
        Representation::Text => cast(array, &DataType::Utf8).map_err(text),
        Representation::Boolean | Representation::Interval | Representation::Other => {
            Ok(array.clone())
        }
    }
}

fn unexpected(array: &ArrayRef) -> String {
    format!(
        "an input is {}, which its type did not say",
        types::name(array.data_type())
    )
}

fn narrow(array: &ArrayRef) -> Result<ArrayRef, String> {
    use DataType::*;
    Ok(match array.data_type() {
        Int64 => array.clone(),
        Int8 => widened::<Int8Type>(array),
        Int16 => widened::<Int16Type>(array),
        Int32 => widened::<Int32Type>(array),
        UInt8 => widened::<UInt8Type>(array),
        UInt16 => widened::<UInt16Type>(array),
        UInt32 => widened::<UInt32Type>(array),
        Date32 => widened::<Date32Type>(array),
        Decimal32(..) => widened::<Decimal32Type>(array),
        // Narrow only if its bounds are within 64 signed bits, so no value changes.
        UInt64 => unary(array.as_primitive::<UInt64Type>(), |value| value as i64),
        Date64 => unary(array.as_primitive::<Date64Type>(), |value| {
            value.div_euclid(MILLISECONDS_PER_DAY)
        }),
        Decimal128(..) => unary(array.as_primitive::<Decimal128Type>(), |value| value as i64),
        Decimal64(..) => Arc::new(
            array
                .as_primitive::<Decimal64Type>()
                // The same bits with another type: no copy.
                .reinterpret_cast::<Int64Type>(),
        ),
        Time32(TimeUnit::Second) => widened::<Time32SecondType>(array),
        Time32(_) => widened::<Time32MillisecondType>(array),
        Timestamp(..) | Duration(_) | Time64(_) => {
            retyped(array, &Int64).map_err(|error| error.to_string())?
        }
        _ => return Err(unexpected(array)),
    })
}

fn widened<T: ArrowPrimitiveType>(array: &ArrayRef) -> ArrayRef
where
    i64: From<T::Native>,
{
    unary(array.as_primitive::<T>(), i64::from)
}

fn unary<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    convert: impl Fn(T::Native) -> i64,
) -> ArrayRef {
    Arc::new(array.unary::<_, Int64Type>(convert))
}

fn wide(array: &ArrayRef) -> Result<ArrayRef, String> {
    let array = match array.data_type() {
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().clone(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().unary(i128::from),
        _ => narrow(array)?.as_primitive::<Int64Type>().unary(i128::from),
    };
    Ok(Arc::new(array.with_data_type(WIDE)))
}

fn float(array: &ArrayRef) -> Result<ArrayRef, String> {
    let array: Float64Array = match array.data_type() {
        DataType::Float64 => return Ok(array.clone()),
        DataType::Float32 => array.as_primitive::<Float32Type>().unary(f64::from),
        DataType::Float16 => array.as_primitive::<Float16Type>().unary(f64::from),
        _ => return Err(unexpected(array)),
    };
    Ok(Arc::new(array))
}

/// The array as the column's declared type; its values have been proved or checked to fit.
pub(super) fn store(array: ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    use DataType::*;
    if array.data_type() == target {
        return Ok(array);
    }
    let narrow = || to_narrow(&array);
    Ok(match target {
        Null => new_null_array(target, array.len()),
        Int64 => narrow(),
        Int8 => narrowed::<Int8Type>(&narrow(), target, |value| value as i8),
        Int16 => narrowed::<Int16Type>(&narrow(), target, |value| value as i16),
        Int32 => narrowed::<Int32Type>(&narrow(), target, |value| value as i32),
        UInt8 => narrowed::<UInt8Type>(&narrow(), target, |value| value as u8),
        UInt16 => narrowed::<UInt16Type>(&narrow(), target, |value| value as u16),
        UInt32 => narrowed::<UInt32Type>(&narrow(), target, |value| value as u32),
        UInt64 => match array.data_type() {
            Int64 => narrowed::<UInt64Type>(&array, target, |value| value as u64),
            _ => Arc::new(
                array
                    .as_primitive::<Decimal128Type>()
                    .unary::<_, UInt64Type>(|value| value as u64),
            ),
        },
        Date32 => narrowed::<Date32Type>(&array, target, |value| value as i32),
        Date64 => narrowed::<Date64Type>(&array, target, |value| {
            value.wrapping_mul(MILLISECONDS_PER_DAY)
        }),
        Decimal32(..) => narrowed::<Decimal32Type>(&narrow(), target, |value| value as i32),
        Decimal64(..) => {
            let array = narrow()
                .as_primitive::<Int64Type>()
                .reinterpret_cast::<Decimal64Type>();
            Arc::new(array.with_data_type(target.clone()))
        }
        Decimal128(..) => Arc::new(to_wide(&array).with_data_type(target.clone())),
        Float16 | Float32 => cast(&array, target)?,
        Time32(TimeUnit::Second) => {
            narrowed::<Time32SecondType>(&array, target, |value| value as i32)
        }
        Time32(_) => narrowed::<Time32MillisecondType>(&array, target, |value| value as i32),
        Timestamp(..) | Duration(_) | Time64(_) => retyped(&array, target)?,
        Utf8 | Float64 | Boolean | Interval(_) => array,
        _ => cast(&array, target)?,
    })
}

fn to_narrow(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<Decimal128Type>() {
        Some(wide) => unary(wide, |value| value as i64),
        None => array.clone(),
    }
}

fn to_wide(array: &ArrayRef) -> Decimal128Array {
    match array.as_primitive_opt::<Decimal128Type>() {
        Some(wide) => wide.clone(),
        None => array.as_primitive::<Int64Type>().unary(i128::from),
    }
}

fn narrowed<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    target: &DataType,
    convert: impl Fn(i64) -> T::Native,
) -> ArrayRef {
    let array = array.as_primitive::<Int64Type>().unary::<_, T>(convert);
    Arc::new(array.with_data_type(target.clone()))
}

fn retyped(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data().into_builder().data_type(target.clone());
    Ok(make_array(data.build()?))
}
