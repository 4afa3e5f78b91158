//! The insides of lists, maps, structs and dictionaries, for writers that work a column at a time.

use arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder, OffsetSizeTrait};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef};

use super::cells::{Delimiters, Refusal};
use super::text::leaf::texts;
pub use crate::type_names::plain_type;

/// The items of a list or map column: row `r` has those from `offsets[r]` to `offsets[r + 1]`.
pub struct NestedItems {
    /// Items (for a map, structs of key and value).
    pub values: ArrayRef,
    /// Where each row's items begin, and where the last row's end.
    pub offsets: Vec<usize>,
    /// The items that a row shows: Arrow allows items below a null list. None when all are shown.
    pub shown: Option<NullBuffer>,
}

/// The rows of `array` that are there: neither null themselves nor inside something null.
pub fn visible(array: &dyn Array, shown: Option<&NullBuffer>) -> Option<NullBuffer> {
    NullBuffer::union(array.logical_nulls().as_ref(), shown).filter(|nulls| nulls.null_count() > 0)
}

/// The first row that is visible, and `wrong`.
pub fn first_wrong(
    array: &dyn Array,
    shown: Option<&NullBuffer>,
    wrong: impl Fn(usize) -> bool,
) -> Option<usize> {
    let visible = visible(array, shown);
    let there = |row: usize| visible.as_ref().is_none_or(|visible| visible.is_valid(row));
    (0..array.len()).find(|row| wrong(*row) && there(*row))
}

/// The field of a list's items or of a map's entries.
pub fn item_field(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => Some(field),
        _ => None,
    }
}

/// The fields of a map's key and value.
pub fn entry_fields(entries: &DataType) -> Option<(&FieldRef, &FieldRef)> {
    match entries {
        DataType::Struct(fields) if fields.len() == 2 => Some((&fields[0], &fields[1])),
        _ => None,
    }
}

/// The items of a list or map column, none for other types.
pub fn items(array: &dyn Array, shown: Option<&NullBuffer>) -> Option<NestedItems> {
    // Below a null list Arrow allows items of any value: a NaN there must not be refused as one in
    // the file.
    let visible = visible(array, shown);
    let visible = visible.as_ref();
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            Some(from_offsets(list.values(), list.offsets(), visible))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            Some(from_offsets(list.values(), list.offsets(), visible))
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries: ArrayRef = std::sync::Arc::new(map.entries().clone());
            Some(from_offsets(&entries, map.offsets(), visible))
        }
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let offsets: Vec<i64> = (0..=list.len() as i64)
                .map(|row| row * i64::from(*size))
                .collect();
            Some(from_offsets(list.values(), &offsets, visible))
        }
        _ => None,
    }
}

fn from_offsets<O: OffsetSizeTrait>(
    values: &ArrayRef,
    offsets: &[O],
    visible: Option<&NullBuffer>,
) -> NestedItems {
    // A slice keeps the offsets of the whole: only what lies between its own first and last is
    // looked at.
    let first = offsets[0].as_usize();
    let offsets: Vec<usize> = offsets.iter().map(|end| end.as_usize() - first).collect();
    let count = offsets[offsets.len() - 1];
    let shown = visible.map(|visible| {
        let mut shown = BooleanBufferBuilder::new(count);
        for (row, ends) in offsets.windows(2).enumerate() {
            shown.append_n(ends[1] - ends[0], visible.is_valid(row));
        }
        NullBuffer::new(shown.finish())
    });
    NestedItems {
        values: values.slice(first, count),
        offsets,
        shown: shown.filter(|shown| shown.null_count() > 0),
    }
}

impl NestedItems {
    /// A refusal of an item is one of the row that has it.
    pub fn refusal(&self, refusal: Refusal) -> Refusal {
        let row = self.offsets.partition_point(|end| *end <= refusal.row) - 1;
        Refusal { row, ..refusal }
    }

