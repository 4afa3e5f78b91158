//! Keys of one column as integers, as JSON or as Avro, and keys of several columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type};

use super::super::MessageWriter;
use super::super::raw::nulls;
use crate::format::Shape;
use crate::format::avro::ContainerEncoder;
use crate::format::cells::{CellColumn, Cells, Delimiters, Refusal};
use crate::format::json::ValueSpelling;
use crate::format::nested::unpacked;
use crate::format::rows::{self, Memory, Of, RowSpelling};

/// Integers of so many bytes, the highest first.
// Four bytes or eight, as Java's two serializers take them. The width is a constant, so that each
// value is one store and no copy of so many bytes.
pub struct Integers<const BYTES: usize> {
    pub column: usize,
}

/// A column's values as JSON.
pub struct JsonValue {
    column: usize,
    field: FieldRef,
    values: ValueSpelling,
    memory: Memory,
}

/// A column's values as Avro.
pub struct AvroValue {
    pub column: usize,
    pub container: ContainerEncoder,
}

/// A key of several columns: a message of those alone.
pub struct Composite {
    pub columns: Vec<usize>,
    pub writer: Arc<dyn MessageWriter>,
}

/// What helps where a key of so many bits is too narrow.
pub fn wider(bits: u32) -> &'static str {
    match bits {
        32 => "narrow the column's range, or say `format: int64`",
        _ => "narrow the column's range, or say `format: string`",
    }
}

impl<const BYTES: usize> MessageWriter for Integers<BYTES> {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        let name = batch.schema_ref().field(self.column).name();
        let array = unpacked(batch.column(self.column)).map_err(|refusal| refusal.within(name))?;
        let nulls = nulls(&array);
        let refused = |row: usize, fault: String| Refusal {
            path: name.clone(),
            row,
            fault,
            hint: wider(8 * BYTES as u32),
        };
        // What does not fit becomes null.
        let wide = cast(&array, &DataType::Int64).map_err(|error| refused(0, error.to_string()))?;
        let wide = wide.as_primitive::<Int64Type>();
        out.bytes.reserve(BYTES * array.len());
        for row in 0..array.len() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let value = wide.value(row);
                let most = i64::MAX >> (64 - 8 * BYTES);
                if wide.is_null(row) || !(-most - 1..=most).contains(&value) {
                    let text = arrow::util::display::array_value_to_string(&array, row);
                    let text = text.unwrap_or_default();
                    let bits = 8 * BYTES;
                    let fault = format!("is {text}, which a key of `int{bits}` cannot hold");
                    return Err(refused(row, fault));
                }
                out.bytes
                    .extend_from_slice(&value.to_be_bytes()[8 - BYTES..]);
            }
            out.end();
        }
        Ok(nulls)
    }
}

impl JsonValue {
    /// Column `column`, spelt like `values`.
    pub fn new(shape: &Shape, column: usize, values: ValueSpelling) -> Self {
        Self {
            column,
            field: shape.schema.fields()[column].clone(),
            values,
            memory: Memory::default(),
        }
    }
}

impl MessageWriter for JsonValue {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        let array = batch.column(self.column);
        let (columns, ends) = (std::slice::from_ref(array), Some(&mut out.offsets));
        rows::append(self, columns, Some(&self.memory), &mut out.bytes, ends)?;
        Ok(nulls(array))
    }
}

impl RowSpelling for JsonValue {
    fn column(&self, _index: usize, array: &ArrayRef, _of: Of) -> Result<CellColumn, Refusal> {
        self.values
            .column(&self.field, array, 0, None, &Delimiters::default())
            .map_err(|refusal| refusal.within(self.field.name()))
    }

    fn null(&self, _index: usize) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

impl MessageWriter for AvroValue {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        let nulls = nulls(batch.column(self.column));
        match &nulls {
            Some(shown) => self.container.write_shown(batch, shown, out)?,
            None => self.container.write_datums(batch, out)?,
        }
        Ok(nulls)
    }
}

impl MessageWriter for Composite {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        let batch = batch.project(&self.columns).map_err(|error| Refusal {
            path: String::new(),
            row: 0,
            fault: format!("could not be taken for the key: {error}"),
            hint: "this is a fault of rowgen",
        })?;
        self.writer.write(&batch, out)
    }
}
