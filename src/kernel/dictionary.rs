//! Dictionary arrays from keys that were made here: one pass that vectorises proves them.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array};
use arrow::datatypes::{DataType, Int32Type};

use crate::dispatched;

dispatched! {
    /// The greatest of the keys, a negative one taken for a great one, if it is above `most`.
    fn greatest(keys: &[i32], most: &mut u32) {
        for key in keys {
            *most = (*most).max(*key as u32);
        }
    }
}

/// The column whose rows have these keys; none when a key is negative or beyond the values.
pub fn dictionary(keys: Vec<i32>, values: &ArrayRef) -> Option<ArrayRef> {
    let mut most = 0;
    greatest(&keys, &mut most);
    if !keys.is_empty() && most as usize >= values.len() || most > i32::MAX as u32 {
        return None;
    }
    debug_assert!(
        keys.iter()
            .all(|key| (0..values.len() as i64).contains(&i64::from(*key)))
    );
    debug_assert!(!matches!(values.data_type(), DataType::Dictionary(..)));
    let keys = Int32Array::new(keys.into(), None);
    // SAFETY: `greatest` has seen every key: as unsigned numbers, none is as great as the number of
    // values nor above the greatest i32, so each is from 0 to below that number. There are no nulls.
    #[allow(unsafe_code)]
    let array = unsafe { DictionaryArray::<Int32Type>::new_unchecked(keys, values.clone()) };
    Some(Arc::new(array))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, Int64Array};

    use super::*;

    #[test]
    fn keys_stand_for_values() {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![5, 6]));
        for rows in [0, 1, 63, 1000] {
            let keys: Vec<i32> = (0..rows).map(|row| row % 2).collect();
            let array = dictionary(keys.clone(), &values).unwrap();
            array.to_data().validate_full().unwrap();
            assert_eq!(
                array.as_dictionary::<Int32Type>().keys().values(),
                keys.as_slice()
            );
        }
        let nothing: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
        assert!(dictionary(vec![], &nothing).is_some());
    }

    #[test]
    fn a_key_beyond_the_values_is_refused() {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![5, 6]));
        for wrong in [2, -1, i32::MIN, i32::MAX] {
            for place in [0, 500, 999] {
                let mut keys = vec![1; 1000];
                keys[place] = wrong;
                assert!(dictionary(keys, &values).is_none(), "{wrong} at {place}");
            }
        }
        let nothing: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
        assert!(dictionary(vec![0], &nothing).is_none());
    }
}
