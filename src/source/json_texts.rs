//! Lists and objects in columns of texts: as their JSON text.

use arrow::datatypes::{DataType, Fields as Columns, Schema};
use serde_json::value::RawValue;

use super::json_raw::{JsonKind, compact, fields, items};
use super::json_wrong::check;

/// True where a column, or something in one, is text.
pub fn has_texts(columns: &Schema) -> bool {
    let mut types = columns.fields().iter();
    types.any(|field| is_or_has_text(field.data_type()))
}

fn is_or_has_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 => true,
        DataType::List(item) => is_or_has_text(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| is_or_has_text(field.data_type())),
        _ => false,
    }
}

/// The object with what its columns of texts have as texts; nothing where it has that already, or is
/// none.
pub fn respelt(object: &[u8], columns: &Schema) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(object).ok()?;
    // Fields that are no columns are left out: their escapes would never be looked at.
    if text.contains('\\') && check(object).is_err() {
        return None;
    }
    let mut changed = false;
    let made = object_text(text, columns.fields(), &mut changed)?;
    changed.then(|| made.into_bytes())
}

fn object_text(object: &str, columns: &Columns, changed: &mut bool) -> Option<String> {
    let fields = fields(object.as_bytes()).ok()?.0;
    let mut made = String::with_capacity(object.len());
    made.push('{');
    for (name, value) in &fields {
        let Some((_, column)) = columns.find(name) else {
            continue;
        };
        if made.len() > 1 {
            made.push(',');
        }
        made += &serde_json::to_string(name).ok()?;
        made.push(':');
        made += &value_text(value, column.data_type(), changed)?;
    }
    made.push('}');
    Some(made)
}

fn value_text(value: &RawValue, column: &DataType, changed: &mut bool) -> Option<String> {
    match (column, JsonKind::of(value)) {
        (DataType::Utf8, JsonKind::List | JsonKind::Object) => {
            *changed = true;
            serde_json::to_string(&compact(value)).ok()
        }
        (DataType::Struct(columns), JsonKind::Object) => object_text(value.get(), columns, changed),
        (DataType::List(item), JsonKind::List) => {
            let items = items(value).ok()?.into_iter();
            let items = items.map(|value| value_text(value, item.data_type(), changed));
            Some(format!(
                "[{}]",
                items.collect::<Option<Vec<_>>>()?.join(",")
            ))
        }
        _ => Some(value.get().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn only_lists_and_objects_in_columns_of_texts_become_texts() {
        let field = |name: &str, data_type| Field::new(name, data_type, true);
        let inner = vec![field("q", DataType::Utf8), field("n", DataType::Int64)];
        let list = DataType::new_list(DataType::Struct(inner.into()), true);
        let columns = Schema::new(vec![field("v", DataType::Utf8), field("w", list)]);
        assert!(has_texts(&columns));
        let made = |object: &str| {
            respelt(object.as_bytes(), &columns).map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(
            made(r#"{"x":[1],"v":{ "a": [1, "b c"] },"w":[{"q":[],"n":1.50}]}"#).unwrap(),
            r#"{"v":"{\"a\":[1,\"b c\"]}","w":[{"q":"[]","n":1.50}]}"#
        );
        assert_eq!(made(r#"{"v":1,"w":null,"x":{}}"#), None);
        assert_eq!(made("{"), None);
    }
}
