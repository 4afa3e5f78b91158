//! What members have fetched and no batch has taken yet: a bounded queue that says when a batch is
//! worth making.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::member::{HeldPartitions, Messages};
use crate::error::{Error, Result};
use crate::sync::{self, lock};

/// Without messages there is a batch without rows after so long: sinks see that time passes.
// A choice: sinks with a `roll` by time need a sign.
const IDLE: Duration = Duration::from_secs(1);

/// What a message takes beside its key and its value, about: what librdkafka keeps of each, and its allocator.
// Of messages of 150 bytes 291 MiB were held where 64 were asked for: about three times the bytes
// besides.
pub const MESSAGE: usize = 500;

/// Messages that a member took together.
pub struct Fetched {
    /// The partitions that the member had then.
    pub turns: HeldPartitions,
    /// They themselves.
    pub messages: Messages,
    bytes: usize,
    arrived: Instant,
}

/// Between members and workers. Nobody waits here for messages: `wait` says when there are enough.
pub struct Pipe {
    state: Mutex<State>,
    moved: Condvar,
    /// About so many bytes may wait.
    room: usize,
    /// How long the first message may wait for others.
    linger: Duration,
    /// Told when there is more to take.
    wake: Arc<dyn Fn() + Send + Sync>,
}

struct State {
    waiting: VecDeque<Fetched>,
    messages: usize,
    bytes: usize,
    /// When a batch was last made.
    taken: Instant,
    awaited: Awaited,
    failed: Option<Error>,
    closed: bool,
    ended: bool,
}

/// What is still to be fetched of a run that ends: behind the last message nobody waits for others.
pub enum Awaited {
    /// More always comes.
    More,
    /// So many messages.
    Count(u64),
    /// Partitions, up to these offsets.
    Ends(HashMap<i32, i64>),
}

impl Awaited {
    /// So many messages came, and partitions were read so far.
    fn came(&mut self, messages: usize, reached: &[(i32, i64)]) {
        match self {
            Self::More => {}
            Self::Count(count) => *count = count.saturating_sub(messages as u64),
            Self::Ends(ends) => {
                for (partition, next) in reached {
                    if ends.get(partition).is_some_and(|end| next >= end) {
                        ends.remove(partition);
                    }
                }
            }
        }
    }

    fn is_nothing(&self) -> bool {
        match self {
            Self::More => false,
            Self::Count(count) => *count == 0,
            Self::Ends(ends) => ends.is_empty(),
        }
    }
}

impl Fetched {
    /// What has just come.
    pub fn new(turns: HeldPartitions, messages: Messages) -> Self {
        let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let bytes = messages
            .iter()
            .map(|message| size(message.value) + size(message.key) + MESSAGE);
        Self {
            bytes: bytes.sum(),
            turns,
            messages,
            arrived: Instant::now(),
        }
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps the first `most` messages and gives the others away.
    pub fn split_off(&mut self, most: usize) -> Option<Self> {
        let count = self.messages.len();
        if count <= most {
            return None;
        }
        let bytes = self.bytes / count * (count - most);
        self.bytes -= bytes;
        Some(Self {
            turns: self.turns.clone(),
            messages: self.messages.split_off(most),
            bytes,
            arrived: self.arrived,
        })
    }
}

impl Pipe {
    /// Nothing waits yet.
    pub fn new(room: usize, linger: Duration, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            messages: 0,
            bytes: 0,
            taken: Instant::now(),
            awaited: Awaited::More,
            failed: None,
            closed: false,
            ended: false,
        };
        Self {
            state: Mutex::new(state),
            moved: Condvar::new(),
            room,
            linger,
            wake,
        }
    }

