//! `parquet` files: rows are read by row group and page, only the columns that are used.

use std::collections::HashSet;
use std::io::BufReader;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
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

use super::bad_file::OnBadFile;
use super::file::OpenFile;
use super::files::{FileSource, FileTables};
use super::first_bytes::FirstBytes;
use super::int96::{self, Int96};
use super::opening::Opening;
use super::parquet_hints::{dictionary, hinted, with_uuids};
use super::parquet_intervals::{self as intervals, Intervals};
use super::parquet_own::own_times;
use super::raw::RawBytes;
use super::retype::{beyond, convert, is_missing, missing, wanted, with_room};
use super::{Asked, DAMAGED, Piece, Records};
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, Placed};
use crate::shown_value::show;

/// A Parquet file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parquet {
    /// The file, from the folder of the file that says it on; a folder, all of whose files are read, or a pattern such as `data/*.parquet`.
    #[serde(deserialize_with = "crate::place::of_rows")]
    path: Placed<FilePath>,
    /// What becomes of a file of several that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_file: OnBadFile,
}

struct ParquetFile {
    file: PositionedFile,
    metadata: ArrowReaderMetadata,
    /// What is to know of times in 96 bits, where there are any.
    int96: Option<Int96>,
    intervals: Option<Intervals>,
    /// The first row of each row group, and the number of all rows.
    groups: Vec<u64>,
    schema: SchemaRef,
}

/// A file whose bytes are read at places, so that threads do not disturb each other.
#[derive(Clone)]
struct PositionedFile(Arc<OpenFile>);

impl Parquet {
    /// The files at this path.
    pub fn of(path: Placed<FilePath>) -> Self {
        Self {
            path,
            on_bad_file: OnBadFile::Stop,
        }
    }
}