    /// Refuses a map with a key that stands twice: Parquet keeps both, and what reads objects of JSON or maps
    /// of Avro takes one of the two values, some the first and some the last.
    ///
    /// # Errors
    /// The first such row.
    pub fn distinct_keys(&self) -> Result<(), Refusal> {
        let keys = unpacked(self.values.as_struct().column(0))?;
        let spelt = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
        let keys = texts(&keys, &Delimiters::default(), spelt);
        let is_shown = |item: &usize| {
            self.shown
                .as_ref()
                .is_none_or(|shown| shown.is_valid(*item))
        };
        let mut sorted = Vec::new();
        for (row, ends) in self.offsets.windows(2).enumerate() {
            sorted.clear();
            sorted.extend(
                (ends[0]..ends[1])
                    .filter(is_shown)
                    .map(|item| keys.get(item)),
            );
            sorted.sort_unstable();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                let key = String::from_utf8_lossy(twice[0]);
                return Err(Refusal {
                    path: String::new(),
                    row,
                    fault: format!("has the key `{key}` twice, of which readers keep one value"),
                    hint: "leave the column out with the sink's `columns:`, or write Parquet",
                });
            }
        }
        Ok(())
    }
}

/// A dictionary column's values and the key of each row; keys of null rows mean nothing.
pub fn dictionary(array: &dyn Array) -> Option<(ArrayRef, Vec<usize>)> {
    let dictionary = array.as_any_dictionary_opt()?;
    let keys = match dictionary.values().len() {
        // `normalized_keys` panics on a dictionary without values, whose rows are all null.
        0 => vec![0; array.len()],
        _ => dictionary.normalized_keys(),
    };
    Some((dictionary.values().clone(), keys))
}

/// The column without its dictionary.
///
/// # Errors
/// The dictionary has a key too many, which Arrow rules out.
pub fn unpacked(array: &dyn Array) -> Result<ArrayRef, Refusal> {
    let plain = plain_type(array.data_type());
    if plain == array.data_type() {
        return Ok(array.slice(0, array.len()));
    }
    arrow::compute::cast(array, plain).map_err(|error| Refusal {
        path: String::new(),
        row: 0,
        fault: format!("could not be taken from its dictionary: {error}"),
        hint: "this is a fault of rowgen",
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, ListArray, MapArray, MapBuilder, StringBuilder};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;

    fn lists() -> ListArray {
        ListArray::new(
            Arc::new(Field::new("item", DataType::Int32, true)),
            OffsetBuffer::new(vec![0, 1, 3, 3, 6].into()),
            Arc::new(Int32Array::from(vec![0, 1, 2, 3, 4, 5])),
            Some(NullBuffer::from(vec![true, false, true, true])),
        )
    }

    #[test]
    fn items_of_null_lists_are_not_shown() {
        let items = items(&lists(), None).unwrap();
        assert_eq!(items.offsets, [0, 1, 3, 3, 6]);
        let shown: Vec<bool> = items.shown.unwrap().iter().collect();
        assert_eq!(shown, [true, false, false, true, true, true]);
    }

    #[test]
    fn a_slice_has_only_its_own_items() {
        let items = items(&lists().slice(2, 2), None).unwrap();
        assert_eq!(items.offsets, [0, 0, 3]);
        assert_eq!(items.values.as_ref(), &Int32Array::from(vec![3, 4, 5]));
        assert!(items.shown.is_none());
    }

    #[test]
    fn keys_that_stand_twice_in_a_row_are_refused_unless_it_is_null() {
        let mut rows = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for (keys, is_there) in [("ab", true), ("aa", false), ("", true), ("bcb", true)] {
            for key in keys.chars() {
                rows.keys().append_value(key.to_string());
                rows.values().append_null();
            }
            rows.append(is_there).unwrap();
        }
        let rows = rows.finish();
        let told = |rows: &MapArray| {
            let refused = items(rows, None).unwrap().distinct_keys();
            refused.map_err(|refusal| (refusal.row, refusal.fault))
        };
        let fault = "has the key `b` twice, of which readers keep one value";
        assert_eq!(told(&rows), Err((3, fault.to_string())));
        assert_eq!(told(&rows.slice(0, 3)), Ok(()));
    }

    #[test]
    fn a_refused_item_is_found_in_its_row() {
        let items = items(&lists(), None).unwrap();
        let refused = |row| {
            let refusal = Refusal {
                path: String::new(),
                row,
                fault: String::new(),
                hint: "",
            };
            items.refusal(refusal).row
        };
        assert_eq!([0, 2, 3, 5].map(refused), [0, 1, 3, 3]);
    }
}
