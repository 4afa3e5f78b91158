//! The columns of several files of objects: every field that any of them has.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Objects;
use crate::column::show_type;
use crate::error::Problem;
use crate::source::retype::usual;

/// The columns of all files, in the order in which they appear.
///
/// # Errors
/// Two files have different types for one.
pub(super) fn schema(files: &[Objects]) -> Result<SchemaRef, Problem> {
    let mut all: Vec<(Field, &Objects)> = Vec::new();
    for file in files {
        for field in file.schema.fields() {
            let known = all
                .iter_mut()
                .find(|(known, _)| known.name() == field.name());
            let Some((known, first)) = known else {
                all.push((field.as_ref().clone(), file));
                continue;
            };
            let both = both(known.data_type(), field.data_type());
            let both = both.ok_or_else(|| differ(known, first, field, file))?;
            *known = Field::new(field.name(), both, true);
        }
    }
    if let (true, Some(first)) = (all.is_empty(), files.first()) {
        let problem = first
            .file
            .problem("it has no objects to infer columns from");
        return Err(problem.hint("say the columns in the table's `types`: then none are inferred"));
    }
    let field = |(field, _): (Field, _)| Field::new(field.name(), usual(field.data_type()), true);
    let fields: Vec<Field> = all.into_iter().map(field).collect();
    Ok(Arc::new(Schema::new(fields)))
}

/// The type that holds the values of both, as within one file.
fn both(one: &DataType, other: &DataType) -> Option<DataType> {
    match (one, other) {
        _ if one == other => Some(one.clone()),
        (DataType::Null, some) | (some, DataType::Null) => Some(some.clone()),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => {
            Some(DataType::Float64)
        }
        (DataType::List(one), DataType::List(other)) => {
            let item = both(one.data_type(), other.data_type())?;
            Some(DataType::List(Arc::new(
                one.as_ref().clone().with_data_type(item),
            )))
        }
        (DataType::Struct(ones), DataType::Struct(others)) => {
            let mut fields: Vec<Field> = ones.iter().map(|field| field.as_ref().clone()).collect();
            for other in others {
                match fields.iter_mut().find(|known| known.name() == other.name()) {
                    None => fields.push(other.as_ref().clone()),
                    Some(known) => {
                        let both = both(known.data_type(), other.data_type())?;
                        *known = known.clone().with_data_type(both);
                    }
                }
            }
            Some(DataType::Struct(fields.into()))
        }
        _ => None,
    }
}

fn differ(known: &Field, first: &Objects, field: &Field, file: &Objects) -> Problem {
    let name = field.name();
    let (one, two) = (show_type(known.data_type()), show_type(field.data_type()));
    let place = &file.file.place;
    let (first, file) = (first.file.path.display(), file.file.path.display());
    let what = format!("column `{name}` is {one} in `{first}`, and {two} in `{file}`");
    Problem::new(what)
        .at(place)
        .hint("name all columns with their types in the table's `types`: then none are inferred")
}
