//! One member of the consumer group: which partitions it has, and in which of their turns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use super::offsets::Ledger;
use super::places::Places;
use crate::batch::Turn;
use crate::client::kafka::Events;
use crate::client::kafka::consume::{self, Target};
use crate::client::kafka::patience::PATIENCE;
use crate::error::{Error, Result};
use crate::sync::lock;

/// A turn that a sink has ended is followed by the next one after so long: whoever else writes may
/// still be at it.
// A choice; nothing was measured.
const AGAIN: Duration = Duration::from_millis(200);

/// A member and its queue.
pub type Member = consume::Member<Context>;

/// Messages that a member fetched.
pub type Messages = consume::Messages<Context>;

/// The partitions that a member has.
pub type HeldPartitions = Arc<HashMap<i32, HeldPartition>>;

/// A partition as a member has it.
#[derive(Debug, Clone)]
pub struct HeldPartition {
    /// The turn: what was read in an earlier one is nobody's any more.
    pub turn: Arc<Turn>,
    /// The offset at which the turn began.
    pub start: i64,
}

/// What is done when the group changes.
pub struct Context {
    /// What librdkafka says.
    pub events: Events,
    topic: String,
    ledger: Arc<Ledger>,
    places: Arc<Places>,
    turns: Mutex<HeldPartitions>,
    /// When turns were last begun again.
    again: Mutex<Option<Instant>>,
    joined: AtomicBool,
    /// It leaves the group: nothing is asked any more.
    leaving: AtomicBool,
    /// What it could not do that the group asked.
    failed: OnceLock<Error>,
    /// Where messages go, once the member is there.
    target: OnceLock<Target>,
}

impl Context {
    /// A member that has nothing yet.
    pub fn new(topic: &str, ledger: &Arc<Ledger>, places: &Arc<Places>) -> Self {
        Self {
            events: Events::default(),
            topic: topic.to_string(),
            ledger: ledger.clone(),
            places: places.clone(),
            turns: Mutex::default(),
            again: Mutex::default(),
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
    pub fn turns(&self) -> HeldPartitions {
        lock(&self.turns).clone()
    }

    /// True once the group has said which partitions it has.
    pub fn joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    /// Why it cannot go on, if it cannot.
    pub fn failed(&self) -> Option<&Error> {
        self.failed.get()
    }

    /// It is about to leave the group.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn refused(&self, error: KafkaError) -> Error {
        Error::because(
            format!("taking partitions of topic `{}`", self.topic),
            error,
        )
        .hint("start the run again: it goes on where it was safe")
    }

    /// Takes partitions. One that another member of this run had is gone on with where that one
    /// stopped.
    ///
    /// # Errors
    /// The brokers or the sink do not say where they begin.
    pub fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &mut TopicPartitionList,
    ) -> Result<()> {
        let refused = |error| self.refused(error);
        let partitions: Vec<i32> = list.elements().iter().map(|one| one.partition()).collect();
        let found = self.places.find(consumer, &partitions)?;
        let mut turns = lock(&self.turns).as_ref().clone();
        for (partition, beginning) in &found {
            // The ledger may know better than the group: another member of this run has read
            // further than was committed.
            let (held, at) = self.ledger.begin(*partition, beginning);
            // The offset is given. Left to librdkafka it would be the group's, and a sink with
            // offsets of its own may be elsewhere.
            list.set_partition_offset(&self.topic, *partition, Offset::Offset(at))
                .map_err(refused)?;
            let target = self.target.get();
            if !target.is_some_and(|target| target.forward(consumer, &self.topic, *partition)) {
                tracing::warn!(partition, "a partition has no queue");
            }
            turns.insert(*partition, held);
        }
        *lock(&self.turns) = Arc::new(turns);
        self.joined.store(true, Ordering::Relaxed);
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
            _ => consumer.assign(list),
        }
        .map_err(refused)
    }

    /// What is safe is told before the partitions are somebody else's.
    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<()> {
        let mut turns = self.turns().as_ref().clone();
        // Only a warning: whoever gets the partitions reads the rows again, and at least once is
        // what this source promises.
        if let Err(error) = self.ledger.commit(&turns, consumer) {
            tracing::warn!(%error, "offsets were not committed before partitions were revoked");
        }
        let partitions: Vec<i32> = list.elements().iter().map(|one| one.partition()).collect();
        for partition in &partitions {
            let held = turns.remove(partition);
            // The sink's offsets are asked again, so nothing that is under way is of use.
            if let Some(held) = held.filter(|_| self.places.are_the_sink_s()) {
                held.turn.end();
            }
        }
        self.ledger.revoked(&partitions);
        *lock(&self.turns) = Arc::new(turns);
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            _ => consumer.unassign(),
        }
    }

    /// How far partitions are read for good, by this run and others: as the group says, or the sink.
    ///
    /// # Errors
    /// They do not say.
    pub fn reached(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &[i32],
    ) -> Result<HashMap<i32, i64>> {
        let found = self.places.find(consumer, partitions)?;
        let known = found.iter().filter(|(_, beginning)| beginning.known);
        Ok(known
            .map(|(partition, beginning)| (*partition, beginning.at))
            .collect())
    }

    /// Partitions whose turn a sink has ended go on, in a new one, where they are safe.
    ///
    /// # Errors
    /// The brokers or the sink do not say where that is.
    pub fn begin_again(&self, consumer: &BaseConsumer<Self>) -> Result<()> {
        let turns = self.turns();
        let over = turns.iter().filter(|(_, held)| held.turn.is_over());
        let over: Vec<i32> = over.map(|(partition, _)| *partition).collect();
        let mut again = lock(&self.again);
        if over.is_empty() || again.is_some_and(|last| last.elapsed() < AGAIN) {
            return Ok(());
        }
        *again = Some(Instant::now());
        let refused = |error| self.refused(error);
        let mut turns = turns.as_ref().clone();
        let mut list = TopicPartitionList::new();
        for (partition, beginning) in self.places.find(consumer, &over)? {
            let (held, at) = self.ledger.begin(partition, &beginning);
            list.add_partition_offset(&self.topic, partition, Offset::Offset(at))
                .map_err(refused)?;
            turns.insert(partition, held);
        }
        // Sought and not assigned anew: the member keeps its partitions, and the group need not
        // deal them out again.
        let sought = consumer.seek_partitions(list, PATIENCE).map_err(refused)?;
        for one in sought.elements() {
            one.error().map_err(refused)?;
        }
        *lock(&self.turns) = Arc::new(turns);
        Ok(())
    }
}

/// Whether a partition is in the same turn.
pub fn same_turn(one: Option<&HeldPartition>, other: Option<&HeldPartition>) -> bool {
    let number = |held: Option<&HeldPartition>| held.map(|held| held.turn.number());
    number(one) == number(other)
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
        let refused = |error| self.refused(error);
        let done = match what {
            // What is safe was committed before (`Group::close`), and nobody reads on.
            _ if self.leaving.load(Ordering::Relaxed) => consumer.unassign().map_err(refused),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list).map_err(refused),
        };
        if let Err(error) = done {
            // Told once: the member that has not what the group gave it is of no more use.
            let _ = self.failed.set(error);
        }
    }
}
