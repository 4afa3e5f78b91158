//! `parquet` files: rows are read by row group and page, only the columns that are used.

use std::io::BufReader;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{Closed, OpenFile};
use super::files::{FileSource, Tables, each};
use super::raw::Reading;
use super::retype::{convert, is_missing, missing, wanted};
use super::{Asked, DAMAGED, Piece, Records};
use crate::error::{Error, Problem, Result};
use crate::place::{LocalPath, Placed};
use crate::registry::Example;

/// A Parquet file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parquet {
    /// The file, from the folder of the file that says it on; a folder, all of whose files are read, or a pattern such as `data/*.parquet`.
    path: Placed<LocalPath>,
}

struct Table {
    file: At,
    metadata: ArrowReaderMetadata,
    /// The first row of each row group, and the number of all rows.
    groups: Vec<u64>,
    schema: SchemaRef,
}

/// A file whose bytes are read at places, so that threads do not disturb each other.
#[derive(Clone)]
struct At(Arc<OpenFile>);

impl Example for Parquet {
    const EXAMPLE: &'static str = "parquet: { path: orders.parquet }";
}

impl FileSource for Parquet {
    fn path(&self) -> &Placed<LocalPath> {
        &self.path
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn packed(&self) -> bool {
        false
    }

    fn open_files(&self, files: &[Closed], asked: &Asked<'_>) -> Result<Tables, Problem> {
        each(files, |file| open(file.open()?, asked))
    }
}

/// Looks at the file's own words about itself.
fn open(file: OpenFile, asked: &Asked<'_>) -> Result<Arc<dyn Records>, Problem> {
    let file = At(Arc::new(file));
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let metadata = ArrowReaderMetadata::load(&file, options);
    let metadata = metadata.map_err(|error| file.0.problem(error))?;
    let schema = wanted(metadata.schema(), asked.types)?;
    let groups = groups(metadata.metadata());
    let groups = groups.ok_or_else(|| file.0.problem(DAMAGED))?;
    Ok(Arc::new(Table {
        file,
        metadata,
        groups,
        schema,
    }))
}

/// The first row of each row group, and the number of all rows; nothing where numbers are not those of
/// rows.
fn groups(metadata: &ParquetMetaData) -> Option<Vec<u64>> {
    let mut groups = vec![0];
    let mut rows = 0_u64;
    for group in metadata.row_groups() {
        rows = rows.checked_add(u64::try_from(group.num_rows()).ok()?)?;
        groups.push(rows);
    }
    Some(groups)
}

impl Table {
    /// The columns of these rows, in the file's own order and types.
    fn batch(&self, first: u64, count: usize, columns: &[usize]) -> ParquetResult<RecordBatch> {
        let end = first + count as u64;
        let from = self.groups.partition_point(|start| *start <= first) - 1;
        let after = self.groups.partition_point(|start| *start < end).max(from);
        let skip = (first - self.groups[from]) as usize;
        let selection =
            RowSelection::from(vec![RowSelector::skip(skip), RowSelector::select(count)]);
        let metadata = self.metadata.clone();
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata);
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let reader = builder
            .with_projection(mask)
            .with_row_groups((from..after).collect())
            .with_row_selection(selection)
            .with_batch_size(count)
            .build()?;
        let schema = arrow::array::RecordBatchReader::schema(&reader);
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>()?;
        match batches.as_slice() {
            [one] => Ok(one.clone()),
            batches => Ok(concat_batches(&schema, batches)?),
        }
    }

    /// The columns of these rows, in the order and of the types that are wanted.
    fn arrays(&self, first: u64, count: usize, columns: &[usize]) -> Result<Vec<ArrayRef>> {
        let batch = self
            .batch(first, count, columns)
            .map_err(|error| Error::run(error.to_string()))?;
        if batch.num_rows() != count {
            let found = batch.num_rows();
            let what = format!("its row groups say that they have {count} rows, and have {found}");
            return Err(Error::run(what).hint("is the file complete?"));
        }
        // The reader gives them in the file's order.
        let mut order = columns.to_vec();
        order.sort_unstable();
        let arrays = columns.iter().map(|column| {
            let at = order.partition_point(|other| other < column);
            typed(batch.column(at), self.schema.field(*column), first)
        });
        arrays.collect()
    }
}

impl Records for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.groups.last().copied().unwrap_or(0)
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        if columns.is_empty() || count == 0 {
            return Ok(Piece::empty(&self.schema, columns));
        }
        let arrays = self.arrays(first, count, columns);
        let doing = || format!("could not read `{}`", self.file.0.path.display());
        arrays
            .map(Piece::whole)
            .map_err(|error| error.context(doing()))
    }

    fn describe(&self) -> String {
        format!("parquet {}", self.file.0.describe())
    }

    fn digest(&self) -> String {
        self.file.0.digest()
    }
}

/// The values as the column's type; a value that it cannot hold is an error.
pub(super) fn typed(
    values: &ArrayRef,
    field: &arrow::datatypes::Field,
    first: u64,
) -> Result<ArrayRef> {
    let (made, bad) = convert(values, field.data_type())?;
    let missing = missing(&made, field);
    if let (None, Some(row)) = (bad.first(), missing.first()) {
        let (bad, row) = (is_missing(field.name()), first + *row as u64);
        let hint = "leave `nullable: false` out, and give it a value: `expr: \"coalesce(…)\"`";
        return Err(Error::run(format!("row {row}: {}", bad.message)).hint(hint));
    }
    match bad.first() {
        None => Ok(made),
        Some(row) => {
            let text = arrow::util::display::array_value_to_string(values, *row)?;
            let (name, row) = (field.name(), first + *row as u64);
            let wanted = crate::column::show_type(field.data_type());
            let what = format!("column `{name}`, row {row}: {text} cannot be read as {wanted}");
            let hint = format!(
                "say under `types` what holds every value, or leave `{name}` out there and round it in an `expr`"
            );
            Err(Error::run(what).hint(hint))
        }
    }
}

impl Length for At {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for At {
    type T = BufReader<Reading>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::new(self.0.reading(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let bytes = self.0.bytes(start, start.saturating_add(length as u64));
        Ok(Bytes::from(
            bytes
                .map_err(|error| error.to_string())
                .map_err(parquet::errors::ParquetError::General)?,
        ))
    }
}
