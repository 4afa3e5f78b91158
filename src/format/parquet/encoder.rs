//! Batches become row groups: flat columns as pages on the worker that made the batch, the others
//! with the library's column writers, fed by whichever worker is free.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_writer::{ArrowLeafColumn, compute_leaves};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::schema::types::TypePtr;

use super::choose::{self, ColumnEncoder, FileSettings};
use super::column::{FlatColumn, Page, Worker};
use super::gather::GatheredPages;
use super::library::Library;
use super::schedule::{BatchOutcome, EncodingTask, RowGroupLimits, RowGroupSchedule};
use super::writer::{ColumnChunk, ParquetWriter, RowGroup, failed};
use super::{Parquet, properties};
use crate::batch::Batch;
use crate::error::Result;
use crate::format::{Body, Encode, FileChunk, FileEncoder, FileEnds, FileWriter, Shape};
use crate::sync::lock;

/// Encodes one table's batches.
pub(super) struct ParquetEncoder {
    schema: SchemaRef,
    root: TypePtr,
    properties: WriterPropertiesPtr,
    direct: Vec<DirectColumn>,
    /// What the library encodes, by the columns that its leaves are in.
    library: Library,
    fields: Vec<usize>,
    /// Who has the chunk of each leaf column of the file, in order.
    order: Vec<Owner>,
    /// The library's leaves come first; what is encoded here goes through as one more.
    schedule: Mutex<RowGroupSchedule<EncodedBatch, Vec<ColumnChunk>>>,
    gathered: Mutex<Vec<GatheredPages>>,
    workers: Mutex<Vec<Worker>>,
    /// A worker has met an error, which it reports: the others stop quietly.
    broken: AtomicBool,
}

/// A column that is encoded here.
struct DirectColumn {
    field: usize,
    column: Box<FlatColumn>,
    /// The page of its dictionary, the same in every row group, and its bytes before compression.
    dictionary: Option<(Bytes, usize)>,
}

/// Whose chunk a leaf column of the file is: by its place among theirs.
#[derive(Clone, Copy)]
enum Owner {
    Direct(usize),
    Library(usize),
}

/// A batch as the schedule holds it.
struct EncodedBatch {
    leaves: Vec<ArrowLeafColumn>,
    pages: Mutex<Vec<Vec<Page>>>,
}

