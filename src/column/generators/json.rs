//! `json`: columns within a column, as JSON text.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow_json::writer::{EncoderOptions, make_encoder};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::structure::Structure;
use crate::column::build::{Build, BuiltColumn, Pick};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};

/// Columns within a column, as one JSON object in text; `column.field` reads them as they were.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Json(Structure);

struct JsonFill {
    field: FieldRef,
}

impl Generator for Json {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("json", "text"));
        }
        build.wanted = None;
        let parts = self.0.build(build)?;
        let field = Arc::new(Field::new(&build.name, parts.data_type.clone(), false));
        let mut domain = Domain::default();
        domain.depend_on(&parts.domain);
        let mut made = BuiltColumn::new(DataType::Utf8, domain, JsonFill { field });
        made.pick = Some(Pick {
            data_type: parts.data_type,
            fill: parts.fill,
            pointwise: parts.pointwise,
            rows: None,
            nulls: false,
        });
        made.fields = parts.fields;
        Ok(made)
    }
}

impl Fill for JsonFill {
    fn fill(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let options = EncoderOptions::default().with_explicit_nulls(true);
        let objects = inputs[0].as_ref();
        let mut encoder = make_encoder(&self.field, objects, &options)?;
        let mut texts = StringBuilder::with_capacity(objects.len(), objects.len() * 64);
        let mut text = Vec::new();
        for row in 0..objects.len() {
            if objects.is_null(row) {
                texts.append_null();
                continue;
            }
            text.clear();
            encoder.encode(row, &mut text);
            let text = std::str::from_utf8(&text);
            texts.append_value(text.map_err(|error| Error::because("writing JSON", error))?);
        }
        Ok(Arc::new(texts.finish()))
    }
}

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem};

    const COLUMNS: &str = r#"kind: { choice: [A, "B\"\\"] }
x: { json: { id: sequence, kind_of: { copy: kind }, price: { type: "decimal(10,2)", uniform: { min: 1, max: 9 }, nulls: 0.5 }, at: { event_time: { start: 2026-01-15, rate: 2/s } }, tags: { list: { length: 2, of: { template: "t{item}" } } } } }
price: { copy: x.price }
"#;

    #[test]
    fn objects_are_written_as_text_and_read_as_they_were() {
        let tables = one(3, COLUMNS);
        insta::assert_snapshot!(
            ["x", "price"]
                .map(|column| tables.texts("t", column).join("\n"))
                .join("\n\n")
        );
        for text in one(500, COLUMNS).texts("t", "x") {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.as_object().unwrap().len(), 5);
        }
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        check_any_split(&one(100, COLUMNS), "t", &["x", "price"]);
    }

    #[test]
    fn it_is_text() {
        assert_eq!(
            problem("t:\n  rows: 1\n  columns:\n    x: { type: int64, json: { a: sequence } }\n"),
            "error: `json` cannot make int64 for column `t.x`\n --> p.yaml:4:8\n  |\n4 |     x: { type: int64, json: { a: sequence } }\n  |        ^\n  hint: it makes text"
        );
    }
}
