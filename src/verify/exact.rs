//! Values as another type, of which nothing is lost unsaid.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::DataType;

use crate::error::Result;
use crate::source::{Converted, convert};

/// The values as this type, and the rows whose value is another one there: a float with digits that a
/// smaller one does not have, a moment that is not the beginning of its day.
pub(super) fn exactly(values: &ArrayRef, to: &DataType) -> Result<Converted> {
    let (made, mut bad) = convert(values, to)?;
    let from = values.data_type();
    if matches!(
        (from, to),
        (DataType::Float64, DataType::Float32)
            | (DataType::Timestamp(..) | DataType::Date64, DataType::Date32)
    ) {
        let differs = distinct(values, &cast(&made, from)?)?;
        bad.extend(differs.values().set_indices());
    }
    bad.extend(within_days(values, &made));
    bad.sort_unstable();
    bad.dedup();
    Ok((made, bad))
}

/// The rows with a text that has become a date, and that is none or says a time of that day, too; also
/// within lists and structs.
fn within_days(texts: &ArrayRef, made: &ArrayRef) -> Vec<usize> {
    match (texts.data_type(), made.data_type()) {
        (DataType::Utf8, DataType::Date32) => {
            let values = texts.as_string::<i32>();
            let is = |row: &usize| {
                values.is_valid(*row) && (made.is_null(*row) || says_time(values.value(*row)))
            };
            (0..texts.len()).filter(is).collect()
        }
        (DataType::List(_), DataType::List(_)) => {
            let (texts, made) = (texts.as_list::<i32>(), made.as_list::<i32>());
            let found = within_days(texts.values(), made.values());
            let row = |item: usize| {
                let after = |end: &i32| (*end as usize) <= item;
                texts.value_offsets().partition_point(after).checked_sub(1)
            };
            let rows = found.into_iter().filter_map(row);
            rows.filter(|row| texts.is_valid(*row)).collect()
        }
        (DataType::Struct(_), DataType::Struct(_)) => {
            let (texts, made) = (texts.as_struct(), made.as_struct());
            let columns = texts.columns().iter().zip(made.columns());
            let rows = columns.flat_map(|(texts, made)| within_days(texts, made));
            rows.filter(|row| texts.is_valid(*row)).collect()
        }
        _ => Vec::new(),
    }
}

/// True for a text with more behind its day than the beginning of it.
fn says_time(text: &str) -> bool {
    let behind = text.trim().split_once(['T', 't', ' ']);
    behind.is_some_and(|(_, time)| time.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ListArray, StringArray, StructArray};
    use arrow::datatypes::{Field, Fields};

    use super::*;

    #[test]
    fn a_text_with_a_time_of_day_is_no_date() {
        let all = [
            Some("2026-01-27"),
            Some("2026-01-27 05:00:00"),
            None,
            Some("2026-01-27T00:00:00"),
            Some(" 2026-01-27 00:00:00.000001"),
            Some("2026-01-27T00:00:00Z"),
            Some("2026-01-27T00:00:00+02:00"),
            Some("tomorrow"),
            Some(""),
        ];
        let texts: ArrayRef = Arc::new(StringArray::from(all.to_vec()));
        let (_, bad) = exactly(&texts, &DataType::Date32).unwrap();
        assert_eq!(bad, [1, 4, 6, 7, 8]);
    }

    #[test]
    fn dates_in_lists_and_structs_are_looked_at_too() {
        let texts = ["2026-01-27", "2026-01-27 05:00:00", "x", "2026-01-28"];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let field = |data_type| Arc::new(Field::new("item", data_type, true));
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([1, 0, 2, 1]);
        let list = ListArray::new(field(DataType::Utf8), offsets, texts.clone(), None);
        let list: ArrayRef = Arc::new(list);
        let (_, bad) = exactly(&list, &DataType::List(field(DataType::Date32))).unwrap();
        assert_eq!(bad, [2]);
        let one = StructArray::new(Fields::from(vec![field(DataType::Utf8)]), vec![texts], None);
        let one: ArrayRef = Arc::new(one);
        let dates = DataType::Struct(Fields::from(vec![field(DataType::Date32)]));
        let (_, bad) = exactly(&one, &dates).unwrap();
        assert_eq!(bad, [1, 2]);
    }
}
