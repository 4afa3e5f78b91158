//! librdkafka as the producer: whole batches for a partition in one call, message by message where
//! messages have headers or times of their own, which that call does not know.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header as NativeHeader, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult};

use super::super::Kafka;
use super::delivery::DeliveryTracker;
use super::messages::{HeaderValue, MessageBatch, MessageGroup};
use crate::client::kafka::produce_batch::{self, BatchProducer, Context, Listener, Ticket};
use crate::client::kafka::{Events, config, no_client};
use crate::error::{Error, Problem, Result};
use crate::sync::lock;
use crate::sync::spawn;

/// How long to wait for room in librdkafka's queue before looking again.
const STEP: Duration = Duration::from_millis(1);

/// What became of messages, gathered until the polling thread looks.
#[derive(Default)]
struct Outcomes {
    events: Events,
    settled: Mutex<HashMap<usize, Settled>>,
}

#[derive(Default)]
struct Settled {
    rows: u64,
    bytes: usize,
    failed: Vec<(RDKafkaErrorCode, usize)>,
}

/// librdkafka at work for one lane.
pub struct Librdkafka {
    producer: Arc<BatchProducer<Outcomes>>,
    topic: String,
    delivery: Arc<DeliveryTracker>,
    /// The batch of rows that each call was for.
    numbers: Arc<Mutex<HashMap<usize, Call>>>,
    next: usize,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Call {
    number: u64,
    left: u64,
}

impl produce_batch::Messages for MessageBatch {
    fn value(&self, row: usize) -> Option<&[u8]> {
        self.values.get(row)
    }

    fn key(&self, row: usize) -> Option<&[u8]> {
        self.keys.as_ref()?.get(row)
    }
}

impl Listener for Outcomes {
    fn error(&self, error: KafkaError, reason: &str) {
        self.events.error(error, reason);
    }

    fn delivery(&self, result: &DeliveryResult<'_>, id: usize) {
        let size = |message: &BorrowedMessage<'_>| message.payload_len() + message.key_len();
        let mut settled = lock(&self.settled);
        let settled = settled.entry(id).or_default();
        match result {
            Ok(message) => {
                settled.rows += 1;
                settled.bytes += size(message);
            }
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                let bytes = size(message);
                settled.failed.push((code, bytes));
            }
        }
    }
}

impl Librdkafka {
    /// Starts the client and the thread that hears what becomes of messages.
    ///
    /// # Errors
    /// A property that librdkafka does not take.
    pub fn start(
        kafka: &Kafka,
        most: usize,
        timeout: Duration,
        delivery: Arc<DeliveryTracker>,
    ) -> Result<Self> {
        let setting_up =
            |error: &dyn std::fmt::Display| Error::because("setting up a producer of Kafka", error);
        let producer: BaseProducer<Context<Outcomes>> = properties(kafka, most, timeout)
            .create_with_context(Context(Outcomes::default()))
            .map_err(|error| no_client("producer", error))?;
        let topic = kafka.topic.as_str();
        let producer = BatchProducer::new(producer, topic)
            .ok_or_else(|| setting_up(&format!("`{topic}` is no name of a topic")))?;
        let mut all = Self {
            producer: Arc::new(producer),
            topic: topic.to_string(),
            delivery,
            numbers: Arc::default(),
            next: 0,
            over: Arc::default(),
            thread: None,
        };
        let poll = all.poll_loop();
        let broken = all.delivery.clone();
        let panicked = move |panic: &(dyn Any + Send)| broken.panicked(panic);
        let thread = spawn("hear from Kafka", poll, panicked);
        all.thread = Some(thread.map_err(|error| setting_up(&error))?);
        Ok(all)
    }

    /// Hands the messages of a group over; waits while too much is under way.
    ///
    /// # Errors
    /// Something failed for good.
    pub fn send(
        &mut self,
        number: u64,
        messages: &Arc<MessageBatch>,
        group: &MessageGroup,
    ) -> Result<()> {
        let rows = group.rows.clone();
        let bytes = messages.payload(rows.clone());
        self.delivery.begin(number, rows.len() as u64, bytes)?;
        let id = self.next;
        self.next += 1;
        let call = Call {
            number,
            left: rows.len() as u64,
        };
        lock(&self.numbers).insert(id, call);
        // One call for many messages has no place for headers and times: `rd_kafka_produce_batch`
        // knows neither.
        match messages.headers.is_empty() && messages.times.is_none() {
            true => self.send_batch(messages, rows, group.partition, id),
            false => self.send_each(messages, rows, group.partition, id),
        }
    }

    fn send_batch(
        &self,
        messages: &Arc<MessageBatch>,
        rows: Range<usize>,
        partition: i32,
        id: usize,
    ) -> Result<()> {
        let shared: Arc<dyn produce_batch::Messages> = messages.clone();
        // librdkafka says of each message whether it took it; those for which its queue had no room
        // come again.
        let mut left: Vec<u32> = rows.map(|row| row as u32).collect();
        while !left.is_empty() {
            left = self
                .producer
                .produce(&shared, &left, partition, id)
                .map_err(|code| self.refused(code))?;
            if !left.is_empty() {
                self.wait()?;
            }
        }
        Ok(())
    }

