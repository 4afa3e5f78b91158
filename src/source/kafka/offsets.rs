//! Which offsets each batch covers, and which of them are safe and not told to the brokers yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::member::{Context, HeldPartition, HeldPartitions};
use super::places::Beginning;
use crate::batch::{Span, Turn};
use crate::sync::lock;

/// A partition that no member of this run has is another process's after so long. Between members it
/// passes within a heartbeat and a round of the group.
// As long as `session.timeout.ms`, which says when the group gives up a member.
const AWAY: Duration = Duration::from_secs(10);

/// What was read and what of it is safe.
///
/// A turn is the time in which a partition is read by this run without a gap, by whichever of its
/// members. What was read in a turn that is over is told to nobody: whoever has the partition now
/// reads it again.
pub struct Ledger {
    topic: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How far each partition was read, and in which turn.
    read: HashMap<i32, Read>,
    /// What batches cover that are not safe yet, in the order of their numbers.
    open: VecDeque<(u64, Arc<[Span]>)>,
    /// What is safe and not committed.
    safe: HashMap<i32, Safe>,
    /// Nothing more becomes safe.
    frozen: bool,
}

struct Read {
    held: HeldPartition,
    next: i64,
    /// Since when no member has it.
    away: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Safe {
    turn: Arc<Turn>,
    next: i64,
}

impl Ledger {
    /// Nothing was read yet.
    pub fn new(topic: &str) -> Self {
        Self {
            topic: topic.to_string(),
            state: Mutex::default(),
        }
    }

    /// A member gets a partition that begins so: how it has it, and where it reads on.
    pub fn begin(&self, partition: i32, beginning: &Beginning) -> (HeldPartition, i64) {
        let mut state = lock(&self.state);
        if let Some(read) = state.read.get_mut(&partition) {
            // If the group has not committed more than was read here, nobody else has read the
            // partition meanwhile. The turn goes on, and what is under way can still be committed.
            let further = beginning.committed.is_some_and(|told| told > read.next);
            if !further && !read.held.turn.is_over() {
                read.away = None;
                return (read.held.clone(), read.next);
            }
            read.held.turn.end();
        }
        let held = HeldPartition {
            turn: Arc::new(Turn::of(&self.topic)),
            start: beginning.at,
        };
        let read = Read {
            held: held.clone(),
            next: beginning.at,
            away: None,
        };
        state.read.insert(partition, read);
        (held, beginning.at)
    }

    /// A member gives partitions back: another one may get them, of this run or not.
    pub fn revoked(&self, partitions: &[i32]) {
        let mut state = lock(&self.state);
        for partition in partitions {
            if let Some(read) = state.read.get_mut(partition) {
                read.away = Some(Instant::now());
            }
        }
    }

    /// Messages are on their way to a batch: how far they go in the turns in which they were read.
    pub fn read(&self, turns: &HeldPartitions, reached: &[(i32, i64)]) {
        let mut state = lock(&self.state);
        for (partition, next) in reached {
            let turn = turns.get(partition).map(|held| held.turn.number());
            if let Some(read) = state.read.get_mut(partition)
                && Some(read.held.turn.number()) == turn
            {
                // Never back: a member may tell of messages that it had fetched before another one
                // took over.
                read.next = read.next.max(*next);
            }
        }
    }

    /// Batch `number` covers this; numbers come in order.
    pub fn add(&self, number: u64, spans: &Arc<[Span]>) {
        let mut state = lock(&self.state);
        // Behind a sink that has failed nothing becomes safe any more; what was noted would only
        // grow.
        if !spans.is_empty() && !state.frozen {
            state.open.push_back((number, spans.clone()));
        }
    }

    /// The first `batches` batches are safe.
    pub fn safe(&self, batches: u64) {
        let mut state = lock(&self.state);
        while let Some((number, _)) = state.open.front()
            && *number < batches
            && let Some((_, spans)) = state.open.pop_front()
        {
            for span in spans.iter() {
                // Batches come in order, so that a later span of a partition ends further on, or in
                // a later turn.
                let safe = Safe {
                    turn: span.turn.clone(),
                    next: span.to,
                };
                state.safe.insert(span.partition, safe);
            }
        }
        state.read.retain(|_, read| {
            let gone = read.away.is_some_and(|since| since.elapsed() >= AWAY);
            if gone {
                read.held.turn.end();
            }
            !gone
        });
    }

    /// Batches that are not safe yet never will be: a sink has failed and others go on. True the
    /// first time.
    pub fn freeze(&self) -> bool {
        let mut state = lock(&self.state);
        state.open = VecDeque::new();
        !std::mem::replace(&mut state.frozen, true)
    }

    /// Commits what is safe of the partitions that a member has, in the turns in which it has them.
    ///
    /// # Errors
    /// The brokers did not take it; it stays to be tried again.
    pub fn commit(
        &self,
        turns: &HashMap<i32, HeldPartition>,
        consumer: &BaseConsumer<Context>,
    ) -> KafkaResult<()> {
        let told = self.told(turns);
        if told.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for (partition, safe) in &told {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(safe.next))?;
        }
        // Waited for, without the lock: a commit whose answer nobody hears could not be tried
        // again.
        match consumer.commit(&list, CommitMode::Sync) {
            Err(error) if !is_of_the_past(&error) => return Err(error),
            _ => {}
        }
        let mut state = lock(&self.state);
        for (partition, told) in told {
            // Something further may have become safe meanwhile, and is still to be committed.
            let same =
                |safe: &Safe| safe.turn.number() == told.turn.number() && safe.next == told.next;
            if state.safe.get(&partition).is_some_and(same) {
                state.safe.remove(&partition);
            }
        }
        Ok(())
    }

