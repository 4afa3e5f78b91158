//! What was sent, what was acknowledged, what failed: so that nothing is lost without a word.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::error::{Error, Problem, Result};
use crate::sink::lane::Marks;
use crate::sync::{lock, wait};

/// Bytes under way before the next batch waits: enough for several requests. More of them would be
/// sent no sooner, from memory that nobody has touched yet.
const MOST_BYTES: usize = 16 << 20;

/// The same at a pace, which goes on for some seconds while a broker is away.
const MOST_PACED_BYTES: usize = 48 << 20;

/// The state of everything that was handed to a producer.
pub struct DeliveryTracker {
    topic: String,
    marks: Arc<Marks>,
    most_bytes: usize,
    /// How long no message may be acknowledged at the end, where that is said.
    stall_timeout: Option<Duration>,
    state: Mutex<DeliveryState>,
    moved: Condvar,
}

#[derive(Default)]
struct DeliveryState {
    /// The number of the first batch in `open`.
    first: u64,
    open: VecDeque<OpenBatch>,
    bytes: usize,
    sent: u64,
    acknowledged: u64,
    failed: BTreeMap<String, u64>,
    error: Option<Problem>,
    over: bool,
}

/// A batch whose messages are under way.
#[derive(Default)]
struct OpenBatch {
    rows: u64,
    complete: bool,
}

impl DeliveryTracker {
    /// Nothing was sent yet.
    pub fn new(
        topic: &str,
        marks: Arc<Marks>,
        paced: bool,
        stall_timeout: Option<Duration>,
    ) -> Self {
        Self {
            topic: topic.to_string(),
            marks,
            most_bytes: if paced { MOST_PACED_BYTES } else { MOST_BYTES },
            stall_timeout,
            state: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits until there is room for more of batch `number`; numbers never go down.
    ///
    /// # Errors
    /// Something failed for good.
    pub fn begin(&self, number: u64, rows: u64, bytes: usize) -> Result<()> {
        let mut state = lock(&self.state);
        while state.error.is_none()
            && !state.over
            // A batch larger than the limit goes out alone: it would wait for ever otherwise.
            && state.bytes > 0
            && state.bytes + bytes > self.most_bytes
        {
            // Woken by every answer; the time-out only lets a run that was told to end be noticed,
            // which nobody notifies this lock of.
            state = wait(&self.moved, state, Duration::from_millis(100));
            state.over |= self.marks.over();
        }
        if state.error.is_some() || state.over {
            return Err(self.failure(&state));
        }
        state.bytes += bytes;
        state.sent += rows;
        state.open(number).rows += rows;
        Ok(())
    }

    /// All of batch `number` was handed over.
    pub fn complete(&self, number: u64) {
        let mut state = lock(&self.state);
        state.open(number).complete = true;
        self.advance(state);
    }

    /// The broker has these: so many bytes that were under way, with keys and values of so many.
    pub fn acknowledged(&self, number: u64, rows: u64, bytes: usize, payload: usize) {
        let mut state = lock(&self.state);
        state.bytes -= bytes;
        state.acknowledged += rows;
        state.open(number).rows -= rows;
        self.marks.add(rows, payload as u64);
        self.advance(state);
    }

    /// The broker will never have these.
    pub fn failed(&self, rows: u64, bytes: usize, kind: &str, problem: Problem) {
        let mut state = lock(&self.state);
        state.bytes -= bytes;
        if rows > 0 {
            *state.failed.entry(kind.to_string()).or_default() += rows;
        }
        // The first error is the cause, those after it are mostly its consequences.
        state.error.get_or_insert(problem);
        drop(state);
        self.moved.notify_all();
    }

    /// A thread that others wait for has panicked.
    pub fn panicked(&self, panic: &(dyn Any + Send)) {
        let error = Error::of_panic("the producer", panic);
        error
            .problems
            .into_iter()
            .for_each(|problem| self.failed(0, 0, "", problem));
    }

    /// True once something failed for good, or nobody waits for more.
    pub fn is_over(&self) -> bool {
        let state = lock(&self.state);
        state.error.is_some() || state.over || self.marks.over()
    }

    /// True once nobody waits for more, whatever came of it.
    pub fn is_ended(&self) -> bool {
        lock(&self.state).over || self.marks.over()
    }

    /// Nothing more will be sent and nothing is waited for.
    pub fn end(&self) {
        lock(&self.state).over = true;
        self.moved.notify_all();
    }

    /// Waits until everything is acknowledged.
    ///
    /// # Errors
    /// What failed, with how much was not acknowledged.
    pub fn finish(&self) -> Result<()> {
        let mut state = lock(&self.state);
        let (mut seen, mut since) = (state.acknowledged, Instant::now());
        loop {
            if state.error.is_some() || state.over {
                return Err(self.failure(&state));
            }
            if state.acknowledged == state.sent {
                return Ok(());
            }
            // Any progress at all starts the clock anew: a slow broker is waited for, a silent one
            // is not.
            if state.acknowledged != seen {
                (seen, since) = (state.acknowledged, Instant::now());
            }
            if let Some(timeout) = self.stall_timeout.filter(|most| since.elapsed() >= *most) {
                state.error = Some(stalled(timeout));
            }
            state = wait(&self.moved, state, Duration::from_millis(100));
            state.over |= self.marks.over();
        }
    }

    /// True while nothing that was sent is missing.
    pub fn is_complete(&self) -> bool {
        let state = lock(&self.state);
        state.acknowledged == state.sent
    }

    fn failure(&self, state: &DeliveryState) -> Error {
        let missing = state.sent - state.acknowledged;
        let kinds = state.failed.iter();
        let kinds: Vec<String> = kinds.map(|(kind, rows)| format!("{rows} {kind}")).collect();
        let detail = match kinds.is_empty() {
            true => String::new(),
            false => format!(" ({})", kinds.join(", ")),
        };
        let problem = Problem::new(format!(
            "{missing} of {} messages sent to topic `{}` were not acknowledged{detail}",
            state.sent, self.topic
        ));
        let Some(cause) = &state.error else {
            return Error::run(problem);
        };
        let causes = std::iter::once(&cause.message).chain(&cause.causes);
        let problem = causes.fold(problem, |problem, cause| problem.cause(cause));
        Error::run(problem.maybe_hint(cause.hint.clone()))
    }

    /// Moves the durable mark over every batch of which nothing is missing.
    fn advance(&self, mut state: MutexGuard<'_, DeliveryState>) {
        let before = state.first;
        while state
            .open
            .front()
            .is_some_and(|open| open.complete && open.rows == 0)
        {
            state.open.pop_front();
            state.first += 1;
        }
        let first = state.first;
        drop(state);
        if first > before {
            self.marks.durable(first);
        }
        self.moved.notify_all();
    }
}

/// Nobody takes anything any more.
fn stalled(timeout: Duration) -> Problem {
    let timeout = crate::units::show_duration(timeout);
    Problem::new(format!("none was for {timeout}")).hint("see `stall_timeout` under `run:`")
}

impl DeliveryState {
    fn open(&mut self, number: u64) -> &mut OpenBatch {
        let place = (number - self.first) as usize;
        if self.open.len() <= place {
            self.open.resize_with(place + 1, OpenBatch::default);
        }
        &mut self.open[place]
    }
}