    fn send_each(
        &self,
        messages: &MessageBatch,
        rows: Range<usize>,
        partition: i32,
        id: usize,
    ) -> Result<()> {
        let ticket = Ticket::copied(id);
        for row in rows {
            let record = || {
                let ticket = ticket.clone();
                let mut record =
                    BaseRecord::with_opaque_to(&self.topic, ticket).partition(partition);
                record.payload = messages.values.get(row);
                record.key = messages.keys.as_ref().and_then(|keys| keys.get(row));
                record.timestamp = messages.times.as_ref().and_then(|times| times.get(row));
                record.headers = headers(messages, row);
                record
            };
            let producer = self.producer.producer();
            // The record is made anew for each try, as a refused one has been moved; a full queue
            // is rare.
            while let Err((error, _)) = producer.send::<[u8], [u8]>(record()) {
                match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => self.wait()?,
                    code => return Err(self.refused(code.unwrap_or(RDKafkaErrorCode::Fail))),
                }
            }
        }
        Ok(())
    }

    fn wait(&self) -> Result<()> {
        if self.delivery.is_over() {
            return self.delivery.finish();
        }
        std::thread::sleep(STEP);
        Ok(())
    }

    /// librdkafka takes no more: what it has not acknowledged by now is missing.
    fn refused(&self, code: RDKafkaErrorCode) -> Error {
        let problem = Problem::new("librdkafka took no messages").cause(code);
        self.delivery.failed(0, 0, &format!("{code:?}"), problem);
        let told = self.delivery.finish();
        told.err()
            .unwrap_or_else(|| Error::because("sending messages", code))
    }

    /// What the polling thread does.
    fn poll_loop(&self) -> impl FnOnce() + Send + 'static {
        let (producer, delivery) = (self.producer.clone(), self.delivery.clone());
        let (numbers, over) = (self.numbers.clone(), self.over.clone());
        move || {
            while !over.load(Ordering::Relaxed) {
                // Delivery reports are only told to a thread that polls; the workers have other
                // things to do.
                producer.producer().poll(10 * STEP);
                settle(&producer, &delivery, &numbers);
            }
        }
    }
}

/// Tells the delivery what became of messages.
fn settle(
    producer: &BatchProducer<Outcomes>,
    delivery: &DeliveryTracker,
    numbers: &Mutex<HashMap<usize, Call>>,
) {
    let outcomes = producer.listener();
    let settled = std::mem::take(&mut *lock(&outcomes.settled));
    for (id, settled) in settled {
        let failed = settled.failed.len() as u64;
        let number = {
            let mut numbers = lock(numbers);
            let Some(call) = numbers.get_mut(&id) else {
                continue;
            };
            call.left -= settled.rows + failed;
            let number = call.number;
            if call.left == 0 {
                numbers.remove(&id);
            }
            number
        };
        if settled.rows > 0 {
            delivery.acknowledged(number, settled.rows, settled.bytes, settled.bytes);
        }
        for (code, bytes) in settled.failed {
            let problem = Problem::new("librdkafka could not deliver messages");
            let problem = match outcomes.events.last() {
                Some(event) => problem.cause(code).cause(event),
                None => problem.cause(code),
            };
            let hint = (code == RDKafkaErrorCode::MessageSizeTooLarge).then(|| {
                "set `batch_bytes` to at most the topic's `max.message.bytes`".to_string()
            });
            delivery.failed(1, bytes, &format!("{code:?}"), problem.maybe_hint(hint));
        }
    }
}

impl Drop for Librdkafka {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.delivery.end();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread is told by the delivery, to which something is missing then.
            let _ = thread.join();
        }
    }
}

fn headers(messages: &MessageBatch, row: usize) -> Option<OwnedHeaders> {
    let mut headers = OwnedHeaders::new_with_capacity(messages.headers.len());
    for header in &messages.headers {
        let value = match &header.value {
            HeaderValue::Fixed(value) => Some(value.as_slice()),
            HeaderValue::Rows(values) => values.get(row),
        };
        if let Some(value) = value {
            headers = headers.insert(NativeHeader {
                key: &header.name,
                value: Some(value),
            });
        }
    }
    (!messages.headers.is_empty()).then_some(headers)
}

fn properties(kafka: &Kafka, most: usize, timeout: Duration) -> ClientConfig {
    let connection = kafka.connection();
    let mut config = config(&connection);
    let linger = kafka
        .linger
        .as_ref()
        .map_or(5, |linger| linger.value.0.as_millis());
    let in_flight = kafka.max_in_flight.as_ref().map_or(5, |most| most.value.0);
    let pairs: [(&str, String); 11] = [
        ("acks", kafka.acks.number().to_string()),
        ("enable.idempotence", kafka.idempotence().to_string()),
        ("compression.type", kafka.compression.name().0.to_string()),
        ("linger.ms", linger.to_string()),
        ("batch.size", most.to_string()),
        // Every message was measured already; what is too large was left out.
        (
            "message.max.bytes",
            (most + 1024).clamp(1000, 1_000_000_000).to_string(),
        ),
        ("batch.num.messages", "100000".into()),
        // What is under way is bounded by the delivery.
        ("queue.buffering.max.messages", "10000000".into()),
        ("queue.buffering.max.kbytes", "1048576".into()),
        ("message.timeout.ms", timeout.as_millis().to_string()),
        (
            "max.in.flight.requests.per.connection",
            in_flight.to_string(),
        ),
    ];
    for (property, value) in pairs {
        config.set(property, value);
    }
    connection.finish(config)
}
