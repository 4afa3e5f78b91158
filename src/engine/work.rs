//! What a worker does: takes a number, makes that batch, hands it to every live lane of its job.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use super::gate::{Gate, GateTicket, GateView};
use super::opened::OpenJob;
use super::stop::Stop;
use super::watch::Watched;
use crate::batch::{Batch, RowNumbers};
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::{Clock, Times};
use crate::source::RunningSource;
use crate::spec::OnSinkFailure;
use crate::sync::lock;

/// How often a paused run looks whether it goes on.
// Nobody wakes those who are paused: a pause is minutes long, and a tenth of a second is not
// noticed.
const PAUSED: Duration = Duration::from_millis(100);

/// What the workers share.
pub(super) struct SharedWork<'a, 'p> {
    pub(super) jobs: &'a [OpenJob<'p>],
    pub(super) watched: &'a Watched,
    pub(super) sources: &'a [RunningSource],
    pub(super) gate: &'a Gate,
    pub(super) stop: &'a Stop,
    /// The pace of each job that has one.
    pub(super) paces: &'a [Option<Arc<Pace>>],
    /// Why a source failed, once it did.
    pub(super) failure: Mutex<Option<Error>>,
}

impl GateView for SharedWork<'_, '_> {
    fn accepted(&self, job: usize) -> u64 {
        let live = self.jobs[job].sinks.iter().filter(|sink| sink.live());
        live.map(|sink| sink.accepted()).min().unwrap_or(u64::MAX)
    }

    fn first_row(&self, job: usize, number: u64) -> u64 {
        self.sources[job].rows_before(number)
    }

    fn pace(&self, job: usize) -> Option<&Pace> {
        self.paces[job].as_deref()
    }

    fn ahead(&self, job: usize) -> Duration {
        self.jobs[job].job.ahead
    }

    fn wait(&self, job: usize, number: u64) -> Option<Duration> {
        match self.watched.is_paused() {
            true => Some(PAUSED),
            false => self.sources[job].wait(number),
        }
    }
}

impl SharedWork<'_, '_> {
    /// Works until there is nothing left to do.
    pub(super) fn run(&self, worker: usize) -> Times {
        let mut clock = Clock::start();
        // Others wait for this worker's batch: a panic must end the run as any error does.
        let work = AssertUnwindSafe(|| self.take_turns(worker, &mut clock));
        if let Err(panic) = catch_unwind(work) {
            self.fail(Error::of_panic("making rows", panic.as_ref()));
        }
        clock.times
    }

    fn take_turns(&self, worker: usize, clock: &mut Clock) {
        loop {
            let (ticket, waited) = self.gate.next(worker, self);
            clock.times.waiting += waited;
            let Some(ticket) = ticket else {
                return;
            };
            if let Err(error) = self.one(ticket, clock) {
                self.fail(error);
            }
        }
    }

    /// The run cannot go on.
    pub(super) fn fail(&self, error: Error) {
        self.stop.fail();
        // The first failure is the cause; what other workers meet after it follows from it.
        lock(&self.failure).get_or_insert(error);
        self.gate.wake();
    }

    fn one(&self, ticket: GateTicket, clock: &mut Clock) -> Result<()> {
        let job = &self.jobs[ticket.job];
        if let Some(rows) = self.is_there(ticket) {
            return self.hand_on(job, ticket.number, rows.end, clock);
        }
        if let Some(rows) = self.left_out(ticket) {
            return self.pass_over(job, ticket.number, rows, clock);
        }
        match &job.job.split {
            None => {
                let batch = self.sources[ticket.job].take(ticket.number)?;
                let took = clock.made();
                match batch {
                    Some(batch) => {
                        self.watched
                            .count(ticket.job, batch.rows.num_rows() as u64, took);
                        self.submit(job, 0, &batch, clock)
                    }
                    None => {
                        self.gate.ended(ticket);
                        Ok(())
                    }
                }
            }
            Some(split) => {
                // A partitioned table is cut before it is made: only the key columns are made for
                // all rows, and the rest for the rows of each lane.
                let lanes = split.rows(ticket.number)?;
                for (lane, rows) in lanes.into_iter().enumerate() {
                    let batch = split.make(ticket.number, rows)?;
                    let took = clock.made();
                    self.watched
                        .count(ticket.job, batch.rows.num_rows() as u64, took);
                    self.submit(job, lane, &batch, clock)?;
                }
                Ok(())
            }
        }
    }

