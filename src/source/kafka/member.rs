//! One member of the consumer group: which partitions it has, and in which of its turns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use super::offsets::{Ledger, PATIENCE, patiently};
use crate::client::kafka::Events;
use crate::client::kafka::consume::{self, Target};

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
    ledger: Arc<Ledger>,
    turns: Mutex<Turns>,
    joined: AtomicBool,
    /// It leaves the group: nothing is asked any more.
    leaving: AtomicBool,
    /// What it could not do that the group asked.
    failed: OnceLock<KafkaError>,
    /// Where messages go, once the member is there.
    target: OnceLock<Target>,
}

impl Context {
    /// A member that has nothing yet.
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            events: Events::default(),
            ledger,
            turns: Mutex::default(),
            joined: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            failed: OnceLock::new(),
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
        self.lock().clone()
    }

    /// True once the group has said which partitions it has.
    pub fn joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// Why it cannot go on, if it cannot.
    pub fn failed(&self) -> Option<&KafkaError> {
        self.failed.get()
    }

    /// It is about to leave the group.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A partition that another member of this run had is gone on with where that one stopped.
    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &mut TopicPartitionList,
    ) -> KafkaResult<()> {
        let committed = patiently(|| consumer.committed_offsets(list.clone(), PATIENCE))?;
        let mut turns = self.lock().as_ref().clone();
        for told in committed.elements() {
            let (topic, partition) = (told.topic(), told.partition());
            let offset = match told.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let (turn, start) = self.ledger.begin(partition, offset);
            if let Some(start) = start {
                list.set_partition_offset(topic, partition, Offset::Offset(start))?;
            }
            let target = self.target.get();
            if !target.is_some_and(|target| target.forward(consumer, topic, partition)) {
                tracing::warn!(partition, "a partition has no queue");
            }
            turns.insert(partition, turn);
        }
        *self.lock() = Arc::new(turns);
        self.joined.store(true, Ordering::Relaxed);
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
            _ => consumer.assign(list),
        }
    }

    /// What is safe is told before the partitions are somebody else's.
    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<()> {
        let mut turns = self.turns().as_ref().clone();
        if let Err(error) = self.ledger.commit(&turns, consumer) {
            tracing::warn!(%error, "offsets were not committed before partitions were revoked");
        }
        for partition in list.elements() {
            turns.remove(&partition.partition());
        }
        *self.lock() = Arc::new(turns);
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            _ => consumer.unassign(),
        }
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
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let done = match what {
            _ if self.leaving.load(Ordering::Relaxed) => consumer.unassign(),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list),
        };
        if let Err(error) = done {
            // Told once: the member that has not what the group gave it is of no more use.
            let _ = self.failed.set(error);
        }
    }
}
