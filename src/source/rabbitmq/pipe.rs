//! Messages that have come and that no batch has taken yet: when a batch is worth making, and what it covers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::batch::{Runs, Span, Turn};
use crate::error::{Error, Result};
use crate::sync::lock;

/// Without messages there is a batch without rows after so long: sinks see that time passes.
// A choice, as that of Kafka's source: sinks with a `roll` by time need a sign.
const IDLE: Duration = Duration::from_secs(1);

/// A message as it came.
#[derive(Debug)]
pub struct Message {
    /// The number of its queue.
    pub queue: i32,
    /// The channel that it came by.
    pub turn: Arc<Turn>,
    /// Its number on that channel, from 1.
    pub tag: i64,
    /// It may have come before.
    pub redelivered: bool,
    /// Where it was sent to.
    pub routing_key: String,
    /// Seconds since 1970 at which it was sent, if its sender says.
    pub timestamp: Option<i64>,
    /// What it holds.
    pub body: Vec<u8>,
    /// When it came.
    pub arrived: Instant,
}

/// Between whoever fetches and the workers.
pub struct Pipe {
    state: Mutex<State>,
    /// So many messages are worth a batch, whatever it could hold: no more come before they are safe.
    enough: usize,
    linger: Duration,
    wake: Arc<dyn Fn() + Send + Sync>,
}

struct State {
    waiting: VecDeque<Message>,
    /// How far batches have covered each queue, and in which turn.
    covered: HashMap<i32, (u64, i64)>,
    /// Messages that still belong to the run, if that is known.
    left: Option<u64>,
    taken: Instant,
    failed: Option<Error>,
    ended: bool,
}

/// What one batch is made from.
#[derive(Default)]
pub struct Gathered {
    /// Its messages, by queue.
    pub messages: Vec<Message>,
    /// What it covers.
    pub spans: Vec<Span>,
}

