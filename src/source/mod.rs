//! Where rows come from: generated tables, and files whose rows can be read alone, in any order.
//!
//! New source: its file, its `mod` line, its row in the registry. A format of files is a `FileSource`:
//! folders, patterns, partitions and compression are the same for all.

mod agree;
pub mod avro;
mod avro_codec;
mod avro_header;
mod avro_messages;
#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
mod avro_rows;
mod avro_schema;
mod avro_shape;
mod bad_file;
mod batches;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod by_key;
mod columns;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod counted;
pub mod csv;
pub mod database;
mod delta_log;
mod failing;
mod faulty;
mod file;
mod files;
mod first_bytes;
mod grid;
mod half;
mod hive;
mod index;
mod int96;
pub mod json;
mod json_fractions;
mod json_names;
mod json_raw;
mod json_rows;
mod json_singles;
mod json_texts;
mod json_times;
mod json_wrong;
pub mod kafka;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod key_ranges;
mod kinds;
mod lines;
mod made;
mod messages;
pub mod mongodb;
pub mod mysql;
mod natural;
#[cfg(not(all(feature = "mysql", feature = "postgres")))]
mod no_driver;
mod opened;
mod opening;
mod ordered;
mod overlap;
mod packed;
pub mod parquet;
mod parquet_hints;
mod parquet_intervals;
mod parquet_own;
mod piece;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod pool;
pub mod postgres;
pub mod rabbitmq;
mod raw;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod reading;
// What reads objects needs a feature; what a pipeline says of them is read and checked without it.
mod reject;
mod relation;
#[cfg_attr(not(feature = "object"), path = "no_remote.rs")]
mod remote;
mod retype;
mod running;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod sequence;
mod set;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod table_reader;
#[cfg(test)]
mod tests;
mod turns;
mod unpack;
mod until;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;

pub use bad_file::{BadFiles, OnBadFile};
pub use batches::{Batches, ReadBatches, Streamed};
pub use columns::TableColumns;
pub use faulty::{Beside, View};
pub use file::inner_extension;
pub use files::FileSource;
pub use grid::{Grid, RowRange};
pub use json_rows::careful;
pub use made::MadeBatches;
pub use opened::Opened;
pub use ordered::{
    MOST_FOLDERS, SortColumn, SortContext, SortCosts, SortedFolder, SortedRun, Sorting,
    SortingPlan, Transform, folder_texts,
};
pub use overlap::{in_the_way, is_within};
pub use piece::{OddValue, Piece};
pub use reject::{OnBadRow, Rejected, Rejects};
pub use retype::{Converted, convert, missing};
pub use running::RunningSource;
pub use set::read_at;

use crate::batch::{Resume, Span};
use crate::column::ColumnType;
use crate::error::{Problem, Result};
use crate::place::{FilePath, Placed};
use crate::registry;
use crate::report::Meter;

registry! {
    /// Where the rows of a table are read from.
    pub enum SourceKind: Source {
        "avro" => Avro(avro::Avro): "avro: { path: users.avro }",
        "csv" => Csv(csv::Csv): "csv: { path: users_million.csv, delimiter: \"|\" }",
        "json" => Json(json::Json): "json: { path: users.jsonl, on_bad_row: skip }",
        "kafka" => Kafka(kafka::Kafka): "kafka: { brokers: \"localhost:9092\", topic: orders, group: lake, format: { avro: { schema_file: order.avsc } }, until: end }",
        "mongodb" => MongoDb(mongodb::MongoDb): "mongodb: { url: \"mongodb://localhost:27017/rowgen\", collection: orders }",
        "mysql" => Mysql(mysql::Mysql): "mysql: { url: \"mysql://rowgen:rowgen@localhost:3306/rowgen\", table: orders }",
        "parquet" => Parquet(parquet::Parquet): "parquet: { path: orders.parquet }",
        "postgres" => Postgres(postgres::Postgres): "postgres: { url: \"postgres://rowgen@localhost:5432/rowgen\", table: orders }",
        "rabbitmq" => RabbitMq(rabbitmq::RabbitMq): "rabbitmq: { url: \"amqp://guest:guest@localhost:5672/%2f\", queues: [shop.orders.queue], format: debezium, until: empty }",
    }
}

/// What is said of bytes that a library panics on.
pub const DAMAGED: &str =
    "its bytes make no sense: it is damaged, or something else than its name says";

/// Types of columns by name, as a table's `types` say them.
pub type Types = [(Placed<String>, Placed<ColumnType>)];

/// The options of a source: they look at what is there before the run.
pub trait Source: std::fmt::Debug + Send + Sync {
    /// Finds out which columns and how many rows there are, for a table.
    ///
    /// # Errors
    /// It is not there, cannot be read, or does not have the types it should have.
    fn open(&self, asked: &Asked<'_>) -> Result<Opened>;

    /// What is wrong with a source whose columns only its server knows, without asking it. Nothing at
    /// all of one that is opened to be checked.
    fn check(&self) -> Option<Result<(), Problem>> {
        None
    }

    /// The path of what it reads: a file, a folder or a pattern.
    fn path(&self) -> Option<&Placed<FilePath>> {
        None
    }
}

/// What is asked of a source.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The table's.
    pub table: &'a str,
    /// The types that some of its columns are to have.
    pub types: &'a Types,
    /// How long whoever says nothing is waited for, where the run says it.
    pub patience: Option<Duration>,
    /// Whoever asks knows which files these are: those that a sink has written.
    pub knows_files: bool,
    /// Of the files of a set only those in these folders.
    pub folders: Option<&'a BTreeSet<PathBuf>>,
    /// Only read, with texts of dictionaries where the types say so, and numbers that do not say their
    /// digits as texts; nobody asks for the digest.
    pub only_read: bool,
}

