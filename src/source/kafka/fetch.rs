//! Members fetch on threads of their own into one bounded pipe.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::member::{Member, Messages, Turns};
use super::offsets::{Covered, Ledger};
use crate::client::kafka::consume::Message;
use crate::error::Error;

/// How long a member waits for more messages before it looks after its group.
const STEP: Duration = Duration::from_millis(20);

/// Messages that a member takes at once, and about the most bytes of them.
const MOST_MESSAGES: usize = 16_384;
const MOST_BYTES: usize = 16 << 20;

/// Messages of one member.
pub struct Fetched {
    /// The partitions of the member that took them, then.
    pub turns: Turns,
    /// They themselves.
    pub messages: Messages,
}

/// Between members and workers.
pub struct Pipe {
    state: Mutex<State>,
    moved: Condvar,
    room: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Fetched>,
    failed: Option<Error>,
    closed: bool,
}

impl Pipe {
    /// Room for so many takes.
    pub fn new(room: usize) -> Self {
        Self {
            state: Mutex::default(),
            moved: Condvar::new(),
            room,
        }
    }

    /// What was fetched next, waiting until `deadline`.
    ///
    /// # Errors
    /// No member can go on.
    pub fn take(&self, deadline: Instant) -> Result<Option<Fetched>, Error> {
        let mut state = self.lock();
        loop {
            if let Some(fetched) = state.waiting.pop_front() {
                drop(state);
                self.moved.notify_all();
                return Ok(Some(fetched));
            }
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            if state.closed || wait.is_zero() {
                return Ok(None);
            }
            let waited = self.moved.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing more is wanted, nobody waits any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.moved.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn fail(&self, error: Error) {
        self.lock().failed.get_or_insert(error);
        self.moved.notify_all();
    }

    /// Puts it in, or gives it back when there was no room for a while.
    fn put(&self, fetched: Fetched) -> Option<Fetched> {
        let mut state = self.lock();
        if state.waiting.len() >= self.room && !state.closed {
            let waited = self.moved.wait_timeout(state, STEP);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.closed {
            return None;
        }
        if state.waiting.len() >= self.room {
            return Some(fetched);
        }
        state.waiting.push_back(fetched);
        drop(state);
        self.moved.notify_all();
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a member does until the pipe is closed.
pub fn run(member: &Arc<Member>, topic: &str, ledger: &Ledger, pipe: &Pipe) {
    let mut most = MOST_MESSAGES / 64;
    while !pipe.is_closed() {
        if !attend(member, topic, pipe) {
            return;
        }
        let mut messages = member.take(most, STEP);
        most = next_most(&messages, most);
        messages.retain(|message| match message.error {
            None | Some(RDKafkaErrorCode::PartitionEOF) => true,
            Some(code) => {
                complain(&KafkaError::MessageConsumption(code), topic, pipe);
                false
            }
        });
        if messages.is_empty() {
            continue;
        }
        let mut fetched = Some(Fetched {
            turns: member.consumer().context().turns(),
            messages,
        });
        while let Some(waiting) = fetched {
            let covered = waiting.covered();
            fetched = pipe.put(waiting);
            match &mut fetched {
                None => ledger.read(covered),
                Some(_) if !attend(member, topic, pipe) => return,
                Some(back) => back.forget(&member.consumer().context().turns()),
            }
        }
    }
}

impl Fetched {
    /// How far the messages go.
    fn covered(&self) -> Vec<Covered> {
        let reached = self.messages.iter().map(|one| (one.partition, next(&one)));
        self.in_turn(reached.collect())
    }

    /// Partitions that were read so far, in the turns in which they were.
    pub fn in_turn(&self, reached: HashMap<i32, i64>) -> Vec<Covered> {
        let covered = |(partition, next)| {
            let turn = *self.turns.get(&partition)?;
            Some(Covered {
                turn,
                partition,
                next,
            })
        };
        reached.into_iter().filter_map(covered).collect()
    }

    /// Lets go of partitions that the member lost before its messages were on their way.
    fn forget(&mut self, now: &Turns) {
        if !Arc::ptr_eq(now, &self.turns) {
            let turns = self.turns.clone();
            let kept = |partition: i32| now.get(&partition) == turns.get(&partition);
            self.messages.retain(|message| kept(message.partition));
        }
    }
}

/// The offset behind a message. The end of a partition stands behind what is no message, too, as is
/// what ends a transaction.
pub fn next(message: &Message<'_>) -> i64 {
    message.offset + i64::from(message.error.is_none())
}

/// Answers what the group asks; false when the member cannot go on.
fn attend(member: &Arc<Member>, topic: &str, pipe: &Pipe) -> bool {
    if let Some(Err(error)) = member.consumer().poll(Duration::ZERO)
        && !complain(&error, topic, pipe)
    {
        return false;
    }
    let Some(error) = member.consumer().context().failed() else {
        return true;
    };
    let error = Error::because(format!("taking partitions of topic `{topic}`"), error);
    pipe.fail(error.hint("start the run again: it goes on where it was safe"));
    false
}

/// True when the error passes by itself.
fn complain(error: &KafkaError, topic: &str, pipe: &Pipe) -> bool {
    let hint = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            "does the topic exist?"
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => "may this user read the topic?",
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => "may this user read with this group?",
        Some(RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::Authentication) => {
            "check `sasl:` and `tls:`"
        }
        _ if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
            "start the run again: it goes on where it was safe"
        }
        _ => {
            tracing::debug!(%error, "librdkafka reported while consuming");
            return true;
        }
    };
    pipe.fail(Error::because(format!("reading topic `{topic}`"), error).hint(hint));
    false
}

/// As many messages as are about as many bytes as a take may have.
fn next_most(messages: &Messages, most: usize) -> usize {
    let bytes: usize = messages
        .iter()
        .map(|message| message.value.map_or(0, <[u8]>::len) + message.key.map_or(0, <[u8]>::len))
        .sum();
    match messages.len() {
        0 => most,
        count => (MOST_BYTES * count / bytes.max(1)).clamp(1, MOST_MESSAGES),
    }
}
