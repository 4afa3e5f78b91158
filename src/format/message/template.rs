//! `template`: text with `{columns}` in it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::Deserialize;

use super::plain::Plain;
use super::{MessageFormat, MessageWriter};
use crate::error::{Problem, Problems, Result};
use crate::format::Shape;
use crate::format::cells::{Cells, Refusal};
use crate::format::text::TextLeaf;
use crate::place::{BracePart, Place, Placed, Text, braces, place_of};
use crate::type_names::show_type;

/// Text with the values of columns in it, spelt as in CSV but never quoted; null is nothing, bytes
/// are hexadecimal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateMessage {
    /// The text: `"{id}|{email}"`; `{{` and `}}` are braces themselves.
    text: Placed<Text>,
}

impl TemplateMessage {
    fn plain(&self, shape: &Shape) -> Result<Plain, Vec<Problem>> {
        let parts = braces(&self.text).map_err(|problem| vec![problem])?;
        let mut problems = Problems::default();
        let mut plain = Plain::default();
        let mut before = Vec::new();
        for part in parts {
            match part {
                BracePart::Literal(text) => before = text.into_bytes(),
                BracePart::Named(range) => {
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
    let index = placeholder(shape, name, place)?;
    match no_text(shape.schema.field(index), "a template") {
        None => Ok(index),
        Some(problem) => Err(problem
            .hint("give it another type, or write `format: json`")
            .at(place)),
    }
}

/// The column that is named between two braces.
///
/// # Errors
/// None is, or one that is not there.
pub fn placeholder(shape: &Shape, name: &str, place: &Place) -> Result<usize, Problem> {
    if !name.is_empty() {
        return shape.column(name, place);
    }
    let problem = Problem::new("a placeholder without a column").at(place);
    Err(problem.hint("write `{column}`; `{{` is a brace itself"))
}

/// What is wrong with a column in `whole`, a text that holds columns: its type has no text form.
pub fn no_text(field: &Field, whole: &str) -> Option<Problem> {
    TextLeaf::of(field).is_none().then(|| {
        let (name, data_type) = (field.name(), show_type(field.data_type()));
        Problem::new(format!(
            "column `{name}` has the type {data_type}, which {whole} cannot hold"
        ))
    })
}

impl MessageFormat for TemplateMessage {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        self.plain(shape).err().unwrap_or_default()
    }

    fn open(&self, shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        Ok(Arc::new(self.plain(shape)?))
    }
}

impl MessageWriter for Plain {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.write(batch, out).map(|()| None)
    }
}
