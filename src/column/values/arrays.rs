//! Integers into arrays of whatever integral type a column has.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, make_array};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};

use crate::domain::Range;
use crate::error::Result;
pub use crate::type_names::plain_type;

/// An array of an integral type from the integers that hold its values, each within the type's limits.
pub fn integers(data_type: &DataType, values: &[Option<i128>]) -> ArrayRef {
    fn typed<T: ArrowPrimitiveType>(
        values: &[Option<i128>],
        convert: impl Fn(i128) -> T::Native,
    ) -> ArrayRef {
        let values = values.iter().map(|value| value.map(&convert));
        Arc::new(values.collect::<PrimitiveArray<T>>())
    }
    let array = match width(data_type) {
        IntegerWidth::I8 => typed::<Int8Type>(values, |value| value as i8),
        IntegerWidth::I16 => typed::<Int16Type>(values, |value| value as i16),
        IntegerWidth::I32 => typed::<Int32Type>(values, |value| value as i32),
        IntegerWidth::I64 => typed::<Int64Type>(values, |value| value as i64),
        IntegerWidth::U8 => typed::<UInt8Type>(values, |value| value as u8),
        IntegerWidth::U16 => typed::<UInt16Type>(values, |value| value as u16),
        IntegerWidth::U32 => typed::<UInt32Type>(values, |value| value as u32),
        IntegerWidth::U64 => typed::<UInt64Type>(values, |value| value as u64),
        IntegerWidth::I128 => typed::<Decimal128Type>(values, |value| value),
    };
    retype(array, data_type)
}

/// An array of an integral type from 64-bit integers, each within the type's limits.
pub fn from_i64(data_type: &DataType, values: Vec<i64>) -> ArrayRef {
    fn narrow<T: ArrowPrimitiveType>(
        values: &[i64],
        convert: impl Fn(i64) -> T::Native,
    ) -> ArrayRef {
        let values: Vec<T::Native> = values.iter().map(|value| convert(*value)).collect();
        Arc::new(PrimitiveArray::<T>::new(values.into(), None))
    }
    let array: ArrayRef = match width(data_type) {
        IntegerWidth::I8 => narrow::<Int8Type>(&values, |value| value as i8),
        IntegerWidth::I16 => narrow::<Int16Type>(&values, |value| value as i16),
        IntegerWidth::I32 => narrow::<Int32Type>(&values, |value| value as i32),
        IntegerWidth::I64 => Arc::new(PrimitiveArray::<Int64Type>::new(values.into(), None)),
        IntegerWidth::U8 => narrow::<UInt8Type>(&values, |value| value as u8),
        IntegerWidth::U16 => narrow::<UInt16Type>(&values, |value| value as u16),
        IntegerWidth::U32 => narrow::<UInt32Type>(&values, |value| value as u32),
        IntegerWidth::U64 => narrow::<UInt64Type>(&values, |value| value as u64),
        IntegerWidth::I128 => narrow::<Decimal128Type>(&values, i128::from),
    };
    retype(array, data_type)
}

/// An array of a decimal of 128 bits from the integers that hold its values, each within the type's limits.
pub fn from_i128(data_type: &DataType, values: Vec<i128>) -> ArrayRef {
    let array = PrimitiveArray::<Decimal128Type>::new(values.into(), None);
    retype(Arc::new(array), data_type)
}

/// An integer within the limits of a type of up to 64 bits as `from_i64` takes it: uint64 has more
/// than fits, and takes the same bits.
pub fn low_bits(value: i128) -> i64 {
    value as i64
}

/// A dictionary as the plain values it stands for; any other array as it is.
///
/// # Errors
/// The values cannot be cast.
pub fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    match array.as_any_dictionary_opt() {
        Some(dictionary) => Ok(arrow::compute::take(
            dictionary.values().as_ref(),
            dictionary.keys(),
            None,
        )?),
        None => Ok(array.clone()),
    }
}

/// The bounds of an array of integers or floats that has some.
pub fn range(values: &ArrayRef) -> Option<Range> {
    use arrow::compute::kernels::aggregate::{max, min};
    if values.data_type() == &DataType::Float64 {
        let floats = values.as_primitive::<Float64Type>();
        return Some(Range::Float {
            min: min(floats)?,
            max: max(floats)?,
        });
    }
    if !super::scalar::is_integral(values.data_type()) {
        return None;
    }
    // As plain integers first: of a decimal the digits are wanted, and Arrow casts no time to one.
    let decimal = DataType::Decimal128(38, 0);
    let plain = match width(values.data_type()) {
        IntegerWidth::I128 => retype(values.clone(), &decimal),
        IntegerWidth::I64 => retype(values.clone(), &DataType::Int64),
        IntegerWidth::I32 => retype(values.clone(), &DataType::Int32),
        _ => values.clone(),
    };
    let wide = arrow::compute::cast(&plain, &decimal).ok()?;
    let wide = wide.as_primitive::<Decimal128Type>();
    Some(Range::Integer {
        min: min(wide)?,
        max: max(wide)?,
    })
}

// By layout, not by type: a timestamp is 64 bits like an int64, so nine loops serve some thirty
// types.
enum IntegerWidth {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    I128,
}

fn width(data_type: &DataType) -> IntegerWidth {
    match data_type {
        DataType::Int8 => IntegerWidth::I8,
        DataType::Int16 => IntegerWidth::I16,
        DataType::Int32 | DataType::Date32 | DataType::Time32(_) => IntegerWidth::I32,
        DataType::UInt8 => IntegerWidth::U8,
        DataType::UInt16 => IntegerWidth::U16,
        DataType::UInt32 => IntegerWidth::U32,
        DataType::UInt64 => IntegerWidth::U64,
        DataType::Decimal128(..) => IntegerWidth::I128,
        _ => IntegerWidth::I64,
    }
}

/// The same buffers under a type of the same width.
fn retype(array: ArrayRef, data_type: &DataType) -> ArrayRef {
    if array.data_type() == data_type {
        return array;
    }
    let data = array.to_data().into_builder().data_type(data_type.clone());
    // Only the name of the type changes; `width` has chosen an equal layout.
    data.build().map_or(array, make_array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Decimal64Array;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn integers_take_the_type_of_the_column() {
        let decimal = from_i64(&DataType::Decimal64(18, 6), vec![10_500_000]);
        assert_eq!(
            decimal
                .as_any()
                .downcast_ref::<Decimal64Array>()
                .unwrap()
                .value_as_string(0),
            "10.500000"
        );
        for data_type in [
            DataType::Int8,
            DataType::Date32,
            DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
            DataType::Decimal128(20, 0),
            DataType::UInt64,
        ] {
            assert_eq!(from_i64(&data_type, vec![7]).data_type(), &data_type);
            assert_eq!(
                &integers(&data_type, &[Some(7)]),
                &from_i64(&data_type, vec![7])
            );
        }
    }
}