    /// How long until a batch of `most` rows is worth making; nothing when it is, and when there is
    /// an end or an error to be told.
    pub fn wait(&self, most: usize) -> Option<Duration> {
        let state = lock(&self.state);
        let over = state.failed.is_some() || state.closed || state.ended;
        let complete = state.awaited.is_nothing() && !state.waiting.is_empty();
        // A batch that is not full is taken, too, where the pipe has no more room: the rest could
        // not come.
        if over || complete || state.messages >= most || state.bytes >= self.room {
            return None;
        }
        let due = match state.waiting.front() {
            // From the arrival of the first message: with the last one a slow trickle would be held
            // for ever.
            Some(first) => first.arrived + self.linger,
            None => state.taken + IDLE,
        };
        let wait = due.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// So much is to be fetched.
    pub fn awaits(&self, awaited: Awaited) {
        lock(&self.state).awaited = awaited;
    }

    /// A batch is made now.
    pub fn begin(&self) {
        lock(&self.state).taken = Instant::now();
    }

    /// What was fetched next, if anything waits.
    ///
    /// # Errors
    /// No member can go on.
    pub fn take(&self) -> Result<Option<Fetched>> {
        let mut state = lock(&self.state);
        let Some(fetched) = state.waiting.pop_front() else {
            return match &state.failed {
                // Only once nothing waits: what was fetched before the failure is still read.
                Some(error) => Err(error.clone()),
                None => Ok(None),
            };
        };
        state.messages -= fetched.messages.len();
        state.bytes -= fetched.bytes;
        drop(state);
        self.moved.notify_all();
        Ok(Some(fetched))
    }

    /// It is for the next batch: it comes first again.
    pub fn put_back(&self, fetched: Fetched) {
        let mut state = lock(&self.state);
        state.messages += fetched.messages.len();
        state.bytes += fetched.bytes;
        // May go over the room; members that wait for room just wait longer.
        state.waiting.push_front(fetched);
    }

    /// Puts it in, or gives it back when there was no room within `patience`. With it partitions are
    /// read so far.
    pub fn put(
        &self,
        fetched: Fetched,
        reached: &[(i32, i64)],
        patience: Duration,
    ) -> Option<Fetched> {
        let mut state = lock(&self.state);
        if state.bytes >= self.room && !state.closed {
            state = sync::wait(&self.moved, state, patience);
        }
        if state.closed {
            return None;
        }
        if state.bytes >= self.room {
            return Some(fetched);
        }
        state.messages += fetched.messages.len();
        state.bytes += fetched.bytes;
        state.awaited.came(fetched.messages.len(), reached);
        state.waiting.push_back(fetched);
        drop(state);
        (self.wake)();
        None
    }

    /// True while nothing waits.
    pub fn is_empty(&self) -> bool {
        lock(&self.state).waiting.is_empty()
    }

    /// Nothing more belongs to the run.
    pub fn end(&self) {
        lock(&self.state).ended = true;
        (self.wake)();
    }

    /// Nothing more is wanted: no member waits any more.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.moved.notify_all();
        (self.wake)();
    }

    /// True once nothing more is wanted.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Lets go of what waits.
    pub fn clear(&self) {
        let mut state = lock(&self.state);
        (state.messages, state.bytes) = (0, 0);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        // Without the lock: what waits belongs to librdkafka, which may be slow to take it back.
        drop(waiting);
    }

    /// No member can go on.
    pub fn fail(&self, error: Error) {
        lock(&self.state).failed.get_or_insert(error);
        self.moved.notify_all();
        (self.wake)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> Pipe {
        Pipe::new(1000, Duration::from_secs(9), Arc::new(|| {}))
    }

    #[test]
    fn an_end_and_an_error_are_told_at_once() {
        assert!(pipe().wait(5).is_some());
        let ended = pipe();
        ended.end();
        let closed = pipe();
        closed.close();
        let failed = pipe();
        failed.fail(Error::run("it is gone"));
        assert_eq!([ended.wait(5), closed.wait(5), failed.wait(5)], [None; 3]);
        assert!(failed.take().is_err() && matches!(closed.take(), Ok(None)));
    }

    #[test]
    fn what_a_run_awaits_comes_to_an_end() {
        let mut more = Awaited::More;
        more.came(9, &[(0, 9)]);
        assert!(!more.is_nothing());
        let mut count = Awaited::Count(5);
        count.came(4, &[]);
        assert!(!count.is_nothing());
        count.came(4, &[]);
        assert!(count.is_nothing());
        let mut ends = Awaited::Ends([(0, 5), (3, 7)].into());
        ends.came(9, &[(0, 4), (3, 8)]);
        assert!(!ends.is_nothing());
        ends.came(9, &[(0, 5), (1, 5)]);
        assert!(ends.is_nothing());
    }
}
