//! A Parquet file as it is written: row groups are put down, the footer ends it.

use std::io::{BufWriter, Write};

use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;

use super::gather;
use crate::error::{Error, Result};
use crate::format::{Body, FileChunk, FileWriter};

/// Bytes that are handed to the system at once.
// A choice, no measurement is behind it.
const AT_ONCE: usize = 1 << 20;

/// The finished column chunks of one row group.
pub struct RowGroup {
    /// One for each leaf column, in the order of the schema.
    pub(super) chunks: Vec<ColumnChunk>,
    /// The file is as long as it should be.
    pub(super) ends_file: bool,
}

/// The finished chunk of one leaf column.
pub(super) enum ColumnChunk {
    /// Encoded here.
    Direct(Box<gather::Chunk>),
    /// Encoded by the library.
    Library(Box<ArrowColumnChunk>),
}

impl RowGroup {
    /// True if its file is as long as it should be with it.
    pub fn ends_file(&self) -> bool {
        self.ends_file
    }

    /// True when all of its batches were empty.
    pub fn is_empty(&self) -> bool {
        self.chunks.first().is_some_and(|chunk| chunk.rows() == 0)
    }
}

impl ColumnChunk {
    /// Its bytes in the file, with about those that tell of it.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Direct(chunk) => chunk.close.bytes_written + chunk.told,
            Self::Library(chunk) => chunk.close().bytes_written,
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Self::Direct(chunk) => chunk.close.rows_written,
            Self::Library(chunk) => chunk.close().rows_written,
        }
    }
}

/// A Parquet file that has begun.
pub(super) struct ParquetWriter(SerializedFileWriter<BufWriter<Box<dyn Write + Send>>>);

/// What the library says, without the name of its own error kind.
pub(super) fn failed(doing: &str, error: ParquetError) -> Error {
    match error {
        ParquetError::General(text) => Error::because(doing, text),
        ParquetError::External(error) => Error::because(doing, error),
        other => Error::because(doing, other),
    }
}

impl ParquetWriter {
    /// Begins a file.
    pub(super) fn new(
        out: Box<dyn Write + Send>,
        schema: TypePtr,
        properties: WriterPropertiesPtr,
    ) -> Result<Self> {
        let out = BufWriter::with_capacity(AT_ONCE, out);
        SerializedFileWriter::new(out, schema, properties)
            .map(Self)
            .map_err(|error| failed("beginning a Parquet file", error))
    }

    fn append(&mut self, group: RowGroup) -> Result<(), ParquetError> {
        if group.is_empty() {
            return Ok(());
        }
        let mut row_group = self.0.next_row_group()?;
        for chunk in group.chunks {
            match chunk {
                ColumnChunk::Library(chunk) => chunk.append_to_row_group(&mut row_group)?,
                ColumnChunk::Direct(chunk) => {
                    row_group.append_column(&chunk.pages, chunk.close)?;
                }
            }
        }
        row_group.close()?;
        Ok(())
    }
}

impl FileWriter for ParquetWriter {
    fn write(&mut self, chunk: FileChunk) -> Result<()> {
        match chunk.body {
            Body::RowGroup(group) => self
                .append(*group)
                .map_err(|error| failed("writing a row group", error)),
            Body::Open => Ok(()),
            Body::Block(_) => Err(Error::run("a Parquet file takes row groups, not blocks")),
        }
    }

    fn bytes(&self) -> u64 {
        self.0.bytes_written() as u64
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        match self.0.finish() {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("writing the footer of a Parquet file", error)),
        }
    }
}
