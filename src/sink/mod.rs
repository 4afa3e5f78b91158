//! Where bytes go: one file a sink; `lane.rs` is a sink in motion.

pub mod applied;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod begun;
pub mod claims;
pub mod constraints;
pub mod database;
pub mod delta;
pub mod discard;
pub mod file;
mod holds;
pub mod kafka;
pub mod lane;
pub mod mongodb;
pub mod mysql;
pub mod on_bad_row;
pub mod order_by;
pub mod postgres;
pub mod publish;
mod run;
#[cfg(feature = "sessions")]
pub mod session;
mod standing;
mod takes;
pub mod zeromq;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::batch::{Batch, Resume};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::pace::Pace;
use crate::registry;
use crate::report::{Clock, Meter};
pub use crate::report::{FileReport, Finished};
pub use applied::Changing;
pub use holds::{ChangesOf, HeldChanges, HeldFiles, HeldTable, Holds, Listed, TableServer};
pub use publish::{Earlier, Publish, Published, Record, Recovered};
pub use run::{RunHandle, stall_timeout};
pub use standing::{SlotsBy, Standing};
pub use takes::{Delivery, SinkPlace, Takes, TakesChanges};

registry! {
    /// Where rows go.
    pub enum SinkKind: Sink {
        "delta" => Delta(delta::Delta): "delta: { path: out/orders, mode: append, parquet: { compression: zstd(1) } }",
        "discard" => Discard(discard::Discard): "discard: { format: parquet }",
        "file" => File(file::File): "file: { path: out/orders.parquet, format: { parquet: { compression: zstd(1) } } }",
        "kafka" => Kafka(kafka::Kafka): "kafka: { brokers: \"localhost:9092\", topic: orders, format: json, compression: lz4, create_topic: { partitions: 20 } }",
        "mongodb" => MongoDb(mongodb::MongoDb): "mongodb: { url: \"mongodb://localhost:27017/rowgen\", into: orders, mode: append }",
        "mysql" => Mysql(mysql::Mysql): "mysql: { url: \"mysql://rowgen:rowgen@localhost:3306/rowgen\", into: orders, mode: append }",
        "postgres" => Postgres(postgres::Postgres): "postgres: { url: \"postgres://rowgen@localhost:5432/rowgen\", into: orders, mode: append }",
        "zeromq" => Zeromq(zeromq::Zeromq): "zeromq: { bind: \"tcp://*:5555\", topic: request, message: \"request|id={id}|t1={send_time_us:020}\" }",
    }
}

/// What a sink is told of the rows that will come, and of the run that it is part of.
#[derive(Clone)]
pub struct Target {
    /// The rows that will come.
    pub shape: Shape,
    /// Where relative paths start.
    pub out: PathBuf,
    /// Slice `index` of `count`, from 1; none for the whole table.
    pub slice: Option<Slice>,
    /// When rows are due, where a rate is asked for: messages are held back one by one, files take
    /// whole batches.
    pub pace: Option<Arc<Pace>>,
    /// The first row of the table that comes: 0 but for later slices.
    pub first_row: u64,
    /// The partitions that each lane writes in turn; one lane with none without `partition_by`.
    pub lanes: Vec<Arc<Vec<Partition>>>,
    /// Rows come in another order than that of the table.
    pub is_sorted: bool,
    /// Which partitions come is told once rows are sorted.
    pub late_partitions: bool,
    /// Rows come from a stream: they have offsets of their own.
    pub is_stream: bool,
    /// Rows are changes of the table, beside those of others.
    pub changes: Option<Changing>,
    /// Equal for all tables and slices of a run: it follows from the seed and the run's date.
    pub run_id: u128,
    /// Equal for equal plans, seeds and options of the sink.
    pub fingerprint: String,
    /// The same however long the run may take.
    pub load: String,
    /// What is there already is replaced, whatever the sink's options say.
    pub overwrite: bool,
    /// Somebody will read the SHA-256 of what is written (a run report).
    pub checksums: bool,
    /// Counted while the sink works.
    pub meter: Arc<Meter>,
    /// The run that the sink is part of.
    pub run: Arc<dyn RunHandle>,
}

