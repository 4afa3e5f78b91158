//! Opening a topic: it is there or is made, its schema is registered, a producer is started.

use std::sync::Arc;
use std::time::Duration;

use super::super::Kafka;
use super::super::options::{HeaderOption, PartitionerOption};
use super::bad_rows::BadRows;
use super::delivery::DeliveryTracker;
use super::encoder::{HeaderSource, MessageRecipe, PartitionSource};
use super::librdkafka::Librdkafka;
use super::measured::DiscardedMessages;
use super::messages::SendLimits;
use super::native::{self, Native};
use super::partition::{Deal, Partitioner};
use super::retention;
use super::times::Sendable;
use super::writer::{Messenger, Producer};
use crate::client::kafka::{Admin, Topic, look};
use crate::client::registry::Client;
use crate::error::{Error, Problem, Result};
use crate::format::Shape;
use crate::format::buffers::Buffers;
use crate::format::message::{Key, MessageFormat};
use crate::place::Placed;
use crate::sink::{Found, Lane, Ready, Target, lane};

/// A message that is not acknowledged by then has failed: before the stall timeout of 120 s, so that
/// the report says what is missing.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(100);

/// Rows a slow pace releases together: a hundredth of a second's.
const SLICES_A_SECOND: f64 = 100.0;

/// A batch of messages has at most so many bytes, unless more is asked for: brokers take 1 MiB.
const BATCH_BYTES: usize = 1 << 20;

/// A topic that was looked at.
struct ReadyTopic {
    kafka: Kafka,
    target: Target,
    /// What was found; nothing where it is still to be made.
    topic: Option<Topic>,
}

/// Looks at the topic.
///
/// # Errors
/// No broker answers, or the topic is not as asked.
pub fn connect(kafka: &Kafka, target: &Target) -> Result<Found> {
    Ok(Found::ready(ReadyTopic {
        kafka: kafka.clone(),
        target: target.clone(),
        topic: topic(kafka, target, false)?,
    }))
}

impl Ready for ReadyTopic {
    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        let asked = self.kafka.create_topic.as_ref();
        let topic = match (&self.topic, asked) {
            (Some(topic), _) => Some(topic.clone()),
            // As many partitions as it would have.
            (None, Some(asked)) if self.kafka.measured => Some(Topic {
                partitions: i32::try_from(asked.partitions.value.0).unwrap_or(i32::MAX),
                ..Topic::default()
            }),
            (None, _) => topic(&self.kafka, &self.target, true)?,
        };
        let missing = || Error::run("the topic was made and is not there");
        open(&self.kafka, &self.target, &topic.ok_or_else(missing)?)
    }
}

/// The topic, made where that is asked for and `make` says so; nothing where it is still to be made.
fn topic(kafka: &Kafka, target: &Target, make: bool) -> Result<Option<Topic>> {
    let name = kafka.topic.as_str();
    let asked = kafka.create_topic.as_ref();
    // Kafka's own protocol first: two clients of librdkafka took 25 to 30 ms to start and connect
    // before the first row. What goes wrong here is left to librdkafka, which knows why (TLS, SASL,
    // an old broker).
    let found = match look(&kafka.connection(), name) {
        None => by_librdkafka(kafka, target, make)?,
        found => found,
    };
    let Some(topic) = found else {
        if asked.is_some() && !make {
            return Ok(None);
        }
        let problem = Problem::new(format!("topic `{name}` does not exist")).at(&kafka.topic.place);
        return Err(Error::user(problem.hint(
            "add `create_topic: { partitions: … }`, or make it with Kafka's own tools",
        )));
    };
    match asked.map(|asked| &asked.partitions) {
        Some(partitions) if partitions.value.0 != u64::from(topic.partitions.unsigned_abs()) => {
            let problem = Problem::new(format!(
                "topic `{name}` has {} partitions, not {}",
                topic.partitions, partitions.value.0
            ));
            Err(Error::user(problem.at(&partitions.place).hint(
                "change `create_topic`, or leave it out to take the topic as it is",
            )))
        }
        _ => Ok(Some(topic)),
    }
}

