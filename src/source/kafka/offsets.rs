//! Which offsets each batch covers, and which of them are safe and not told to the brokers yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::member::Context;

/// A turn with a partition, and the first offset that was not read in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The turn.
    pub turn: u64,
    /// The partition.
    pub partition: i32,
    /// The offset after the last one.
    pub next: i64,
}

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
    /// How many turns there were.
    turns: u64,
    /// How far each partition was read, and in which turn.
    read: HashMap<i32, (u64, i64)>,
    /// What batches cover that are not safe yet, in the order of their numbers.
    open: VecDeque<(u64, Vec<Covered>)>,
    /// What is safe and not committed: by partition the turn and the offset.
    safe: HashMap<i32, (u64, i64)>,
}

impl Ledger {
    /// Nothing was read yet.
    pub fn new(topic: &str) -> Self {
        Self {
            topic: topic.to_string(),
            state: Mutex::default(),
        }
    }

    /// A member gets a partition of which the group has committed so much: its turn, and where it
    /// goes on if that is not where the group is.
    pub fn begin(&self, partition: i32, committed: Option<i64>) -> (u64, Option<i64>) {
        let mut state = self.lock();
        match state.read.get(&partition).copied() {
            // Nobody else has been further: what was read here goes on.
            Some((turn, next)) if committed.is_none_or(|committed| committed <= next) => {
                (turn, Some(next))
            }
            _ => {
                state.read.remove(&partition);
                state.turns += 1;
                (state.turns, None)
            }
        }
    }

    /// Messages are on their way to a batch.
    pub fn read(&self, covered: impl IntoIterator<Item = Covered>) {
        let mut state = self.lock();
        for one in covered {
            state.read.insert(one.partition, (one.turn, one.next));
        }
    }

    /// Batch `number` covers this; numbers come in order.
    pub fn add(&self, number: u64, covered: Vec<Covered>) {
        self.lock().open.push_back((number, covered));
    }

    /// The first `batches` batches are safe.
    pub fn safe(&self, batches: u64) {
        let mut state = self.lock();
        while let Some((number, _)) = state.open.front()
            && *number < batches
            && let Some((_, covered)) = state.open.pop_front()
        {
            for one in covered {
                // Batches are in order, so what comes later is further, or a later turn.
                state.safe.insert(one.partition, (one.turn, one.next));
            }
        }
    }

    /// Commits what is safe of the partitions that a member has, in the turns in which it has them.
    ///
    /// # Errors
    /// The brokers did not take it; it stays to be tried again.
    pub fn commit(
        &self,
        turns: &HashMap<i32, u64>,
        consumer: &BaseConsumer<Context>,
    ) -> KafkaResult<()> {
        let told: Vec<(i32, (u64, i64))> = {
            let state = self.lock();
            let own =
                |(partition, (turn, _)): &(&i32, &(u64, i64))| turns.get(partition) == Some(turn);
            let own = state.safe.iter().filter(own);
            own.map(|(partition, safe)| (*partition, *safe)).collect()
        };
        if told.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for (partition, (_, next)) in &told {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*next))?;
        }
        match consumer.commit(&list, CommitMode::Sync) {
            Err(error) if !is_of_the_past(&error) => return Err(error),
            _ => {}
        }
        let mut state = self.lock();
        for (partition, safe) in told {
            if state.safe.get(&partition) == Some(&safe) {
                state.safe.remove(&partition);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a broker may take to answer a question, and how long it is asked.
pub const PATIENCE: Duration = Duration::from_secs(5);
const ASKED: Duration = Duration::from_secs(12);

/// What a broker answers, which does not know it yet right after its start or a change of the group.
///
/// # Errors
/// It refuses, or still does not know after a while.
pub fn patiently<T>(mut ask: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    let end = Instant::now() + ASKED;
    loop {
        match ask() {
            Err(error) if passes(&error) && Instant::now() < end => {
                tracing::debug!(%error, "asked again");
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
}

fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::UnstableOffsetCommit
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
        )
    )
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

    fn covered(turn: u64, partition: i32, next: i64) -> Covered {
        Covered {
            turn,
            partition,
            next,
        }
    }

    fn safe(ledger: &Ledger) -> Vec<(i32, (u64, i64))> {
        let mut safe: Vec<_> = ledger.lock().safe.clone().into_iter().collect();
        safe.sort_unstable();
        safe
    }

    #[test]
    fn what_is_safe_is_what_every_batch_before_covers() {
        let ledger = Ledger::new("t");
        ledger.add(0, vec![covered(1, 0, 10), covered(1, 1, 5)]);
        ledger.add(1, vec![]);
        ledger.add(2, vec![covered(1, 0, 20)]);
        ledger.safe(0);
        assert_eq!(safe(&ledger), []);
        ledger.safe(2);
        assert_eq!(safe(&ledger), [(0, (1, 10)), (1, (1, 5))]);
        ledger.safe(3);
        assert_eq!(safe(&ledger), [(0, (1, 20)), (1, (1, 5))]);
    }

    #[test]
    fn what_passes_by_itself_is_asked_again() {
        let fails = |code| KafkaError::OffsetFetch(code);
        let asked = |answers: Vec<KafkaResult<i32>>| {
            let (mut answers, mut count) = (answers.into_iter(), 0);
            let answer = patiently(|| {
                count += 1;
                answers.next().unwrap()
            });
            (answer, count)
        };
        let coming = fails(RDKafkaErrorCode::NotCoordinator);
        assert_eq!(asked(vec![Err(coming), Ok(7)]), (Ok(7), 2));
        let refused = fails(RDKafkaErrorCode::GroupAuthorizationFailed);
        assert_eq!(asked(vec![Err(refused.clone())]), (Err(refused), 1));
    }

    #[test]
    fn a_turn_goes_on_where_nobody_else_was_further() {
        let ledger = Ledger::new("t");
        assert_eq!(ledger.begin(0, None), (1, None));
        ledger.read([covered(1, 0, 10)]);
        assert_eq!(ledger.begin(0, Some(4)), (1, Some(10)));
        assert_eq!(ledger.begin(0, None), (1, Some(10)));
        assert_eq!(ledger.begin(0, Some(11)), (2, None));
        assert_eq!(ledger.begin(1, Some(3)), (3, None));
    }
}
