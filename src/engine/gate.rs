//! Gives out batch numbers: each once, in order, within the window of the slowest live lane.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
#[cfg(all(test, feature = "sessions"))]
use std::task::Poll;
use std::time::{Duration, Instant};

use super::stop::Stop;
use crate::pace::Pace;
use crate::sink;
use crate::sync::{self, lock};

/// One job's batch numbers.
#[derive(Debug)]
struct Counter {
    job: usize,
    next: u64,
    batches: Option<u64>,
}

#[derive(Debug, Default)]
struct GateState {
    counters: Vec<Counter>,
    /// Workers that wait: without any, nobody is woken, which would be a call to the system a batch.
    waiting: usize,
}

/// Where workers get their next batch number, and wait for one.
pub struct Gate {
    state: Mutex<GateState>,
    moved: Condvar,
    window: u64,
    stop: Stop,
    deadline: Option<Instant>,
    begun: AtomicBool,
}

/// What a worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateTicket {
    /// The job.
    pub job: usize,
    /// Its batch.
    pub number: u64,
}

/// How a gate sees a job.
pub trait GateView {
    /// The least number of batches that a live lane of the job has accepted.
    fn accepted(&self, job: usize) -> u64;
    /// The row, counted from this run's first, with which a batch of the job begins; for its pace.
    fn first_row(&self, job: usize, number: u64) -> u64;
    /// The job's pace.
    fn pace(&self, job: usize) -> Option<&Pace>;

    /// How long before its first row is due a batch of the job may begin.
    fn ahead(&self, _job: usize) -> Duration {
        Duration::ZERO
    }
    /// How long until the job's source has something for a batch; nothing when it has.
    fn wait(&self, job: usize, number: u64) -> Option<Duration>;
}

impl sink::RunHandle for Gate {
    fn moved(&self) {
        self.wake();
    }

    fn stopping(&self) -> bool {
        // Once all batches are given out no worker asks for a number any more, so the deadline is
        // looked at here, too. While sinks are opened it does not end the run.
        let begun = || self.begun.load(Ordering::Relaxed);
        self.stop.requested() || (begun() && self.stop.at_deadline(self.deadline))
    }

    fn interrupted(&self) -> bool {
        let early = self.stop.signal().is_some() || self.stop.failed();
        early || (self.stop.requested() && !self.stop.in_time())
    }
}

enum Next {
    Ticket(GateTicket),
    Wait(Duration),
    End,
}

impl Gate {
    /// A gate that gives out no number until `begin`.
    pub fn new(window: u64, stop: Stop, deadline: Option<Instant>) -> Self {
        Self {
            state: Mutex::default(),
            moved: Condvar::new(),
            window,
            stop,
            deadline,
            begun: AtomicBool::new(false),
        }
    }

    /// Begins these jobs, side by side: their places in the plan and how many batches each has;
    /// none is endless.
    pub fn begin(&self, jobs: &[(usize, Option<u64>)]) {
        let counters = jobs.iter().map(|(job, batches)| Counter {
            job: *job,
            next: 0,
            batches: *batches,
        });
        lock(&self.state).counters = counters.collect();
        self.begun.store(true, Ordering::Relaxed);
    }

    /// More batches of a job can be made: it has so many now.
    pub fn go_on(&self, job: usize, batches: Option<u64>) {
        let mut state = lock(&self.state);
        let mut counters = state.counters.iter_mut();
        if let Some(counter) = counters.find(|counter| counter.job == job) {
            counter.batches = batches;
        }
    }

    /// Wakes the workers that wait: a lane has moved.
    pub fn wake(&self) {
        // Taking the lock orders this after a waiter's look at the lanes, so no wake-up is lost.
        if lock(&self.state).waiting > 0 {
            self.moved.notify_all();
        }
    }

    /// The next batch to make, waiting for its turn; none when the run ends. `first` is the job to
    /// look at first, so that workers spread over the jobs. Also how long it waited.
    pub fn next(&self, first: usize, seen: &dyn GateView) -> (Option<GateTicket>, Duration) {
        let start = Instant::now();
        let mut state = lock(&self.state);
        loop {
            if self.stop.requested() || self.stop.at_deadline(self.deadline) {
                return (None, start.elapsed());
            }
            match self.look(&mut state.counters, first, seen) {
                Next::Ticket(ticket) => return (Some(ticket), start.elapsed()),
                Next::End => return (None, start.elapsed()),
                Next::Wait(wait) => {
                    state.waiting += 1;
                    state = sync::wait(&self.moved, state, wait);
                    state.waiting -= 1;
                }
            }
        }
    }

    /// As `next`, without waiting: pending while there is none.
    #[cfg(all(test, feature = "sessions"))]
    pub(crate) fn try_next(&self, first: usize, seen: &dyn GateView) -> Poll<Option<GateTicket>> {
        if self.stop.requested() {
            return Poll::Ready(None);
        }
        match self.look(&mut lock(&self.state).counters, first, seen) {
            Next::Ticket(ticket) => Poll::Ready(Some(ticket)),
            Next::End => Poll::Ready(None),
            Next::Wait(_) => Poll::Pending,
        }
    }

    /// The job ended before this batch.
    pub fn ended(&self, ticket: GateTicket) {
        let mut state = lock(&self.state);
        let mut counters = state.counters.iter_mut();
        if let Some(counter) = counters.find(|counter| counter.job == ticket.job) {
            let end = counter.batches.unwrap_or(u64::MAX).min(ticket.number);
            counter.batches = Some(end);
        }
        drop(state);
        self.moved.notify_all();
    }