/// The topic, made where that is asked for, by whoever can connect to every broker.
fn by_librdkafka(kafka: &Kafka, target: &Target, make: bool) -> Result<Option<Topic>> {
    let admin = Admin::new(&kafka.connection())?.within(target.run.stall_timeout());
    let name = kafka.topic.as_str();
    match admin.topic(name)? {
        None if make && kafka.create_topic.is_some() => {
            create(kafka, &admin)?;
            admin.topic(name)
        }
        found => Ok(found),
    }
}

fn create(kafka: &Kafka, admin: &Admin) -> Result<()> {
    let Some(asked) = &kafka.create_topic else {
        return Ok(());
    };
    let number = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let config: Vec<(String, String)> = asked
        .config
        .0
        .iter()
        .map(|(key, value)| (key.value.clone(), value.0.clone()))
        .collect();
    let replication = asked
        .replication
        .as_ref()
        .map_or(1, |count| number(count.value.0));
    let partitions = number(asked.partitions.value.0);
    admin.create(kafka.topic.as_str(), partitions, replication, &config)
}

/// A lane to the topic.
///
/// # Errors
/// What stands in the way.
fn open(kafka: &Kafka, target: &Target, topic: &Topic) -> Result<Arc<dyn Lane>> {
    retention::warn(kafka, &target.shape, topic);
    let recipe = recipe(kafka, target, topic)?;
    let bytes = recipe.limits.bytes;
    let native = recipe.native.is_some();
    if kafka.measured {
        return lane::start(target, Arc::new(recipe), Box::new(DiscardedMessages));
    }
    lane::start_with(target, Arc::new(recipe), |marks| {
        let paced = target.pace.is_some();
        let stall_timeout = target.run.stall_timeout();
        let timeout = timeout(kafka);
        let delivery = DeliveryTracker::new(kafka.topic.as_str(), marks, paced, stall_timeout);
        let delivery = Arc::new(delivery);
        let producer = match native {
            true => Producer::Native(Native::start(settings(kafka, timeout), delivery.clone())?),
            false => {
                Producer::Librdkafka(Librdkafka::start(kafka, bytes, timeout, delivery.clone())?)
            }
        };
        Ok(Box::new(Messenger {
            producer,
            pace: target.pace.clone(),
            run: target.run.clone(),
            delivery,
            first_row: target.first_row,
        }))
    })
}

/// When a message has failed. A `stall_timeout` ends the wait for all of them before that.
fn timeout(kafka: &Kafka) -> Duration {
    let asked = kafka.delivery_timeout.as_ref();
    asked.map_or(DELIVERY_TIMEOUT, |timeout| timeout.value.0)
}

fn settings(kafka: &Kafka, timeout: Duration) -> native::Settings {
    let most = kafka.max_in_flight.as_ref();
    native::Settings {
        brokers: kafka.brokers.value.0.clone(),
        topic: kafka.topic.value.0.clone(),
        acks: kafka.acks.number(),
        idempotence: kafka.idempotence(),
        max_in_flight: most.map_or(5, |most| usize::try_from(most.value.0).unwrap_or(5)),
        timeout,
    }
}

