//! `struct`: columns within a column.

use arrow::array::{Array, ArrayRef, AsArray, StructArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields as ArrowFields};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::Columns;
use crate::column::build::{Build, BuiltColumn, ColumnFields, NestedColumns};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::arrays::{plain, plain_type};
use crate::domain::Domain;
use crate::error::{Problem, Result, did_you_mean};

/// Columns within a column; they can read the columns around them, and `column.field` reads them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Structure(Columns);

struct StructureFill {
    nested: NestedColumns,
    fields: ArrowFields,
}

/// Fields of structs by their paths.
pub(in crate::column) struct StructureFields {
    fields: ArrowFields,
    domains: Vec<Domain>,
}

impl Generator for Structure {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.wanted.is_some() {
            return Err(Problem::new("a struct has no `type` of its own")
                .at(&build.place)
                .hint("give its fields their types"));
        }
        let nested = build.nested(&self.0.0, None)?;
        let fields: ArrowFields = nested
            .fields
            .iter()
            .map(|field| plain_field(field))
            .collect();
        if fields.is_empty() {
            return Err(Problem::new("every column of this `struct` is hidden").at(&build.place));
        }
        let mut domain = Domain {
            bytes: nested.bytes,
            ..Domain::default()
        };
        nested
            .domains
            .iter()
            .for_each(|child| domain.depend_on(child));
        let data_type = DataType::Struct(fields.clone());
        let known = StructureFields {
            fields: fields.clone(),
            domains: nested.domains.clone(),
        };
        let mut made = BuiltColumn::new(data_type, domain, StructureFill { nested, fields });
        made.fields = Some(std::sync::Arc::new(known));
        Ok(made)
    }
}

/// A field whose dictionary is unpacked: within other columns text is plain.
pub fn plain_field(field: &Field) -> Field {
    field
        .clone()
        .with_data_type(plain_type(field.data_type()).clone())
}

impl StructureFields {
    /// The fields of structs that are read.
    pub(in crate::column) fn read(fields: &ArrowFields) -> Self {
        let domain = |field: &std::sync::Arc<Field>| Domain {
            nulls: field.is_nullable(),
            ..Domain::default()
        };
        Self {
            domains: fields.iter().map(domain).collect(),
            fields: fields.clone(),
        }
    }
}

impl Fill for StructureFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let nested = &self.nested;
        let outer = &inputs[nested.first_input..];
        let made = nested.program.evaluate(&nested.selection, rows, outer)?;
        let made = made.iter().map(plain).collect::<Result<_>>()?;
        Ok(std::sync::Arc::new(StructArray::try_new(
            self.fields.clone(),
            made,
            None,
        )?))
    }
}

impl ColumnFields for StructureFields {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let mut fields = &self.fields;
        let mut steps = Vec::new();
        let mut names = path.split('.').peekable();
        let mut data_type = DataType::Null;
        while let Some(name) = names.next() {
            let (index, field) = fields
                .find(name)
                .ok_or_else(|| unknown(name, path, fields, build))?;
            steps.push(index);
            data_type = field.data_type().clone();
            match field.data_type() {
                DataType::Struct(inner) => fields = inner,
                _ if names.peek().is_some() => {
                    let message =
                        format!("`{name}` of column `{}` has no fields", column(path, build));
                    return Err(Problem::new(message).at(&build.place));
                }
                _ => {}
            }
        }
        // Input 0 is the struct itself, with its own nulls.
        let around = build.input_domain(0);
        let domain = match steps.as_slice() {
            [only] => Domain {
                nulls: self.domains[*only].nulls || around.nulls,
                dictionary: None,
                ..self.domains[*only].clone()
            },
            // Domains are kept of the fields, not of what is within them.
            _ => Domain {
                nulls: true,
                bytes: around.bytes,
                ..Domain::default()
            },
        };
        let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| child(&inputs[0], &steps);
        Ok(BuiltColumn::new(data_type, domain, fill))
    }
}

fn unknown(name: &str, path: &str, fields: &ArrowFields, build: &Build<'_>) -> Problem {
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    Problem::new(format!(
        "column `{}` has no field `{name}`",
        column(path, build)
    ))
    .at(&build.place)
    .hint(
        did_you_mean(name, names.iter().copied())
            .unwrap_or_else(|| format!("its fields are {}", names.join(", "))),
    )
}

/// The path up to the struct itself.
fn column<'a>(path: &str, build: &'a Build<'_>) -> &'a str {
    build
        .name
        .strip_suffix(path)
        .map_or(&build.name, |column| column.trim_end_matches('.'))
}

/// A field of a field: null where what is around it is.
fn child(around: &ArrayRef, steps: &[usize]) -> Result<ArrayRef> {
    let mut values = around.clone();
    let mut nulls: Option<NullBuffer> = None;
    for step in steps {
        // Arrow has a struct's nulls beside its fields and not in them.
        nulls = NullBuffer::union(nulls.as_ref(), values.nulls());
        values = values.as_struct().column(*step).clone();
    }
    let nulls = NullBuffer::union(nulls.as_ref(), values.nulls());
    let data = values.to_data().into_builder().nulls(nulls);
    Ok(make_array(data.build()?))
}

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem, tables};

    const COLUMNS: &str = r#"kind: { choice: [A, B] }
address: { struct: { type: { copy: kind }, number: { uniform: { min: 1, max: 9 } }, label: { template: "{kind}-{number}-{row}" }, geo: { struct: { lat: { uniform: { min: 0.5, max: 1.5 } }, secret: { sequence: {}, hidden: true } } } }, nulls: 0.2 }
number: { copy: address.number }
lat: { copy: address.geo.lat }
text: { template: "{address.label}" }
"#;

    #[test]
    fn children_agree_and_are_read_by_path() {
        let tables = one(200, COLUMNS);
        let (address, number) = (tables.texts("t", "address"), tables.texts("t", "number"));
        let (kind, text) = (tables.texts("t", "kind"), tables.texts("t", "text"));
        let lat = tables.texts("t", "lat");
        let nulls = address.iter().filter(|address| *address == "null").count();
        assert!((20..70).contains(&nulls), "{nulls}");
        for row in 0..200 {
            if address[row] == "null" {
                assert_eq!([&number[row], &text[row], &lat[row]], ["null"; 3]);
                continue;
            }
            let (kind, number, lat) = (&kind[row], &number[row], &lat[row]);
            let label = format!("{kind}-{number}-{row}");
            assert_eq!(
                address[row],
                format!("{{type: {kind}, number: {number}, label: {label}, geo: {{lat: {lat}}}}}")
            );
            assert_eq!(text[row], label);
        }
        assert!(tables.domain("t", "number").nulls);
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        check_any_split(
            &one(100, COLUMNS),
            "t",
            &["address", "number", "text", "lat"],
        );
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let mistakes = [
            "x: { struct: { a: sequence }, type: int64 }",
            "x: { struct: {} }",
            "x: { struct: 3 }",
            "x: { struct: { a: { sequence: {}, hidden: true } } }",
            "x: { struct: { a: { copy: b } } }",
            "x: { struct: { a: { copy: x } } }",
            "s: { struct: { amount: sequence } }, x: { copy: s.amuont }",
            "s: { struct: { amount: sequence } }, x: { copy: s.amount.cents }",
        ];
        let shown = mistakes
            .map(|columns| problem(&format!("t:\n  rows: 9\n  columns: {{ {columns} }}\n")));
        insta::assert_snapshot!(shown.join("\n\n"));
    }

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
}
