//! Meter during the run, the report after it.

mod assess;
mod bad_file;
mod clock;
mod clocks;
mod costs;
mod digest;
mod distribution;
mod four_times;
mod meter;
mod sending;
mod series;
mod show;
mod source;
mod spread;
mod timed;
mod times;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, Fault};

pub use assess::{Assessment, Limit, Work};
pub use bad_file::{BadFile, lines as bad_file_lines};
pub use clock::{Clock, Lap};
pub use clocks::{ClockReading, Clocks, Gap, Reason};
pub use costs::{Bottleneck, Costs};
pub use digest::digest;
pub use distribution::Quantiles;
pub use four_times::FourTimes;
pub use meter::{Meter, Reading, Transactions};
pub use series::{Series, Step};
pub use show::Unlimited;
pub use source::SourceReport;
pub use spread::{Percentiles, Spread};
pub use timed::Timed;
pub use times::Times;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything arrived.
    Done,
    /// Everything arrived, but slower than the rate that was asked for.
    TooSlow,
    /// Everything arrived but for rows or files that could not be read, or rows that a target could not take
    /// or never answered.
    Rejected,
    /// A source or a sink failed.
    Failed,
    /// It could not begin, by this fault: nothing was made.
    #[serde(serialize_with = "unnamed")]
    NotBegun(Fault),
    /// A signal ended it, after a clean end of every sink.
    Interrupted(i32),
}

/// What a lane has done.
#[derive(Debug, Clone, Default)]
pub struct Finished {
    /// The files it has closed.
    pub files: Vec<FileReport>,
    /// Time its writer spent working.
    pub busy: Duration,
    /// Processor time its writer took.
    pub cpu: Duration,
    /// Time its writer spent waiting for batches.
    pub waited: Duration,
    /// Rows that it was given and did not begin to send, because the run was to end.
    pub unsent: u64,
    /// Nothing says which these are: the same run again begins with the first row.
    pub begins_again: bool,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// Where it is, as opened.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal, where a manifest or a report asks for it.
    pub sha256: Option<String>,
    /// The first row of the table in it, where its rows stand one after the other in the table.
    pub first_row: Option<u64>,
}

/// What happened to one sink.
#[derive(Debug, Clone, Serialize)]
pub struct SinkReport {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its table.
    pub table: String,
    /// Rows that arrived; where it has failed or was ended without committing, those that are safe: in files
    /// that have their names, acknowledged, committed.
    pub rows: u64,
    /// Bytes of these rows: what is in files, keys and values of messages before they are compressed.
    pub bytes: u64,
    /// How much went wrong.
    pub errors: u64,
    /// Rows that it could not take and that were left out.
    pub rejected: u64,
    /// The file that they are kept in.
    pub dead_letters: Option<PathBuf>,
    /// Rows of its table that `where` left out, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
    /// Processor seconds that the workers spent on encoding for it: what its format costs.
    #[serde(serialize_with = "seconds")]
    pub encoding: Duration,
    /// Seconds its writers worked.
    #[serde(serialize_with = "seconds")]
    pub busy: Duration,
    /// Processor seconds of its writers: less than they worked where they waited for the disk.
    #[serde(serialize_with = "seconds")]
    pub cpu: Duration,
    /// Seconds its writers waited for batches.
    #[serde(serialize_with = "seconds")]
    pub waited: Duration,
    /// Why it failed.
    pub error: Option<String>,
    /// The same output was there already and stayed.
    pub skipped: bool,
    /// It was ended without committing, because something else failed.
    pub aborted: bool,
    /// The files it committed.
    pub files: Vec<FileReport>,
    /// One number of all of them, from their SHA-256: `verify --trust-manifest` tells the same while none has
    /// changed.
    pub digest: Option<String>,
    /// Hidden files that it left: the next run over this place takes them over or removes them.
    pub left: Vec<PathBuf>,
    /// Rows that it was given and did not begin to send, because the run was to end.
    #[serde(skip_serializing_if = "is_zero")]
    pub unsent: u64,
    /// Nothing says which these are: the same run again begins with the first row.
    #[serde(skip)]
    pub begins_again: bool,
    /// What runs before had left, and what became of it.
    pub recovered: Vec<String>,
    /// The faults among its rows, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultReport>,
    /// What messages and their replies took, where there are replies; times in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clocks: Option<ClockReading>,
    /// What transactions of changes took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<Transactions>,
}

/// The faults among the rows of a sink.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FaultReport {
    /// How many rows there are without them.
    pub clean_rows: u64,
    /// How many of each kind.
    pub kinds: BTreeMap<&'static str, u64>,
}

