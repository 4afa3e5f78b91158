//! Whether the files of a set have the same columns, whatever their order.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

use super::Records;
use super::hive::PartitionKey;
use super::set::SetMember;
use crate::column::show_type;
use crate::error::Problem;

/// The columns of a set, and where each file has them.
pub type Agreed = (Vec<Field>, Vec<Vec<usize>>);

/// The columns of the first file, which every other one has too.
///
/// # Errors
/// Two files disagree, or a column is also named by folders.
pub fn agree(
    files: &[SetMember],
    tables: &[Arc<dyn Records>],
    keys: &[PartitionKey],
) -> Result<Agreed, Problem> {
    let schemas: Vec<_> = tables.iter().map(|table| table.schema()).collect();
    let Some(first) = schemas.first() else {
        return Ok((Vec::new(), Vec::new()));
    };
    for key in keys {
        let name = key.field.name();
        if first.index_of(name).is_ok() {
            let path = files[0].path.display();
            let what = format!("`{path}` has a column `{name}`, and its folders name one too");
            let hint = "read one partition at a time: a path that names its folder, such as `out/day=2026-01-01`, leaves the column to the file";
            return Err(Problem::new(what).hint(hint));
        }
    }
    let mut fields: Vec<Field> = first
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    let mut places = Vec::new();
    for (file, schema) in files.iter().zip(&schemas) {
        let shown = |file: &SetMember| file.path.display().to_string();
        places.push(columns(
            &mut fields,
            schema,
            &shown(&files[0]),
            &shown(file),
        )?);
    }
    Ok((fields, places))
}

/// Where a file has the columns; one that may be null in a file may be null in all.
fn columns(
    fields: &mut [Field],
    schema: &Schema,
    first: &str,
    file: &str,
) -> Result<Vec<usize>, Problem> {
    let lacks = |name: &str, without: &str, with: &str| {
        let what = format!("`{without}` has no column `{name}`, which `{with}` has");
        Problem::new(what).hint("a pattern takes the files that have the same columns")
    };
    let known = |name: &str| fields.iter().any(|field| field.name() == name);
    if let Some(other) = schema.fields().iter().find(|field| !known(field.name())) {
        return Err(lacks(other.name(), first, file));
    }
    let mut places = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field.name().clone();
        let Ok(place) = schema.index_of(&name) else {
            return Err(lacks(&name, file, first));
        };
        let other = schema.field(place);
        if !same(field.data_type(), other.data_type()) {
            let (one, two) = (show_type(field.data_type()), show_type(other.data_type()));
            let what = format!("column `{name}` is {one} in `{first}`, and {two} in `{file}`");
            let hint = match common(field.data_type(), other.data_type()) {
                Some(both) => format!(
                    "read it as one type in all: `types: {{ {name}: {} }}`",
                    show_type(&both)
                ),
                None => "a pattern takes the files that have the same columns".into(),
            };
            return Err(Problem::new(what).hint(hint));
        }
        if other.is_nullable() && !field.is_nullable() {
            *field = other.clone();
        }
        places.push(place);
    }
    Ok(places)
}

/// A type that values of both can be read as.
fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    let both = |is: fn(&DataType) -> bool| is(one) && is(other);
    let text = [one, other].contains(&&DataType::Utf8);
    match text {
        true if !one.is_nested() && !other.is_nested() => Some(DataType::Utf8),
        false if both(DataType::is_integer) => Some(DataType::Int64),
        false if both(DataType::is_numeric) => Some(DataType::Float64),
        _ => None,
    }
}

/// The same type, whatever its items and fields are called or may lack.
fn same(one: &DataType, other: &DataType) -> bool {
    one == other || one.equals_datatype(other)
}
