//! Which values go into which columns of a table that is there. What is too large or too long the server
//! refuses row by row; what it would cut off or round without a word is refused here.

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::table::Column;
use crate::column::is_uuid;
use crate::format::nested::plain_type;
use crate::kernel::time::per_second;
use crate::type_names::show_type;

const INTEGERS: &[&str] = &["tinyint", "smallint", "mediumint", "int", "bigint"];
const TEXTS: &[&str] = &[
    "char",
    "varchar",
    "tinytext",
    "text",
    "mediumtext",
    "longtext",
];
const BYTES: &[&str] = &["varbinary", "tinyblob", "blob", "mediumblob", "longblob"];

/// What takes texts and looks at them.
const SPELT: &[&str] = &["json", "enum", "set", "uuid", "inet4", "inet6"];

/// Whether a column's values go into one of the table, and whether they are sent as their bytes though they
/// have a text.
///
/// # Errors
/// What does not go together.
pub(super) fn fits(field: &Field, column: &Column) -> Result<bool, String> {
    use DataType as D;
    let kind = column.kind.as_str();
    let data_type = plain_type(field.data_type());
    let is = |kinds: &[&str]| kinds.contains(&kind);
    let fine = match data_type {
        D::Null => true,
        D::Boolean => is(INTEGERS) || kind == "bit",
        other if other.is_integer() => {
            is(INTEGERS) || kind == "decimal" || kind == "double" && bits(other) <= 32
        }
        D::Float32 => is(&["float", "double"]),
        D::Float64 => kind == "double",
        D::Decimal64(_, scale) | D::Decimal128(_, scale) => match kind {
            "decimal" => i16::from(*scale) <= i16::from(column.scale),
            _ => is(INTEGERS) && *scale == 0,
        },
        D::Utf8 | D::LargeUtf8 | D::Utf8View => is(TEXTS) || is(SPELT),
        D::FixedSizeBinary(16) if is_uuid(field) => return uuid(data_type, column),
        D::FixedSizeBinary(width) if kind == "binary" => i64::from(*width) == column.length as i64,
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => is(BYTES),
        D::Date32 | D::Date64 => kind == "date",
        D::Time32(unit) | D::Time64(unit) => kind == "time" && digits(*unit) <= column.fraction,
        D::Timestamp(unit, Some(_)) => {
            is(&["timestamp", "datetime"]) && digits(*unit) <= column.fraction
        }
        D::Timestamp(unit, None) => kind == "datetime" && digits(*unit) <= column.fraction,
        nested if nested.is_nested() => is(&["json", "longtext", "mediumtext", "text"]),
        _ => false,
    };
    match fine {
        true => Ok(false),
        false => Err(unlike(data_type, column)),
    }
}

/// As a text, or as sixteen bytes.
fn uuid(data_type: &DataType, column: &Column) -> Result<bool, String> {
    let kind = column.kind.as_str();
    let long = column.length >= 36;
    if kind == "uuid" || TEXTS.contains(&kind) && long {
        return Ok(false);
    }
    match kind == "binary" && column.length == 16 || BYTES.contains(&kind) && column.length >= 16 {
        true => Ok(true),
        false => Err(unlike(data_type, column)),
    }
}

fn bits(data_type: &DataType) -> usize {
    data_type.primitive_width().unwrap_or(8) * 8
}

/// Digits behind the second.
fn digits(unit: TimeUnit) -> u8 {
    per_second(unit).ilog10() as u8
}

fn unlike(data_type: &DataType, column: &Column) -> String {
    let hint = match (data_type, column.kind.as_str()) {
        (DataType::Timestamp(_, None), "timestamp") => {
            "; give the column a time zone: `timestamp(us, UTC)`"
        }
        (DataType::Timestamp(..), "timestamp" | "datetime") | (_, "time")
            if data_type.is_temporal() =>
        {
            "; digits behind the second would be lost: `cast` the column"
        }
        (DataType::Decimal64(..) | DataType::Decimal128(..), "decimal") => {
            "; digits behind the point would be lost: `cast` the column"
        }
        (DataType::Float64, "float") => "; digits would be lost: `cast` the column to `float32`",
        (_, "binary") => "; it would be filled up with zeros: a `varbinary` takes it",
        _ => "",
    };
    format!(
        "{} does not go into {}{hint}",
        show_type(data_type),
        column.shown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data_type: DataType, kind: &str, (fraction, scale, length): (u8, u8, u64)) -> String {
        let column = Column {
            kind: kind.into(),
            shown: kind.into(),
            fraction,
            scale,
            length,
            ..Column::default()
        };
        match fits(&Field::new("c", data_type, true), &column) {
            Ok(_) => "fits".into(),
            Err(fault) => fault,
        }
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        use DataType as D;
        let micro = || D::Timestamp(TimeUnit::Microsecond, None);
        for (data_type, kind, sizes, expected) in [
            (D::Int64, "int", (0, 0, 0), "fits"),
            (D::UInt64, "bigint", (0, 0, 0), "fits"),
            (
                D::Int64,
                "double",
                (0, 0, 0),
                "int64 does not go into double",
            ),
            (D::Int32, "double", (0, 0, 0), "fits"),
            (D::Decimal64(10, 2), "decimal", (0, 2, 0), "fits"),
            (
                D::Decimal64(10, 3),
                "decimal",
                (0, 2, 0),
                "decimal(10,3) does not go into decimal; digits behind the point would be lost: `cast` the column",
            ),
            (D::Utf8, "enum", (0, 0, 4), "fits"),
            (D::Utf8, "int", (0, 0, 0), "utf8 does not go into int"),
            (micro(), "datetime", (6, 0, 0), "fits"),
            (
                micro(),
                "datetime",
                (0, 0, 0),
                "timestamp(us) does not go into datetime; digits behind the second would be lost: `cast` the column",
            ),
            (
                micro(),
                "timestamp",
                (6, 0, 0),
                "timestamp(us) does not go into timestamp; give the column a time zone: `timestamp(us, UTC)`",
            ),
            (D::FixedSizeBinary(8), "binary", (0, 0, 8), "fits"),
            (
                D::Binary,
                "binary",
                (0, 0, 8),
                "binary does not go into binary; it would be filled up with zeros: a `varbinary` takes it",
            ),
        ] {
            assert_eq!(
                of(data_type.clone(), kind, sizes),
                expected,
                "{data_type} {kind}"
            );
        }
    }
}
