//! Reference data from CSV and Parquet.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow_csv::reader::{Format, ReaderBuilder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Reads a CSV file with a header; types are inferred from all its rows.
pub(super) fn csv(path: &Path, delimiter: u8) -> Result<RecordBatch, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let format = Format::default()
        .with_header(true)
        .with_delimiter(delimiter);
    let (schema, _) = format
        .infer_schema(&mut file, None)
        .map_err(|error| error.to_string())?;
    file.rewind().map_err(|error| error.to_string())?;
    let schema = Arc::new(schema);
    let reader = ReaderBuilder::new(schema.clone())
        .with_format(format)
        .build(file);
    let batches: Result<Vec<RecordBatch>, _> = reader.map_err(|error| error.to_string())?.collect();
    let batches = batches.map_err(|error| error.to_string())?;
    concat_batches(&schema, &batches).map_err(|error| error.to_string())
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
