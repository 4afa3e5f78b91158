//! Values as row numbers: equal values give the same one, whatever batch, column or table they stand in.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};

use super::ticks::{has_ticks, ticks};
use crate::column::distribution::sampler::again;
use crate::error::Result;

/// Parts a value from the one before it: 2^64 over the golden ratio.
const PART: u64 = 0x9e37_79b9_7f4a_7c15;

/// True for types whose values can be row numbers.
pub fn can_be_row(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => can_be_row(values),
        DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_) => true,
        DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => true,
        other => has_ticks(other),
    }
}

/// The row number that each place's values give together, mixed into those of `rows`.
///
/// # Errors
/// The values cannot be cast.
pub fn mix_in(values: &ArrayRef, rows: &mut [u64]) -> Result<()> {
    // The values of a dictionary are hashed once, however many rows have them.
    if let Some(dictionary) = values.as_any_dictionary_opt() {
        let hashes = hashes(dictionary.values())?;
        let keys = dictionary.normalized_keys();
        for (index, row) in rows.iter_mut().enumerate() {
            if values.is_valid(index) {
                *row = mixed(*row, hashes[keys[index]]);
            }
        }
        return Ok(());
    }
    for (row, hash) in rows.iter_mut().zip(hashes(values)?) {
        *row = mixed(*row, hash);
    }
    Ok(())
}

/// Each step can be undone, so that different whole numbers never give the same row.
#[inline(always)]
fn mixed(row: u64, hash: u64) -> u64 {
    again(row.wrapping_mul(PART) ^ hash)
}

fn hashes(values: &ArrayRef) -> Result<Vec<u64>> {
    let count = values.len();
    Ok(match values.data_type() {
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            (0..count)
                .map(|row| of_bytes(texts.value(row).as_bytes()))
                .collect()
        }
        DataType::Binary => {
            let bytes = values.as_binary::<i32>();
            (0..count).map(|row| of_bytes(bytes.value(row))).collect()
        }
        DataType::FixedSizeBinary(_) => {
            let bytes = values.as_fixed_size_binary();
            (0..count).map(|row| of_bytes(bytes.value(row))).collect()
        }
        DataType::Float32 | DataType::Float64 => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().values();
            // -0 and 0 are equal, and so give the same row.
            floats.iter().map(|value| (value + 0.0).to_bits()).collect()
        }
        DataType::Decimal128(..) => {
            let wide = values.as_primitive::<Decimal128Type>().values();
            let parts = |value: &i128| mixed((value >> 64) as u64, *value as u64);
            wide.iter().map(parts).collect()
        }
        _ => {
            let whole = ticks(values)?;
            whole.values().iter().map(|value| *value as u64).collect()
        }
    })
}

/// G. Fowler's, L. C. Noll's and K.-P. Vo's hash (FNV-1a), whose bits `mixed` spreads.
fn of_bytes(bytes: &[u8]) -> u64 {
    // Simple is enough: two texts that share a hash by chance share their attributes, which nobody
    // can tell from a choice.
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int32Array, Int64Array, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn rows(values: ArrayRef) -> Vec<u64> {
        let mut rows = vec![0; values.len()];
        mix_in(&values, &mut rows).unwrap();
        rows
    }

    #[test]
    fn equal_values_of_any_width_or_encoding_give_the_same_row() {
        let (narrow, wide) = (vec![7, -1, 0], vec![7, -1, 0]);
        let narrow = rows(Arc::new(Int32Array::from(narrow)));
        assert_eq!(narrow, rows(Arc::new(Int64Array::from(wide))));
        let plain = rows(Arc::new(StringArray::from(vec!["b", "a", "b"])));
        let encoded: DictionaryArray<Int32Type> = vec!["b", "a", "b"].into_iter().collect();
        assert_eq!(plain, rows(Arc::new(encoded)));
        assert_eq!(plain[0], plain[2]);
        assert_ne!(plain[0], plain[1]);
    }

    #[test]
    fn rows_are_frozen() {
        let text = rows(Arc::new(StringArray::from(vec!["sensor-1"])));
        let whole = rows(Arc::new(Int64Array::from(vec![1])));
        assert_eq!(
            [text[0], whole[0]],
            [15647512971380800967, 12994781566227106604]
        );
    }
}
