//! Batches become row groups with the library's column writers, fed by whichever worker is free.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, ArrowRowGroupWriterFactory,
    compute_leaves,
};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;

use super::schedule::{Limits, Outcome, Schedule, Task};
use super::writer::{ParquetWriter, RowGroup, failed};
use super::{Parquet, properties, schema};
use crate::error::{Error, Result};
use crate::format::{Body, Chunk, Encoder, FileEnds, FileWriter, Shape};

/// Encodes one table's batches.
pub(super) struct ParquetEncoder {
    schema: SchemaRef,
    root: TypePtr,
    properties: WriterPropertiesPtr,
    factory: ArrowRowGroupWriterFactory,
    schedule: Mutex<Schedule<Vec<ArrowLeafColumn>, ArrowColumnChunk>>,
    /// The writer of each leaf's open chunk. The schedule gives a leaf to one worker at a time, so
    /// nobody ever waits for these locks.
    writers: Vec<Mutex<Option<ArrowColumnWriter>>>,
    /// Writers of the row group that is beginning, which can only be made for all leaves at once.
    fresh: Mutex<Vec<Option<ArrowColumnWriter>>>,
    /// A worker has met an error, which it reports: the others stop quietly.
    broken: AtomicBool,
}

impl ParquetEncoder {
    /// An encoder for files of this shape.
    pub(super) fn new(options: &Parquet, shape: &Shape) -> Result<Self> {
        let doing = "making the Parquet schema";
        let schema = schema::logical(&shape.schema);
        let described = ArrowSchemaConverter::new()
            .convert(&schema)
            .map_err(|error| failed(doing, error))?;
        let leaves = described.num_columns();
        let root = described.root_schema_ptr();
        let properties = Arc::new(properties::make(options, shape, &schema, &described));
        let nowhere = SerializedFileWriter::new(std::io::sink(), root.clone(), properties.clone())
            .map_err(|error| failed(doing, error))?;
        let limits = Limits {
            batches: options.row_group_rows() / shape.batch_rows.max(1) as u64,
            bytes: options.row_group_bytes(),
            ends: FileEnds::default(),
        };
        Ok(Self {
            factory: ArrowRowGroupWriterFactory::new(&nowhere, schema.clone()),
            schema,
            root,
            properties,
            schedule: Mutex::new(Schedule::new(leaves, limits)),
            writers: (0..leaves).map(|_| Mutex::default()).collect(),
            fresh: Mutex::new((0..leaves).map(|_| None).collect()),
            broken: AtomicBool::new(false),
        })
    }

    /// A batch as the leaf columns take it: work that needs no order.
    fn leaf_columns(&self, batch: &RecordBatch) -> Result<Vec<ArrowLeafColumn>> {
        let mut leaves = Vec::with_capacity(self.writers.len());
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            let doing = || format!("encoding the column `{}`", field.name());
            leaves.extend(compute_leaves(field, column).map_err(|error| failed(&doing(), error))?);
        }
        Ok(leaves)
    }

    /// Does what there is to do until nothing is left for this worker.
    fn work(&self, put: &dyn Fn(u64, Chunk)) -> Result<()> {
        while !self.broken.load(Ordering::Acquire) {
            let task = lock(&self.schedule).next();
            let outcome = match task {
                None => return Ok(()),
                Some(Task::Write { leaf, batch }) => {
                    let bytes = self.write(leaf, &batch[leaf])?;
                    lock(&self.schedule).wrote(leaf, bytes)
                }
                Some(Task::Close { leaf }) => {
                    let chunk = self.close(leaf)?;
                    lock(&self.schedule).closed(leaf, chunk)
                }
            };
            match outcome {
                None => {}
                Some(Outcome::Taken { number, rows }) => {
                    let body = Body::Open;
                    put(number, Chunk { rows, body });
                }
                Some(Outcome::Finished {
                    number,
                    rows,
                    chunks,
                }) => {
                    let body = Body::RowGroup(Box::new(RowGroup { chunks }));
                    put(number, Chunk { rows, body });
                }
            }
        }
        Ok(())
    }

    /// Feeds a leaf; how many bytes its open chunk has about now.
    fn write(&self, leaf: usize, column: &ArrowLeafColumn) -> Result<u64> {
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

    fn fresh_writer(&self, leaf: usize) -> Result<ArrowColumnWriter> {
        let mut fresh = lock(&self.fresh);
        if let Some(writer) = fresh[leaf].take() {
            return Ok(writer);
        }
        // The index of the row group matters to encryption alone.
        let all = self.factory.create_column_writers(0);
        let all = all.map_err(|error| failed("beginning a row group", error))?;
        *fresh = all.into_iter().map(Some).collect();
        fresh[leaf]
            .take()
            .ok_or_else(|| Error::run("a leaf column has no writer, which is a bug of rowgen"))
    }

    fn close(&self, leaf: usize) -> Result<ArrowColumnChunk> {
        let writer = lock(&self.writers[leaf]).take();
        let writer = match writer {
            Some(writer) => writer,
            None => self.fresh_writer(leaf)?,
        };
        writer
            .close()
            .map_err(|error| failed("ending a column chunk", error))
    }

    /// The first worker that meets an error reports it.
    fn report(&self, result: Result<()>) -> Result<()> {
        if result.is_err() && self.broken.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        result
    }
}

impl Encoder for ParquetEncoder {
    fn plan_files(&self, ends: FileEnds) {
        lock(&self.schedule).plan_files(ends);
    }

    fn encode(&self, number: u64, batch: &RecordBatch, put: &dyn Fn(u64, Chunk)) -> Result<()> {
        let result = self.leaf_columns(batch).and_then(|leaves| {
            lock(&self.schedule).add(number, batch.num_rows() as u64, leaves);
            self.work(put)
        });
        self.report(result)
    }

    fn cut(&self) {
        lock(&self.schedule).cut();
    }

    fn end(&self, batches: u64, put: &dyn Fn(u64, Chunk)) -> Result<()> {
        lock(&self.schedule).end(batches);
        let result = self.work(put);
        self.report(result)
    }

    fn begin(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn FileWriter>> {
        let (root, properties) = (self.root.clone(), self.properties.clone());
        Ok(Box::new(ParquetWriter::new(out, root, properties)?))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
