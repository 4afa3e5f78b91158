//! Dictionary arrays from keys that were made here: one pass that vectorises proves them, or a
//! table that was proved before.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Int32Type};

use super::look_up::look_up;
use crate::dispatched;

/// Keys into values: whatever stands in the table is one of the values.
#[derive(Debug, Clone)]
pub struct KeyTable {
    keys: Vec<i32>,
    values: ArrayRef,
}

/// Rows whose places in a table stay in the nearest cache.
const CHUNK: usize = 1024;

dispatched! {
    /// The greatest of the keys, a negative one taken for a great one, if it is above `most`.
    fn greatest(keys: &[i32], most: &mut u32) {
        for key in keys {
            *most = (*most).max(*key as u32);
        }
    }
}

/// True when each key is the place of a value.
fn are_places(keys: &[i32], values: &ArrayRef) -> bool {
    let mut most = 0;
    greatest(keys, &mut most);
    keys.is_empty() || (most as usize) < values.len() && most <= i32::MAX as u32
}

/// The column whose rows have these keys; none when a key is negative or beyond the values.
pub fn dictionary(keys: ScalarBuffer<i32>, values: &ArrayRef) -> Option<ArrayRef> {
    if !are_places(&keys, values) {
        return None;
    }
    // SAFETY: `are_places` has seen every key: as unsigned numbers, none is as great as the number
    // of values nor above the greatest i32, so each is from 0 to below that number.
    #[allow(unsafe_code)]
    Some(unsafe { proved(keys, values) })
}

/// The column whose rows have these keys.
///
/// # Safety
/// Each key is from 0 to below the number of values.
#[allow(unsafe_code)]
unsafe fn proved(keys: ScalarBuffer<i32>, values: &ArrayRef) -> ArrayRef {
    debug_assert!(are_places(&keys, values));
    debug_assert!(!matches!(values.data_type(), DataType::Dictionary(..)));
    let keys = Int32Array::new(keys, None);
    // SAFETY: there are no nulls, and the caller has proved the keys.
    // Arrow's safe constructor would look at every key once more.
    let array = unsafe { DictionaryArray::<Int32Type>::new_unchecked(keys, values.clone()) };
    Arc::new(array)
}

impl KeyTable {
    /// A table; none when there is no key, or one is negative or beyond the values.
    pub fn new(keys: Vec<i32>, values: ArrayRef) -> Option<Self> {
        let proved = !keys.is_empty() && are_places(&keys, &values);
        proved.then_some(Self { keys, values })
    }

    /// The column whose rows have what stands at these places; a place beyond the table is taken
    /// for its last one.
    pub fn picked(&self, places: &[u32]) -> ArrayRef {
        let mut found = Vec::with_capacity(places.len());
        look_up(&self.keys, places, &mut found);
        self.column(found)
    }

    /// The column of so many rows, to whose places, 0 at first, `add` adds: some rows at once.
    pub fn combined(&self, rows: usize, mut add: impl FnMut(Range<usize>, &mut [u32])) -> ArrayRef {
        let mut found = Vec::with_capacity(rows);
        let mut places = [0; CHUNK];
        for start in (0..rows).step_by(CHUNK) {
            let places = &mut places[..CHUNK.min(rows - start)];
            places.fill(0);
            add(start..start + places.len(), places);
            look_up(&self.keys, places, &mut found);
        }
        self.column(found)
    }

    fn column(&self, found: Vec<i32>) -> ArrayRef {
        // SAFETY: `found` has nothing but keys of the table, which never change: `new` has seen
        // that each of them is the place of a value.
        #[allow(unsafe_code)]
        unsafe {
            proved(found.into(), &self.values)
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, Int64Array};

    use super::*;

    fn values(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn keys_of(array: &ArrayRef) -> &[i32] {
        array.to_data().validate_full().unwrap();
        array.as_dictionary::<Int32Type>().keys().values()
    }

    #[test]
    fn keys_stand_for_values() {
        for rows in [0, 1, 63, 1000] {
            let keys: Vec<i32> = (0..rows).map(|row| row % 2).collect();
            let array = dictionary(keys.clone().into(), &values(&[5, 6])).unwrap();
            assert_eq!(keys_of(&array), keys);
        }
        assert!(dictionary(Vec::new().into(), &values(&[])).is_some());
    }

    #[test]
    fn a_key_beyond_the_values_is_refused() {
        let values = values(&[5, 6]);
        for wrong in [2, -1, i32::MIN, i32::MAX] {
            for place in [0, 500, 999] {
                let mut keys = vec![1; 1000];
                keys[place] = wrong;
                assert!(KeyTable::new(keys.clone(), values.clone()).is_none());
                assert!(
                    dictionary(keys.into(), &values).is_none(),
                    "{wrong} at {place}"
                );
            }
        }
        let nothing = values.slice(0, 0);
        assert!(dictionary(vec![0].into(), &nothing).is_none());
        assert!(KeyTable::new(Vec::new(), values).is_none());
    }

    #[test]
    fn rows_have_what_stands_at_their_places() {
        let table = KeyTable::new(vec![1, 0, 2, 1], values(&[5, 6, 7])).unwrap();
        for rows in [0, 1, 63, 1024, 5000] {
            let places: Vec<u32> = (0..rows).map(|row| row % 4).collect();
            let expected: Vec<i32> = (0..rows as usize)
                .map(|row| [1, 0, 2, 1][row % 4])
                .collect();
            assert_eq!(keys_of(&table.picked(&places)), expected);
            let combined = table.combined(places.len(), |range, out| {
                assert!(out.iter().all(|place| *place == 0));
                out.copy_from_slice(&places[range]);
            });
            assert_eq!(keys_of(&combined), expected);
        }
    }
}
