//! Types as a pipeline file spells them, in the messages of every layer.

use arrow::datatypes::{DataType, Field, TimeUnit};

/// The type of a dictionary's values; other types are themselves.
pub fn plain_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

/// True if the field or a field inside it has such a type.
pub fn contains(field: &Field, wanted: &dyn Fn(&DataType) -> bool) -> bool {
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().any(|field| contains(field, wanted)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => contains(item, wanted),
        DataType::Dictionary(_, values) => wanted(values),
        leaf => wanted(leaf),
    }
}

/// The names that say a whole type; of several for one, the first is shown.
pub(crate) const NAMES: &[(&str, DataType)] = &[
    ("boolean", DataType::Boolean),
    ("bool", DataType::Boolean),
    ("int8", DataType::Int8),
    ("tinyint", DataType::Int8),
    ("int16", DataType::Int16),
    ("smallint", DataType::Int16),
    ("int32", DataType::Int32),
    ("int", DataType::Int32),
    ("integer", DataType::Int32),
    ("int64", DataType::Int64),
    ("bigint", DataType::Int64),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float32", DataType::Float32),
    ("real", DataType::Float32),
    ("float64", DataType::Float64),
    ("double", DataType::Float64),
    ("utf8", DataType::Utf8),
    ("text", DataType::Utf8),
    ("string", DataType::Utf8),
    ("varchar", DataType::Utf8),
    ("binary", DataType::Binary),
    ("bytes", DataType::Binary),
    ("date", DataType::Date32),
    ("date32", DataType::Date32),
    ("uuid", DataType::FixedSizeBinary(16)),
    ("time", DataType::Time64(TimeUnit::Microsecond)),
];

/// A type as a pipeline file spells it.
pub fn show_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Dictionary(_, values) => show_type(values),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => format!("decimal({p},{s})"),
        DataType::Timestamp(unit, None) => format!("timestamp({})", show_unit(*unit)),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp({}, {zone})", show_unit(*unit)),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("time({})", show_unit(*unit)),
        DataType::FixedSizeBinary(width) => format!("fixed_binary({width})"),
        DataType::Duration(unit) => format!("duration({})", show_unit(*unit)),
        DataType::Interval(_) => "duration".to_string(),
        DataType::Null => "null".to_string(),
        DataType::LargeUtf8 | DataType::Utf8View => "utf8".to_string(),
        DataType::LargeBinary | DataType::BinaryView => "binary".to_string(),
        DataType::Map(..) => "map".to_string(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list of {}", show_type(item.data_type()))
        }
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            format!("struct of {}", names.join(", "))
        }
        DataType::Date64 => "date".to_string(),
        other => NAMES
            .iter()
            .find(|(_, data_type)| data_type == other)
            .map_or_else(|| other.to_string(), |(name, _)| (*name).to_string()),
    }
}

/// A unit of time as a pipeline file spells it; Arrow's own name has a `µ`.
pub fn show_unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn types_within_types_are_named_as_in_a_pipeline() {
        let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
        let list = DataType::List(field("item", DataType::Utf8));
        let entry =
            DataType::Struct(vec![field("a", DataType::Int64), field("b", list.clone())].into());
        assert_eq!(show_type(&list), "list of utf8");
        assert_eq!(show_type(&entry), "struct of a, b");
        assert_eq!(
            show_type(&DataType::List(field("item", entry))),
            "list of struct of a, b"
        );
        for data_type in [DataType::LargeUtf8, DataType::Utf8View] {
            assert_eq!(show_type(&data_type), "utf8");
        }
    }
}
