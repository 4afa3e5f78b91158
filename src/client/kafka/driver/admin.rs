//! Topics: whether one is there, how many partitions it has, what its limits are; making one.

use std::time::{Duration, Instant};

use futures_executor::block_on;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResourceResult, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer};

use super::super::Connection;
use super::leaving::Leaving;
use super::{Events, config, no_client};
use crate::error::{Error, Result};

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often is looked for what librdkafka has to say while it waits for them.
const STEP: Duration = Duration::from_secs(1);

/// How long it listens then: with no time at all it would hear one thing of many.
const LISTEN: Duration = Duration::from_millis(20);

/// The entries of a topic's configuration that matter here.
pub(super) const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
pub(super) const RETENTION: &str = "retention.ms";

/// A client that asks about topics.
pub struct Admin {
    probe: BaseProducer<Events>,
    config: ClientConfig,
    brokers: String,
    patience: Duration,
}

/// What is to be known of a topic before it is written to.
#[derive(Debug, Clone)]
pub struct Topic {
    /// How many partitions it has.
    pub partitions: i32,
    /// The broker refuses batches of more bytes.
    pub max_message_bytes: usize,
    /// Messages older than this are deleted; none where they are kept.
    pub retention: Option<Duration>,
}

impl Default for Topic {
    /// A broker's own defaults.
    fn default() -> Self {
        Self {
            partitions: 1,
            // Apache Kafka's default of `message.max.bytes`: 1 MiB, and the 12 bytes of offset and
            // length that stand before a batch.
            max_message_bytes: 1_048_588,
            retention: Some(Duration::from_secs(7 * 24 * 3600)),
        }
    }
}

impl Admin {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// A property that librdkafka does not take, a certificate that cannot be read.
    pub fn new(connection: &Connection) -> Result<Self> {
        connection.readable()?;
        let config = connection.finish(config(connection));
        Ok(Self {
            probe: config
                .create_with_context(Events::default())
                .map_err(|error| no_client("client", error))?,
            config,
            brokers: connection.brokers.clone(),
            patience: PATIENCE,
        })
    }

    /// The same, with no more patience than this.
    #[must_use]
    pub fn within(self, most: Option<Duration>) -> Self {
        Self {
            patience: most.map_or(PATIENCE, |most| most.min(PATIENCE)),
            ..self
        }
    }

    /// The topic; none where it does not exist. It is never created by asking.
    ///
    /// # Errors
    /// The brokers cannot be reached, or refuse this client.
    pub fn topic(&self, name: &str) -> Result<Option<Topic>> {
        let client = self.client()?;
        let asked = [ResourceSpecifier::Topic(name)];
        let options = AdminOptions::new().request_timeout(Some(self.patience));
        // The answer is under way while the other client connects.
        let configuration = client.with(|client| client.describe_configs(&asked, &options));
        let Some(partitions) = self.partitions(name)? else {
            return Ok(None);
        };
        let answers = configuration.map(block_on).and_then(Result::ok);
        Ok(Some(Topic {
            partitions,
            ..limits(answers.into_iter().flatten())
        }))
    }

    /// How many partitions the topic has; none where it does not exist.
    ///
    /// # Errors
    /// The brokers cannot be reached, or refuse this client.
    pub fn partitions(&self, name: &str) -> Result<Option<i32>> {
        let metadata = self.metadata()?;
        let found = metadata.topics().iter().find(|topic| topic.name() == name);
        let found = found.filter(|topic| topic.error().is_none());
        Ok(found.map(|topic| i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX)))
    }

    /// What the brokers say of all topics: to ask for all creates none, to ask for one may.
    fn metadata(&self) -> Result<Metadata> {
        let deadline = Instant::now() + self.patience;
        loop {
            let asked = self
                .probe
                .client()
                .fetch_metadata(None, STEP.min(self.patience));
            let error = match asked {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            self.probe.poll(LISTEN);
            let events = self.probe.client().context();
            if events.refused() || Instant::now() >= deadline {
                let cause = events.last().unwrap_or_else(|| error.to_string());
                return Err(self.unreachable(&cause, events.refused()));
            }
        }
    }

    fn unreachable(&self, cause: &str, refused: bool) -> Error {
        let (doing, hint) = match refused {
            true => ("was not let in by", "check `sasl:` and `tls:`"),
            false => (
                "could not reach",
                "is it running, and is `brokers` its address?",
            ),
        };
        Error::because(format!("{doing} Kafka at `{}`", self.brokers), cause).hint(hint)
    }

    /// A client for requests that are answered by events; its end takes a tenth of a second, which
    /// nobody needs to wait for.
    fn client(&self) -> Result<Leaving<AdminClient<Events>>> {
        let client = self.config.create_with_context(Events::default());
        client
            .map(Leaving::new)
            .map_err(|error| no_client("client", error))
    }

    /// Makes a topic and waits until it has its partitions.
    ///
    /// # Errors
    /// The broker's refusal.
    pub fn create(
        &self,
        name: &str,
        partitions: i32,
        replication: i32,
        configuration: &[(String, String)],
    ) -> Result<()> {
        let client = self.client()?;
        let fixed = TopicReplication::Fixed(replication);
        let mut topic = NewTopic::new(name, partitions, fixed);
        for (key, value) in configuration {
            topic = topic.set(key, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let doing = || format!("creating topic `{name}`");
        let answers = client.with(|client| block_on(client.create_topics(&[topic], &options)));
        let answers = answers
            .transpose()
            .map_err(|error| Error::because(doing(), error))?;
        for answer in answers.into_iter().flatten() {
            match answer {
                // Another run may have made it at the same moment; how many partitions it has is
                // checked afterwards.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(Error::because(doing(), code)),
            }
        }
        let deadline = Instant::now() + PATIENCE;
        // The answer comes before all brokers know of the topic.
        while self.partitions(name)?.is_none() {
            if Instant::now() > deadline {
                return Err(Error::because(doing(), "it does not appear"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// What a topic's configuration limits; the defaults where this client may not ask.
fn limits(answers: impl Iterator<Item = ConfigResourceResult>) -> Topic {
    let mut topic = Topic::default();
    for resource in answers.flatten() {
        for entry in resource.entries {
            topic.limit(&entry.name, entry.value.as_deref().unwrap_or_default());
        }
    }
    topic
}

impl Topic {
    /// Heeds an entry of its configuration.
    pub(super) fn limit(&mut self, key: &str, value: &str) {
        match (key, value.parse::<i64>()) {
            (MAX_MESSAGE_BYTES, Ok(bytes)) => {
                self.max_message_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            (RETENTION, Ok(millis)) => {
                self.retention = u64::try_from(millis).ok().map(Duration::from_millis);
            }
            _ => {}
        }
    }
}
