//! How rows become bytes: one file a format, encoded on the workers, put down in order by a sink.

pub mod avro;
pub mod block;
pub mod buffers;
pub mod cells;
pub mod changes;
pub mod compression;
pub mod csv;
pub mod envelope;
pub mod json;
pub mod message;
pub mod nested;
pub mod parquet;
pub mod rows;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;

use std::io::Write;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::batch::Batch;
use crate::domain::Domain;
use crate::error::{Problem, Result, did_you_mean};
use crate::place::{FilePath, Node, Place, Placed, Value, decode};
use crate::registry;
pub use changes::{ChangeColumns, Operation, Reference};

registry! {
    /// How rows become bytes.
    pub enum FormatKind: Format {
        "avro" => Avro(avro::Avro): "avro: { codec: zstandard, name: User, namespace: com.example, null_order: second }",
        "csv" => Csv(csv::Csv): "csv: { delimiter: \"|\", null: NULL, compression: gzip }",
        "json" => Json(json::Json): "json: { layout: lines, decimals: string, nulls: omit }",
        "parquet" => Parquet(parquet::Parquet): "parquet: { compression: zstd(1), row_group_rows: 1_048_576, columns: { id: { bloom_filter: true } } }",
    }
}

/// What a writer is told of the rows it will get.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The table's name.
    pub table: String,
    /// The columns as they come in batches. Low-cardinality text comes as
    /// `Dictionary(Int32, Utf8)`; in a file it is plain text.
    pub schema: SchemaRef,
    /// How many of the last columns are only read (a message's key, its time), not written.
    pub beside: usize,
    /// What is known of each column, in the schema's order.
    pub domains: Vec<Domain>,
    /// The columns in whose order rows come, where that was asked for.
    pub order: Vec<SortedColumn>,
    /// How many rows there will be; unknown for an endless run.
    pub rows: Option<u64>,
    /// How many rows each batch has, the last one of a file or of the table apart.
    pub batch_rows: usize,
    /// The first batches of the files that a sink has asked for, without the first file's.
    pub file_starts: Arc<[u64]>,
    /// How many files of this shape are open at once: one for each partition where rows of all of
    /// them come mixed, else one.
    pub open_files: usize,
    /// A number that is the same for every run of this plan, seed and slice: for sync markers and the like.
    pub run_key: u128,
    /// The first batch of the whole table, for choices that a trial decides; none for streams.
    pub trial: Option<RecordBatch>,
    /// Which columns make changes of the rows, where they are such.
    pub changes: Option<Arc<ChangeColumns>>,
    /// What the names of folders say, and of which types that is: columns that do not come in batches.
    pub folders: Vec<Field>,
}

/// A column in whose order rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortedColumn {
    /// Its place in the schema.
    pub column: usize,
    /// From the greatest value to the least.
    pub descending: bool,
    /// Nulls come before all values.
    pub nulls_first: bool,
}

impl Shape {
    /// The same without the columns that are only read.
    #[must_use]
    pub fn written(&self) -> Self {
        let written = self.schema.fields().len() - self.beside;
        Self {
            schema: Arc::new(Schema::new(self.schema.fields()[..written].to_vec())),
            domains: self.domains[..written].to_vec(),
            beside: 0,
            trial: None,
            ..self.clone()
        }
    }

    /// The place of a column that an option names.
    ///
    /// # Errors
    /// There is none of this name, and what there is.
    pub fn column(&self, name: &str, place: &Place) -> Result<usize, Problem> {
        self.schema.index_of(name).map_err(|_| {
            let fields = self.schema.fields();
            let names = || fields.iter().map(|field| field.name().as_str());
            let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            Problem::new(format!("`{}` has no column `{name}`", self.table))
                .hint(
                    did_you_mean(name, names())
                        .unwrap_or_else(|| format!("its columns are {}", all.join(", "))),
                )
                .at(place)
        })
    }

    /// The bytes of a row in memory, by the trial batch.
    pub fn row_memory(&self) -> Option<f64> {
        let trial = self.trial.as_ref().filter(|trial| trial.num_rows() > 0)?;
        Some(trial.get_array_memory_size() as f64 / trial.num_rows() as f64)
    }

    /// Some columns of a batch under this shape's names.
    ///
    /// # Errors
    /// They are not of this shape's types.
    pub fn take(&self, columns: &[usize], batch: &RecordBatch) -> Result<RecordBatch> {
        let taken = columns.iter().map(|column| batch.column(*column).clone());
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = self.schema.clone();
        Ok(RecordBatch::try_new_with_options(
            schema,
            taken.collect(),
            &options,
        )?)
    }
}

