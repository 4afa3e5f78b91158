//! The leaf columns that the library encodes: one writer each for the open row group.

use std::sync::{Arc, Mutex};

use arrow::datatypes::Schema;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, ArrowRowGroupWriterFactory,
};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, Type};

use super::writer::failed;
use crate::error::{Error, Result};
use crate::sync::lock;

/// The library's writers.
pub(super) struct Library {
    /// None if the library encodes nothing.
    factory: Option<ArrowRowGroupWriterFactory>,
    /// The writer of each leaf's open chunk. The schedule gives a leaf to one worker at a time, so
    /// nobody ever waits for these locks.
    writers: Vec<Mutex<Option<ArrowColumnWriter>>>,
    /// Writers of the row group that is beginning, which can only be made for all leaves at once.
    fresh: Mutex<Vec<Option<ArrowColumnWriter>>>,
}

impl Library {
    /// Writers of the leaves that are in these fields of a file.
    pub(super) fn new(
        schema: &Schema,
        described: &SchemaDescriptor,
        fields: &[usize],
        leaves: usize,
        properties: &WriterPropertiesPtr,
    ) -> Result<Self> {
        let doing = |error| failed("making the Parquet schema", error);
        let factory = match leaves {
            0 => None,
            _ => {
                let schema = Arc::new(schema.project(fields)?);
                let root = described.root_schema();
                let own = fields.iter().map(|field| root.get_fields()[*field].clone());
                let root = Type::group_type_builder(root.name()).with_fields(own.collect());
                let root = Arc::new(root.build().map_err(doing)?);
                // The library makes writers of columns from a file's writer alone, so that there is
                // one which writes to nowhere.
                let nowhere = SerializedFileWriter::new(std::io::sink(), root, properties.clone());
                Some(ArrowRowGroupWriterFactory::new(
                    &nowhere.map_err(doing)?,
                    schema,
                ))
            }
        };
        Ok(Self {
            factory,
            writers: (0..leaves).map(|_| Mutex::default()).collect(),
            fresh: Mutex::new((0..leaves).map(|_| None).collect()),
        })
    }

    /// How many leaves there are.
    pub(super) fn leaves(&self) -> usize {
        self.writers.len()
    }

    /// Feeds a leaf; how many bytes its open chunk has about now.
    pub(super) fn write(&self, leaf: usize, column: &ArrowLeafColumn) -> Result<u64> {
        let mut slot = lock(&self.writers[leaf]);
        let writer = match slot.take() {
            Some(writer) => writer,
            None => self.fresh_writer(leaf)?,
        };
        let writer = slot.insert(writer);
        writer
            .write(column)
            .map_err(|error| failed("encoding a column chunk", error))?;
        Ok(writer.get_estimated_total_bytes() as u64)
    }

    /// Ends a leaf's chunk.
    pub(super) fn close(&self, leaf: usize) -> Result<ArrowColumnChunk> {
        let writer = lock(&self.writers[leaf]).take();
        let writer = match writer {
            Some(writer) => writer,
            None => self.fresh_writer(leaf)?,
        };
        writer
            .close()
            .map_err(|error| failed("ending a column chunk", error))
    }

    fn fresh_writer(&self, leaf: usize) -> Result<ArrowColumnWriter> {
        let bug = || Error::run("a leaf column has no writer, which is a bug of rowgen");
        let mut fresh = lock(&self.fresh);
        if let Some(writer) = fresh[leaf].take() {
            return Ok(writer);
        }
        // The index of the row group matters to encryption alone.
        let all = self
            .factory
            .as_ref()
            .ok_or_else(bug)?
            .create_column_writers(0);
        let all = all.map_err(|error| failed("beginning a row group", error))?;
        *fresh = all.into_iter().map(Some).collect();
        fresh[leaf].take().ok_or_else(bug)
    }
}
