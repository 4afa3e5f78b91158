//! `template`: text with `{columns}` in it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::plain::Plain;
use super::{MessageFormat, MessageWriter, wrong};
use crate::error::{Problem, Problems, Result};
use crate::format::Shape;
use crate::format::cells::{Cells, Refusal};
use crate::format::text::Leaf;
use crate::place::{Part, Place, Placed, Text, braces, place_of};
use crate::registry::Example;
use crate::type_names::show_type;

/// Text with the values of columns in it, spelt as in CSV but never quoted; null is nothing, bytes
/// are hexadecimal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateMessage {
    /// The text: `"{id}|{email}"`; `{{` and `}}` are braces themselves.
    text: Placed<Text>,
}

impl Example for TemplateMessage {
    const EXAMPLE: &'static str = "template: { text: \"{id}|{email}\" }";
}

impl TemplateMessage {
    fn plain(&self, shape: &Shape) -> Result<Plain, Vec<Problem>> {
        let parts = braces(&self.text).map_err(|problem| vec![problem])?;
        let mut problems = Problems::default();
        let mut plain = Plain::default();
        let mut before = Vec::new();
        for part in parts {
            match part {
                Part::Literal(text) => before = text.into_bytes(),
                Part::Named(range) => {
                    let place = place_of(&self.text, range.clone());
                    let index = index(shape, self.text[range].trim(), &place);
                    if let Some(index) = problems.note(index) {
                        plain.push(shape, index, std::mem::take(&mut before));
                    }
                }
            }
        }
        plain.end(&before);
        if plain.is_empty() && problems.is_empty() {
            let problem =
                Problem::new("the template names no column: every message would be the same");
            problems.push(problem.hint("write `{column}`").at(&self.text.place));
        }
        problems.into_result().map_err(|error| error.problems)?;
        Ok(plain)
    }
}

/// The column of that name, if it has a text form.
fn index(shape: &Shape, name: &str, place: &Place) -> Result<usize, Problem> {
    if name.is_empty() {
        let problem = Problem::new("a placeholder without a column");
        return Err(problem
            .hint("write `{column}`; `{{` is a brace itself")
            .at(place));
    }
    let index = shape.column(name, place)?;
    let field = shape.schema.field(index);
    match Leaf::of(field) {
        Some(_) => Ok(index),
        None => Err(Problem::new(format!(
            "column `{name}` has the type {}, which a template cannot hold",
            show_type(field.data_type())
        ))
        .hint("give it another type, or write `format: json`")
        .at(place)),
    }
}

impl MessageFormat for TemplateMessage {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        self.plain(shape).err().unwrap_or_default()
    }

    fn open(&self, shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        Ok(Arc::new(self.plain(shape).map_err(wrong)?))
    }
}

impl MessageWriter for Plain {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.write(batch, out).map(|()| None)
    }
}
