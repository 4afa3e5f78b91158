//! A sink as a run holds it: opened, fed, ended.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::lanes::CheckedSink;
use crate::batch::{Batch, Resume};
use crate::error::{Error, Result};
use crate::plan::{Job, SinkPlan};
use crate::report::Meter;
use crate::sink::{Finished, Found, Lane, Publish, Ready};
use crate::sync::lock;

/// The sinks of one job, opened.
pub(super) struct OpenJob<'p> {
    pub(super) job: &'p Job,
    pub(super) sinks: Vec<OpenSink<'p>>,
}

/// One sink, opened: one lane, or one for each partition.
pub(super) struct OpenSink<'p> {
    pub(super) plan: &'p SinkPlan,
    pub(super) meter: Arc<Meter>,
    pub(super) lanes: Vec<Arc<dyn Lane>>,
    /// Makes the output visible in the end.
    ready: Mutex<Option<Box<dyn Ready>>>,
    /// Its output is there already and stays.
    pub(super) skipped: bool,
    /// All rows before this one are there from earlier runs.
    begins_at: Option<u64>,
    /// A run before made its output, which waits to be published.
    made: Option<Finished>,
    /// Nothing of what it writes is seen before it is published.
    pub(super) holds_back: bool,
    /// What an earlier run had published for it, and its place among that run's outputs: kept until
    /// this run is done.
    kept: Mutex<Option<(usize, Box<dyn Publish>)>>,
    /// What runs before had left at its place, and what became of it.
    pub(super) recovered: Vec<String>,
    /// It took nothing for too long and is not waited for any more.
    pub(super) released: AtomicBool,
    /// Why it could not be opened, while the others go on.
    pub(super) unopened: Option<Error>,
    identity: bool,
}

/// What a sink's lanes have done, safe and not visible yet.
pub(super) struct PreparedSink {
    pub(super) finished: Vec<Finished>,
    pub(super) publish: Option<Box<dyn Publish>>,
}

impl<'p> OpenSink<'p> {
    /// One that takes nothing yet.
    pub(super) fn new(job: &Job, sink: &'p SinkPlan, meter: Arc<Meter>) -> Self {
        let width = job.source.schema().fields().len();
        let identity =
            // A sink that takes every column as it comes is given the batch itself, not a
            // projection of it.
            !sink.is_filtered()
            && sink.columns.iter().copied().eq(0..width) && &sink.shape.schema == job.source.schema();
        Self {
            plan: sink,
            meter,
            lanes: Vec::new(),
            ready: Mutex::new(None),
            skipped: false,
            begins_at: None,
            made: None,
            holds_back: false,
            kept: Mutex::new(None),
            recovered: Vec::new(),
            released: AtomicBool::new(false),
            unopened: None,
            identity,
        }
    }

    /// Opens its lanes; when one cannot be opened, those that are open are aborted.
    pub(super) fn begin(&mut self, checked: CheckedSink) -> Result<()> {
        *lock(&self.kept) = checked.kept;
        let sink = match checked.found {
            Found::Same => {
                self.skipped = true;
                return Ok(());
            }
            Found::Made(sink) => {
                self.made = Some(sink.take_over()?);
                sink
            }
            Found::Ready { sink, told, .. } => {
                self.recovered = told;
                self.open_lanes(sink.as_ref(), checked.lanes)?;
                sink
            }
        };
        self.begins_at = sink.begins_at();
        self.holds_back = sink.holds_back();
        *lock(&self.ready) = Some(sink);
        Ok(())
    }

