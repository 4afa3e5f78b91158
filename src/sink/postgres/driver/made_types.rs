//! The types that columns have in a table that is made of them.

use arrow::datatypes::{Field, Schema};
use tokio_postgres::types::Type;

use super::super::types::type_name;
use crate::error::Problem;

/// What columns of a table that is made have, and lists of them.
const TYPES: &[(&str, Type, Type)] = &[
    ("boolean", Type::BOOL, Type::BOOL_ARRAY),
    ("smallint", Type::INT2, Type::INT2_ARRAY),
    ("integer", Type::INT4, Type::INT4_ARRAY),
    ("bigint", Type::INT8, Type::INT8_ARRAY),
    ("numeric", Type::NUMERIC, Type::NUMERIC_ARRAY),
    ("real", Type::FLOAT4, Type::FLOAT4_ARRAY),
    ("double precision", Type::FLOAT8, Type::FLOAT8_ARRAY),
    ("text", Type::TEXT, Type::TEXT_ARRAY),
    ("uuid", Type::UUID, Type::UUID_ARRAY),
    ("bytea", Type::BYTEA, Type::BYTEA_ARRAY),
    ("date", Type::DATE, Type::DATE_ARRAY),
    ("time", Type::TIME, Type::TIME_ARRAY),
    ("timestamp", Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
    ("timestamptz", Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
];

/// The types of a table that is made of these columns.
///
/// # Errors
/// PostgreSQL has no type for one of them.
pub(super) fn made_types(schema: &Schema) -> Result<Vec<Type>, Problem> {
    let types = schema.fields().iter().map(|field| {
        made_type(field)
            .map_err(|fault| Problem::new(format!("column `{}`: {fault}", field.name())))
    });
    types.collect()
}

fn made_type(field: &Field) -> Result<Type, String> {
    let name = type_name(field)?;
    let item = name.strip_suffix("[]");
    let scalar = item.unwrap_or(&name).split('(').next();
    let (_, value, list) = TYPES
        .iter()
        .find(|(name, ..)| Some(*name) == scalar)
        .ok_or_else(|| format!("{name} is none of its types, which is a bug"))?;
    Ok(if item.is_some() { list } else { value }.clone())
}
