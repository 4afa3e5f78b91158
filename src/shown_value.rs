//! One value as people read it: nulls, empty texts and line ends look different, within lists and structs,
//! too.

use std::borrow::Cow;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions, array_value_to_string};

use crate::type_names::show_unit;

/// What a null is shown as; a text that says the same stands in quotes.
const NULL: &str = "null";

/// The value in a row.
pub fn show(values: &dyn Array, row: usize) -> String {
    shown(values, row, false)
}

/// The same, or `within` a list or a struct.
fn shown(values: &dyn Array, row: usize, within: bool) -> String {
    if values.is_null(row) {
        return NULL.to_string();
    }
    match text(values, row) {
        Some(text) => told_apart(text, within).into_owned(),
        None => other(values, row),
    }
}

/// A line end would break the table.
pub fn escaped(text: &str) -> String {
    match text.contains(char::is_control) {
        true => text
            .chars()
            .map(|c| match c.is_control() {
                true => c.escape_default().to_string(),
                false => c.to_string(),
            })
            .collect(),
        false => text.to_string(),
    }
}

fn text(values: &dyn Array, row: usize) -> Option<&str> {
    match values.data_type() {
        DataType::Utf8 => Some(values.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(values.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(values.as_string_view().value(row)),
        DataType::Dictionary(..) => {
            let coded = values.as_any_dictionary_opt()?;
            // Of this row alone: it has a value, so that there are some.
            let one = values.slice(row, 1);
            let key = *one.as_any_dictionary_opt()?.normalized_keys().first()?;
            text(coded.values().as_ref(), key)
        }
        _ => None,
    }
}

/// A text as it is; in quotes where it would look like nothing, or like something else.
fn told_apart(text: &str, within: bool) -> Cow<'_, str> {
    let odd = text.is_empty()
        || text == NULL
        || text.starts_with([' ', '"'])
        || text.ends_with(' ')
        || text.contains(char::is_control)
        || within && text.contains([',', ':', '[', ']', '{', '}']);
    match odd {
        true => Cow::Owned(format!("\"{}\"", escaped(text).replace('"', "\\\""))),
        false => Cow::Borrowed(text),
    }
}

fn other(values: &dyn Array, row: usize) -> String {
    match values.data_type() {
        DataType::List(_) => {
            let items = values.as_list::<i32>().value(row);
            let items = (0..items.len()).map(|item| shown(&items, item, true));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(values.as_struct().columns());
            let shown = columns.map(|(field, values)| {
                let name = escaped(field.name());
                format!("{name}: {}", shown(values, row, true))
            });
            format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
        }
        _ => leaf(values, row),
    }
}

fn leaf(values: &dyn Array, row: usize) -> String {
    let options = FormatOptions::default();
    let shown = ArrayFormatter::try_new(values, &options);
    let shown = shown.and_then(|shown| shown.value(row).try_to_string());
    shown.map_or_else(|_| ticks(values, row), |shown| escaped(&shown))
}

/// A date or a time that no calendar and no clock has, as the number that it is.
fn ticks(values: &dyn Array, row: usize) -> String {
    let unit = match values.data_type() {
        DataType::Date32 => "days",
        DataType::Date64 => "ms",
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
            show_unit(*unit)
        }
        _ => "",
    };
    let number = cast(&values.slice(row, 1), &DataType::Int32)
        .ok()
        .filter(|number| number.is_valid(0))
        .or_else(|| cast(&values.slice(row, 1), &DataType::Int64).ok())
        .and_then(|number| cast(&number, &DataType::Int64).ok());
    let number = number.map(|number| number.as_primitive::<Int64Type>().value(0));
    match number {
        Some(number) => format!("{number} {unit}, out of range"),
        None => array_value_to_string(values, row).unwrap_or_else(|_| "out of range".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{DictionaryArray, Int8Array, ListArray, StringArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{Field, Int8Type};
    use std::sync::Arc;

    #[test]
    fn a_dictionary_within_a_list_may_have_no_values() {
        let lists = |keys: Vec<Option<i8>>, values: Vec<&str>| {
            let count = keys.len();
            let values = Arc::new(StringArray::from(values));
            let items = DictionaryArray::<Int8Type>::new(Int8Array::from(keys), values);
            let field = Arc::new(Field::new("item", items.data_type().clone(), true));
            ListArray::new(
                field,
                OffsetBuffer::from_lengths([count]),
                Arc::new(items),
                None,
            )
        };
        assert_eq!(show(&lists(vec![None, None], vec![]), 0), "[null, null]");
        let some = lists(vec![Some(1), None, Some(0)], vec!["", "a"]);
        assert_eq!(show(&some, 0), "[a, null, \"\"]");
    }
}
