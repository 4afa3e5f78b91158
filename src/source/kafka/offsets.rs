//! Which offsets each batch covers, and which of them are safe and not told to the brokers yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::member::{Context, Turns};

/// A member's turn with a partition, and the first offset that it has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// The member.
    pub member: usize,
    /// The turn in which it had the partition.
    pub turn: u64,
    /// The partition.
    pub partition: i32,
    /// The offset after the last one.
    pub next: i64,
}

/// What was read and what of it is safe.
pub struct Ledger {
    topic: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What batches cover that are not safe yet, in the order of their numbers.
    open: VecDeque<(u64, Vec<Covered>)>,
    /// What is safe and not committed: by member and partition the turn and the offset.
    safe: HashMap<(usize, i32), (u64, i64)>,
}

impl Ledger {
    /// Nothing was read yet.
    pub fn new(topic: &str) -> Self {
        Self {
            topic: topic.to_string(),
            state: Mutex::default(),
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
                state
                    .safe
                    .insert((one.member, one.partition), (one.turn, one.next));
            }
        }
    }

    /// Commits what is safe of a member's partitions, as far as it still has them in the same turn.
    ///
    /// # Errors
    /// The brokers did not take it; it stays to be tried again.
    pub fn commit(
        &self,
        member: usize,
        turns: &Turns,
        consumer: &BaseConsumer<Context>,
    ) -> KafkaResult<()> {
        let (mut list, mut told) = (TopicPartitionList::new(), Vec::new());
        {
            let mut state = self.lock();
            let own = |partition: &i32, turn: u64| turns.get(partition) == Some(&turn);
            state
                .safe
                .retain(|(owner, partition), (turn, _)| *owner != member || own(partition, *turn));
            for ((owner, partition), (turn, next)) in &state.safe {
                if *owner == member {
                    list.add_partition_offset(&self.topic, *partition, Offset::Offset(*next))?;
                    told.push((*partition, *turn, *next));
                }
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        match consumer.commit(&list, CommitMode::Sync) {
            Err(error) if !is_of_the_past(&error) => return Err(error),
            _ => {}
        }
        let mut state = self.lock();
        for (partition, turn, next) in told {
            if state.safe.get(&(member, partition)) == Some(&(turn, next)) {
                state.safe.remove(&(member, partition));
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
