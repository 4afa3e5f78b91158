//! Values as another type, of which nothing is lost unsaid.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::kernels::numeric::add;
use arrow::datatypes::DataType;

use super::nested::nested;
use crate::column::arrays::plain;
use crate::error::Result;
use crate::source::{Converted, convert};

/// The values as this type, and the rows whose value is another one there: a float with digits that a
/// smaller one does not have, a moment that is not the beginning of its day. Lists and structs are so
/// where all in them is.
pub(super) fn exactly(values: &ArrayRef, to: &DataType) -> Result<Converted> {
    let values = &plain(values)?;
    if let Some(made) = nested(values, to, &exactly)? {
        return Ok(made);
    }
    let (made, mut bad) = convert(values, to)?;
    let from = values.data_type();
    if comes_back(from, to) {
        let back = convert(&made, from)?.0;
        let differs = distinct(&without_sign(values)?, &without_sign(&back)?)?;
        bad.extend(differs.values().set_indices());
    }
    bad.extend(within_days(values, &made));
    bad.sort_unstable();
    bad.dedup();
    Ok((made, bad))
}

/// True where a value of the one type is the other one's if it becomes the same again: a float and the
/// decimal that it is nearest to, too.
fn comes_back(from: &DataType, to: &DataType) -> bool {
    matches!(
        (from, to),
        (DataType::Float64, DataType::Float32)
            | (DataType::Timestamp(..) | DataType::Date64, DataType::Date32)
    ) || from.is_floating() && to.is_decimal()
}

/// Floats without the sign of zero, which no decimal has.
fn without_sign(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = cast(values, &DataType::Float64)?;
            Ok(add(&wide, &Float64Array::new_scalar(0.0))?)
        }
        _ => Ok(values.clone()),
    }
}

/// The rows with a text that has become a date, and that is none or says a time of that day, too.
fn within_days(texts: &ArrayRef, made: &ArrayRef) -> Vec<usize> {
    let (Some(values), DataType::Date32) = (texts.as_string_opt::<i32>(), made.data_type()) else {
        return Vec::new();
    };
    let is = |row: &usize| {
        values.is_valid(*row) && (made.is_null(*row) || says_time(values.value(*row)))
    };
    (0..texts.len()).filter(is).collect()
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