    /// Ends the run once its time is over, also while every worker waits for a stream.
    pub fn check_deadline(&self) {
        self.stop.at_deadline(self.deadline);
    }

    /// How many batches of a job that has begun were given out.
    pub fn given(&self, job: usize) -> u64 {
        let state = lock(&self.state);
        let mut counters = state.counters.iter();
        counters
            .find(|counter| counter.job == job)
            .map_or(0, |counter| {
                counter.next.min(counter.batches.unwrap_or(u64::MAX))
            })
    }

    fn look(&self, counters: &mut [Counter], first: usize, seen: &dyn GateView) -> Next {
        let jobs = counters.len();
        let mut ended = 0;
        // A signal or a deadline must be noticed while waiting.
        let mut wait = Duration::from_millis(50);
        // Each worker begins with another job: all of them at the first one would leave the second
        // table's sinks idle until the first table is done.
        for index in (0..jobs).map(|offset| (first + offset) % jobs) {
            let counter = &mut counters[index];
            let (job, number) = (counter.job, counter.next);
            let accepted = seen.accepted(job);
            if counter.batches.is_some_and(|batches| number >= batches) || accepted == u64::MAX {
                ended += 1;
                continue;
            }
            // What is made ahead of the slowest lane waits in memory: the window bounds it, and a
            // sink that is slow slows its own table alone.
            if number >= accepted.saturating_add(self.window) {
                continue;
            }
            let pace = seen.pace(job);
            let early = pace.and_then(|pace| pace.wait(seen.first_row(job, number)));
            let early = early.and_then(|early| early.checked_sub(seen.ahead(job)));
            let early = early.filter(|early| !early.is_zero());
            if let Some(early) = early.max(seen.wait(job, number)) {
                wait = wait.min(early);
                continue;
            }
            // Numbers are pulled, not dealt out beforehand: a range split in halves, as Rayon's
            // iterators do, would end with rows far out of order, and all of them would wait in the
            // reordering lanes.
            counter.next += 1;
            return Next::Ticket(GateTicket { job, number });
        }
        if ended == jobs {
            Next::End
        } else {
            Next::Wait(wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    struct One(AtomicU64);
    impl GateView for One {
        fn wait(&self, _: usize, _: u64) -> Option<Duration> {
            None
        }
        fn accepted(&self, _: usize) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
        fn first_row(&self, _: usize, number: u64) -> u64 {
            number
        }
        fn pace(&self, _: usize) -> Option<&Pace> {
            None
        }
    }

    #[test]
    fn numbers_come_once_and_within_the_window() {
        let gate = Gate::new(2, Stop::default(), None);
        gate.begin(&[(0, Some(5))]);
        let lane = One(AtomicU64::new(0));
        let number = || gate.next(0, &lane).0.map(|ticket| ticket.number);
        assert_eq!((number(), number()), (Some(0), Some(1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.next(0, &lane).0);
            lane.0.store(1, Ordering::SeqCst);
            gate.wake();
            assert_eq!(
                waiting.join().unwrap(),
                Some(GateTicket { job: 0, number: 2 })
            );
        });
        lane.0.store(5, Ordering::SeqCst);
        assert_eq!((number(), number(), number()), (Some(3), Some(4), None));
        assert_eq!(gate.given(0), 5);
    }

    #[test]
    fn a_job_ends_where_its_source_did() {
        let gate = Gate::new(4, Stop::default(), None);
        gate.begin(&[(0, None)]);
        let lane = One(AtomicU64::new(0));
        let next = || gate.next(0, &lane).0;
        let tickets = [next(), next(), next()].map(Option::unwrap);
        gate.ended(tickets[2]);
        gate.ended(tickets[1]);
        assert_eq!((gate.given(0), next()), (1, None));
    }

    /// Two jobs, the first of which has nothing until its source wakes the gate.
    struct Two(AtomicU64);
    impl GateView for Two {
        fn accepted(&self, _: usize) -> u64 {
            0
        }
        fn first_row(&self, _: usize, number: u64) -> u64 {
            number
        }
        fn pace(&self, _: usize) -> Option<&Pace> {
            None
        }
        fn wait(&self, job: usize, _: u64) -> Option<Duration> {
            let ready = job == 1 || self.0.load(Ordering::SeqCst) > 0;
            (!ready).then_some(Duration::MAX)
        }
    }

    #[test]
    fn nobody_waits_for_a_stream_while_there_is_other_work() {
        let gate = Gate::new(2, Stop::default(), None);
        gate.begin(&[(0, None), (1, None)]);
        let jobs = Two(AtomicU64::new(0));
        let next = || gate.next(0, &jobs).0.map(|ticket| ticket.job);
        assert_eq!((next(), next()), (Some(1), Some(1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(next);
            jobs.0.store(1, Ordering::SeqCst);
            gate.wake();
            assert_eq!(waiting.join().unwrap(), Some(0));
        });
    }

    #[test]
    fn a_stop_ends_the_numbers() {
        let stop = Stop::default();
        let gate = Gate::new(2, stop.clone(), None);
        gate.begin(&[(0, None)]);
        stop.request();
        assert_eq!(gate.next(0, &One(AtomicU64::new(0))).0, None);
    }
}
