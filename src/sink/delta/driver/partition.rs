//! The values that the folders of a file's path say, as the log has them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use delta_kernel::schema::{DataType, PrimitiveType, StructType};

use crate::dataset::partition;

/// The value of each column that a folder of this path names.
pub(super) fn values(path: &str, table: &StructType) -> BTreeMap<String, Option<String>> {
    let mut values = BTreeMap::new();
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    for (name, value) in folders.split('/').filter_map(partition) {
        let value = value.filter(|value| !value.is_empty());
        let value = value.map(
            |value| match table.field(&name).map(|field| field.data_type()) {
                Some(data_type) => logged(&value, data_type),
                None => value,
            },
        );
        values.insert(name, value);
    }
    values
}

/// Moments have a form of their own in the log.
fn logged(value: &str, data_type: &DataType) -> String {
    match data_type {
        DataType::Primitive(PrimitiveType::Timestamp) => match value.parse::<DateTime<Utc>>() {
            Ok(moment) => moment.to_rfc3339_opts(SecondsFormat::Micros, true),
            Err(_) => value.to_string(),
        },
        DataType::Primitive(PrimitiveType::TimestampNtz) => match value.parse::<NaiveDateTime>() {
            Ok(moment) => moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
            Err(_) => value.to_string(),
        },
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use delta_kernel::schema::StructField;

    use super::*;

    #[test]
    fn folders_say_values_of_their_columns() {
        let table = StructType::try_new([
            StructField::nullable("day", DataType::DATE),
            StructField::nullable("what=ever", DataType::STRING),
            StructField::nullable("at", DataType::TIMESTAMP),
            StructField::nullable("local", DataType::TIMESTAMP_NTZ),
            StructField::nullable("none", DataType::STRING),
        ]);
        let path = "day=2026-01-01/what%3Dever=50%25 a%2Fb/at=2026-01-01T01%3A00%3A00+01%3A00/local=2026-01-01T01%3A00%3A00/none=__HIVE_DEFAULT_PARTITION__/part-0.parquet";
        let values = values(path, &table.unwrap());
        let expected = [
            ("at", Some("2026-01-01T00:00:00.000000Z")),
            ("day", Some("2026-01-01")),
            ("local", Some("2026-01-01 01:00:00.000000")),
            ("none", None),
            ("what=ever", Some("50% a/b")),
        ];
        let found = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
