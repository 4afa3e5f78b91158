//! rdkafka's `BaseProducer::send`, one call a message, over payloads that are in memory before the
//! clock starts.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::Result;

/// How long acknowledgements may take after the last message was handed over.
const LAST_ACKNOWLEDGED: Duration = Duration::from_secs(120);
/// How often the producer's events are served: every so many messages.
const POLL_EVERY: usize = 1000;

/// Counts what the broker acknowledged.
#[derive(Default)]
struct Acknowledged(AtomicU64);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends every line of a file, its field `key` as the key (`-` for none), with these
/// properties, and prints the seconds from the first call to the last acknowledgement.
pub fn send(topic: &str, path: &str, key: &str, properties: &[&str]) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let messages: Vec<(Option<String>, &str)> = text
        .lines()
        .map(|line| Ok((key_of(line, key)?, line)))
        .collect::<Result<_>>()?;
    let mut config = ClientConfig::new();
    for (name, value) in properties.iter().filter_map(|pair| pair.split_once('=')) {
        config.set(name, value);
    }
    let producer: BaseProducer<Acknowledged> =
        config.create_with_context(Acknowledged::default())?;
    let start = Instant::now();
    for (number, (key, payload)) in messages.iter().enumerate() {
        send_one(&producer, topic, key.as_deref(), payload)?;
        if number % POLL_EVERY == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(LAST_ACKNOWLEDGED)?;
    let seconds = start.elapsed().as_secs_f64();
    let acknowledged = producer.context().0.load(Ordering::Relaxed);
    if acknowledged != messages.len() as u64 {
        return Err(format!("{acknowledged} of {} acknowledged", messages.len()).into());
    }
    println!("seconds: {seconds}");
    Ok(())
}

fn key_of(line: &str, key: &str) -> Result<Option<String>> {
    if key == "-" {
        return Ok(None);
    }
    let row: serde_json::Value = serde_json::from_str(line)?;
    Ok(row[key].as_str().map(str::to_owned))
}

/// Hands a message over, and waits while the queue is full.
fn send_one(
    producer: &BaseProducer<Acknowledged>,
    topic: &str,
    key: Option<&str>,
    payload: &str,
) -> Result<()> {
    let mut record = BaseRecord::<str, str>::to(topic).payload(payload);
    record.key = key;
    while let Err((error, refused)) = producer.send(record) {
        if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
            return Err(error.into());
        }
        record = refused;
        producer.poll(Duration::from_millis(10));
    }
    Ok(())
}