    fn open_lanes(&mut self, sink: &dyn Ready, lanes: usize) -> Result<()> {
        for lane in 0..lanes {
            match sink.open(lane) {
                Ok(lane) => self.lanes.push(lane),
                Err(error) => {
                    self.abort();
                    self.lanes.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl OpenJob<'_> {
    /// The first row that any of its sinks lacks.
    pub(super) fn begins_at(&self) -> u64 {
        let first = self.job.first_row;
        let wanting = self.sinks.iter().filter(|sink| sink.live());
        let begins = wanting.map(|sink| sink.begins_at.unwrap_or(first).max(first));
        begins.min().unwrap_or(first)
    }
}

impl OpenSink<'_> {
    /// False where all rows are there already: no row is made for it.
    pub(super) fn wants_rows(&self) -> bool {
        !self.skipped && self.made.is_none()
    }

    /// What a run before had published for it: asked for once.
    pub(super) fn take_kept(&self) -> Option<(usize, Box<dyn Publish>)> {
        lock(&self.kept).take()
    }

    /// A run before made all of its rows.
    pub(super) fn is_made(&self) -> bool {
        self.made.is_some()
    }

    /// True while it takes batches.
    pub(super) fn live(&self) -> bool {
        self.wants_rows()
            && self.unopened.is_none()
            && !self.released.load(Ordering::Relaxed)
            && !self.lanes.iter().any(|lane| lane.failed())
    }

    /// The least number of batches that its lanes have accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.lanes
            .iter()
            .map(|lane| lane.accepted())
            .min()
            .unwrap_or(u64::MAX)
    }

    /// The least number of batches that are safe in all of its lanes.
    pub(super) fn durable(&self) -> u64 {
        let durable = self.lanes.iter().map(|lane| lane.durable());
        durable.min().unwrap_or(0)
    }

    /// Where a stream goes on, if the sink keeps offsets.
    pub(super) fn resume(&self) -> Option<Arc<dyn Resume>> {
        lock(&self.ready).as_ref().and_then(|ready| ready.resume())
    }

    /// Counts rows that were late and are left out.
    pub(super) fn pass_over(&self, rows: Range<u64>) {
        self.meter.reject(rows.end - rows.start);
        if let Some(clocks) = self.meter.timed() {
            clocks.skipped(rows);
        }
    }

    /// The columns this sink gets, under its names.
    pub(super) fn project(&self, batch: &Batch) -> Result<Batch> {
        if self.identity {
            return Ok(batch.clone());
        }
        let kept = match self.plan.is_filtered() {
            true => Some(self.left(batch)?),
            false => None,
        };
        let batch = kept.as_ref().unwrap_or(batch);
        let rows = self.plan.shape.take(&self.plan.columns, &batch.rows)?;
        Ok(batch.with(rows))
    }

    /// The rows of a batch for which its `where` is true; the others are counted.
    fn left(&self, batch: &Batch) -> Result<Batch> {
        let kept = self.plan.kept(batch)?;
        let left_out = batch.rows.num_rows() - kept.rows.num_rows();
        self.meter.leave_out(left_out as u64);
        Ok(kept)
    }

    /// Waits for its lanes until all they have written is safe; or says why it is not.
    pub(super) fn prepare(&self, batches: u64) -> Result<PreparedSink> {
        if let Some(error) = &self.unopened {
            return Err(error.clone());
        }
        if self.released.load(Ordering::Relaxed) {
            self.abort();
            return Err(Error::run("it took nothing for too long and was released")
                .hint("see `stall_timeout` under `run:`"));
        }
        // A lane that failed says why; the others only lack what came after that, so it is asked
        // first.
        let (failed, others): (Vec<usize>, Vec<usize>) =
            (0..self.lanes.len()).partition(|lane| self.lanes[*lane].failed());
        let mut done = BTreeMap::new();
        let mut failure = None;
        for lane in failed.into_iter().chain(others) {
            match self.lanes[lane].finish(batches) {
                Ok(finished) => {
                    done.insert(lane, finished);
                }
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let finished: Vec<Finished> = self
            .made
            .clone()
            .into_iter()
            .chain(done.into_values())
            .collect();
        let ready = lock(&self.ready).take();
        let publish = ready.map(|ready| ready.prepare(&finished)).transpose()?;
        Ok(PreparedSink { finished, publish })
    }

    /// Ends it without committing.
    pub(super) fn abort(&self) {
        self.lanes.iter().for_each(|lane| lane.abort());
    }
}