impl Pipe {
    /// Nothing has come yet.
    pub fn new(
        enough: usize,
        linger: Duration,
        left: Option<u64>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            covered: HashMap::new(),
            left,
            taken: Instant::now(),
            failed: None,
            ended: left == Some(0),
        };
        Self {
            state: Mutex::new(state),
            enough: enough.max(1),
            linger,
            wake,
        }
    }

    /// These have come. What comes behind the end is not acknowledged, and comes again in another run.
    pub fn put(&self, messages: impl Iterator<Item = Message>) {
        let mut state = self.lock();
        if !state.ended {
            state.waiting.extend(messages);
        }
        drop(state);
        (self.wake)();
    }

    /// How long until a batch of `most` rows is worth making; nothing when it is.
    pub fn wait(&self, most: usize) -> Option<Duration> {
        let state = self.lock();
        let waiting = state.waiting.len();
        // Of a run that ends the last messages wait for nobody behind them.
        let all = state.left.is_some_and(|left| waiting as u64 >= left);
        if state.ended || state.failed.is_some() || all || waiting >= most.min(self.enough) {
            return None;
        }
        let due = match state.waiting.front() {
            Some(first) => first.arrived + self.linger,
            None => state.taken + IDLE,
        };
        let wait = due.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Messages for a batch, at most `most`, perhaps none; nothing at all when the run has all of its.
    ///
    /// # Errors
    /// No more will come, and why.
    pub fn take(&self, most: usize) -> Result<Option<Gathered>> {
        let mut state = self.lock();
        if state.waiting.is_empty() || state.left == Some(0) {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if state.ended {
                return Ok(None);
            }
        }
        state.taken = Instant::now();
        Ok(Some(state.gather(most)))
    }

    /// How many of each queue wait here.
    pub fn waiting(&self) -> HashMap<i32, u64> {
        let mut counts = HashMap::new();
        for message in &self.lock().waiting {
            *counts.entry(message.queue).or_default() += 1;
        }
        counts
    }

    /// No more belong to the run.
    pub fn end(&self) {
        self.lock().ended = true;
        (self.wake)();
    }

    /// No more will come.
    pub fn fail(&self, error: Error) {
        self.lock().failed.get_or_insert(error);
        (self.wake)();
    }

    /// Nothing more is wanted: lets go of what waits.
    pub fn stop(&self) {
        self.lock().waiting.clear();
        self.end();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// What a batch that is being gathered covers of one queue.
struct Slot {
    turn: Arc<Turn>,
    queue: i32,
    from: i64,
    to: i64,
    rows: Runs,
}

impl State {
    fn gather(&mut self, most: usize) -> Gathered {
        let most = self
            .left
            .map_or(most, |left| most.min(usize::try_from(left).unwrap_or(most)));
        let (mut messages, mut slots): (Vec<Message>, Vec<Slot>) = (Vec::new(), Vec::new());
        while messages.len() < most
            && let Some(message) = self.waiting.pop_front()
        {
            // The broker sends again what came by a channel that is gone.
            if message.turn.is_over() {
                continue;
            }
            let known = slots.iter().position(|slot| slot.queue == message.queue);
            let known = known.unwrap_or_else(|| {
                slots.push(self.slot(&message));
                slots.len() - 1
            });
            let slot = &mut slots[known];
            if !Arc::ptr_eq(&slot.turn, &message.turn) {
                // A batch has one span for each queue, of one channel. The message begins the next
                // batch.
                self.waiting.push_front(message);
                break;
            }
            slot.to = message.tag + 1;
            slot.rows.push(message.tag);
            messages.push(message);
        }
        self.left = self.left.map(|left| left - messages.len() as u64);
        self.ended |= self.left == Some(0);
        // A stable sort: the messages of a queue keep their order.
        messages.sort_by_key(|message| message.queue);
        Gathered {
            messages,
            spans: self.spans(slots),
        }
    }

    fn slot(&self, message: &Message) -> Slot {
        let turn = message.turn.number();
        let covered = self.covered.get(&message.queue);
        let from = covered
            .filter(|(known, _)| *known == turn)
            .map_or(1, |(_, next)| *next);
        Slot {
            turn: message.turn.clone(),
            queue: message.queue,
            from,
            to: from,
            rows: Runs::default(),
        }
    }

    fn spans(&mut self, mut slots: Vec<Slot>) -> Vec<Span> {
        slots.sort_by_key(|slot| slot.queue);
        let mut first = 0;
        let mut spans = Vec::with_capacity(slots.len());
        for slot in slots {
            self.covered
                .insert(slot.queue, (slot.turn.number(), slot.to));
            let rows = first..first + slot.rows.rows();
            first = rows.end;
            spans.push(Span {
                turn: slot.turn,
                partition: slot.queue,
                from: slot.from,
                to: slot.to,
                rows,
                offsets: slot.rows.into(),
            });
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(queue: i32, turn: &Arc<Turn>, tag: i64) -> Message {
        Message {
            queue,
            turn: turn.clone(),
            tag,
            redelivered: false,
            routing_key: String::new(),
            timestamp: None,
            body: Vec::new(),
            arrived: Instant::now(),
        }
    }

    fn pipe(left: Option<u64>) -> Pipe {
        Pipe::new(100, Duration::from_secs(9), left, Arc::new(|| {}))
    }

    fn covered(gathered: &Gathered) -> Vec<(i32, i64, i64, std::ops::Range<usize>)> {
        let spans = gathered.spans.iter();
        spans
            .map(|span| (span.partition, span.from, span.to, span.rows.clone()))
            .collect()
    }

    #[test]
    fn a_batch_covers_one_channel_of_each_queue() {
        let (one, other) = (Arc::new(Turn::new()), Arc::new(Turn::new()));
        let pipe = pipe(None);
        let first = [
            message(1, &one, 1),
            message(0, &other, 1),
            message(1, &one, 2),
        ];
        pipe.put(first.into_iter());
        assert!(pipe.wait(3).is_none() && pipe.wait(4).is_some());
        let taken = pipe.take(9).unwrap().unwrap();
        assert_eq!(covered(&taken), [(0, 1, 2, 0..1), (1, 1, 3, 1..3)]);
        // The connection was lost: what has come by it is dropped, and the next one counts from 1.
        pipe.put([message(1, &one, 3)].into_iter());
        one.end();
        let again = Arc::new(Turn::new());
        let next = [message(1, &again, 1), message(0, &other, 2)];
        pipe.put(next.into_iter());
        let taken = pipe.take(9).unwrap().unwrap();
        assert_eq!(covered(&taken), [(0, 2, 3, 0..1), (1, 1, 2, 1..2)]);
    }

    #[test]
    fn a_run_ends_after_its_messages_and_errors_come_after_what_came_before() {
        let turn = Arc::new(Turn::new());
        let counted = pipe(Some(2));
        counted.put((1..4).map(|tag| message(0, &turn, tag)));
        assert!(counted.wait(9).is_none());
        let taken = counted.take(9).unwrap().unwrap();
        assert_eq!(covered(&taken), [(0, 1, 3, 0..2)]);
        assert!(counted.take(9).unwrap().is_none());
        let failed = pipe(None);
        failed.put([message(0, &turn, 4)].into_iter());
        failed.fail(Error::run("it is gone"));
        assert!(failed.wait(9).is_none());
        assert_eq!(failed.take(9).unwrap().unwrap().messages.len(), 1);
        assert!(failed.take(9).is_err());
    }
}