    /// What is safe, in the turns that a member has and nobody has ended.
    fn told(&self, turns: &HashMap<i32, HeldPartition>) -> Vec<(i32, Safe)> {
        let state = lock(&self.state);
        let own = |(partition, safe): &(&i32, &Safe)| {
            let turn = turns.get(partition).map(|held| held.turn.number());
            turn == Some(safe.turn.number()) && !safe.turn.is_over()
        };
        let own = state.safe.iter().filter(own);
        own.map(|(partition, safe)| (*partition, safe.clone()))
            .collect()
    }
}

/// The partitions are somebody else's by now, who reads them again.
fn is_of_the_past(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::NoOffset
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Offsets;

    fn at(committed: Option<i64>) -> Beginning {
        Beginning {
            at: committed.unwrap_or(0),
            committed,
            known: committed.is_some(),
            end: 100,
        }
    }

    fn spans(held: &[(i32, &HeldPartition)], to: i64) -> Arc<[Span]> {
        let span = |(partition, held): &(i32, &HeldPartition)| Span {
            turn: held.turn.clone(),
            partition: *partition,
            from: 0,
            to,
            rows: 0..0,
            offsets: Offsets::default(),
        };
        held.iter().map(span).collect()
    }

    /// What would be committed by the member that has these partitions.
    fn told(ledger: &Ledger, held: &[(i32, &HeldPartition)]) -> Vec<(i32, i64)> {
        let turns = held.iter().map(|(number, held)| (*number, (*held).clone()));
        let mut told = ledger.told(&turns.collect());
        told.sort_unstable_by_key(|(partition, _)| *partition);
        told.into_iter()
            .map(|(number, safe)| (number, safe.next))
            .collect()
    }

    #[test]
    fn what_is_safe_is_what_every_batch_before_covers() {
        let ledger = Ledger::new("t");
        let (zero, one) = (ledger.begin(0, &at(None)).0, ledger.begin(1, &at(None)).0);
        let both = [(0, &zero), (1, &one)];
        ledger.add(0, &spans(&both, 10));
        ledger.add(1, &spans(&[], 0));
        ledger.add(2, &spans(&[(0, &zero)], 20));
        ledger.safe(0);
        assert_eq!(told(&ledger, &both), []);
        ledger.safe(2);
        assert_eq!(told(&ledger, &both), [(0, 10), (1, 10)]);
        ledger.safe(3);
        assert_eq!(told(&ledger, &both), [(0, 20), (1, 10)]);
        assert_eq!(told(&ledger, &both[1..]), [(1, 10)]);
    }

    #[test]
    fn what_was_read_in_a_turn_that_is_over_is_told_to_nobody() {
        let ledger = Ledger::new("t");
        let (first, _) = ledger.begin(0, &at(None));
        ledger.add(0, &spans(&[(0, &first)], 10));
        ledger.safe(1);
        first.turn.end();
        assert_eq!(told(&ledger, &[(0, &first)]), []);
        let (second, from) = ledger.begin(0, &at(Some(4)));
        assert_eq!((second.start, from), (4, 4));
        assert_eq!(told(&ledger, &[(0, &second)]), []);
    }

    #[test]
    fn behind_a_failed_sink_nothing_is_kept() {
        let ledger = Ledger::new("t");
        let (held, _) = ledger.begin(0, &at(None));
        ledger.add(0, &spans(&[(0, &held)], 10));
        ledger.safe(1);
        ledger.add(1, &spans(&[(0, &held)], 20));
        assert!(ledger.freeze() && !ledger.freeze());
        ledger.add(2, &spans(&[(0, &held)], 30));
        ledger.safe(3);
        assert_eq!(lock(&ledger.state).open.len(), 0);
        assert_eq!(told(&ledger, &[(0, &held)]), [(0, 10)]);
    }

    #[test]
    fn a_turn_goes_on_where_nobody_else_was_further() {
        let ledger = Ledger::new("t");
        let (first, from) = ledger.begin(0, &at(None));
        assert_eq!((first.start, from), (0, 0));
        let turns: HeldPartitions = Arc::new([(0, first.clone())].into());
        ledger.read(&turns, &[(0, 10)]);
        let begin = |committed| {
            let (held, from) = ledger.begin(0, &at(committed));
            (held.turn.number() == first.turn.number(), held.start, from)
        };
        assert_eq!(begin(Some(4)), (true, 0, 10));
        assert_eq!(begin(None), (true, 0, 10));
        assert!(!first.turn.is_over());
        assert_eq!(begin(Some(11)), (false, 11, 11));
        assert!(first.turn.is_over());
        // What an earlier turn had read says nothing of the next one.
        ledger.read(&turns, &[(0, 90)]);
        assert_eq!(begin(None), (false, 11, 11));
    }

    #[test]
    fn a_turn_that_nobody_has_any_more_ends() {
        let ledger = Ledger::new("t");
        let (first, _) = ledger.begin(0, &at(None));
        ledger.revoked(&[0]);
        ledger.safe(0);
        assert!(!first.turn.is_over());
        if let Some(read) = lock(&ledger.state).read.get_mut(&0) {
            read.away = Instant::now().checked_sub(AWAY);
        }
        ledger.safe(0);
        assert!(first.turn.is_over());
    }
}
