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
mod member;
mod metadata;
#[cfg(feature = "kafka")]
mod offsets;
mod options;
#[cfg(feature = "kafka")]
mod topic;
#[cfg(feature = "kafka")]
mod until;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OnBadRow, Opened, Source, Types};
use crate::client::kafka::{Connection, Sasl, Tls};
use crate::error::Problem;
use crate::place::{Count, Named, Placed, Text};
use crate::registry::Example;
use format::MessageFormat;
use metadata::Metadata;
use options::{Start, Until};

/// Messages of a topic of Apache Kafka, read by a consumer group: a row each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// The brokers to ask first: `host:port`, several with commas between.
    brokers: Placed<Text>,
    /// The topic.
    topic: Placed<Text>,
    /// The consumer group, whose offsets say where to go on (default `rowgen`).
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
    /// Columns to add, named for what they hold: `{ partition: p, offset: o, timestamp: t, key: k, topic: t }`.
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
    properties: Named<Text>,
}

/// More members would only wait for each other.
const MOST_CONSUMERS: u64 = 64;

impl Example for Kafka {
    const EXAMPLE: &'static str = "kafka: { brokers: \"localhost:9092\", topic: orders, group: lake, format: { avro: { schema_file: order.avsc } }, until: end }";
}

impl Kafka {
    fn connection(&self) -> Connection {
        Connection {
            brokers: self.brokers.value.0.clone(),
            tls: self.tls.clone(),
            sasl: self.sasl.clone(),
            properties: self.properties.clone(),
        }
    }

    #[cfg(feature = "kafka")]
    fn group(&self) -> &str {
        self.group.as_ref().map_or("rowgen", |group| group.as_str())
    }

    fn check(&self) -> Result<(), Problem> {
        if let Some(problem) = self.connection().check(Some(&self.brokers.place)) {
            return Err(problem);
        }
        match &self.consumers {
            Some(count) if !(1..=MOST_CONSUMERS).contains(&count.value.0) => {
                let message = format!("`consumers` is 1 to {MOST_CONSUMERS}");
                Err(Problem::new(message).at(&count.place))
            }
            _ => Ok(()),
        }
    }
}

impl Source for Kafka {
    #[cfg(feature = "kafka")]
    fn open(&self, types: &Types) -> Result<Opened, Problem> {
        self.check()?;
        let topic = topic::Topic::new(self, types)?;
        Ok(Opened::Stream(std::sync::Arc::new(topic)))
    }

    #[cfg(not(feature = "kafka"))]
    fn open(&self, _types: &Types) -> Result<Opened, Problem> {
        self.check()?;
        Err(Problem::new("this rowgen was built without Kafka"))
    }
}
