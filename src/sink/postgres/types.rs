//! Which type of PostgreSQL holds a column, and what a `CREATE TABLE` of all columns says.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::client::postgres::{PostgresNames, TableName, quoted};
use crate::column::is_uuid;
use crate::format::nested::{item_field, plain_type};
use crate::sink::constraints::Constraints;
use crate::type_names::show_type;

/// The type of a column of a table that is made.
///
/// # Errors
/// No type of PostgreSQL holds it, and what to do.
pub fn type_name(field: &Field) -> Result<String, String> {
    let data_type = plain_type(field.data_type());
    Ok(match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "integer".into(),
        DataType::Int64 | DataType::UInt32 => "bigint".into(),
        DataType::UInt64 => "numeric(20,0)".into(),
        DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::Utf8 | DataType::LargeUtf8 => "text".into(),
        DataType::FixedSizeBinary(16) if is_uuid(field) => "uuid".into(),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => "bytea".into(),
        DataType::Date32 => "date".into(),
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => "time".into(),
        DataType::Timestamp(unit, zone) if *unit != TimeUnit::Nanosecond => match zone {
            Some(_) => "timestamptz".into(),
            None => "timestamp".into(),
        },
        DataType::Timestamp(..) | DataType::Time64(_) => {
            return Err(
                "PostgreSQL's times have microseconds, no nanoseconds; `cast` the column".into(),
            );
        }
        DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => {
            format!("numeric({precision},{scale})")
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            let item = item_field(data_type)
                .map(|item| type_name(item))
                .transpose()?;
            format!("{}[]", item.unwrap_or_default())
        }
        other => {
            return Err(format!(
                "no type of PostgreSQL holds {}; make it text, which fits a column of type jsonb",
                show_type(other)
            ));
        }
    })
}

/// The statements that make a table of these columns.
///
/// # Errors
/// The column that no type holds, and why.
pub fn create(name: &TableName, schema: &Schema, more: &Constraints) -> Result<String, String> {
    let lines = more.lines::<PostgresNames>(schema, |column| {
        let not_null = if column.required { " NOT NULL" } else { "" };
        Ok(type_name(column.field)? + not_null)
    })?;
    let name = name.quoted();
    let indexes = more.indexed.iter();
    let indexes = indexes.map(|column| format!("; CREATE INDEX ON {name} ({})", quoted(column)));
    let indexes: String = indexes.collect();
    Ok(format!("CREATE TABLE {name} ({lines}){indexes}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::UUID_EXTENSION;
    use std::sync::Arc;

    #[test]
    fn a_table_has_the_types_of_its_columns() {
        let item = Arc::new(Field::new("item", DataType::Int32, true));
        let coded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let uuid = Field::new("u", DataType::FixedSizeBinary(16), true).with_metadata(
            [(
                "ARROW:extension:name".to_string(),
                UUID_EXTENSION.to_string(),
            )]
            .into(),
        );
        let schema = Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("country \"x\"", coded, true),
            Field::new("amount", DataType::Decimal64(12, 2), true),
            Field::new(
                "at",
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                true,
            ),
            Field::new("n", DataType::UInt64, true),
            Field::new("l", DataType::List(item), true),
            Field::new("b", DataType::FixedSizeBinary(16), true),
            uuid,
        ]);
        let name = TableName::parse("s.t").unwrap();
        let more = Constraints {
            key: vec!["id".into()],
            ..Constraints::default()
        };
        assert_eq!(
            create(&name, &schema, &more).unwrap(),
            "CREATE TABLE \"s\".\"t\" (\"id\" bigint NOT NULL, \"country \"\"x\"\"\" text, \"amount\" numeric(12,2), \"at\" timestamptz, \"n\" numeric(20,0), \"l\" integer[], \"b\" bytea, \"u\" uuid, PRIMARY KEY (\"id\"))"
        );
        let at = Field::new("at", DataType::Timestamp(TimeUnit::Nanosecond, None), true);
        assert_eq!(
            type_name(&at).unwrap_err(),
            "PostgreSQL's times have microseconds, no nanoseconds; `cast` the column"
        );
    }
}
