//! One member of the consumer group: which partitions it has, and in which of its turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::offsets::Ledger;
use crate::client::kafka::Events;
use crate::kernel::consume::{self, Target};

/// A member and its queue.
pub type Member = consume::Member<Context>;

/// Messages that a member fetched.
pub type Messages = consume::Messages<Context>;

/// The partitions that a member has, each with the number of the turn in which it got it: what it
/// read in an earlier turn is nobody's any more.
pub type Turns = Arc<HashMap<i32, u64>>;

/// What is done when the group changes.
pub struct Context {
    /// What librdkafka says.
    pub events: Events,
    number: usize,
    ledger: Arc<Ledger>,
    assigned: Mutex<Assigned>,
    /// Where messages go, once the member is there.
    target: OnceLock<Target>,
}

#[derive(Default)]
struct Assigned {
    turns: Turns,
    turn: u64,
    /// The group has answered.
    joined: bool,
}

impl Context {
    /// Member `number`, which has nothing yet.
    pub fn new(number: usize, ledger: Arc<Ledger>) -> Self {
        Self {
            events: Events::default(),
            number,
            ledger,
            assigned: Mutex::default(),
            target: OnceLock::new(),
        }
    }

    /// Messages go there from now on.
    pub fn forward_to(&self, target: Target) {
        // Said once, when the member is made.
        let _ = self.target.set(target);
    }

    /// Its partitions.
    pub fn turns(&self) -> Turns {
        self.lock().turns.clone()
    }

    /// True once the group has said which partitions it has.
    pub fn joined(&self) -> bool {
        self.lock().joined
    }

    fn lock(&self) -> MutexGuard<'_, Assigned> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) {
        let mut assigned = self.lock();
        assigned.joined = true;
        assigned.turn += 1;
        let mut turns = assigned.turns.as_ref().clone();
        for partition in partitions.elements() {
            let target = self.target.get();
            let forwarded = target.is_some_and(|target| {
                target.forward(consumer, partition.topic(), partition.partition())
            });
            if !forwarded {
                tracing::warn!(
                    partition = partition.partition(),
                    "a partition has no queue"
                );
            }
            turns.insert(partition.partition(), assigned.turn);
        }
        assigned.turns = Arc::new(turns);
    }

    /// What is safe is told before the partitions are somebody else's.
    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) {
        let turns = self.turns();
        if let Err(error) = self.ledger.commit(self.number, &turns, consumer) {
            tracing::warn!(%error, "offsets were not committed before partitions were revoked");
        }
        let mut assigned = self.lock();
        let mut turns = assigned.turns.as_ref().clone();
        for partition in partitions.elements() {
            turns.remove(&partition.partition());
        }
        assigned.turns = Arc::new(turns);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.events.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.events.error(error, reason);
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => self.assign(consumer, partitions),
            Rebalance::Revoke(partitions) => self.revoke(consumer, partitions),
            Rebalance::Error(error) => tracing::warn!(%error, "the group could not change"),
        }
    }
}
