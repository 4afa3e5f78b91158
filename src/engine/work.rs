//! What a worker does: takes a number, makes that batch, hands it to every live lane of its job.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::gate::{Gate, Seen, Ticket};
use super::lanes::OpenJob;
use super::pace::Pace;
use super::stop::Stop;
use crate::batch::{Batch, Place};
use crate::column::rows::Rows;
use crate::error::{Error, Result};
use crate::report::{Clock, Times};
use crate::spec::OnSinkFailure;

/// What the workers share.
pub(super) struct Work<'a, 'p> {
    pub(super) jobs: &'a [OpenJob<'p>],
    pub(super) gate: &'a Gate,
    pub(super) stop: &'a Stop,
    pub(super) pace: Option<Pace>,
    /// Why a source failed, once it did.
    pub(super) failure: Mutex<Option<Error>>,
}

impl Seen for Work<'_, '_> {
    fn accepted(&self, job: usize) -> u64 {
        let live = self.jobs[job].sinks.iter().filter(|sink| sink.live());
        live.map(|sink| sink.accepted()).min().unwrap_or(u64::MAX)
    }

    fn first_row(&self, job: usize, number: u64) -> u64 {
        let job = self.jobs[job].job;
        job.source.first_row(number) - job.first_row
    }

    fn pace(&self, _: usize) -> Option<Pace> {
        self.pace
    }
}

impl Work<'_, '_> {
    /// Works until there is nothing left to do.
    pub(super) fn run(&self, worker: usize) -> Times {
        let mut clock = Clock::start();
        loop {
            let (ticket, waited) = self.gate.next(worker, self);
            clock.times.waiting += waited;
            let Some(ticket) = ticket else {
                return clock.times;
            };
            if let Err(error) = self.one(ticket, &mut clock) {
                self.fail(error);
            }
        }
    }

    /// The run cannot go on.
    pub(super) fn fail(&self, error: Error) {
        self.stop.fail();
        let mut failure = self
            .failure
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        failure.get_or_insert(error);
        drop(failure);
        self.gate.wake();
    }

    fn one(&self, ticket: Ticket, clock: &mut Clock) -> Result<()> {
        let job = &self.jobs[ticket.job];
        match &job.job.split {
            None => {
                let batch = job.job.source.take(ticket.number)?;
                clock.made();
                match batch {
                    Some(batch) => self.submit(job, 0, &batch, clock),
                    None => {
                        self.gate.ended(ticket);
                        Ok(())
                    }
                }
            }
            Some(split) => {
                let lanes = split.rows(ticket.number)?;
                for (lane, rows) in lanes.into_iter().enumerate() {
                    let made = job.job.source.at(Rows::List(&rows))?;
                    clock.made();
                    let batch = Batch {
                        place: Place::List(rows.into()),
                        ..Batch::new(ticket.number, 0, made)
                    };
                    self.submit(job, lane, &batch, clock)?;
                }
                Ok(())
            }
        }
    }

    fn submit(
        &self,
        job: &OpenJob<'_>,
        lane: usize,
        batch: &Batch,
        clock: &mut Clock,
    ) -> Result<()> {
        for sink in job.sinks.iter().filter(|sink| !sink.skipped) {
            if sink.live() {
                let projected = sink.project(batch)?;
                // Why a lane takes no more is what its `finish` tells.
                sink.lanes[lane].submit_timed(&projected, clock).ok();
            }
            if sink.plan.on_failure == OnSinkFailure::Stop && !sink.live() {
                self.stop.request();
            }
        }
        Ok(())
    }

    /// Releases lanes that have not moved for `timeout` though there was something to take.
    pub(super) fn release_stalled(&self, stalls: &mut Stalls, timeout: Duration) {
        for job in &stalls.group {
            let given = self.gate.given(*job);
            for (index, sink) in self.jobs[*job].sinks.iter().enumerate() {
                let accepted = sink.accepted();
                let (seen, since) = stalls
                    .seen
                    .entry((*job, index))
                    .or_insert((accepted, Instant::now()));
                if accepted != *seen || accepted >= given || !sink.live() {
                    (*seen, *since) = (accepted, Instant::now());
                } else if since.elapsed() >= timeout {
                    sink.released.store(true, Ordering::Relaxed);
                    self.gate.wake();
                }
            }
        }
    }
}

/// When each lane of a group of jobs was last seen to move.
pub(super) struct Stalls {
    group: Vec<usize>,
    seen: HashMap<(usize, usize), (u64, Instant)>,
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