/// Consecutive batches that go to one hive folder.
#[derive(Debug, Clone)]
pub struct Partition {
    /// Its first batch; its last one is the one before the next partition's first.
    pub first_batch: u64,
    /// Its first row, where its rows stand one after the other in the table.
    pub first_row: Option<u64>,
    /// Column names and values as text; none is null.
    pub values: Vec<(String, Option<String>)>,
}

/// One of several equal shares of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// From 1.
    pub index: u64,
    /// How many there are.
    pub count: u64,
}

impl Slice {
    /// Its share of so many.
    pub fn of(self, all: u64) -> std::ops::Range<u64> {
        let cut =
            |index: u64| (u128::from(all) * u128::from(index) / u128::from(self.count)) as u64;
        cut(self.index - 1)..cut(self.index)
    }
}

impl FromStr for Slice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected I/N with I from 1 to N, such as 2/8".to_string();
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let slice = Self {
            index: index.trim().parse().map_err(|_| wrong())?,
            count: count.trim().parse().map_err(|_| wrong())?,
        };
        ((1..=slice.count).contains(&slice.index))
            .then_some(slice)
            .ok_or_else(wrong)
    }
}

/// The options of a sink: they check themselves against a table's shape and connect.
pub trait Sink: std::fmt::Debug + Send + Sync {
    /// Everything about `shape` that this sink cannot take as asked.
    fn check(&self, _shape: &Shape) -> Vec<Problem> {
        Vec::new()
    }

    /// Partitions that it cannot keep apart, or give a name to.
    fn check_partitions(&self, _lanes: &[Arc<Vec<Partition>>]) -> Option<Problem> {
        None
    }

    /// What can be written but may surprise those who read it.
    fn warnings(&self, _shape: &Shape) -> Vec<Problem> {
        Vec::new()
    }

    /// Lines that say what will be written, where and how.
    fn describe(&self, _shape: &Shape) -> Vec<String> {
        Vec::new()
    }

    /// What speaks against replacing what is there, as `--overwrite` asks.
    fn overwritten(&self) -> Option<Problem> {
        None
    }

    /// What it takes, and what the plan must know of it.
    fn takes(&self) -> Takes {
        Takes::default()
    }

    /// Where and how it keeps its rows, for whoever reads them back: as a run with this slice and this
    /// fingerprint, whose relative paths start at `out`.
    fn holds(&self, _out: &Path, _slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        Holds::Nothing("it keeps no rows")
    }

    /// The same for a run that is only measured, where it would change what is not below the run's own
    /// folder: it does all but that, and what it does instead, in a few words.
    fn measured(&self) -> Option<(Arc<dyn Sink>, &'static str)> {
        None
    }

    /// How it keeps the outputs of a schedule's slots apart.
    ///
    /// # Errors
    /// Its output does not tell whether a slot is done.
    fn slots(&self) -> Result<SlotsBy, Problem> {
        Err(standing::untold())
    }

    /// What is there of the output that `target` would write, where `slots` says that this can be told.
    ///
    /// # Errors
    /// The system refuses to tell.
    fn standing(&self, _target: &Target) -> Result<Standing> {
        Ok(Standing::Absent)
    }

    /// Finishes or removes what runs before have left at this place, or with `only_look` changes
    /// nothing.
    ///
    /// # Errors
    /// Somebody is at work there, or the system refuses.
    fn recover(&self, _target: &Target, _only_look: bool) -> Result<Recovered> {
        Ok(Recovered::default())
    }

    /// What runs before have published or decided at this place, with its record where it is known: it is
    /// settled when the run is done, and withdrawn where the output is made anew.
    ///
    /// # Errors
    /// The path cannot be.
    fn earlier(
        &self,
        _target: &Target,
        _record: Option<&serde_json::Value>,
    ) -> Result<Box<dyn Publish>> {
        Ok(Box::new(Published))
    }

    /// Looks at what the world allows before the first row (folders, existing output, servers), and
    /// changes nothing. What it has learnt goes with what it returns.
    ///
    /// # Errors
    /// What stands in the way.
    fn connect(&self, target: &Target) -> Result<Found>;
}

