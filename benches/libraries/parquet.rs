//! The `parquet` crate: a row group on every thread, appended in order.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::Result;
use crate::batches::{Batches, Coded};
use crate::ordered::in_order;

/// The library's own row group size.
const ROW_GROUP_ROWS: u64 = 1 << 20;

/// Snappy, dictionaries, and the library's defaults otherwise.
pub fn write(batches: &Batches, path: &Path) -> Result<()> {
    let schema = batches.schema(Coded::Text);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let file = File::create(path)?;
    let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties.build()))?;
    let (mut file, columns) = writer.into_serialized_writer()?;
    let each = ROW_GROUP_ROWS / batches.rows_each();
    in_order(
        batches.threads,
        batches.count().div_ceil(each),
        |group| {
            let numbers = group * each..((group + 1) * each).min(batches.count());
            let writers = columns.create_column_writers(usize::try_from(group)?)?;
            encode(batches, &schema, numbers, writers)
        },
        |chunks| {
            let mut group = file.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close()?;
            Ok(())
        },
    )?;
    file.close()?;
    Ok(())
}

/// One row group, batch by batch.
fn encode(
    batches: &Batches,
    schema: &SchemaRef,
    numbers: std::ops::Range<u64>,
    mut writers: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>> {
    for number in numbers {
        let batch = batches.make_for(number, schema)?;
        let columns = schema.fields().iter().zip(batch.columns());
        for ((field, column), writer) in columns.zip(&mut writers) {
            for leaf in compute_leaves(field, column)? {
                writer.write(&leaf)?;
            }
        }
    }
    let chunks: std::result::Result<_, _> =
        writers.into_iter().map(ArrowColumnWriter::close).collect();
    Ok(chunks?)
}
