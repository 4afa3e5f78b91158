//! Which type of MySQL holds a column, and what a `CREATE TABLE` of all columns says.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::client::mysql::{MysqlNames, TableName};
use crate::column::is_uuid;
use crate::format::nested::plain_type;
use crate::sink::constraints::Constraints;
use crate::type_names::show_type;

/// The longest text or binary that is a part of a key.
const KEY_LENGTH: usize = 255;

/// Rows of a table that is made: texts are equal only if they are the same.
const TABLE_OPTIONS: &str = "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// The type of a column of a table that is made.
///
/// # Errors
/// No type of MySQL holds it, and what to do.
pub fn type_name(field: &Field, is_key: bool) -> Result<String, String> {
    let data_type = plain_type(field.data_type());
    let signed = |name: &str| name.to_string();
    let unsigned = |name: &str| format!("{name} unsigned");
    Ok(match data_type {
        DataType::Boolean => "tinyint(1)".into(),
        DataType::Int8 => signed("tinyint"),
        DataType::Int16 => signed("smallint"),
        DataType::Int32 => signed("int"),
        DataType::Int64 => signed("bigint"),
        DataType::UInt8 => unsigned("tinyint"),
        DataType::UInt16 => unsigned("smallint"),
        DataType::UInt32 => unsigned("int"),
        DataType::UInt64 => unsigned("bigint"),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => match is_key {
            true => format!("varchar({KEY_LENGTH})"),
            false => "longtext".into(),
        },
        DataType::FixedSizeBinary(16) if is_uuid(field) => "char(36)".into(),
        DataType::FixedSizeBinary(width @ 1..=255) => format!("binary({width})"),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => match is_key {
            true => format!("varbinary({KEY_LENGTH})"),
            false => "longblob".into(),
        },
        DataType::Date32 => "date".into(),
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => "time(6)".into(),
        DataType::Timestamp(unit, zone) if *unit != TimeUnit::Nanosecond => match zone {
            Some(_) => "timestamp(6)".into(),
            None => "datetime(6)".into(),
        },
        DataType::Timestamp(..) | DataType::Time64(_) => {
            return Err(
                "MySQL's times have microseconds, no nanoseconds; `cast` the column".into(),
            );
        }
        DataType::Decimal64(precision, scale @ 0..)
        | DataType::Decimal128(precision, scale @ 0..) => {
            format!("decimal({precision},{scale})")
        }
        nested if nested.is_nested() && !is_key => "json".into(),
        nested if nested.is_nested() => {
            return Err(format!("{} is no part of a key", show_type(nested)));
        }
        other => {
            return Err(format!(
                "no type of MySQL holds {}; make it text",
                show_type(other)
            ));
        }
    })
}

/// The statement that makes a table of these columns.
///
/// # Errors
/// The column that no type holds, and why.
pub fn create(name: &TableName, schema: &Schema, more: &Constraints) -> Result<String, String> {
    let lines = more.lines::<MysqlNames>(schema, |column| {
        let type_name = type_name(column.field, column.indexed)?;
        // Older servers fill in the present where a timestamp may not be null, and says nothing else.
        let nullable = match column.required || column.of_key {
            true => "NOT NULL",
            false => "NULL",
        };
        Ok(format!("{type_name} {nullable}"))
    })?;
    Ok(format!(
        "CREATE TABLE {} ({lines}) {TABLE_OPTIONS}",
        name.quoted()
    ))
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
        let extension = ("ARROW:extension:name".into(), UUID_EXTENSION.into());
        let uuid = Field::new("u", DataType::FixedSizeBinary(16), true);
        let uuid = uuid.with_metadata([extension].into());
        let at = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            Field::new("id", DataType::UInt64, false),
            Field::new("country `x`", coded.clone(), true),
            Field::new("note", coded, true),
            Field::new("amount", DataType::Decimal64(12, 2), true),
            Field::new("at", at, true),
            Field::new("l", DataType::List(item), true),
            Field::new("b", DataType::FixedSizeBinary(16), true),
            Field::new("w", DataType::FixedSizeBinary(300), true),
            uuid,
        ]);
        let name = TableName::parse("s.t").unwrap();
        let more = Constraints {
            key: vec!["id".into(), "country `x`".into()],
            references: vec![("note".into(), "`s`.`p`".into(), "k".into())],
            ..Constraints::default()
        };
        assert_eq!(
            create(&name, &schema, &more).unwrap(),
            "CREATE TABLE `s`.`t` (`id` bigint unsigned NOT NULL, `country ``x``` varchar(255) NOT NULL, \
             `note` varchar(255) NULL, `amount` decimal(12,2) NULL, `at` timestamp(6) NULL, `l` json NULL, \
             `b` binary(16) NULL, `w` longblob NULL, `u` char(36) NULL, PRIMARY KEY (`id`, `country ``x```), FOREIGN KEY (`note`) REFERENCES `s`.`p` (`k`)) \
             ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        );
        let at = Field::new("at", DataType::Timestamp(TimeUnit::Nanosecond, None), true);
        assert_eq!(
            type_name(&at, false).unwrap_err(),
            "MySQL's times have microseconds, no nanoseconds; `cast` the column"
        );
        let list = schema.field_with_name("l").unwrap();
        assert_eq!(
            type_name(list, true).unwrap_err(),
            "list of int32 is no part of a key"
        );
    }
}
