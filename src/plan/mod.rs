//! What will be done: names resolved, types fixed, rows counted, sinks checked; pure over what the
//! file says and what it points at. Every problem is reported at once.

mod batch_rows;
mod changing;
mod enabled;
mod faulty;
mod files;
mod filter;
mod fingerprints;
mod folders;
mod guarantee;
mod job;
mod letters;
mod make;
mod order;
mod partition;
mod preview;
mod sinks;
mod tables;
mod tempo;
mod trial;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::changes;
use crate::format::{ChangeColumns, Shape};
use crate::pace::Tempo;
use crate::place::{FilePath, Placed};
use crate::sink::{self, Partition, Sink, SinkPlace, Slice, TakesChanges};
use crate::source::{Batches, OnBadRow};
use crate::spec::{Log, OnSinkFailure, Serve};

pub use batch_rows::within;
pub use fingerprints::fingerprint;
pub use guarantee::Guarantee;
pub use make::{MOST_THREADS, make, thread_count};
pub use order::JobOrder;
pub use partition::PartitionSplit;
pub use preview::{Preview, discarding, measured, preview};
pub use sinks::taken;

/// Rows in a batch unless something asks for fewer: about what stays in a core's cache of columns.
// At 8 bytes a value that is 128 KiB a column: a handful of columns that are read for one another
// stay in the second cache. Kafka takes half as many.
pub const BATCH_ROWS: u64 = 16_384;

