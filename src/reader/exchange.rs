//! Columns as other libraries read them right.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::error::Result;

/// What else a library wants of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Text {
    /// Text of few values comes as its values.
    pub plain: bool,
    /// Text and bytes come as views.
    pub views: bool,
}

/// The columns with types that every library knows.
pub(super) fn schema(schema: &Schema, text: Text) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| exchanged(field, text));
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

fn exchanged(field: &FieldRef, text: Text) -> FieldRef {
    let data_type = data_type(field.data_type(), text);
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// Decimals have 128 bits: polars 2.1 takes those of 64 bits, which are newer, for them, and reads wrong
/// numbers; others refuse them. Of dictionaries only those of text are kept, and where they are unwanted
/// not even these: a library makes a category of one, which nobody expects of a number.
fn data_type(made: &DataType, text: Text) -> DataType {
    let item = |item| exchanged(item, text);
    match made {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Utf8 | DataType::LargeUtf8 if text.views => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary if text.views => DataType::BinaryView,
        DataType::Dictionary(_, values) if !text.plain && values.as_ref() == &DataType::Utf8 => {
            made.clone()
        }
        DataType::Dictionary(_, values) => data_type(values, text),
        DataType::List(of) => DataType::List(item(of)),
        DataType::LargeList(of) => DataType::LargeList(item(of)),
        DataType::FixedSizeList(of, count) => DataType::FixedSizeList(item(of), *count),
        DataType::Map(entries, sorted) => DataType::Map(item(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(item).collect()),
        _ => made.clone(),
    }
}

/// Rows as this schema has them. Columns that have its type already are only counted once more.
pub(super) fn rows(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(
        |(values, field)| match values.data_type() == field.data_type() {
            true => Ok(values.clone()),
            false => cast(values, field.data_type()),
        },
    );
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    // Rows of which no column is asked for are still so many.
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}
