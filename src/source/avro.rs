//! `avro` container files: blocks are found once, then any of their rows are read alone.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, NullArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_avro::codec::Tz;
use arrow_avro::reader::ReaderBuilder;
use schemars::JsonSchema;
use serde::Deserialize;

use super::avro_header::AvroHeader;
use super::bad_file::OnBadFile;
use super::file::OpenFile;
use super::files::{FileSource, FileTables};
use super::first_bytes::FirstBytes;
use super::opening::Opening;
use super::parquet::typed;
use super::retype::wanted;
use super::{Asked, Piece, Records};
use crate::error::{Error, Problem, Result};
use crate::kernel::varint;
use crate::place::{FilePath, Placed};

/// An Avro container file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Avro {
    /// The file, from the folder of the file that says it on; a folder, all of whose files are read, or a pattern such as `data/*.avro`.
    #[serde(deserialize_with = "crate::place::of_rows")]
    path: Placed<FilePath>,
    /// What becomes of a file of several that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_file: OnBadFile,
}

struct AvroFile {
    file: OpenFile,
    header: AvroHeader,
    /// Every block, and the end of the last one.
    blocks: Vec<BlockStart>,
    schema: SchemaRef,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy)]
struct BlockStart {
    row: u64,
    offset: u64,
}

/// Bytes that two numbers of 64 bits may take.
const NUMBERS: u64 = 20;
const SYNC: u64 = 16;
/// Rows of a byte, compressed.
// A bound against headers that lie: a block of a few bytes may not claim milliards of rows, for
// which room would be made before the first is read.
const DENSEST: usize = 1024;

impl Avro {
    /// The files at this path.
    pub fn of(path: Placed<FilePath>) -> Self {
        Self {
            path,
            on_bad_file: OnBadFile::Stop,
        }
    }
}

impl FileSource for Avro {
    fn path(&self) -> &Placed<FilePath> {
        &self.path
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["avro"]
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
    file.refuse_other_than(FirstBytes::Avro)?;
    let header = AvroHeader::read(&file)?;
    let blocks = blocks(&file, header.length).map_err(|error| file.problem(error))?;
    let found = reader().build(Cursor::new(header.bytes.clone()));
    let found = found.map_err(|error| file.problem(error))?.schema();
    let schema = wanted(&with_uuids(&found, &header.uuids, asked), asked.types)?;
    Ok(Arc::new(AvroFile {
        file,
        header,
        blocks,
        schema,
    }))
}

/// The columns with those texts as UUIDs that no other type is asked for.
fn with_uuids(found: &Schema, uuids: &[String], asked: &Asked<'_>) -> Schema {
    let is_said = |name: &str| asked.types.iter().any(|(said, _)| said.value == name);
    let column = |field: &Arc<Field>| {
        let name = field.name();
        if !uuids.contains(name) || is_said(name) {
            return field.as_ref().clone();
        }
        let metadata = [("logicalType".to_string(), "uuid".to_string())];
        Field::new(name, DataType::FixedSizeBinary(16), field.is_nullable())
            .with_metadata(metadata.into())
    };
    Schema::new(found.fields().iter().map(column).collect::<Vec<_>>())
}

fn reader() -> ReaderBuilder {
    ReaderBuilder::new().with_tz(Tz::Utc)
}

/// Finds every block by the sizes that they begin with.
fn blocks(file: &OpenFile, start: u64) -> Result<Vec<BlockStart>> {
    let (mut row, mut offset) = (0, start);
    let mut blocks = vec![BlockStart { row, offset }];
    let broken = |offset: u64| Error::run(format!("the block at byte {offset} is broken"));
    while offset < file.length {
        // Blocks say how long they are, so only their first bytes are read: a file of gigabytes is
        // indexed in some thousand small reads.
        let head = file.bytes(offset, file.length.min(offset + NUMBERS))?;
        let mut rest = head.as_slice();
        let numbers = (number(&mut rest), number(&mut rest));
        let (Some(rows), Some(size)) = numbers else {
            return Err(broken(offset));
        };
        let next = offset + (head.len() - rest.len()) as u64;
        let next = next
            .checked_add(size)
            .and_then(|next| next.checked_add(SYNC));
        match next.filter(|next| *next <= file.length) {
            Some(next) => offset = next,
            None => return Err(broken(offset).hint("is the file complete?")),
        }
        row = match u64::checked_add(row, rows) {
            Some(row) => row,
            None => return Err(broken(offset)),
        };
        blocks.push(BlockStart { row, offset });
    }
    Ok(blocks)
}

/// A number that is not negative, as Avro writes it.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    u64::try_from(varint::read_long(bytes)?).ok()
}