/// The options of a format: they check themselves against a table's shape and open an encoder.
pub trait Format: std::fmt::Debug + Send + Sync {
    /// The file extensions that choose this format, without the dot, the usual one first.
    fn extensions(&self) -> &'static [&'static str];

    /// The extension of files that get their names from rowgen: those of a folder.
    fn extension(&self) -> String {
        self.extensions()[0].to_string()
    }

    /// These options with what they leave open decided by the file's name (`.tsv`, `.jsonl`,
    /// `.csv.gz`), where this format lets the name decide something.
    fn named(&self, _file_name: &str) -> Option<FormatKind> {
        None
    }

    /// Batches must not have more rows than this.
    fn batch_rows(&self) -> Option<u64> {
        None
    }

    /// The rows of a batch of which this format makes about as much as stays in a core's cache, where
    /// that is fewer than usual.
    fn cached_rows(&self) -> Option<u64> {
        None
    }

    /// True where values are texts between delimiters: a value may be any bytes.
    fn is_text(&self) -> bool {
        false
    }

    /// Everything about `shape` that this format cannot write as asked.
    fn check(&self, shape: &Shape) -> Vec<Problem>;

    /// What can be written but may surprise those who read it.
    fn warnings(&self, _shape: &Shape) -> Vec<Problem> {
        Vec::new()
    }

    /// Lines that say how files of this shape will be written.
    fn describe(&self, _shape: &Shape) -> Vec<String> {
        Vec::new()
    }

    /// An encoder for files of this shape.
    ///
    /// # Errors
    /// What `check` reports, and a schema file that cannot be read.
    fn open(&self, shape: &Shape) -> Result<Arc<dyn FileEncoder>>;
}

/// Turns batches into chunks on the workers.
pub trait Encode: Send + Sync {
    /// An encoded batch, as whoever puts it down takes it.
    type Chunk: Send;

    /// Encodes a batch, and hands out every chunk that became ready. Called by the worker that made
    /// the batch, for every number from 0 exactly once, in any order, from many threads. Each number
    /// gets exactly one chunk, possibly later and from another thread.
    ///
    /// # Errors
    /// A value that the format cannot hold, naming column and row.
    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, Self::Chunk)) -> Result<()>;

    /// No more batches will come, and `batches` of them were encoded: hands out what is still open,
    /// as one more chunk under the number `batches`.
    ///
    /// # Errors
    /// As `encode`.
    fn end(&self, _batches: u64, _put: &dyn Fn(u64, Self::Chunk)) -> Result<()> {
        Ok(())
    }
}

/// Makes the chunks of files on the workers, and files of the chunks, in order.
pub trait FileEncoder: Encode<Chunk = FileChunk> {
    /// Told once, before the first batch, where files will end.
    fn plan_files(&self, _ends: FileEnds) {}

    /// Asks for the next chunk to close what is open (a row group), so that a file can end there.
    fn cut(&self) {}

    /// Begins a file.
    ///
    /// # Errors
    /// Writing failed.
    fn begin(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn FileWriter>>;
}

/// Where files end as far as that is known before the first batch. Formats that gather several
/// batches (row groups) never gather across these ends; the others need not know them.
#[derive(Debug, Clone, Default)]
pub struct FileEnds {
    /// The first batch of each file (and of each partition) but the first, ascending.
    pub before: Vec<u64>,
    /// A file ends near so many bytes.
    pub bytes: Option<u64>,
}

/// One encoded batch on its way to a file.
pub struct FileChunk {
    /// Rows of the batch under whose number it comes.
    pub rows: u64,
    /// Its bytes in whatever form the encoder's own `FileWriter` takes.
    pub body: Body,
}

/// What a chunk of a file carries.
pub enum Body {
    /// Encoded (and compressed) rows.
    Block(Vec<u8>),
    /// The finished column chunks of a Parquet row group, whose last batch this is.
    RowGroup(Box<parquet::RowGroup>),
    /// Taken into a row group that is still open: a file cannot end here.
    Open,
}

impl Body {
    /// True when rows of batches before its own come with it.
    pub fn carries_more(&self) -> bool {
        matches!(self, Self::RowGroup(group) if !group.is_empty())
    }
}

impl FormatKind {
    /// The format that a path's extension chooses, with its defaults.
    ///
    /// # Errors
    /// No format has this extension.
    pub fn of_path(path: &Placed<FilePath>) -> Result<Self, Problem> {
        let file = path.last().unwrap_or_default().to_lowercase();
        for kind in Self::KINDS {
            let format: Self = decode(&Node {
                place: path.place.clone(),
                value: Value::Scalar {
                    text: kind.name.into(),
                    plain: true,
                    filled: false,
                },
            })?;
            // By the end of the name, not by its last extension: `.csv.gz` is one.
            let ends = |extension: &&str| file.ends_with(&format!(".{extension}"));
            if format.extensions().iter().any(ends) {
                return Ok(format);
            }
        }
        let names: Vec<&str> = Self::KINDS.iter().map(|kind| kind.name).collect();
        Err(
            Problem::new(format!("`{}` does not say its format", path.as_str()))
                .at(&path.place)
                .hint(format!("add `format:` with one of {}", names.join(", "))),
        )
    }
}

/// One file being written.
pub trait FileWriter: Send {
    /// Puts a chunk down.
    ///
    /// # Errors
    /// Writing failed.
    fn write(&mut self, chunk: FileChunk) -> Result<()>;

    /// Bytes put down so far.
    fn bytes(&self) -> u64;

    /// Ends the file (footer, closing bracket) and flushes it.
    ///
    /// # Errors
    /// Writing failed.
    fn finish(self: Box<Self>) -> Result<()>;
}
