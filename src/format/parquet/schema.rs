//! The schema of a Parquet file: what rows are to their readers, without how batches hold them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

/// The same schema with plain values instead of dictionaries, as the file's columns are.
pub(super) fn logical(schema: &Schema) -> SchemaRef {
    mapped(schema, &|data_type| match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    })
}

/// The schema of files, with numbers of their columns if they are wanted.
pub(super) fn of_files(schema: &Schema, ids: bool) -> SchemaRef {
    let logical = logical(schema);
    if ids { numbered(&logical) } else { logical }
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

/// The same schema with a number for each column, as the footer has it: those of the table first, then
/// those within others, in order. So tables of Iceberg count them, too.
fn numbered(schema: &Schema) -> SchemaRef {
    let fields = numbered_fields(schema.fields(), &mut 1);
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn numbered_fields(fields: &Fields, next: &mut i32) -> Fields {
    let own = fields.iter().map(|field| with_number(field, next));
    // First all of one level, then what is in them: Iceberg numbers a new table's columns this way.
    let own: Vec<Field> = own.collect();
    own.into_iter().map(|field| inside(field, next)).collect()
}

fn with_number(field: &Field, next: &mut i32) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(PARQUET_FIELD_ID_META_KEY.into(), next.to_string());
    *next += 1;
    field.clone().with_metadata(metadata)
}

/// A field whose own number is there: those within it come next.
fn inside(field: Field, next: &mut i32) -> Field {
    let item = |item: &FieldRef, next: &mut i32| {
        let numbered = with_number(item, next);
        Arc::new(inside(numbered, next))
    };
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(numbered_fields(fields, next)),
        DataType::List(inner) => DataType::List(item(inner, next)),
        DataType::LargeList(inner) => DataType::LargeList(item(inner, next)),
        DataType::FixedSizeList(inner, size) => DataType::FixedSizeList(item(inner, next), *size),
        // What holds keys and values is no column.
        DataType::Map(entries, sorted) => {
            let entries = inside(entries.as_ref().clone(), next);
            DataType::Map(Arc::new(entries), *sorted)
        }
        _ => return field,
    };
    field.with_data_type(data_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_numbered_before_those_within_them() {
        let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
        let point = vec![field("x", DataType::Int32), field("y", DataType::Int32)];
        let entries = vec![
            field("key", DataType::Utf8),
            field("value", DataType::Int64),
        ];
        let entries = field("entries", DataType::Struct(entries.into()));
        let schema = Schema::new(vec![
            field(
                "points",
                DataType::List(field("item", DataType::Struct(point.into()))),
            ),
            field("counts", DataType::Map(entries, false)),
            field("last", DataType::Boolean),
        ]);
        let described = parquet::arrow::ArrowSchemaConverter::new();
        let described = described.convert(&numbered(&schema)).unwrap();
        let leaves = described.columns().iter().map(|leaf| {
            let basic = leaf.self_type().get_basic_info();
            (leaf.path().string(), basic.id())
        });
        let expected = [
            ("points.list.item.x", 5),
            ("points.list.item.y", 6),
            ("counts.entries.key", 7),
            ("counts.entries.value", 8),
            ("last", 3),
        ];
        let expected = expected.map(|(path, id)| (path.to_string(), id));
        assert_eq!(leaves.collect::<Vec<_>>(), expected);
    }

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
