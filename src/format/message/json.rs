//! `json`: a JSON object a message.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{MessageFormat, MessageWriter};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::format::cells::{Cells, Refusal};
use crate::format::json::{Nulls, ObjectRows, Spelling, ValueSpelling, check_field};

/// A JSON object a message, spelt as in JSON files, without a line end.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JsonMessage {
    /// Null fields are written as `null` or left out.
    nulls: Nulls,
    /// Decimals are numbers or strings, with all their digits either way.
    decimals: Spelling,
    /// Whole numbers of 64 bits are numbers, or strings for readers that hold numbers in doubles.
    int64: Spelling,
}

impl JsonMessage {
    /// How these options spell values.
    pub fn values(&self) -> ValueSpelling {
        ValueSpelling {
            omit_nulls: self.nulls == Nulls::Omit,
            decimal_strings: self.decimals == Spelling::String,
            wide_strings: self.int64 == Spelling::String,
            pretty: false,
        }
    }
}

impl MessageFormat for JsonMessage {
    fn is_text(&self) -> bool {
        true
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let fields = shape.schema.fields().iter();
        fields
            .flat_map(|field| check_field(field, field.name(), "JSON"))
            .collect()
    }

    fn open(&self, _shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        // Nothing behind the object: whoever carries messages says where each ends.
        Ok(Arc::new(ObjectRows::new(self.values(), 0, b"")))
    }
}

impl MessageWriter for ObjectRows {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.write(batch, out).map(|()| None)
    }
}