impl ParquetEncoder {
    /// An encoder for files of this shape.
    pub(super) fn new(options: &Parquet, shape: &Shape) -> Result<Self> {
        let files = choose::files(options, shape)?;
        let properties = Arc::new(properties::make(options, shape, &files));
        let limits = RowGroupLimits {
            batches: options.row_group_rows() / shape.batch_rows.max(1) as u64,
            bytes: options.open_bytes(shape.open_files),
            ends: FileEnds::default(),
        };
        let FileSettings {
            schema,
            described,
            leaves,
        } = files;
        let (mut direct, mut order, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        let mut others = 0;
        for leaf in leaves {
            match leaf.way {
                ColumnEncoder::Direct(column) => {
                    order.push(Owner::Direct(direct.len()));
                    direct.push(DirectColumn {
                        field: leaf.field,
                        dictionary: column.dictionary_page()?,
                        column,
                    });
                }
                ColumnEncoder::Library(_) => {
                    order.push(Owner::Library(others));
                    others += 1;
                    if fields.last() != Some(&leaf.field) {
                        fields.push(leaf.field);
                    }
                }
            }
        }
        // All columns that are encoded here are one track: their pages are finished when they come,
        // so there is nothing to feed in turn, and one lock for all of them costs less than one for
        // each.
        let tracks = others + usize::from(!direct.is_empty());
        Ok(Self {
            library: Library::new(&schema, &described, &fields, others, &properties)?,
            gathered: Mutex::new(direct.iter().map(|_| GatheredPages::default()).collect()),
            schedule: Mutex::new(RowGroupSchedule::new(tracks, limits)),
            root: described.root_schema_ptr(),
            workers: Mutex::default(),
            broken: AtomicBool::new(false),
            schema,
            properties,
            direct,
            fields,
            order,
        })
    }

    /// A batch encoded as far as that needs no order.
    fn encoded(&self, batch: &RecordBatch) -> Result<EncodedBatch> {
        let mut leaves = Vec::new();
        for field in &self.fields {
            let (field, column) = (self.schema.field(*field), batch.column(*field));
            let doing = || format!("encoding the column `{}`", field.name());
            let column = unpacked(column)?;
            let found = compute_leaves(field, &column);
            leaves.extend(found.map_err(|error| failed(&doing(), error))?);
        }
        if batch.num_rows() == 0 {
            // Readers do not expect pages without values.
            let pages = self.direct.iter().map(|_| Vec::new()).collect();
            let pages = Mutex::new(pages);
            return Ok(EncodedBatch { leaves, pages });
        }
        // Workers come and go with Rayon's threads; a stack hands the buffers that are warm to
        // whoever comes next, and holds no more of them than ever worked at once.
        let mut worker = lock(&self.workers).pop().unwrap_or_default();
        let pages = self.direct.iter().map(|direct| {
            let name = self.schema.field(direct.field).name();
            let pages = direct.column.pages(batch.column(direct.field), &mut worker);
            pages.map_err(|error| error.context(format!("encoding the column `{name}`")))
        });
        let pages = pages.collect::<Result<_>>()?;
        lock(&self.workers).push(worker);
        Ok(EncodedBatch {
            leaves,
            pages: Mutex::new(pages),
        })
    }

    /// Does what there is to do until nothing is left for this worker.
    fn work(&self, put: &dyn Fn(u64, FileChunk)) -> Result<()> {
        // Whoever brings a batch works until nothing is left, also on the batches of others: a
        // batch that waits for its turn holds no thread.
        while !self.broken.load(Ordering::Acquire) {
            let task = lock(&self.schedule).next();
            let outcome = match task {
                None => return Ok(()),
                Some(EncodingTask::Write { leaf, batch }) => {
                    let bytes = self.write(leaf, &batch)?;
                    // Before the lock is taken: the last one to drop a batch frees megabytes.
                    drop(batch);
                    lock(&self.schedule).wrote(leaf, bytes)
                }
                Some(EncodingTask::Close { leaf }) => {
                    let chunks = self.close(leaf)?;
                    let bytes = chunks.iter().map(ColumnChunk::bytes).sum();
                    lock(&self.schedule).closed(leaf, chunks, bytes)
                }
            };
            match outcome {
                None => {}
                Some(BatchOutcome::Taken { number, rows }) => {
                    let body = Body::Open;
                    put(number, FileChunk { rows, body });
                }
                Some(BatchOutcome::Finished {
                    number,
                    rows,
                    chunks,
                    ends_file,
                }) => {
                    let chunks = self.in_order(chunks);
                    let body = Body::RowGroup(Box::new(RowGroup { chunks, ends_file }));
                    put(number, FileChunk { rows, body });
                }
            }
        }
        Ok(())
    }

    /// Feeds a leaf of the library, or gathers pages; how many bytes are open about now.
    fn write(&self, leaf: usize, batch: &EncodedBatch) -> Result<u64> {
        if let Some(column) = batch.leaves.get(leaf) {
            return self.library.write(leaf, column);
        }
        let mut gathered = lock(&self.gathered);
        let pages = std::mem::take(&mut *lock(&batch.pages));
        for (gathered, pages) in gathered.iter_mut().zip(pages) {
            gathered.add(pages);
        }
        let bytes = |gathered: &GatheredPages| gathered.bytes() + gathered.told();
        Ok(gathered.iter().map(bytes).sum())
    }

    fn close(&self, leaf: usize) -> Result<Vec<ColumnChunk>> {
        if leaf < self.library.leaves() {
            let chunk = self.library.close(leaf)?;
            return Ok(vec![ColumnChunk::Library(Box::new(chunk))]);
        }
        let mut gathered = lock(&self.gathered);
        let mut chunks = Vec::with_capacity(self.direct.len());
        for (direct, gathered) in self.direct.iter().zip(gathered.iter_mut()) {
            let gathered = std::mem::take(gathered);
            let chunk = gathered.close(&direct.column, direct.dictionary.as_ref())?;
            chunks.push(ColumnChunk::Direct(Box::new(chunk)));
        }
        Ok(chunks)
    }

    /// The chunks of a row group in the order of the file.
    fn in_order(&self, chunks: Vec<Vec<ColumnChunk>>) -> Vec<ColumnChunk> {
        let mut chunks: Vec<_> = chunks.into_iter().flatten().map(Some).collect();
        let others = self.library.leaves();
        let place = |owner: &Owner| match owner {
            Owner::Library(place) => *place,
            Owner::Direct(place) => others + place,
        };
        let take = |owner| chunks.get_mut(place(owner)).and_then(Option::take);
        self.order.iter().filter_map(take).collect()
    }

    /// The first worker that meets an error reports it.
    fn report(&self, result: Result<()>) -> Result<()> {
        // The others fail because of the first one, and would hide its cause behind theirs.
        if result.is_err() && self.broken.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        result
    }
}

impl Encode for ParquetEncoder {
    type Chunk = FileChunk;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, FileChunk)) -> Result<()> {
        let result = self.encoded(&batch.rows).and_then(|encoded| {
            let rows = batch.rows.num_rows() as u64;
            lock(&self.schedule).add(batch.number, rows, encoded);
            self.work(put)
        });
        self.report(result)
    }

    fn end(&self, batches: u64, put: &dyn Fn(u64, FileChunk)) -> Result<()> {
        lock(&self.schedule).end(batches);
        let result = self.work(put);
        self.report(result)
    }
}

impl FileEncoder for ParquetEncoder {
    fn plan_files(&self, ends: FileEnds) {
        lock(&self.schedule).plan_files(ends);
    }

    fn cut(&self) {
        lock(&self.schedule).cut();
    }

    fn begin(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn FileWriter>> {
        let (root, properties) = (self.root.clone(), self.properties.clone());
        Ok(Box::new(ParquetWriter::new(out, root, properties)?))
    }
}

/// A column as the library takes it: only texts as the keys of a dictionary.
fn unpacked(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        // The library's writers take dictionaries of texts as they are, and
        // no others.
        DataType::Dictionary(_, kind) if **kind != DataType::Utf8 => Ok(cast(column, kind)?),
        _ => Ok(column.clone()),
    }
}
