//! Messages by their offsets, outside of any group: any stretch of a partition can be read at any time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::super::Connection;
use super::config::{Events, config, no_client};
use super::patience::{PATIENCE as ANSWER, patiently};
use crate::error::{Error, Result};
use crate::sync::lock;

/// A broker that says nothing for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a client waits for messages at once.
const STEP: Duration = Duration::from_millis(100);

/// A topic whose messages are read by their offsets.
pub struct Stretches {
    connection: Connection,
    topic: String,
    idle: Mutex<Vec<BaseConsumer<Events>>>,
}

impl Stretches {
    /// The messages of a topic. Nobody is asked yet.
    pub fn new(connection: &Connection, topic: &str) -> Self {
        Self {
            connection: connection.clone(),
            topic: topic.to_string(),
            idle: Mutex::default(),
        }
    }

    /// The first offset of each partition, and the one behind its last message.
    ///
    /// # Errors
    /// No broker answers, or there is no such topic.
    pub fn ends(&self) -> Result<Vec<(i64, i64)>> {
        let consumer = self.consumer()?;
        let failed = |error: KafkaError| self.failed(&consumer, &error.to_string());
        let partitions = patiently(|| self.partitions(&consumer)).map_err(failed)?;
        if partitions.is_empty() {
            return Err(self.failed(&consumer, "there is no such topic"));
        }
        let watermarks =
            |partition| patiently(|| consumer.fetch_watermarks(&self.topic, partition, ANSWER));
        let ends = partitions.into_iter().map(watermarks);
        let ends = ends.collect::<Result<Vec<_>, _>>().map_err(failed);
        let ends = ends?;
        lock(&self.idle).push(consumer);
        Ok(ends)
    }

    /// The topic's partitions in their order; none where there is no such topic.
    fn partitions(&self, consumer: &BaseConsumer<Events>) -> KafkaResult<Vec<i32>> {
        let metadata = consumer.fetch_metadata(Some(self.topic.as_str()), ANSWER)?;
        let Some(topic) = metadata.topics().first() else {
            return Ok(Vec::new());
        };
        match topic.error().map(RDKafkaErrorCode::from) {
            None => {}
            Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                return Ok(Vec::new());
            }
            Some(code) => return Err(KafkaError::MetadataFetch(code)),
        }
        let ids = topic.partitions().iter().map(|partition| partition.id());
        let mut partitions: Vec<i32> = ids.collect();
        partitions.sort_unstable();
        Ok(partitions)
    }

    /// Every message of a partition from one offset to before another. What was taken away by
    /// compaction, or never committed, is not there.
    ///
    /// # Errors
    /// No broker answers.
    pub fn read(
        &self,
        partition: i32,
        (from, to): (i64, i64),
        tell: &mut dyn FnMut(&BorrowedMessage<'_>),
    ) -> Result<()> {
        let idle = lock(&self.idle).pop();
        let mut consumer = idle.map_or_else(|| self.consumer(), Ok)?;
        let (mut next, mut heard) = (from, Instant::now());
        self.assign(&consumer, partition, next)?;
        loop {
            let failed = match consumer.poll(STEP) {
                Some(Ok(message)) if message.offset() >= to => break,
                Some(Ok(message)) => {
                    heard = Instant::now();
                    tell(&message);
                    next = message.offset() + 1;
                    if next == to {
                        break;
                    }
                    None
                }
                Some(Err(KafkaError::PartitionEOF(ended))) if ended == partition => break,
                Some(Err(KafkaError::PartitionEOF(_))) | None => None,
                Some(Err(error)) => Some(error.to_string()),
            };
            if heard.elapsed() > PATIENCE {
                let cause = failed.as_deref().unwrap_or("no messages come");
                return Err(self.failed(&consumer, cause));
            }
            if failed.is_some() {
                self.still_there(&consumer, partition, next)?;
                // A client that has given a partition up is of no more use.
                std::thread::sleep(STEP);
                consumer = self.consumer()?;
                self.assign(&consumer, partition, next)?;
            }
        }
        lock(&self.idle).push(consumer);
        Ok(())
    }

    /// # Errors
    /// What is to be read next was removed by now.
    fn still_there(
        &self,
        consumer: &BaseConsumer<Events>,
        partition: i32,
        next: i64,
    ) -> Result<()> {
        let ends = consumer.fetch_watermarks(&self.topic, partition, PATIENCE);
        match ends {
            Ok((low, _)) if low > next => {
                let topic = &self.topic;
                let gone = format!(
                    "the broker has removed messages of partition {partition} of topic `{topic}` while they were read"
                );
                let cause = format!("offset {next} was to be read, and the first one is {low} now");
                let hint =
                    "a topic whose messages have old timestamps keeps them with `retention.ms=-1`";
                Err(Error::because(gone, cause).hint(hint))
            }
            _ => Ok(()),
        }
    }

    fn assign(&self, consumer: &BaseConsumer<Events>, partition: i32, from: i64) -> Result<()> {
        let mut assigned = TopicPartitionList::new();
        let added = assigned.add_partition_offset(&self.topic, partition, Offset::Offset(from));
        let assign = added.and_then(|()| consumer.assign(&assigned));
        assign.map_err(|error| self.failed(consumer, &error.to_string()))
    }

    fn consumer(&self) -> Result<BaseConsumer<Events>> {
        let mut config = config(&self.connection);
        config.set("group.id", "rowgen-verify");
        config.set("enable.auto.commit", "false");
        config.set("enable.partition.eof", "true");
        config.set("auto.offset.reset", "error");
        // A broker answers a client one request after another: the next stretch would wait for messages
        // behind the end of the one before.
        config.set("fetch.wait.max.ms", "10");
        // What is fetched ahead of a stretch is thrown away.
        config.set("queued.max.messages.kbytes", "4096");
        let made = self
            .connection
            .finish(config)
            .create_with_context(Events::default());
        made.map_err(|error| no_client("client", error))
    }

    fn failed(&self, consumer: &BaseConsumer<Events>, cause: &str) -> Error {
        let last = consumer.client().context().last();
        let (topic, brokers) = (&self.topic, &self.connection.brokers);
        let doing = format!("could not read topic `{topic}` of Kafka at `{brokers}`");
        Error::because(doing, last.unwrap_or_else(|| cause.to_string()))
    }
}
