//! Reference data from CSV and Parquet.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow_csv::reader::{Format, ReaderBuilder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::source::csv::infer;
use crate::source::{Types, convert};

/// Reads a CSV file with a header. Fields that `types` name stay text; the types of the others are
/// inferred from all rows.
pub(super) fn csv(path: &Path, delimiter: u8, types: &Types) -> Result<RecordBatch, String> {
    let texts = texts(path, delimiter).map_err(|error| error.to_string())?;
    let named = |field: &Field| types.iter().any(|(name, _)| name.value == *field.name());
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in texts.schema().fields().iter().zip(texts.columns()) {
        let column = match named(field) {
            true => column.clone(),
            false => inferred(column).map_err(|error| error.to_string())?,
        };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

/// Every value as text, nothing as null.
fn texts(path: &Path, delimiter: u8) -> Result<RecordBatch, ArrowError> {
    let mut file = File::open(path)?;
    let format = Format::default()
        .with_header(true)
        .with_delimiter(delimiter);
    let (names, _) = format.infer_schema(&mut file, Some(0))?;
    file.rewind()?;
    let text = |field: &Arc<Field>| Field::new(field.name(), DataType::Utf8, true);
    let fields: Vec<Field> = names.fields().iter().map(text).collect();
    let schema = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(schema.clone()).with_format(format);
    let batches: Result<Vec<RecordBatch>, _> = reader.build(file)?.collect();
    concat_batches(&schema, &batches?)
}

fn inferred(texts: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let values = texts.as_string::<i32>().iter().flatten();
    let (values, bad) = convert(texts, &infer(values))?;
    match bad.is_empty() {
        true => Ok(values),
        false => Ok(texts.clone()),
    }
}

/// Reads a Parquet file.
pub(super) fn parquet(path: &Path) -> Result<RecordBatch, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let schema = builder.schema().clone();
    let reader = builder.build().map_err(|error| error.to_string())?;
    let batches: Result<Vec<RecordBatch>, _> = reader.collect();
    concat_batches(&schema, &batches.map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())
}