/// What a run was and what it did.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The pipeline's name.
    pub pipeline: String,
    /// rowgen's version.
    pub version: &'static str,
    /// The seed.
    pub seed: String,
    /// Equal for runs of equal data.
    pub fingerprint: String,
    /// The params, secrets hidden.
    pub params: Vec<(String, String)>,
    /// Worker threads.
    pub threads: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// Seconds from start to end.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
    /// Rows made, each counted once however many sinks it went to.
    pub rows: u64,
    /// Rows made in a second.
    pub rows_per_second: f64,
    /// What a faster run would need.
    pub limited_by: Limit,
    /// Where the workers' time went.
    pub times: Times,
    /// What happened to each table that was read.
    pub sources: Vec<SourceReport>,
    /// What happened to each sink.
    pub sinks: Vec<SinkReport>,
    /// Why no more rows could be made.
    pub error: Option<String>,
    /// Warnings of no table and no sink alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What is known of a run before it begins.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The pipeline's name.
    pub pipeline: String,
    /// The seed.
    pub seed: String,
    /// Equal for runs of equal data.
    pub fingerprint: String,
    /// The params, secrets hidden.
    pub params: Vec<(String, String)>,
    /// Worker threads.
    pub threads: usize,
    /// A rate was asked for.
    pub paced: bool,
    /// Rows come from outside, as they come.
    pub streams: bool,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// Why no more rows could be made.
    pub error: Option<Error>,
}

impl SinkReport {
    /// A sink to which nothing has happened yet.
    pub fn new(name: &str, kind: &str, table: &str) -> Self {
        Self {
            name: name.to_string(),
            kind: kind.to_string(),
            table: table.to_string(),
            rows: 0,
            bytes: 0,
            errors: 0,
            rejected: 0,
            dead_letters: None,
            left_out: None,
            encoding: Duration::ZERO,
            busy: Duration::ZERO,
            cpu: Duration::ZERO,
            waited: Duration::ZERO,
            error: None,
            skipped: false,
            aborted: false,
            files: Vec::new(),
            digest: None,
            left: Vec::new(),
            unsent: 0,
            begins_again: false,
            recovered: Vec::new(),
            faults: None,
            clocks: None,
            transactions: None,
        }
    }

    /// Adds what its lanes have done.
    pub fn add(&mut self, finished: Vec<Finished>) {
        for lane in finished {
            self.busy += lane.busy;
            self.cpu += lane.cpu;
            self.waited += lane.waited;
            self.unsent += lane.unsent;
            self.begins_again |= lane.begins_again;
            self.files.extend(lane.files);
        }
    }

    /// It failed.
    pub fn fail(&mut self, error: &Error) {
        self.error = Some(error.to_string());
        // A sink may fail before it has counted anything, and `errors: 0` beside an error reads
        // like a contradiction.
        self.errors = self.errors.max(1);
    }
}

impl Report {
    /// Sums a run up.
    pub fn new(
        about: About,
        ended: Ended,
        times: Times,
        sources: Vec<SourceReport>,
        mut sinks: Vec<SinkReport>,
        rows: u64,
    ) -> Self {
        let elapsed = ended.elapsed;
        for sink in &mut sinks {
            let sums = sink.files.iter().map(|file| file.sha256.as_deref());
            sink.digest = digest(sums);
        }
        let rows_per_second = rows as f64 / elapsed.as_secs_f64().max(1e-9);
        let work = Work {
            times: &times,
            threads: about.threads,
            elapsed,
            paced: about.paced,
            streams: about.streams,
        };
        Self {
            pipeline: about.pipeline,
            version: env!("CARGO_PKG_VERSION"),
            seed: about.seed,
            fingerprint: about.fingerprint,
            params: about.params,
            threads: about.threads,
            outcome: ended.outcome,
            elapsed,
            rows,
            rows_per_second,
            limited_by: Limit::of(&work, &sinks),
            times,
            sources,
            sinks,
            error: ended.error.map(|error| error.to_string()),
            warnings: Vec::new(),
        }
    }

    /// The first thing that went wrong.
    pub fn first_error(&self) -> Option<&str> {
        let sinks = self.sinks.iter().filter_map(|sink| sink.error.as_deref());
        self.error.as_deref().into_iter().chain(sinks).next()
    }

    /// Files that were left out.
    pub fn bad_files(&self) -> usize {
        let sources = self.sources.iter();
        sources.map(|source| source.bad_files.len()).sum()
    }

    /// Rows that were left out.
    pub fn rejected(&self) -> u64 {
        let sources = self.sources.iter().map(|source| source.rejected);
        let sinks = self.sinks.iter().map(|sink| sink.rejected);
        sources.chain(sinks).sum()
    }

    /// The exit code: interruption before failure before success.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(130),
            Outcome::Failed | Outcome::NotBegun(Fault::Run | Fault::Busy) => 2,
            Outcome::NotBegun(Fault::User) => 1,
            Outcome::TooSlow | Outcome::Rejected => 3,
            Outcome::Done => 0,
        }
    }
}

/// Leaves out whose fault it was: the text of the error says that.
fn unnamed<S: serde::Serializer>(_: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Microseconds: what is below is noise, and would make every report sixteen digits long.
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e6)
}
