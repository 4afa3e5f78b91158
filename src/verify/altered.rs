//! Another value for a value, of any type.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float32Array, Float64Array, StringArray,
    make_array, new_null_array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Float32Type, Float64Type};

/// Another value of the same type; nothing for types of which none is made.
pub(super) fn altered(value: &ArrayRef) -> Option<ArrayRef> {
    let data_type = value.data_type();
    Some(match data_type {
        DataType::Boolean => {
            let other = value.is_null(0) || !value.as_boolean().value(0);
            Arc::new(BooleanArray::from(vec![other]))
        }
        DataType::Utf8 => {
            let text = value.as_string::<i32>().iter().next().flatten();
            Arc::new(StringArray::from(vec![format!(
                "{}~",
                text.unwrap_or_default()
            )]))
        }
        DataType::Binary => {
            let bytes = value.as_binary::<i32>().iter().next().flatten();
            let bytes = [bytes.unwrap_or_default(), b"~"].concat();
            Arc::new(BinaryArray::from_vec(vec![&bytes]))
        }
        DataType::FixedSizeBinary(width) => flipped(value, usize::try_from(*width).ok()?)?,
        DataType::Null => return None,
        // A NaN with other bits is still NaN, which counts as equal: it becomes zero instead.
        DataType::Float32 if value.as_primitive::<Float32Type>().value(0).is_nan() => {
            Arc::new(Float32Array::from(vec![0.0]))
        }
        DataType::Float64 if value.as_primitive::<Float64Type>().value(0).is_nan() => {
            Arc::new(Float64Array::from(vec![0.0]))
        }
        other => match other.primitive_width() {
            Some(width) => flipped(value, width)?,
            None if value.is_valid(0) => new_null_array(other, 1),
            None => return None,
        },
    })
}

/// The value with another last bit; zero for null.
fn flipped(value: &ArrayRef, width: usize) -> Option<ArrayRef> {
    let data = value.to_data();
    let start = data.offset() * width;
    let mut bytes = match value.is_null(0) {
        true => vec![0; width],
        false => data
            .buffers()
            .first()?
            .as_slice()
            .get(start..start + width)?
            .to_vec(),
    };
    if value.is_valid(0) {
        // The least change there is: a comparison that rounds would miss it, and that is what the
        // self-test is to find out.
        bytes[0] ^= 1;
    }
    let made = arrow::array::ArrayData::builder(value.data_type().clone())
        .len(1)
        .add_buffer(Buffer::from_vec(bytes))
        // A vector of bytes has no alignment, and Arrow refuses a buffer of numbers without it.
        .align_buffers(true)
        .build();
    made.ok().map(make_array)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal128Array, Int32Array};

    use super::*;

    #[test]
    fn a_value_becomes_another_one() {
        let values: [ArrayRef; 8] = [
            Arc::new(Float64Array::from(vec![f64::NAN])),
            Arc::new(Float32Array::from(vec![-f32::NAN])),
            Arc::new(Int32Array::from(vec![Some(7)])),
            Arc::new(Int32Array::from(vec![None])),
            Arc::new(Float64Array::from(vec![0.5])),
            Arc::new(Decimal128Array::from(vec![-1])),
            Arc::new(StringArray::from(vec![""])),
            Arc::new(BooleanArray::from(vec![true])),
        ];
        for value in values {
            let other = altered(&value).unwrap();
            assert_ne!(other.as_ref(), value.as_ref());
            assert!(other.is_valid(0));
        }
    }
}