/// How rows of the target become messages of the topic.
pub fn recipe(kafka: &Kafka, target: &Target, topic: &Topic) -> Result<MessageRecipe> {
    let shape = &target.shape;
    let written = shape.written();
    let format = kafka.format();
    let patience = target.run.stall_timeout();
    let registered = |format: &dyn MessageFormat, shape: &Shape, part: &str| {
        registered(format, shape, kafka, part, patience)
    };
    let values = format.open(&written, registered(&*format, &written, "value")?)?;
    let keys = match &kafka.key {
        Some(key) => Some(key.open(shape, registered(key, shape, "key")?)?),
        None => None,
    };
    let partitions = match kafka.partitioner.as_ref().map(|option| &option.value) {
        Some(PartitionerOption::Column(column)) => {
            PartitionSource::Column(shape.schema.index_of(column)?)
        }
        Some(PartitionerOption::Crc32) => PartitionSource::Rule(Partitioner::Crc32),
        Some(PartitionerOption::RoundRobin) => PartitionSource::Rule(Partitioner::RoundRobin),
        Some(PartitionerOption::Sticky) => PartitionSource::Rule(Partitioner::Sticky),
        Some(PartitionerOption::Murmur2) | None => PartitionSource::Rule(Partitioner::Murmur2),
    };
    let time = kafka.timestamp.as_ref();
    let time = time.map(|column| shape.schema.index_of(column));
    let sendable = match kafka.is_native() {
        true => Sendable::From1970,
        false => Sendable::After1970,
    };
    let asked = kafka
        .batch_bytes
        .as_ref()
        .map(|bytes| usize::try_from(bytes.value.0));
    let most = asked.map_or(BATCH_BYTES, |asked| asked.unwrap_or(usize::MAX));
    Ok(MessageRecipe {
        values,
        keys,
        headers: headers(kafka, target)?,
        time: time.transpose()?.map(|column| (column, sendable)),
        partitions,
        count: topic.partitions,
        written: written.schema.fields().len(),
        limits: SendLimits {
            bytes: most.min(topic.max_message_bytes),
            rows: target.pace.as_ref().map_or(usize::MAX, |pace| {
                // A group leaves when its first row is due. At 50 rows a second a group of a
                // megabyte would leave all of its rows at once, minutes before they are due.
                (pace.rate() / SLICES_A_SECOND).max(1.0) as usize
            }),
        },
        native: kafka.is_native().then_some(kafka.compression),
        deal: Deal::default(),
        bad_rows: BadRows::new(
            &kafka.on_bad_row,
            &target.out,
            target.meter.clone(),
            &shape.table,
        ),
        buffers: Buffers::default(),
    })
}

/// The id of the schema, where messages name one.
fn registered(
    format: &dyn MessageFormat,
    shape: &Shape,
    kafka: &Kafka,
    part: &str,
    patience: Option<Duration>,
) -> Result<Option<u32>> {
    let registration = format.registration(shape)?;
    let Some(registration) = registration else {
        return Ok(None);
    };
    if kafka.measured {
        // Any number takes as long to write.
        return Ok(Some(0));
    }
    let subject = registration.subject.clone();
    let subject = subject.unwrap_or_else(|| format!("{}-{part}", kafka.topic.as_str()));
    let client = Client::new(&registration.registry)?.within(patience);
    client.register(&subject, &registration.schema).map(Some)
}

fn headers(kafka: &Kafka, target: &Target) -> Result<Vec<(String, HeaderSource)>> {
    let header = |(name, option): &(Placed<String>, HeaderOption)| {
        let source = match option {
            HeaderOption::Fixed(text) => HeaderSource::Fixed(text.clone().into_bytes()),
            HeaderOption::RunUuid => HeaderSource::Fixed(uuid(target.run_id).into_bytes()),
            HeaderOption::NewUuid => HeaderSource::Fixed(uuid(target.run.number()).into_bytes()),
            HeaderOption::Column(column) => {
                // A header is spelt as a key of that column is.
                HeaderSource::Column(Key::text(column.clone()).open(&target.shape, None)?)
            }
        };
        Ok((name.value.clone(), source))
    };
    kafka.headers.0.iter().map(header).collect()
}

/// A UUID of version 4 with these bits, where it leaves them open.
fn uuid(key: u128) -> String {
    let version = (key & !(0xf << 76)) | (4 << 76);
    let bits = (version & !(0b11 << 62)) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn the_uuid_of_a_run_is_of_version_4() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
