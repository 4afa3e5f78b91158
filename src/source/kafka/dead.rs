//! Messages that cannot be read, kept as they are in a topic of their own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::client::kafka::consume::Message;
use crate::client::kafka::{Connection, Events, config, no_client};
use crate::error::{Error, Result};

/// How long the brokers may take to have them.
// A choice; nothing was measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// A producer to the topic.
pub struct DeadTopic {
    producer: BaseProducer<Delivery>,
    topic: String,
}

#[derive(Default)]
struct Delivery {
    events: Events,
    /// The first thing that a broker said when it took none.
    refused: OnceLock<RDKafkaErrorCode>,
}

impl ClientContext for Delivery {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.events.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.events.error(error, reason);
    }
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let code = error.rdkafka_error_code();
            self.refused
                .get_or_init(|| code.unwrap_or(RDKafkaErrorCode::Fail));
        }
    }
}

impl DeadTopic {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// A property that librdkafka does not take.
    pub fn open(connection: &Connection, topic: &str) -> Result<Self> {
        let mut settings = config(connection);
        // A retry must not write a letter twice.
        settings.set("enable.idempotence", "true");
        // What the topic takes is for its brokers to say.
        settings.set("message.max.bytes", "1000000000");
        let settings = connection.finish(settings);
        let producer = settings.create_with_context(Delivery::default());
        Ok(Self {
            producer: producer.map_err(|error| no_client("producer", error))?,
            topic: topic.to_string(),
        })
    }

    /// Sends a message of `topic` that cannot be read for this reason.
    ///
    /// # Errors
    /// The brokers do not take it, or one before it.
    pub fn send(&self, topic: &str, message: Message<'_>, reason: &str) -> Result<()> {
        let (partition, offset) = (message.partition.to_string(), message.offset.to_string());
        let header = |key, value| Header {
            key,
            value: Some(value),
        };
        let headers = OwnedHeaders::new()
            .insert(header("topic", topic))
            .insert(header("partition", partition.as_str()))
            .insert(header("offset", offset.as_str()))
            .insert(header("reason", reason));
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&self.topic).headers(headers);
        record.key = message.key;
        record.payload = message.value;
        record.timestamp = message.timestamp;
        let deadline = Instant::now() + PATIENCE;
        while let Err((error, back)) = self.producer.send(record) {
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !full || Instant::now() >= deadline {
                return Err(self.failed(&error));
            }
            record = back;
            self.producer.poll(Duration::from_millis(50));
        }
        self.producer.poll(Duration::ZERO);
        // Told by the next send or flush, because a broker's answer comes later than the call.
        // Letters that were refused used to be a warning, while the run went on and committed
        // nothing more.
        self.refused()
    }

    /// Waits until the brokers have all that was sent; false when they still do not after a while.
    ///
    /// # Errors
    /// They refuse it.
    pub fn flush(&self) -> Result<bool> {
        let flushed = match self.producer.in_flight_count() {
            0 => Ok(()),
            _ => self.producer.flush(PATIENCE),
        };
        self.refused()?;
        if let Err(error) = &flushed {
            tracing::warn!(topic = self.topic, %error, "dead letters are not delivered yet");
        }
        Ok(flushed.is_ok())
    }

    fn refused(&self) -> Result<()> {
        let Some(code) = self.producer.context().refused.get() else {
            return Ok(());
        };
        let error = self.failed(code);
        Err(match code {
            RDKafkaErrorCode::MessageSizeTooLarge => {
                error.hint("raise `max.message.bytes` of that topic to that of the source")
            }
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                error.hint("may this user write to that topic?")
            }
            _ => error,
        })
    }

    fn failed(&self, cause: &dyn std::fmt::Display) -> Error {
        let topic = &self.topic;
        Error::because(
            format!("could not write dead letters to topic `{topic}`"),
            cause,
        )
    }
}
