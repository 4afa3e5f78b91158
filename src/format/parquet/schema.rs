//! The schema of a Parquet file: what rows are to their readers, without how batches hold them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

/// The same schema with plain values instead of dictionaries, as the file's columns are.
pub(super) fn logical(schema: &Schema) -> SchemaRef {
    mapped(schema, &|data_type| match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    })
}

/// The schema that is embedded as `ARROW:schema`. Short decimals are said to be `Decimal128`:
/// they are equal in the file, and not every reader knows the short types of Arrow.
pub(super) fn embedded(logical: &Schema) -> SchemaRef {
    mapped(logical, &|data_type| match data_type {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        other => other.clone(),
    })
}

fn mapped(schema: &Schema, leaf: &dyn Fn(&DataType) -> DataType) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|f| field(f, leaf)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn field(field_: &Field, leaf: &dyn Fn(&DataType) -> DataType) -> Field {
    let inner = |f: &FieldRef| Arc::new(field(f, leaf));
    let data_type = match field_.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        other => leaf(other),
    };
    Field::new(field_.name(), data_type, field_.is_nullable())
        .with_metadata(field_.metadata().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_and_short_decimals_are_how_batches_hold_values_and_nothing_else() {
        let dictionary = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
        let item = Field::new("item", dictionary.clone(), true);
        let schema = Schema::new(vec![
            Field::new("code", dictionary, false),
            Field::new("amount", DataType::Decimal64(18, 6), true),
            Field::new("codes", DataType::List(item.into()), true),
        ]);
        let item = Field::new("item", DataType::Utf8, true);
        let expected = Schema::new(vec![
            Field::new("code", DataType::Utf8, false),
            Field::new("amount", DataType::Decimal128(18, 6), true),
            Field::new("codes", DataType::List(item.into()), true),
        ]);
        assert_eq!(*embedded(&logical(&schema)), expected);
    }
}
