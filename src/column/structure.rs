//! `struct`: several columns as the fields of one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields as ArrowFields};
use schemars::JsonSchema;
use serde::Deserialize;

use super::arrays::{plain, plain_type};
use super::build::{Build, Fields, Made, Nested};
use super::options::Columns;
use super::program::Fill;
use super::rows::Rows;
use super::{ColumnType, Generator};
use crate::domain::Domain;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::registry::Example;

/// Several columns as the fields of one; `column.field` reads them, and they read the columns around them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Structure(Columns);

impl Example for Structure {
    const EXAMPLE: &'static str = "struct: { sku: { pattern: \"[A-Z]{3}-[0-9]{4}\" }, quantity: { uniform: { min: 1, max: 5 } } }";
}

struct Parts {
    nested: Nested,
    fields: ArrowFields,
}

struct PartFields(ArrowFields);

impl Generator for Structure {
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem> {
        if let Some(ColumnType { .. }) = &build.wanted {
            return Err(Problem::new("a struct has no `type` of its own")
                .at(&build.place)
                .hint("give its fields their types"));
        }
        let nested = build.nested(&self.0.0, None)?;
        let fields: ArrowFields = nested.fields.iter().map(|field| unpacked(field)).collect();
        let domain = Domain::default();
        let mut made = Made::new(
            DataType::Struct(fields.clone()),
            domain,
            Parts {
                nested,
                fields: fields.clone(),
            },
        );
        made.fields = Some(Arc::new(PartFields(fields)));
        Ok(made)
    }
}

/// The field with plain values: within a column nothing is a dictionary.
pub(super) fn unpacked(field: &Field) -> Field {
    field
        .clone()
        .with_data_type(plain_type(field.data_type()).clone())
}

impl Fill for Parts {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let outer = &inputs[self.nested.first_input..];
        let columns = self
            .nested
            .program
            .evaluate(&self.nested.selection, rows, outer)?;
        let columns: Vec<ArrayRef> = columns.iter().map(plain).collect::<Result<_>>()?;
        let parts =
            StructArray::try_new_with_length(self.fields.clone(), columns, None, rows.len())?;
        Ok(Arc::new(parts))
    }
}

impl Fields for PartFields {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<Made, Problem> {
        let mut places = Vec::new();
        let mut fields = &self.0;
        let mut found = None;
        for name in path.split('.') {
            let Some((index, field)) = fields.find(name) else {
                let names = fields.iter().map(|field| field.name().as_str());
                return Err(
                    Problem::new(format!("column `{}` has no field `{name}`", build.name))
                        .at(&build.place)
                        .maybe_hint(did_you_mean(name, names)),
                );
            };
            places.push(index);
            found = Some(field);
            if let DataType::Struct(inner) = field.data_type() {
                fields = inner;
            }
        }
        let data_type = found.map_or(DataType::Null, |field| field.data_type().clone());
        let domain = Domain {
            nulls: true,
            ..Domain::default()
        };
        Ok(Made::new(
            data_type,
            domain,
            move |_: Rows<'_>, inputs: &[ArrayRef]| descend(&inputs[0], &places),
        ))
    }
}

/// The field of a field: what is null above is null below.
fn descend(column: &ArrayRef, places: &[usize]) -> Result<ArrayRef> {
    let mut column = column.clone();
    for place in places {
        let parts = column
            .as_struct_opt()
            .ok_or_else(|| Error::run("a struct was expected"))?;
        let nulls = arrow::buffer::NullBuffer::union(parts.nulls(), parts.column(*place).nulls());
        let data = parts.column(*place).to_data().into_builder().nulls(nulls);
        column = arrow::array::make_array(data.build()?);
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use crate::column::testing::tables;

    const TABLE: &str = "t:\n  rows: 100\n  columns:\n    id: sequence\n    s: { struct: { a: { expr: \"id * 2\" }, b: { struct: { c: { choice: [X, Y] } } }, h: { constant: 1, hidden: true } } }\n    a: { copy: s.a }\n    c: { copy: s.b.c }\n";

    #[test]
    fn fields_read_the_columns_around_them_and_are_read_by_path() {
        let tables = tables(TABLE).unwrap();
        let ids = tables.column("t", "id");
        let doubled = tables.column("t", "a");
        assert_eq!(
            doubled.as_ref(),
            arrow::compute::kernels::numeric::mul(&ids, &arrow::array::Int64Array::new_scalar(2))
                .unwrap()
                .as_ref()
        );
        let parts = tables.column("t", "s");
        assert_eq!(
            parts.data_type().to_string(),
            "Struct(\"a\": Int64, \"b\": Struct(\"c\": Utf8))"
        );
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let error = tables(&TABLE.replace("s.b.c", "s.b.d")).err().unwrap();
        assert_eq!(error.message, "column `t.s.b.d` has no field `d`");
    }
}
