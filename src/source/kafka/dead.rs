//! Messages that cannot be read, kept as they are in a topic of their own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::client::kafka::{Connection, Events, config};
use crate::error::{Error, Result};
use crate::kernel::consume::Message;

/// How long the brokers may take to have them.
const PATIENCE: Duration = Duration::from_secs(60);

/// A producer to the topic.
pub struct DeadTopic {
    producer: BaseProducer<Delivery>,
    topic: String,
}

#[derive(Default)]
struct Delivery {
    events: Events,
    failed: AtomicU64,
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
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
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
        settings.set("enable.idempotence", "true");
        let settings = connection.finish(settings);
        let producer = settings.create_with_context(Delivery::default());
        Ok(Self {
            producer: producer
                .map_err(|error| Error::because("setting up a producer of Kafka", error))?,
            topic: topic.to_string(),
        })
    }

    /// Sends a message of `topic` that cannot be read for this reason.
    ///
    /// # Errors
    /// The brokers do not take it.
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
        Ok(())
    }

    /// Waits until the brokers have all that was sent.
    ///
    /// # Errors
    /// They do not.
    pub fn flush(&self) -> Result<()> {
        if self.producer.in_flight_count() > 0 {
            let flushed = self.producer.flush(PATIENCE);
            flushed.map_err(|error| self.failed(&error))?;
        }
        match self.producer.context().failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            count => Err(self.failed(&format!("{count} messages were not delivered"))),
        }
    }

    fn failed(&self, cause: &dyn std::fmt::Display) -> Error {
        let topic = &self.topic;
        Error::because(format!("writing dead letters to topic `{topic}`"), cause)
    }
}