    /// The rows of a batch that every sink has from earlier runs.
    fn is_there(&self, ticket: GateTicket) -> Option<Range<u64>> {
        let job = &self.jobs[ticket.job];
        let begins = job.begins_at();
        if begins == job.job.first_row {
            return None;
        }
        let rows = self.sources[ticket.job].made_rows(ticket.number)?;
        (rows.end <= begins).then_some(rows)
    }

    /// The rows of a batch that is so late that the one after it is due already, where that leaves it out.
    fn left_out(&self, ticket: GateTicket) -> Option<Range<u64>> {
        let pace = self.paces[ticket.job].as_ref()?;
        let source = &self.sources[ticket.job];
        let next = source.rows_before(ticket.number + 1);
        source
            .made_rows(ticket.number)
            .filter(|_| pace.leaves_out(next))
    }

    /// Hands on a batch without its rows: batches come without gaps.
    fn pass_over(
        &self,
        job: &OpenJob<'_>,
        number: u64,
        rows: Range<u64>,
        clock: &mut Clock,
    ) -> Result<()> {
        for sink in job.sinks.iter().filter(|sink| sink.live()) {
            sink.pass_over(rows.clone());
        }
        self.hand_on(job, number, rows.start, clock)
    }

    /// Hands on a batch that has no rows: its table goes on with row `next`.
    fn hand_on(&self, job: &OpenJob<'_>, number: u64, next: u64, clock: &mut Clock) -> Result<()> {
        let empty = Batch {
            number,
            place: RowNumbers::From(next),
            // Lanes put batches down by their numbers: one that never came would hold back all
            // behind it.
            rows: RecordBatch::new_empty(job.job.source.schema().clone()),
            origin: Arc::default(),
        };
        self.submit(job, 0, &empty, clock)
    }

    fn submit(
        &self,
        job: &OpenJob<'_>,
        lane: usize,
        batch: &Batch,
        clock: &mut Clock,
    ) -> Result<()> {
        for sink in job.sinks.iter().filter(|sink| sink.wants_rows()) {
            if sink.live() {
                let projected = sink.project(batch)?;
                // An error here only says that the lane takes no more; its `finish` returns the
                // reason.
                sink.lanes[lane].submit_timed(&projected, clock).ok();
            }
            if sink.plan.on_failure == OnSinkFailure::Stop && !sink.live() {
                self.stop.request();
            }
        }
        Ok(())
    }

    /// Releases lanes that have not moved for too long though there was something to take.
    ///
    /// A session of a server watches the same time itself and can say what it waited for. So this
    /// watch, for lanes that say nothing, counts what has become safe as a move, too, and comes
    /// second by `SAY_WHY`.
    pub(super) fn release_stalled(&self, stalls: &mut Stalls, said: Option<Duration>) {
        for job in &stalls.group {
            let Some(timeout) = self.jobs[*job].job.stall_timeout(said) else {
                continue;
            };
            let given = self.gate.given(*job);
            for (index, sink) in self.jobs[*job].sinks.iter().enumerate() {
                let accepted = sink.accepted();
                let reached = (accepted, sink.durable());
                let (seen, since) = stalls
                    .seen
                    .entry((*job, index))
                    .or_insert((reached, Instant::now()));
                // A lane that has taken everything it was given is not stalled: its table may
                // simply be waiting.
                if reached != *seen || accepted >= given || !sink.live() {
                    (*seen, *since) = (reached, Instant::now());
                } else if since.elapsed() >= timeout + SAY_WHY {
                    sink.released.store(true, Ordering::Relaxed);
                    self.gate.wake();
                }
            }
        }
    }
}

/// How long a lane has to say itself why it takes nothing, after `stall_timeout`.
const SAY_WHY: Duration = Duration::from_secs(2);

/// When each lane of a group of jobs was last seen to move.
pub(super) struct Stalls {
    group: Vec<usize>,
    /// By job and sink: how many batches were accepted and safe, and since when.
    seen: HashMap<(usize, usize), ((u64, u64), Instant)>,
}

impl Stalls {
    /// Nothing seen yet.
    pub(super) fn new(group: &[usize]) -> Self {
        Self {
            group: group.to_vec(),
            seen: HashMap::new(),
        }
    }
}
