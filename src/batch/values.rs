//! The values of one row as JSON, for what is kept of rows that are left out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

/// Row `row` of these columns: numbers, texts and nulls are told apart, and what JSON has no form
/// for (not a number, an interval) is text.
pub fn json_values<'a>(
    columns: impl IntoIterator<Item = (&'a str, &'a ArrayRef)>,
    row: usize,
) -> Value {
    let value = |(name, column): (&'a str, &ArrayRef)| (name.to_string(), of(column, row));
    Value::Object(columns.into_iter().map(value).collect())
}

fn of(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let text = || {
        array_value_to_string(column, row)
            .unwrap_or_default()
            .into()
    };
    match written(&column.slice(row, 1)) {
        None | Some(Value::Null) => text(),
        Some(value) => value,
    }
}

/// What the writer of JSON makes of one value, if it takes its type.
fn written(value: &ArrayRef) -> Option<Value> {
    let field = Field::new("value", value.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema, vec![value.clone()]).ok()?;
    let mut lines = Vec::new();
    let nulls = arrow_json::WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = nulls.build::<_, arrow_json::writer::LineDelimited>(&mut lines);
    writer.write(&batch).and_then(|()| writer.finish()).ok()?;
    drop(writer);
    let mut object: Map<String, Value> = serde_json::from_slice(&lines).ok()?;
    object.remove("value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray};

    #[test]
    fn numbers_texts_and_nothing_are_told_apart() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(vec![Some(7), None]))),
            ("t", Arc::new(StringArray::from(vec!["", "7"]))),
            ("f", Arc::new(Float64Array::from(vec![f64::NAN, 0.5]))),
            ("b", Arc::new(BooleanArray::from(vec![true, false]))),
        ];
        let of = |row| json_values(columns.iter().map(|(name, column)| (*name, column)), row);
        assert_eq!(of(0).to_string(), r#"{"n":7,"t":"","f":"NaN","b":true}"#);
        assert_eq!(of(1).to_string(), r#"{"n":null,"t":"7","f":0.5,"b":false}"#);
    }
}
