//! `kafka`: rows as messages of a topic of Apache Kafka.

mod describe;
mod options;
// What sends needs the feature; what a pipeline says of a topic is read and checked without it.
#[cfg_attr(not(feature = "kafka"), path = "no_producer.rs")]
mod producer;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::on_bad_row::OnBadRow;
use super::{Found, Holds, Sink, Slice, Takes, Target};
use crate::client::kafka::{Connection, Sasl, Tls};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::format::message::{Key, MessageFormat, MessageKind};
use crate::place::{Bytes, Count, Duration, Flag, NamedItems, Placed, Text};
pub use options::{Acks, Codec, CreateTopic, HeaderOption, PartitionerOption, ProducerChoice};
#[cfg(feature = "kafka")]
pub use producer::{ExpectedMessage, ExpectedTopic};

/// Messages of a topic of Apache Kafka, a row each: every one is acknowledged, or the run says
/// which were not.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Kafka {
    /// The brokers to ask first: `host:port`, several with commas between.
    pub brokers: Placed<Text>,
    /// The topic.
    pub topic: Placed<Text>,
    /// How rows become messages (default `json`).
    pub format: Option<MessageKind>,
    /// What a message's key is made of: a column, or columns and a format (default: no key).
    pub key: Option<Key>,
    /// Which partition a message goes to: `murmur2` (default with a key), `crc32`, `round_robin`, `sticky` (default without) or `{ column: … }`.
    pub partitioner: Option<Placed<PartitionerOption>>,
    /// Headers by name: a text, `{ column: … }`, or one UUID for the whole run: `{ uuid: new }`, another in each run, or `{ uuid: run }`, which follows from its seed and date.
    #[serde(default)]
    pub headers: NamedItems<HeaderOption>,
    /// The column with the time of a message (default, and where it is null: when it is sent).
    pub timestamp: Option<Placed<Text>>,
    /// How batches of messages are compressed: none (default), gzip, snappy, lz4 or zstd.
    #[serde(default)]
    pub compression: Codec,
    /// Who must have a message: all (default), 1 or 0; 1 and 0 need `idempotence: false`.
    #[serde(default)]
    pub acks: Acks,
    /// The broker drops what comes twice (default true).
    pub idempotence: Option<Placed<Flag>>,
    /// Bytes of messages in a batch for one partition (default: what the topic takes, at most 1MiB).
    pub batch_bytes: Option<Placed<Bytes>>,
    /// How long librdkafka waits for more messages of a batch (default 5ms); the native producer has whole batches.
    pub linger: Option<Placed<Duration>>,
    /// Requests under way to one broker (default 5, which is the most with idempotence).
    pub max_in_flight: Option<Placed<Count>>,
    /// A message that is not acknowledged by then has failed (default 100s).
    pub delivery_timeout: Option<Placed<Duration>>,
    /// Makes the topic where it does not exist.
    pub create_topic: Option<CreateTopic>,
    /// Which client sends: auto (default), native or librdkafka.
    pub producer: Option<Placed<ProducerChoice>>,
    /// Encrypted connections.
    pub tls: Option<Tls>,
    /// Who this client is.
    pub sasl: Option<Sasl>,
    /// Any other property of librdkafka; with one, librdkafka sends.
    #[serde(default)]
    pub properties: NamedItems<Text>,
    /// What becomes of a row that cannot be a message: stop (default), skip, or `{ dead_letter: PATH }`.
    #[serde(default)]
    pub on_bad_row: OnBadRow,
    /// The run is only measured: messages are made and thrown away.
    #[serde(skip)]
    #[cfg_attr(
        not(feature = "kafka"),
        expect(dead_code, reason = "without Kafka nothing is sent at all")
    )]
    measured: bool,
}

/// Requests to one broker that an idempotent producer may have under way.
const MOST_IN_FLIGHT: u64 = 5;

impl Kafka {
    fn format(&self) -> MessageKind {
        let json = || MessageKind::Json(crate::format::message::JsonMessage::default());
        self.format.clone().unwrap_or_else(json)
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

    /// Whether rowgen's own producer sends.
    fn is_native(&self) -> bool {
        match self.producer.as_ref().map(|choice| choice.value) {
            Some(ProducerChoice::Native) => true,
            Some(ProducerChoice::Librdkafka) => false,
            _ => !self.connection().needs_librdkafka(),
        }
    }

    fn idempotence(&self) -> bool {
        self.idempotence.as_ref().is_none_or(|flag| flag.value.0)
    }

    /// Columns that are read beside those that messages hold.
    fn read_columns(&self) -> Vec<Placed<Text>> {
        let mut columns: Vec<Placed<Text>> = Vec::new();
        if let Some(key) = &self.key {
            columns.extend(key.columns().iter().cloned());
        }
        if let Some(Placed {
            value: PartitionerOption::Column(column),
            ..
        }) = &self.partitioner
        {
            columns.push(column.clone());
        }
        for (_, header) in &self.headers.0 {
            if let HeaderOption::Column(column) = header {
                columns.push(column.clone());
            }
        }
        columns.extend(self.timestamp.clone());
        columns
    }

    fn option_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.acks != Acks::All && self.idempotence() {
            let place = self.idempotence.as_ref().map(|flag| &flag.place);
            let problem = Problem::new("idempotence needs `acks: all`")
                .hint("say `idempotence: false`: a message may come twice then, or be lost");
            problems.push(problem.at(place.unwrap_or(&self.topic.place)));
        }
        if let Some(most) = &self.max_in_flight {
            let over = self.idempotence() && most.value.0 > MOST_IN_FLIGHT;
            if most.value.0 == 0 || over {
                let problem = Problem::new("`max_in_flight` is 1 to 5 with idempotence");
                problems.push(problem.at(&most.place));
            }
        }
        if let Some(choice) = &self.producer
            && choice.value == ProducerChoice::Native
            && self.connection().needs_librdkafka()
        {
            let problem = Problem::new(
                "the native producer knows no `tls`, no `sasl` and no properties of librdkafka",
            );
            problems.push(
                problem
                    .hint("leave `producer` out, or say `librdkafka`")
                    .at(&choice.place),
            );
        }
        if self.topic.is_empty() || self.topic.len() > 249 {
            problems.push(
                Problem::new("the name of a topic has 1 to 249 characters").at(&self.topic.place),
            );
        }
        problems
    }
}

impl Sink for Kafka {
    fn holds(&self, _out: &Path, _slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        Holds::Topic(self)
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.option_problems();
        problems.extend(self.connection().check(Some(&self.brokers.place)));
        problems.extend(self.format().check(&shape.written()));
        if let Some(key) = &self.key {
            problems.extend(key.check(shape));
        }
        problems.extend(describe::column_problems(self, shape));
        problems
    }

    fn takes(&self) -> Takes {
        Takes {
            // What is compressed compresses better in larger batches.
            best_rows: (self.compression == Codec::None).then_some(8_192),
            reads: self.read_columns(),
            texts: self.format().is_text(),
            letters: self.on_bad_row.letters(),
            ..Takes::default()
        }
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        describe::describe(self, shape)
    }

    /// Nothing is sent, no topic made and no schema registered.
    fn measured(&self) -> Option<(std::sync::Arc<dyn Sink>, &'static str)> {
        let on_bad_row = match &self.on_bad_row {
            OnBadRow::DeadLetter(_) => OnBadRow::Skip,
            other => other.clone(),
        };
        let measured = Self {
            measured: true,
            on_bad_row,
            ..self.clone()
        };
        Some((std::sync::Arc::new(measured), "encoded and thrown away"))
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        producer::connect(self, target)
    }
}
