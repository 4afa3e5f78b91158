//! Where bytes go: one file a sink; `lane.rs` is a sink in motion.

pub mod claims;
pub mod discard;
pub mod file;
pub mod kafka;
pub mod lane;

use std::path::PathBuf;
use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::place::{Placed, Text};
use crate::registry;
use crate::report::{Clock, Meter};
pub use crate::report::{FileReport, Finished};

registry! {
    /// Where rows go.
    pub enum SinkKind: Sink {
        "discard" => Discard(discard::Discard),
        "file" => File(file::File),
        "kafka" => Kafka(kafka::Kafka),
    }
}

/// What a sink is told when it is opened.
#[derive(Clone)]
pub struct Target {
    /// The rows that will come.
    pub shape: Shape,
    /// Where relative paths start.
    pub out: PathBuf,
    /// Slice `index` of `count`, from 1; none for the whole table.
    pub slice: Option<Slice>,
    /// Rows a second, where that is asked for: messages are held back one by one, files take whole
    /// batches.
    pub rate: Option<f64>,
    /// The first row of the table that comes: 0 but for later slices.
    pub first_row: u64,
    /// The partitions this lane writes one after the other; empty without `partition_by`.
    pub partitions: Arc<Vec<Partition>>,
    /// Equal for all tables and slices of a run: it follows from the seed and the run's date.
    pub run_id: u128,
    /// Equal for equal plans, seeds and options of the sink.
    pub fingerprint: String,
    /// `--overwrite` was given.
    pub overwrite: bool,
    /// Somebody will read the SHA-256 of the files (a run report): manifests have it anyway.
    pub checksums: bool,
    /// What the sink has locked.
    pub claims: Arc<claims::Claims>,
    /// Counted while the sink works.
    pub meter: Arc<Meter>,
    /// The run that the sink is part of.
    pub run: Arc<dyn Run>,
}

/// A run as its sinks see it.
pub trait Run: Send + Sync {
    /// Told after `accepted` or `durable` moved, or the lane failed: wakes workers that wait.
    fn moved(&self);

    /// The run ends before its rows do: what is held back for a pace is not waited for.
    fn stopping(&self) -> bool {
        false
    }
}

/// A run of nothing, for checks.
impl Run for () {
    fn moved(&self) {}
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

/// The options of a sink: they check themselves against a table's shape and open a lane.
pub trait Sink: std::fmt::Debug + Send + Sync {
    /// Everything about `shape` that this sink cannot take as asked.
    fn check(&self, shape: &Shape) -> Vec<Problem>;

    /// What can be written but may surprise those who read it.
    fn warnings(&self, _shape: &Shape) -> Vec<Problem> {
        Vec::new()
    }

    /// Checks what the world allows before the first row (folders, existing output, servers), and
    /// changes nothing.
    ///
    /// # Errors
    /// What stands in the way.
    fn connect(&self, target: &Target) -> Result<Connected>;

    /// Opens it; every sink is opened before the first row is made. A sink that is partitioned by
    /// columns with few values is opened once for each value, all with equal targets but for
    /// `partitions`.
    ///
    /// # Errors
    /// What stands in the way.
    fn open(&self, target: Target) -> Result<Arc<dyn Lane>>;

    /// Lines that say what will be written, where and how.
    fn describe(&self, _shape: &Shape) -> Vec<String> {
        Vec::new()
    }

    /// Batches must not have more rows than this: a row group is made of whole batches.
    fn batch_rows(&self) -> Option<u64> {
        None
    }

    /// Batches are best no larger than this, where all sinks that share them say so.
    fn cached_rows(&self) -> Option<u64> {
        None
    }

    /// True when it removes what earlier runs have written.
    fn replaces(&self) -> bool {
        false
    }

    /// The file or the folder that nobody else may write, as the pipeline says it.
    fn writes_to(&self) -> Option<&Placed<Text>> {
        None
    }

    /// Columns whose values choose the folder; they are left out of `Shape` and of the batches.
    fn partition_by(&self) -> Vec<Placed<Text>> {
        Vec::new()
    }

    /// Columns that are read beside those that are written: keys, times. Each is a column that is
    /// written, or one of the table's, hidden ones too, which then comes after all that are written.
    fn reads(&self) -> Vec<Placed<Text>> {
        Vec::new()
    }

    /// All lanes of this sink have finished: makes the dataset as a whole visible. One that is not
    /// `whole`, because a signal ended the run before the last row, must not be taken for complete.
    ///
    /// # Errors
    /// Writing failed.
    fn commit(&self, _target: &Target, _finished: &[Finished], _whole: bool) -> Result<()> {
        Ok(())
    }
}

/// What a sink found before the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connected {
    /// It can be opened.
    Ready,
    /// It can be opened, and what it writes will replace what is there.
    Replaces,
    /// The same output is there already and `if_exists: skip` keeps it: neither `open` nor `commit` is needed.
    Skip,
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

    /// All `batches` were submitted: writes the rest, closes, commits. Waits until that is done.
    ///
    /// # Errors
    /// Why the lane failed; nothing has its final name then that is not whole.
    fn finish(&self, batches: u64) -> Result<Finished>;

    /// Stops without committing: partial files stay for inspection under their hidden names.
    fn abort(&self);
}
