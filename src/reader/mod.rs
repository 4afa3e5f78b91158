//! The rows of one table as Arrow batches, made in parallel and given in order, without a sink. What
//! Python, Spark and other engines read.

mod exchange;
mod workers;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::error::{Error, Problem, Result, did_you_mean};
use crate::load;
use crate::plan::{self, Overrides, Preview};
use crate::report::Meter;
use crate::source::{Batches, Begin};
use crate::spec::Pipeline;
use workers::{Work, Workers};

/// Rows of a batch, unless something else is asked for: four batches of a run. Engines pay a few
/// microseconds for each batch that they take, and columns of 64 Ki rows still fit a core's cache.
// No figure is behind the factor of four but that: it was not tuned.
pub const BATCH_ROWS: u64 = 4 * plan::BATCH_ROWS;

/// Rows are numbered up to here: columns count them with 64 bits and a sign.
pub const MOST_ROWS: u64 = i64::MAX as u64;

/// What is wanted of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The table; the first one of the file without it.
    pub table: Option<String>,
    /// Its columns in this order; all that are written without it.
    pub columns: Option<Vec<String>>,
    /// The first row, from 0.
    pub start: u64,
    /// The row behind the last one: nothing is all rows.
    pub stop: Option<u64>,
    /// Rows in each batch but the last one; `BATCH_ROWS` without it.
    pub batch_rows: Option<u64>,
    /// How many threads make rows; one a processor without it.
    pub threads: Option<usize>,
    /// Text of few values comes as its values, not as numbers into a dictionary of them.
    pub plain: bool,
    /// Text and bytes come as views (`Utf8View`), which polars has of its own.
    pub views: bool,
}

/// A table of a pipeline, planned, of which no row is made yet. Reading it several times makes the
/// same rows.
#[derive(Clone)]
pub struct Table {
    preview: Preview,
    wanted: Wanted,
    schema: SchemaRef,
    fingerprint: String,
}

/// Batches of a table in their order. Threads make them ahead, at most two batches each; they begin
/// with the first batch that is asked for. Once the reader is gone each ends behind the batch that it makes.
pub struct Reader {
    schema: SchemaRef,
    work: Arc<Work>,
    threads: usize,
    /// Nothing before the first batch is asked for.
    workers: Option<Workers>,
    /// An error was given, after which nothing comes.
    is_over: bool,
}

impl Table {
    /// Plans what is wanted of a pipeline.
    ///
    /// # Errors
    /// Everything that is wrong with the file, at once; or the table or a column is not in it, or it
    /// has no end and no `stop`.
    pub fn new(pipeline: &Pipeline, overrides: &Overrides, wanted: Wanted) -> Result<Self> {
        plan::thread_count(wanted.threads)?;
        let loaded = load::load(pipeline, |_| true)?;
        let read = loaded.digest(|_| true);
        // Hidden columns come only where somebody asks for them by name.
        let hidden = wanted.columns.is_some();
        let table = wanted.table.as_deref();
        let mut preview = plan::preview(pipeline, loaded, overrides, table, hidden)?;
        if let Some(option) = preview.leaves_out() {
            // Ranges of rows, their count and what `head` stops at would be those of other rows.
            let message = format!(
                "`{option}` leaves out rows of this table, and a reader gives rows by their numbers"
            );
            let hint =
                "write them with `rowgen run`, or take a table without it and filter what comes";
            return Err(Error::user(Problem::new(message).hint(hint)));
        }
        if let Some(columns) = &wanted.columns {
            preview = preview.with(chosen(&preview, columns)?);
        }
        let table = Self {
            schema: exchanged(&preview, &wanted)?,
            fingerprint: plan::fingerprint(pipeline, overrides, &read, preview.reads_now),
            preview,
            wanted,
        };
        table.batches().map(|_| table)
    }

    /// What was wanted of the pipeline.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Its columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows a reader gives.
    pub fn rows(&self) -> u64 {
        let end = self.preview.rows.unwrap_or(MOST_ROWS).min(MOST_ROWS);
        let stop = self.wanted.stop.unwrap_or(end).min(end);
        stop.saturating_sub(self.wanted.start)
    }

    /// Equal for pipelines that make equal rows, of one version of rowgen.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Other rows of the same table, without planning it again. They are counted from the table's first row,
    /// whatever rows these are; where one end is not said it stays as it is.
    #[must_use]
    pub fn slice(&self, start: Option<u64>, stop: Option<u64>) -> Self {
        let mut slice = self.clone();
        slice.wanted.start = start.unwrap_or(self.wanted.start);
        slice.wanted.stop = stop.or(self.wanted.stop);
        slice
    }