impl FileSource for Parquet {
    fn path(&self) -> &Placed<FilePath> {
        &self.path
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn packed(&self) -> bool {
        false
    }

    fn on_bad_file(&self) -> &OnBadFile {
        &self.on_bad_file
    }

    fn open_files(&self, files: &Opening<'_>, asked: &Asked<'_>) -> Result<FileTables, Problem> {
        files.each(|file| open(file.open()?, asked))
    }
}

/// Looks at the file's own words about itself.
fn open(file: OpenFile, asked: &Asked<'_>) -> Result<Arc<dyn Records>, Problem> {
    let file = PositionedFile(Arc::new(file));
    file.0.refuse_other_than(FirstBytes::Parquet)?;
    // With the index of pages a batch in the middle of a row group decodes its own pages only.
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let metadata = ArrowReaderMetadata::load(&file, options.clone());
    let metadata = metadata.map_err(|error| file.0.problem(error))?;
    let metadata = own_times(metadata, &options);
    let metadata = metadata.map_err(|error| file.0.problem(error))?;
    // The other types are those of the Arrow schema of whoever wrote it; hints ask the library for what is
    // cheaper to take: 64-bit decimals instead of 128-bit ones that are cast, dictionaries as they
    // are.
    let metadata = hinted(metadata, &options, asked.only_read);
    let metadata = metadata.map_err(|error| file.0.problem(error))?;
    let int96 = Int96::of(metadata, options.clone());
    let (metadata, int96) = int96.map_err(|error| file.0.problem(error))?;
    let intervals = Intervals::of(&metadata, options);
    let intervals = intervals.map_err(|error| file.0.problem(error))?;
    if let Some(name) = named_twice(metadata.schema()) {
        return Err(file
            .0
            .problem(format!("two columns are named `{name}`"))
            .hint("give one of them another name where the file is written"));
    }
    let found = with_uuids(&metadata);
    let found = intervals
        .as_ref()
        .map_or_else(|| found.clone(), |all| all.schema(&found));
    let schema = wanted(&found, asked.types)?;
    let schema = match asked.only_read {
        true => with_dictionaries(&schema, metadata.schema()),
        false => schema,
    };
    // Numbers of a damaged file may be negative or add up to more than there is.
    let groups = groups(metadata.metadata());
    let groups = groups.ok_or_else(|| file.0.problem(DAMAGED))?;
    Ok(Arc::new(ParquetFile {
        file,
        metadata,
        int96,
        intervals,
        groups,
        schema,
    }))
}

/// A name that two columns have: one of them would be read twice, and the other one never.
fn named_twice(schema: &Schema) -> Option<&str> {
    let mut known = HashSet::new();
    let mut names = schema.fields().iter().map(|field| field.name().as_str());
    names.find(|name| !known.insert(*name))
}

/// Texts that the library gives as dictionaries stay that.
fn with_dictionaries(wanted: &SchemaRef, found: &SchemaRef) -> SchemaRef {
    let fields = wanted.fields().iter().zip(found.fields());
    let field = |(wanted, found): (&FieldRef, &FieldRef)| {
        let stays = *wanted.data_type() == DataType::Utf8 && *found.data_type() == dictionary();
        match stays {
            true => Field::clone(wanted).with_data_type(dictionary()),
            false => Field::clone(wanted),
        }
    };
    Arc::new(Schema::new(fields.map(field).collect::<Vec<_>>()))
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

impl ParquetFile {
    /// The columns of these rows, in the file's own order, with the types that `metadata` has.
    fn batch(
        &self,
        metadata: &ArrowReaderMetadata,
        (first, count): (u64, usize),
        columns: &[usize],
    ) -> ParquetResult<RecordBatch> {
        let end = first + count as u64;
        let from = self.groups.partition_point(|start| *start <= first) - 1;
        let after = self.groups.partition_point(|start| *start < end).max(from);
        let skip = (first - self.groups[from]) as usize;
        let selection =
            RowSelection::from(vec![RowSelector::skip(skip), RowSelector::select(count)]);
        let (file, metadata) = (self.file.clone(), metadata.clone());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
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

    /// As `batch`, or what is wrong with it.
    fn whole(
        &self,
        metadata: &ArrowReaderMetadata,
        (first, count): (u64, usize),
        columns: &[usize],
    ) -> Result<RecordBatch> {
        let batch = self.batch(metadata, (first, count), columns);
        let batch = batch.map_err(|error| Error::run(error.to_string()))?;
        // A damaged file may promise rows that it does not have. The library gives fewer, without
        // an error.
        if batch.num_rows() == count {
            return Ok(batch);
        }
        let found = batch.num_rows();
        let what = format!("its row groups say that they have {count} rows, and have {found}");
        Err(Error::run(what).hint("is the file complete?"))
    }

    /// The columns of these rows, in the order and of the types that are wanted.
    fn arrays(&self, first: u64, count: usize, columns: &[usize]) -> Result<Vec<ArrayRef>> {
        // The reader gives them in the file's order.
        let mut order = columns.to_vec();
        order.sort_unstable();
        let rows = self.whole(&self.metadata, (first, count), columns)?;
        let mut values: Vec<ArrayRef> = rows.columns().to_vec();
        if let Some(int96) = &self.int96 {
            let times = among(&order, &int96.columns);
            // Read twice: at the unit that is wanted, and with all digits to see whether any was
            // lost.
            let exact = self.again(&int96.nanoseconds, (first, count), &times)?;
            for (column, exact) in times.iter().zip(&exact) {
                let at = order.partition_point(|other| other < column);
                let field = self.schema.field(*column);
                values[at] = int96::checked(&values[at], exact, field, first)?;
            }
        }
        if let Some(intervals) = &self.intervals {
            let own = among(&order, &intervals.columns);
            let months = self.again(&intervals.months, (first, count), &own)?;
            for (column, months) in own.iter().zip(&months) {
                let at = order.partition_point(|other| other < column);
                let name = self.schema.field(*column).name();
                values[at] = intervals::whole(&values[at], months, name, first)?;
            }
        }
        let arrays = columns.iter().map(|column| {
            let at = order.partition_point(|other| other < column);
            typed(&values[at], self.schema.field(*column), first)
        });
        arrays.collect()
    }

    /// Some columns once more, with the types that `metadata` has.
    fn again(
        &self,
        metadata: &ArrowReaderMetadata,
        rows: (u64, usize),
        columns: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.whole(metadata, rows, columns)?.columns().to_vec())
    }
}

/// Those of some columns, in order, that are of a kind.
fn among(columns: &[usize], kind: &[usize]) -> Vec<usize> {
    let found = columns.iter().filter(|column| kind.contains(column));
    found.copied().collect()
}

impl Records for ParquetFile {
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
            .map_err(|error| match self.unchanged() {
                Ok(()) => error.context(doing()),
                // What the library makes of a mixture of two files leads nowhere.
                Err(changed) => changed,
            })
    }

    fn describe(&self) -> String {
        format!("parquet {}", self.file.0.describe())
    }

    fn digest(&self) -> String {
        self.file.0.digest()
    }

    fn unchanged(&self) -> Result<()> {
        self.file.0.unchanged()
    }

    fn has_grown(&self) -> Result<bool> {
        self.file.0.has_grown()
    }
}

/// The values as the column's type; a value that it cannot hold is an error.
pub(super) fn typed(
    values: &ArrayRef,
    field: &arrow::datatypes::Field,
    first: u64,
) -> Result<ArrayRef> {
    let (made, bad) = match values.data_type() == field.data_type() {
        true => (values.clone(), beyond(values)),
        false => convert(values, field.data_type())?,
    };
    let missing = missing(&made, field);
    if let (None, Some(row)) = (bad.first(), missing.first()) {
        let (bad, row) = (is_missing(field.name()), first + *row as u64);
        let hint = "leave `nullable: false` out, and give it a value: `expr: \"coalesce(…)\"`";
        return Err(Error::run(format!("row {row}: {}", bad.message)).hint(hint));
    }
    match bad.first() {
        None => Ok(made),
        Some(row) => {
            // A time that no calendar has is shown as the number that it is.
            let text = match values.data_type().is_temporal() {
                true => show(values, *row),
                false => array_value_to_string(&with_room(values), *row)?,
            };
            let (name, row) = (field.name(), first + *row as u64);
            let wanted = super::json_wrong::shown_type(field.data_type());
            let what = format!("column `{name}`, row {row}: {text} cannot be read as {wanted}");
            let hint = match values.data_type() {
                DataType::Utf8 => format!("`types: {{ {name}: utf8 }}` reads it as it is"),
                _ => format!(
                    "say under `types` what holds every value, or leave `{name}` out there and round it in an `expr`"
                ),
            };
            Err(Error::run(what).hint(hint))
        }
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<RawBytes>;

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
