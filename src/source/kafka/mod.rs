//! `kafka`: the messages of a topic as rows, at least once: what was read is told to the brokers once
//! every sink has it safely.
#![cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, reason = "without Kafka, options are only read")
)]

#[cfg(feature = "kafka")]
mod block;
#[cfg(feature = "kafka")]
mod dead;
#[cfg(feature = "kafka")]
mod fetch;
#[cfg(feature = "kafka")]
mod flow;
mod format;
#[cfg(feature = "kafka")]
mod lag;
#[cfg(feature = "kafka")]
mod member;
mod metadata;
#[cfg(feature = "kafka")]
mod offsets;
mod options;
#[cfg(feature = "kafka")]
mod pipe;
#[cfg(feature = "kafka")]
mod places;
#[cfg(feature = "kafka")]
mod presence;
#[cfg(feature = "kafka")]
mod reading;
#[cfg(feature = "kafka")]
mod topic;
#[cfg(feature = "kafka")]
mod until;

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::check_linger;
use super::{Asked, OnBadRow, Opened, Source};
use crate::client::kafka::{Connection, Sasl, Tls};
use crate::error::{Problem, Result};
use crate::place::{Bytes, Count, Duration, NamedItems, Placed, Text};
use format::MessageFormat;
use metadata::Metadata;
use options::{Start, Tombstones, Until};

/// Messages of a topic of Apache Kafka, read by a consumer group: a row each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// The brokers to ask first: `host:port`, several with commas between.
    brokers: Placed<Text>,
    /// The topic.
    topic: Placed<Text>,
    /// The consumer group, whose offsets say where to go on (default `rowgen-PIPELINE-TABLE`).
    group: Option<Placed<Text>>,
    /// What messages hold: `json` (default; the columns are those of `types`) or `{ avro: … }`.
    #[serde(default)]
    format: MessageFormat,
    /// Where a group begins that has no offsets yet: `earliest` (default) or `latest`.
    #[serde(default)]
    start: Start,
    /// When to stop: `forever` (default), `end` (at what is there when the run begins), or a number of messages.
    #[serde(default)]
    until: Until,
    /// Members of the group in this run, each with connections of its own (default 1).
    consumers: Option<Placed<Count>>,
    /// How long the first message of a batch waits for others (default 100ms): at most so long, or until the batch is full.
    linger: Option<Placed<Duration>>,
    /// Memory for messages that are fetched ahead, shared by all `consumers` (default 64MiB).
    buffer: Option<Placed<Bytes>>,
    /// What becomes of messages without a value: `rows`, whose columns of the value are null (default where all of them may be null), or `skip`.
    tombstones: Option<Placed<Tombstones>>,
    /// Columns to add, named for what they hold: `{ partition: p, offset: o, timestamp: t, key: k, topic: t, tombstone: d }`. The key is binary, or text with `types: { k: utf8 }`.
    #[serde(default)]
    metadata: Metadata,
    /// What becomes of a message that cannot be read: `stop` (default), `skip`, `{ dead_letter: PATH }` or `{ dead_letter: { topic: TOPIC } }`.
    #[serde(default)]
    on_bad_row: OnBadRow,
    /// Encrypted connections.
    tls: Option<Tls>,
    /// Who this client is.
    sasl: Option<Sasl>,
    /// Any other property of librdkafka.
    #[serde(default)]
    properties: NamedItems<Text>,
}

/// What a consumer needs at least.
// An answer of a broker is asked for with 1 MiB at least (`flow::Ahead`).
const LEAST_BUFFER: u64 = 1 << 20;

/// More members would only wait for each other.
const MOST_CONSUMERS: u64 = 64;

impl Kafka {
    /// The topic's name.
    pub fn topic(&self) -> &str {
        self.topic.as_str()
    }

    /// What a client needs to be let in.
    pub fn connection(&self) -> Connection {
        Connection {
            brokers: self.brokers.value.0.clone(),
            tls: self.tls.clone(),
            sasl: self.sasl.clone(),
            properties: self.properties.clone(),
        }
    }

    #[cfg(feature = "kafka")]
    fn group(&self, asked: &Asked<'_>) -> String {
        let own = || format!("rowgen-{}-{}", asked.pipeline, asked.table);
        self.group
            .as_ref()
            .map_or_else(own, |group| group.value.0.clone())
    }

    fn check(&self) -> Result<(), Problem> {
        if let Some(problem) = self.connection().check(Some(&self.brokers.place)) {
            return Err(problem);
        }
        let consumers = self.consumers.as_ref().map_or(1, |count| count.value.0);
        if let Some(count) = &self.consumers
            && !(1..=MOST_CONSUMERS).contains(&consumers)
        {
            let message = format!("`consumers` is 1 to {MOST_CONSUMERS}");
            return Err(Problem::new(message).at(&count.place));
        }
        check_linger(self.linger.as_ref())?;
        if let Some(buffer) = &self.buffer
            && buffer.0 < LEAST_BUFFER * consumers
        {
            let message = "`buffer` is at least 1MiB for each of the `consumers`";
            return Err(Problem::new(message).at(&buffer.place));
        }
        Ok(())
    }
}

impl Source for Kafka {
    #[cfg(feature = "kafka")]
    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        self.check()?;
        let topic = topic::Topic::new(self, asked)?;
        Ok(Opened::Stream(std::sync::Arc::new(topic)))
    }

    #[cfg(not(feature = "kafka"))]
    fn open(&self, _asked: &Asked<'_>) -> Result<Opened> {
        self.check()?;
        Err(Problem::new("this rowgen was built without Kafka").into())
    }
}
