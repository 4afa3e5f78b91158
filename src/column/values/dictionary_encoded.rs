//! Columns of few values: keys into values that every batch shares.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, UInt32Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};

use super::arrays::range;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::kernel::dictionary::{KeyTable, dictionary};

/// Values of which each is there once, and the one that each place has.
#[derive(Debug, Clone)]
pub struct DictionaryEncoded {
    /// The distinct values in the order of their first places; none is null.
    pub values: ArrayRef,
    /// Each place's value; `NULL` for a null.
    pub keys: Vec<i32>,
}

/// Makes columns from places in a [`DictionaryEncoded`].
#[derive(Debug, Clone)]
pub enum KeyedValues {
    /// Each place is the key of its value.
    Keys(ArrayRef),
    /// Each place has a value.
    Table(KeyTable),
    /// Some places are null.
    Nulls(DictionaryEncoded),
}

/// The key of a null.
// Beside the keys, not among the values: Parquet's pages take a known dictionary only where none of
// its values is null.
pub const NULL: i32 = -1;

impl DictionaryEncoded {
    /// The values of an array without a dictionary told apart.
    ///
    /// # Errors
    /// The array is of a type that cannot be compared.
    pub fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        // Arrow's row format compares values of any type by their bytes: one hash map serves all of
        // them.
        let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
        let rows = converter.convert_columns(std::slice::from_ref(array))?;
        let mut seen = HashMap::new();
        let mut firsts = Vec::new();
        let mut keys = Vec::with_capacity(array.len());
        for (place, row) in rows.iter().enumerate() {
            if array.is_null(place) {
                keys.push(NULL);
                continue;
            }
            let next = firsts.len() as i32;
            let key = *seen.entry(row.owned()).or_insert(next);
            if key == next {
                firsts.push(place as u32);
            }
            keys.push(key);
        }
        let values = take(array, &UInt32Array::from(firsts), None)?;
        Ok(Self { values, keys })
    }

    /// The type of a column of these values.
    pub fn data_type(&self) -> DataType {
        dictionary_type(self.values.data_type())
    }

    /// What is known of a column of these values.
    pub fn domain(&self) -> Domain {
        let texts = self.values.as_string_opt::<i32>();
        let longest = texts.and_then(|texts| texts.iter().flatten().map(str::len).max());
        Domain {
            range: range(&self.values),
            nulls: self.keys.contains(&NULL),
            longest,
            ..Domain::dictionary(&self.values)
        }
    }

    /// The column that has, row by row, these keys.
    ///
    /// # Errors
    /// A key beyond the values.
    pub fn column(&self, keys: Vec<i32>) -> Result<ArrayRef> {
        column(keys, &self.values)
    }
}

impl From<DictionaryEncoded> for KeyedValues {
    fn from(encoded: DictionaryEncoded) -> Self {
        if encoded
            .keys
            .iter()
            .zip(0..)
            .all(|(key, place)| *key == place)
        {
            return Self::Keys(encoded.values);
        }
        let table = KeyTable::new(encoded.keys.clone(), encoded.values.clone());
        table.map_or(Self::Nulls(encoded), Self::Table)
    }
}

impl KeyedValues {
    /// The column that has, row by row, the values of these places.
    ///
    /// # Errors
    /// A place that is not there.
    pub fn picked(&self, places: ScalarBuffer<u32>) -> Result<ArrayRef> {
        match self {
            Self::Keys(values) => {
                let rows = places.len();
                let keys = ScalarBuffer::new(places.into_inner(), 0, rows);
                dictionary(keys, values).ok_or_else(beyond)
            }
            Self::Table(table) => Ok(table.picked(&places)),
            Self::Nulls(encoded) => {
                let key = |place: &u32| encoded.keys.get(*place as usize).copied();
                let keys: Option<Vec<i32>> = places.iter().map(key).collect();
                encoded.column(keys.ok_or_else(beyond)?)
            }
        }
    }

    /// The column of so many rows, to whose places, 0 at first, `add` adds: some rows at once.
    ///
    /// # Errors
    /// A place that is not there.
    pub fn combined(
        &self,
        rows: usize,
        mut add: impl FnMut(Range<usize>, &mut [u32]),
    ) -> Result<ArrayRef> {
        if let Self::Table(table) = self {
            return Ok(table.combined(rows, add));
        }
        let mut places = vec![0; rows];
        add(0..rows, &mut places);
        self.picked(places.into())
    }
}

fn beyond() -> Error {
    Error::run("a column of few values has a key beyond them")
}

/// The column that has, row by row, these keys into `values`.
///
/// # Errors
/// A key beyond the values.
pub fn column(keys: Vec<i32>, values: &ArrayRef) -> Result<ArrayRef> {
    // One `or` a row tells whether any key is negative; most columns have no null.
    let any = keys.iter().fold(0, |all, key| all | *key) < 0;
    if !any {
        return dictionary(keys.into(), values).ok_or_else(beyond);
    }
    let nulls = keys.iter().map(|key| *key != NULL).collect::<NullBuffer>();
    let keys: Vec<i32> = keys.into_iter().map(|key| key.max(0)).collect();
    let keys = Int32Array::new(keys.into(), Some(nulls));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
        keys,
        values.clone(),
    )?))
}

/// The type of a column whose few values are of `data_type`.
pub fn dictionary_type(data_type: &DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(data_type.clone()))
}

/// Types whose columns come as keys when they have few values: all that writers can look up.
pub fn can_be_dictionary(data_type: &DataType) -> bool {
    data_type.is_numeric() && data_type != &DataType::Float16
        || data_type.is_temporal() && !matches!(data_type, DataType::Interval(_))
        || data_type == &DataType::Utf8
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};

    #[test]
    fn equal_values_have_one_key() {
        let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(3), Some(7)]));
        let encoded = DictionaryEncoded::new(&array).unwrap();
        assert_eq!(encoded.keys, [0, NULL, 1, 0]);
        assert_eq!(encoded.values.as_ref(), &Int64Array::from(vec![7, 3]));
        assert!(encoded.domain().nulls);
        let column = encoded.column(vec![1, NULL, 0]).unwrap();
        assert_eq!(
            column.as_dictionary::<Int32Type>().keys(),
            &Int32Array::from(vec![Some(1), None, Some(0)])
        );
        assert_eq!(column.data_type(), &encoded.data_type());
    }

    #[test]
    fn what_is_known_of_the_values_is_exact() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["EUR", "USDT"]));
        let domain = DictionaryEncoded::new(&texts).unwrap().domain();
        assert_eq!((domain.longest, domain.distinct), (Some(4), Some(2)));
        assert!(
            !can_be_dictionary(&DataType::Boolean) && can_be_dictionary(&DataType::Decimal64(9, 2))
        );
    }
}