/// What the command line says beside the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--rows`: the row count of the one root table.
    pub rows: Option<u64>,
    /// `--rows TABLE=N`: those of tables by their names.
    pub table_rows: Vec<(String, u64)>,
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--slice i/n`.
    pub slice: Option<Slice>,
    /// Only these rows of each table, by their numbers, for programs that deal rows out themselves: of
    /// an endless table too. What lies behind a table's last row is no row.
    pub range: Option<Range<u64>>,
    /// The same of one table, by its name.
    pub table_ranges: Vec<(String, Range<u64>)>,
    /// `--sinks a,b`: only these.
    pub sinks: Option<Vec<String>>,
    /// `--rate`: rows a second of each table.
    pub rate: Option<f64>,
    /// `--for`: when to stop.
    pub duration: Option<Duration>,
    /// `--batch-rows`.
    pub batch_rows: Option<u64>,
    /// `--stall-timeout`.
    pub stall_timeout: Option<Duration>,
    /// `--log-interval`.
    pub log_interval: Option<Duration>,
    /// The start of the run, in microseconds since 1970.
    pub now_micros: i64,
}

/// A plan that is complete and cannot be wrong, but for what only the run can show.
#[derive(Clone)]
pub struct Plan {
    /// The pipeline's name.
    pub name: String,
    /// The file's path.
    pub path: String,
    /// Every file that the pipeline is read from or reads: none of them is written.
    pub reads: Vec<PathBuf>,
    /// The seed.
    pub seed: String,
    /// The params with their values, secrets hidden.
    pub params: Vec<(String, String)>,
    /// Equal for all runs of a seed and a date.
    pub run_id: u128,
    /// Equal for plans that make equal data.
    pub fingerprint: String,
    /// One job for each table and way of cutting it, parents before children.
    pub jobs: Vec<Job>,
    /// What deserves a second look.
    pub warnings: Vec<String>,
    /// Worker threads.
    pub threads: usize,
    /// How rows follow each other where a rate is asked for.
    pub tempo: Tempo,
    /// When to stop.
    pub duration: Option<Duration>,
    /// When a sink that takes nothing is given up, where that is said.
    pub stall_timeout: Option<Duration>,
    /// How often figures are logged.
    pub log_interval: Duration,
    /// The share of the rows this run makes.
    pub slice: Option<Slice>,
    /// How the run tells of itself.
    pub log: Log,
    /// What a service offers.
    pub serve: Serve,
}

/// One table on its way to the sinks that take it in equal batches.
#[derive(Clone)]
pub struct Job {
    /// The table's name.
    pub table: String,
    /// Rows of the whole table; none when it is endless.
    pub table_rows: Option<u64>,
    /// The first row of this run's share.
    pub first_row: u64,
    /// Rows of this run's share; none when it is endless.
    pub rows: Option<u64>,
    /// Rows a second, where that is asked for.
    pub rate: Option<f64>,
    /// The rate is its sink's own: it runs beside the table's other jobs, and its rows are made again.
    pub own_rate: bool,
    /// How long before they are due its rows are made: its sinks hold them back themselves.
    pub ahead: Duration,
    /// Makes or reads the batches.
    pub source: Batches,
    /// Says which changes of the table its rows are, where the table is under `changes`.
    pub changes: Option<JobChanges>,
    /// The order in which its rows come, where that is not that of their table.
    pub order: Option<JobOrder>,
    /// What is counted before the first row to know how many there are, where that is a column.
    pub counted: Option<String>,
    /// Sends rows to one lane for each value of the partition columns.
    pub split: Option<PartitionSplit>,
    /// Where they go: exactly one with a split.
    pub sinks: Vec<SinkPlan>,
}

/// Rows that are changes of their table, beside those of others.
#[derive(Debug, Clone)]
pub struct JobChanges {
    /// The table among those that change.
    pub table: changes::Table,
    /// Changes a second of all of them together, where that is asked for.
    pub rate: Option<f64>,
}

/// One sink of one table.
#[derive(Clone)]
pub struct SinkPlan {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its options.
    pub options: Arc<dyn Sink>,
    /// Which of the source's columns it gets.
    pub columns: Vec<usize>,
    /// Which of them say whether it gets a row.
    pub filter: Vec<usize>,
    /// What it is told of them.
    pub shape: Shape,
    /// The partitions each of its lanes writes; one empty list without `partition_by`.
    pub lanes: Vec<Arc<Vec<Partition>>>,
    /// What its failure means for the others.
    pub on_failure: OnSinkFailure,
    /// Equal for equal output of equal data, whatever other tables are read from.
    pub fingerprint: String,
    /// The same for runs that continue one another, however long each takes.
    pub load: String,
    /// What it guarantees when the run is interrupted and repeated.
    pub guarantee: Guarantee,
}

impl Overrides {
    /// The rows that are asked of a table, by their numbers.
    // What is said of one table wins over what is said of all.
    fn range_of(&self, table: &str) -> Option<Range<u64>> {
        let mut named = self.table_ranges.iter();
        let named = named.find(|(name, _)| name == table);
        named
            .map(|(_, range)| range)
            .or(self.range.as_ref())
            .cloned()
    }
}

impl Job {
    /// When a sink that takes nothing is given up, of which a pipeline says `said`.
    pub fn stall_timeout(&self, said: Option<Duration>) -> Option<Duration> {
        sink::stall_timeout(said, self.rows)
    }

    /// Where rows and files are noted that its source cannot read, if they are noted in files.
    pub fn letters(&self) -> Vec<Placed<FilePath>> {
        let Some((opened, _)) = self.source.source() else {
            return Vec::new();
        };
        let rows = match opened.on_bad_row() {
            OnBadRow::DeadLetter(path) => Some(path),
            _ => None,
        };
        let files = opened.bad_files().and_then(|bad| bad.policy.letters());
        let files =
            files.filter(|files| rows.as_ref().is_none_or(|rows| rows.value != files.value));
        let files = files.cloned();
        rows.into_iter().chain(files).collect()
    }
}

impl SinkPlan {
    /// The columns that say what each change does, where it applies changes.
    pub fn applies(&self) -> Option<&ChangeColumns> {
        let applies = self.options.takes().changes == TakesChanges::Applied;
        self.shape.changes.as_deref().filter(|_| applies)
    }

    /// True where it waits with each row until that is due.
    pub fn holds_rows(&self) -> bool {
        self.options.takes().holds_rows
    }

    /// Where it writes, if that is a path.
    pub fn path(&self) -> Option<Placed<FilePath>> {
        match self.options.takes().place {
            SinkPlace::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Plan {
    /// Rows of all tables in this run; none when one is endless.
    pub fn rows(&self) -> Option<u64> {
        self.jobs.iter().map(|job| job.rows).sum()
    }
}