/// What a sink found before the first row.
pub enum Found {
    /// What it would write is there already and stays: nothing is opened.
    Same,
    /// A run before made all of it whole and could not publish it: it is taken over.
    Made(Box<dyn Ready>),
    /// It can be opened.
    Ready {
        /// What it writes will replace what is there.
        replaces: bool,
        /// What whoever runs it should know of what is there, a line each.
        told: Vec<String>,
        /// The sink, with what it has learnt.
        sink: Box<dyn Ready>,
    },
}

impl Found {
    /// It can be opened, and nothing is in its way.
    pub fn ready(sink: impl Ready + 'static) -> Self {
        Self::Ready {
            replaces: false,
            told: Vec::new(),
            sink: Box::new(sink),
        }
    }
}

/// A sink that is connected: its lanes are opened, and what they have written is published.
pub trait Ready: Send {
    /// Where a stream goes on, for a sink that keeps the offsets of its rows.
    fn resume(&self) -> Option<Arc<dyn Resume>> {
        None
    }

    /// The first row of the table that it lacks, where it has all rows before that from earlier runs: those
    /// are not made again for it.
    fn begins_at(&self) -> Option<u64> {
        None
    }

    /// True if nothing of what it writes is seen before it is published.
    fn holds_back(&self) -> bool {
        false
    }

    /// The folder on a disk of this machine in which its files will be.
    fn folder(&self) -> Option<PathBuf> {
        None
    }

    /// About how many bytes it will write, by the first batch; nothing where that is not known.
    fn about_bytes(&self) -> Option<u64> {
        None
    }

    /// Opens lane `lane` of the target; every lane of every sink is opened before the first row is made.
    ///
    /// # Errors
    /// What stands in the way.
    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>>;

    /// Takes over what a run before made, instead of opening lanes; what that run had written.
    ///
    /// # Errors
    /// It is not there any more, or somebody else has it.
    fn take_over(&self) -> Result<Finished> {
        Ok(Finished::default())
    }

    /// All lanes have finished. What they have written is safe after this, and still not visible,
    /// where the sink can hold it back.
    ///
    /// # Errors
    /// Writing failed.
    fn prepare(self: Box<Self>, _done: &[Finished]) -> Result<Box<dyn Publish>> {
        Ok(Box::new(Published))
    }
}

/// A sink in motion: workers hand it batches in any order, one at a time puts them down in order.
pub trait Lane: Send + Sync {
    /// Encodes a batch on the calling worker and passes it on, or puts it down at once when
    /// it is in turn. Every number from 0 comes once.
    ///
    /// # Errors
    /// The lane takes no more: a quiet error, `finish` tells why.
    fn submit(&self, batch: &Batch) -> Result<()> {
        self.submit_timed(batch, &mut Clock::start())
    }

    /// As `submit`, by a worker whose `clock` is told what it took.
    ///
    /// # Errors
    /// As `submit`.
    fn submit_timed(&self, batch: &Batch, clock: &mut Clock) -> Result<()>;

    /// How many batches it has taken in order. Moves on to `u64::MAX` when the lane failed.
    fn accepted(&self) -> u64;

    /// How many batches are safe: file renamed, message acknowledged, transaction committed.
    fn durable(&self) -> u64;

    /// True once it takes no more: it failed, was aborted, or the reader of its pipe has gone.
    fn failed(&self) -> bool;

    /// The partitions that come, of one whose rows are sorted: told once, before the first batch.
    ///
    /// # Errors
    /// Partitions that it cannot keep apart, or give a name to.
    fn announce(&self, _partitions: Vec<Partition>) -> Result<()> {
        Ok(())
    }

    /// All `batches` were submitted. Every lane of the run is told before the first of them finishes: those
    /// that wait for each other know that no more comes.
    fn close(&self, _batches: u64) {}

    /// All `batches` were submitted: writes the rest, closes, commits. Waits until that is done.
    ///
    /// # Errors
    /// Why the lane failed; nothing has its final name then that is not whole.
    fn finish(&self, batches: u64) -> Result<Finished>;

    /// Stops without committing: partial files stay for inspection under their hidden names.
    fn abort(&self);
}