    /// The same rows with some of the columns, all without it, and in batches of another size.
    ///
    /// # Errors
    /// A column is not there.
    pub fn of(&self, columns: Option<&[String]>, batch_rows: Option<u64>) -> Result<Self> {
        let mut other = self.clone();
        if let Some(columns) = columns {
            other.preview = self.preview.with(chosen(&self.preview, columns)?);
            other.schema = exchanged(&other.preview, &self.wanted)?;
        }
        other.wanted.batch_rows = batch_rows.or(self.wanted.batch_rows);
        Ok(other)
    }

    /// Reads it from its first row on.
    ///
    /// # Errors
    /// What it is read from cannot be opened, or has changed since it was planned.
    pub fn read(&self) -> Result<Reader> {
        self.preview.unchanged()?;
        let batches = self.batches()?;
        let source = batches.start(&begin(batches.batch_rows()))?;
        let threads = plan::thread_count(self.wanted.threads)?;
        Ok(Reader {
            schema: self.schema.clone(),
            work: Arc::new(Work::new(
                source,
                batches.batches().unwrap_or(0),
                2 * threads,
                self.schema.clone(),
            )),
            threads,
            workers: None,
            is_over: false,
        })
    }

    fn batches(&self) -> Result<Batches> {
        let batch_rows = self.wanted.batch_rows.unwrap_or(BATCH_ROWS);
        let batch_rows = batch_rows.min(self.preview.most_rows()?).max(1);
        if self.preview.rows.is_none() && self.wanted.stop.is_none() {
            let problem = Problem::new("the table has no end");
            return Err(Error::user(
                problem.hint("say `stop`, the row behind the last one"),
            ));
        }
        let batches = self
            .preview
            .batches(self.wanted.start, self.rows(), batch_rows)?;
        match batches.batches() {
            Some(_) => Ok(batches),
            None => Err(Error::user(
                Problem::new("the rows of this table come in a stream: none has a number")
                    .hint("`rowgen run` reads streams"),
            )),
        }
    }
}

/// The columns as other libraries take them.
fn exchanged(preview: &Preview, wanted: &Wanted) -> Result<SchemaRef> {
    let text = exchange::Text {
        plain: wanted.plain,
        views: wanted.views,
    };
    Ok(exchange::schema(preview.batches(0, 0, 1)?.schema(), text))
}

/// The nodes of columns by their names.
fn chosen(preview: &Preview, columns: &[String]) -> Result<Vec<usize>> {
    let mut known = HashSet::new();
    if let Some(twice) = columns.iter().find(|column| !known.insert(*column)) {
        let problem = format!("column `{twice}` is asked for twice");
        return Err(Error::user(Problem::new(problem)));
    }
    let names = preview.names()?;
    let node = |column: &String| {
        let place = names.iter().position(|name| name == column);
        place.map(|place| preview.nodes[place]).ok_or_else(|| {
            let problem = Problem::new(format!("there is no column `{column}`"));
            let known = names.iter().map(String::as_str);
            Error::user(problem.maybe_hint(did_you_mean(column, known)))
        })
    };
    columns.iter().map(node).collect()
}

/// Nothing outside of the reader is moved: rows that cannot be read are left out, and told nowhere.
fn begin(batch_rows: u64) -> Begin {
    Begin {
        out: PathBuf::new(),
        measured: true,
        batch_rows: usize::try_from(batch_rows).unwrap_or(usize::MAX),
        meter: Arc::new(Meter::default()),
        wake: Arc::new(|| ()),
        resume: None,
    }
}

impl Reader {
    /// The next batch; nothing behind the last one.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row. Nothing comes after it.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            // Nobody asks for more often than once an hour, and the loop goes on.
            if let Some(taken) = self.next_batch_within(Duration::from_secs(3_600))? {
                return Ok(taken);
            }
        }
    }

    /// The next batch, if it is made within this time: a caller that looks for signals in between
    /// asks again.
    ///
    /// # Errors
    /// As `next_batch`.
    pub fn next_batch_within(&mut self, time: Duration) -> Result<Option<Option<RecordBatch>>> {
        if self.is_over {
            return Ok(Some(None));
        }
        let taken = self.begun().and_then(|()| self.work.take_within(time));
        self.is_over = matches!(taken, Err(_) | Ok(Some(None)));
        if self.is_over {
            self.workers = None;
        }
        taken
    }

    /// Starts the threads at the first batch: a reader that nobody reads has none, and one that a
    /// process inherits by `fork` before its first batch works there.
    fn begun(&mut self) -> Result<()> {
        if self.workers.is_none() {
            self.workers = Some(Workers::start(&self.work, self.threads)?);
        }
        match self.workers.as_ref().is_some_and(Workers::is_here) {
            true => Ok(()),
            // Its threads are in the other process: waiting for them would never end.
            false => Err(Error::run(
                Problem::new("this reader was begun in another process, before a `fork`")
                    .hint("read the table again in this one, or use the start method `spawn`"),
            )),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let told = |error| ArrowError::ExternalError(Box::new(error));
        self.next_batch().map_err(told).transpose()
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

#[cfg(test)]
mod tests;