impl AvroFile {
    fn batch(&self, first: u64, count: usize, columns: &[usize]) -> Result<RecordBatch> {
        let end = first + count as u64;
        let from = self.blocks.partition_point(|block| block.row <= first) - 1;
        let after = self.blocks.partition_point(|block| block.row < end);
        let (start, offset) = (self.blocks[from].row, self.blocks[from].offset);
        let bytes = self.file.bytes(offset, self.blocks[after].offset)?;
        let at = |block: BlockStart| (block.offset - offset) as usize;
        let batches = self.blocks[from..=after]
            .windows(2)
            // A block may be empty.
            .filter(|pair| pair[0].row < pair[1].row)
            .map(|pair| {
                let rows = (pair[1].row - pair[0].row) as usize;
                let block = &bytes[at(pair[0])..at(pair[1])];
                self.block(block, (pair[0].row, rows), columns)
            })
            .collect::<Result<Vec<_>>>()?;
        let batch = match batches.as_slice() {
            [one] => one.clone(),
            batches => concat_batches(batches[0].schema_ref(), batches)?,
        };
        Ok(batch.slice((first - start) as usize, count))
    }

    /// The rows of one block, of which there must be as many as it says.
    ///
    /// A block at a time, with an open end: the library goes round for ever where a block has more bytes
    /// than its rows need.
    fn block(
        &self,
        block: &[u8],
        (first, rows): (u64, usize),
        columns: &[usize],
    ) -> Result<RecordBatch> {
        let datums = self.datums(block)?;
        if let Some(shape) = &self.header.shape {
            let checked = shape.check_all(&datums, rows);
            checked.map_err(|(row, bad)| {
                Error::run(format!("row {}: {}", first + row as u64, bad.message))
                    .hint("its writer made no Avro, or the file is damaged")
            })?;
        }
        let bytes = self.open_ended(&datums);
        let mut reader = reader()
            // A broken number of rows asks for no memory: so many do not fit in so few bytes.
            .with_batch_size(rows.min(bytes.len().saturating_mul(DENSEST)))
            .with_projection(columns.to_vec())
            .build(Cursor::new(bytes))?;
        let schema = reader.schema();
        let wrong = |found: &str| {
            let message = format!("a block says that it has {rows} rows, and has {found}");
            Err(Error::run(message).hint("is the file complete?"))
        };
        match reader.next().transpose()? {
            // Rows of nothing but nulls have no bytes, of which the library makes no row.
            None if schema
                .fields()
                .iter()
                .all(|field| field.data_type().is_null()) =>
            {
                let nulls = || Arc::new(NullArray::new(rows)) as ArrayRef;
                let nulls = columns.iter().map(|_| nulls()).collect();
                Ok(RecordBatch::try_new(schema, nulls)?)
            }
            None => wrong("none"),
            Some(batch) if batch.num_rows() < rows => wrong(&batch.num_rows().to_string()),
            Some(batch) if reader.next().is_none() => Ok(batch),
            Some(_) => wrong("more"),
        }
    }

    /// What a block holds, not compressed.
    fn datums<'b>(&self, mut block: &'b [u8]) -> Result<Cow<'b, [u8]>> {
        // Read when the blocks were found: how many rows, and how many bytes.
        number(&mut block);
        number(&mut block);
        let packed = &block[..block.len().saturating_sub(SYNC as usize)];
        match self.header.codec {
            None => Ok(Cow::Borrowed(packed)),
            Some(codec) => codec
                .unpack(packed)
                .map(Cow::Owned)
                .map_err(|error| Error::because("a block is damaged", error)),
        }
    }

    /// The header and a block, which says that it has as many rows as it has bytes for.
    fn open_ended(&self, datums: &[u8]) -> Vec<u8> {
        let mut bytes = self.header.bytes.clone();
        bytes.reserve(2 * varint::LONG + datums.len() + self.header.sync.len());
        varint::write_long(&mut bytes, i64::MAX);
        varint::write_long(&mut bytes, datums.len() as i64);
        bytes.extend(datums);
        bytes.extend(self.header.sync);
        bytes
    }
}

impl Records for AvroFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.row)
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        if columns.is_empty() || count == 0 {
            return Ok(Piece::empty(&self.schema, columns));
        }
        let read = || -> Result<Vec<ArrayRef>> {
            let batch = self.batch(first, count, columns)?;
            let columns = columns.iter().zip(batch.columns());
            columns
                .map(|(column, values)| typed(values, self.schema.field(*column), first))
                .collect()
        };
        let arrays = read().map_err(|error| {
            error.context(format!("could not read `{}`", self.file.path.display()))
        });
        arrays.map(Piece::whole)
    }

    fn describe(&self) -> String {
        format!("avro {}", self.file.describe())
    }

    fn digest(&self) -> String {
        self.file.digest()
    }

    fn unchanged(&self) -> Result<()> {
        self.file.unchanged()
    }

    fn has_grown(&self) -> Result<bool> {
        self.file.has_grown()
    }
}
