//! `raw`: one column's texts or bytes, as they are.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::buffer::NullBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::plain::Plain;
use super::{MessageFormat, MessageWriter, named};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::format::cells::{Cells, Refusal};
use crate::format::text::TextLeaf;
use crate::place::{Placed, Text};
use crate::type_names::show_type;

/// One column's texts or bytes, as they are; null is a message without a value (a tombstone).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMessage {
    /// The column.
    column: Placed<Text>,
}

/// The values of one column, null where it is null.
pub struct Single {
    index: usize,
    plain: Plain,
}

impl RawMessage {
    fn index(&self, shape: &Shape) -> Result<usize, Problem> {
        let index = named(shape, &self.column)?;
        let field = shape.schema.field(index);
        match TextLeaf::of(field) {
            Some(TextLeaf::Text | TextLeaf::Binary) => Ok(index),
            _ => Err(Problem::new(format!(
                "column `{}` has the type {}, which is neither text nor bytes",
                field.name(),
                show_type(field.data_type())
            ))
            .hint(format!(
                "give it one of these types, or write its text: `template: {{ text: \"{{{}}}\" }}`",
                field.name()
            ))
            .at(&self.column.place)),
        }
    }
}

impl MessageFormat for RawMessage {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        self.index(shape).err().into_iter().collect()
    }

    fn open(&self, shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        let index = self.index(shape)?;
        Ok(Arc::new(Single::new(shape, index)))
    }
}

impl Single {
    /// Column `index` as its text, or as its bytes.
    pub fn new(shape: &Shape, index: usize) -> Self {
        Self {
            index,
            plain: Plain::column(shape, index),
        }
    }
}

impl MessageWriter for Single {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.plain.write(batch, out)?;
        Ok(nulls(batch.column(self.index)))
    }
}

/// The nulls of a column that has some.
pub fn nulls(array: &dyn Array) -> Option<NullBuffer> {
    // Also the nulls of a dictionary's values, which `nulls` would not show.
    array.logical_nulls().filter(|nulls| nulls.null_count() > 0)
}