/// Rows that are there to be read: any of them can be read alone, from any thread.
pub trait Records: Send + Sync {
    /// The columns, in their order.
    fn schema(&self) -> SchemaRef;

    /// How many rows there are.
    fn rows(&self) -> u64;

    /// Some columns of `count` rows from row `first` on; those that cannot be read are left out
    /// and told.
    ///
    /// # Errors
    /// Reading failed.
    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece>;

    /// What becomes of rows that cannot be read.
    fn on_bad_row(&self) -> OnBadRow {
        OnBadRow::Stop
    }

    /// The files of its set that are left out, where there may be such.
    fn bad_files(&self) -> Option<&BadFiles> {
        None
    }

    /// What is read, in one line.
    fn describe(&self) -> String;

    /// Equal while the rows are the same.
    fn digest(&self) -> String;

    /// How far each partition of the load is that it was asked for, at the moment of which the rows are.
    fn progress(&self) -> Option<&HashMap<i32, i64>> {
        None
    }

    /// # Errors
    /// What was read has changed since it was opened.
    fn unchanged(&self) -> Result<()> {
        // A server reads as of one moment.
        Ok(())
    }

    /// True if more was written behind what is read.
    ///
    /// # Errors
    /// What was read was written over meanwhile.
    fn has_grown(&self) -> Result<bool> {
        Ok(false)
    }

    /// Forgets what it keeps in memory to read it faster.
    fn release(&self) {
        // What keeps nothing has nothing to forget.
    }

    /// The same rows as one run reads them, if that has to know when the run is to end.
    fn for_run(&self) -> Option<Arc<dyn Records>> {
        None
    }

    /// The run is to end: a server that does not answer is waited for a little while only.
    fn stop(&self) {
        // What waits for nobody has nothing to stop.
    }
}

/// Rows that come, one after the other.
pub trait Stream: Send + Sync {
    /// The columns, in their order.
    fn schema(&self) -> SchemaRef;

    /// What becomes of rows that cannot be read.
    fn on_bad_row(&self) -> OnBadRow;

    /// What is read, in one line.
    fn describe(&self) -> String;

    /// Checks what the world allows, and changes nothing.
    ///
    /// # Errors
    /// What stands in the way.
    fn connect(&self) -> Result<()>;

    /// Begins to read.
    ///
    /// # Errors
    /// What stands in the way.
    fn start(&self, begin: &Begin) -> Result<Box<dyn Flow>>;
}

/// A run that begins to read.
#[derive(Clone)]
pub struct Begin {
    /// Where relative paths to write to start.
    pub out: PathBuf,
    /// The run is only measured: it reads and moves nothing outside of it, neither offsets nor rows
    /// that are left out.
    pub measured: bool,
    /// At most so many rows are in a batch.
    pub batch_rows: usize,
    /// Counts what was read.
    pub meter: Arc<Meter>,
    /// Told when there is more to take of a stream: wakes workers that wait.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// Says where a stream goes on, if a sink keeps its offsets: asked at every assignment.
    pub resume: Option<Arc<dyn Resume>>,
}

/// A stream in motion.
pub trait Flow: Send + Sync {
    /// How long until a batch of at most `most` rows is worth making; nothing when it is now. Whoever
    /// sends wakes the run before that, when something comes.
    fn wait(&self, most: usize) -> Option<Duration>;

    /// What is there for batch `number`, at most `most` rows, perhaps none: nothing is waited for.
    /// Nothing at all when the stream has ended. Numbers come in order.
    ///
    /// # Errors
    /// Reading failed.
    fn next(&self, number: u64, most: usize) -> Result<Option<Box<dyn Block>>>;

    /// The run is to end: nothing more is fetched.
    fn stop(&self);

    /// The first `batches` batches are safe everywhere: they need not come again.
    ///
    /// # Errors
    /// That could not be told to whoever sends.
    fn durable(&self, batches: u64) -> Result<()>;

    /// What is not safe by now never will be: nothing needs to be kept of it. True the first time.
    fn freeze(&self) -> bool;

    /// Nothing will be asked any more.
    fn close(&self);
}

/// Rows as they came, not looked at yet.
pub trait Block: Send {
    /// How many there are.
    fn rows(&self) -> usize;

    /// Some columns of them; those that cannot be read are left out and told. The first one is row
    /// `first` of the table.
    ///
    /// # Errors
    /// Reading failed.
    fn read(&self, first: u64, columns: &[usize]) -> Result<Piece>;

    /// What they came from, in their order, before any was left out.
    fn origin(&self) -> &Arc<[Span]>;
}

/// What became of the rows that a run could not read.
#[derive(Debug, Clone)]
pub struct SourceKept {
    /// What was read, in one line.
    pub source: String,
    /// How many were left out, by what is wrong with them.
    pub rejected: BTreeMap<&'static str, u64>,
    /// The file that they are kept in.
    pub dead_letters: Option<PathBuf>,
    /// The files that could not be read, where they are left out.
    pub bad_files: Option<BadFiles>,
    /// The file in which these are noted.
    pub file_letters: Option<PathBuf>,
}
