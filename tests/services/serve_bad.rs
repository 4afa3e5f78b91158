//! Messages that are no rows, and rows that the table does not take: the others arrive, and each of
//! these is in the dead letters with its reason and the place where it stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rowgen::client::kafka::{Admin, Connection};
use serde_json::json;

use crate::service::{Ground, Service};

const PARTITIONS: i32 = 20;
const MESSAGES: usize = 20_000;

/// One transaction has so many; its end takes an offset of each partition that it is in.
const TRANSACTION: usize = 2_500;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Good,
    /// Null wherever a field may be.
    Nulls,
    /// Only its status.
    NoStatus,
    /// The last byte is missing.
    Cut,
    /// A type that the union has not.
    Union,
    /// A text of less than no bytes.
    Negative,
    /// More than a datum.
    Longer,
    /// No bytes at all, which is not the same as no value.
    Empty,
    Tombstone,
    /// Longer than the column.
    LongStatus,
    /// Texts with the byte 0, which the database does not take.
    NulStatus,
    NulResponse,
}

/// What is the matter with message `number`: one in a hundred is corrupt.
fn kind(number: usize) -> Kind {
    use Kind::{Cut, Empty, Longer, Negative, Union};
    match number % 100 {
        7 => [Cut, Union, Negative, Longer, Empty][number / 100 % 5],
        11 => Kind::Nulls,
        12 => Kind::NoStatus,
        _ => match number {
            5_013 | 5_014 | 15_999 => Kind::LongStatus,
            60 | 9_050 => Kind::NulStatus,
            9_051 => Kind::NulResponse,
            3_000 | 3_020 | 19_999 => Kind::Tombstone,
            _ => Kind::Good,
        },
    }
}

/// What the reason says, and whether the database gives it; nothing of those that arrive.
fn reason(kind: Kind) -> Option<(&'static str, bool)> {
    match kind {
        Kind::Good | Kind::Nulls | Kind::NoStatus => None,
        Kind::Cut => Some(("bad varint", false)),
        Kind::Empty => Some(("expected an Avro datum, found nothing", false)),
        Kind::Union => Some(("`response` has branch 2, and there are 2", false)),
        Kind::Negative => Some(("offset overflow", false)),
        Kind::Longer => Some(("something stands behind the Avro datum", false)),
        Kind::Tombstone => Some(("it has no value", false)),
        Kind::LongStatus => Some(("value too long for type character varying(255)", true)),
        Kind::NulStatus | Kind::NulResponse => {
            Some(("invalid byte sequence for encoding \"UTF8\": 0x00", true))
        }
    }
}

/// A whole number as Avro writes it.
fn long(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// A text or a null, `["string", "null"]`.
fn text(to: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => {
            long(to, 0);
            long(to, text.len() as i64);
            to.extend_from_slice(text.as_bytes());
        }
        None => long(to, 1),
    }
}

/// The first type of a union, and a number.
fn pair(to: &mut Vec<u8>, number: i64) {
    long(to, 0);
    long(to, number);
}

/// Message `number` as a bare datum, made without the program that is tested.
fn message(number: usize, kind: Kind) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let too_long = "x".repeat(256);
    let status = match kind {
        Kind::Nulls | Kind::NoStatus => None,
        Kind::LongStatus => Some(too_long.as_str()),
        Kind::NulStatus => Some("A\0B"),
        _ => Some("COMPLETED"),
    };
    let response = match kind {
        Kind::Nulls => None,
        Kind::NulResponse => Some("\0"),
        _ => Some("Tüb\u{1f600}"),
    };
    long(&mut bytes, 1_767_225_600_000 + number as i64);
    match kind {
        Kind::Union => long(&mut bytes, 2),
        Kind::Negative => pair(&mut bytes, -7),
        _ => text(&mut bytes, response),
    }
    text(&mut bytes, status);
    for id in [number, 2, 3, 4] {
        match kind {
            Kind::Nulls => long(&mut bytes, 1),
            _ => pair(&mut bytes, id as i64),
        }
    }
    match kind {
        Kind::Tombstone => return None,
        Kind::Empty => bytes.clear(),
        Kind::Cut => bytes.truncate(bytes.len() - 1),
        Kind::Longer => bytes.push(0),
        _ => {}
    }
    Some(bytes)
}

/// Where each message stands, as the broker says.
type Places = Arc<Mutex<BTreeMap<usize, (i32, i64)>>>;

struct Delivered(Places);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let message = result.as_ref().unwrap();
        let place = (message.partition(), message.offset());
        self.0.lock().unwrap().insert(*number, place);
    }
}

/// Sends all messages in transactions, and before each one that is given up: offsets have gaps.
fn produce(ground: &Ground) -> BTreeMap<usize, (i32, i64)> {
    let connection = Connection {
        brokers: ground.brokers.clone(),
        ..Connection::default()
    };
    let admin = Admin::new(&connection).unwrap();
    admin.create(&ground.topic, PARTITIONS, 1, &[]).unwrap();
    let (places, patience) = (Places::default(), Duration::from_secs(30));
    let producer: BaseProducer<Delivered> = ClientConfig::new()
        .set("bootstrap.servers", &ground.brokers)
        .set("transactional.id", &ground.topic)
        .create_with_context(Delivered(places.clone()))
        .unwrap();
    producer.init_transactions(patience).unwrap();
    let send = |number: usize, value: Option<Vec<u8>>| {
        let mut record: BaseRecord<'_, str, [u8], Box<usize>> =
            BaseRecord::with_opaque_to(&ground.topic, Box::new(number))
                .partition(number as i32 % PARTITIONS)
                .key("worker");
        record.payload = value.as_deref();
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    };
    for first in (0..MESSAGES).step_by(TRANSACTION) {
        producer.begin_transaction().unwrap();
        (first..first + 30).for_each(|number| send(number, Some(vec![0xff])));
        producer.flush(patience).unwrap();
        producer.abort_transaction(patience).unwrap();
        producer.begin_transaction().unwrap();
        (first..first + TRANSACTION).for_each(|number| send(number, message(number, kind(number))));
        producer.commit_transaction(patience).unwrap();
    }
    std::mem::take(&mut places.lock().unwrap())
}

#[test]
fn what_is_bad_is_kept_with_its_place_and_the_rest_arrives() {
    let ground = Ground::new();
    let places = produce(&ground);
    assert_eq!(places.len(), MESSAGES);
    let service = ground.serve(&[], &[]);
    let bad: Vec<usize> = (0..MESSAGES)
        .filter(|number| reason(kind(*number)).is_some())
        .collect();
    let good = MESSAGES - bad.len();
    service.until("the good ones arrive", |service| {
        service.ground.rows() == good as u64
    });
    service.until("the bad ones are kept", |service| {
        service.ground.letters().len() >= bad.len()
    });
    letters(&ground, &bad, &places);
    values(&ground);
    counters(&service, &bad);
    // Nothing of it is wrong with the service.
    assert_eq!(service.get("/health").status, 200);
    assert_eq!(service.end(), Some(143));
    let again = ground.serve(&[], &[]);
    again.until("it is well", |service| service.get("/health").status == 200);
    assert_eq!(
        (ground.letters().len(), ground.rows()),
        (bad.len(), good as u64)
    );
}

/// Each bad message is there once, where the broker has it.
fn letters(ground: &Ground, bad: &[usize], places: &BTreeMap<usize, (i32, i64)>) {
    let mut found: BTreeMap<(i64, i64), String> = BTreeMap::new();
    for letter in ground.letters() {
        assert_eq!(letter["topic"], ground.topic.as_str(), "{letter}");
        let place = (
            letter["partition"].as_i64().unwrap(),
            letter["offset"].as_i64().unwrap(),
        );
        let before = found.insert(place, letter["reason"].as_str().unwrap().to_string());
        assert_eq!(before, None, "{letter}");
    }
    for number in bad {
        let (partition, offset) = places[number];
        let told = found.remove(&(i64::from(partition), offset));
        let (expected, _) = reason(kind(*number)).unwrap();
        let told =
            told.unwrap_or_else(|| panic!("message {number}, {:?}, is not kept", kind(*number)));
        assert!(told.contains(expected), "{:?}: {told}", kind(*number));
    }
    assert!(found.is_empty(), "{found:?}");
}

/// What arrived is what was sent.
fn values(ground: &Ground) {
    let count = |condition: &str| {
        let query = format!("SELECT count(*) FROM processed_seed_status WHERE {condition}");
        ground.sql(&query).parse::<usize>().unwrap()
    };
    let of = |wanted: Kind| {
        (0..MESSAGES)
            .filter(|number| kind(*number) == wanted)
            .count()
    };
    let nothing = "response_message IS NULL AND seed_id IS NULL AND sub_scenario_id IS NULL AND scenario_id IS NULL AND script_id IS NULL";
    assert_eq!(
        count(&format!("status = 'UNKNOWN' AND {nothing}")),
        of(Kind::Nulls)
    );
    let number = "seed_id = extract(epoch FROM event_timestamp) * 1000 - 1767225600000";
    let whole = format!(
        "response_message = 'Tüb\u{1f600}' AND {number} AND (sub_scenario_id, scenario_id, script_id) = (2, 3, 4)"
    );
    assert_eq!(
        count(&format!("status = 'UNKNOWN' AND {whole}")),
        of(Kind::NoStatus)
    );
    assert_eq!(
        count(&format!("status = 'COMPLETED' AND {whole}")),
        of(Kind::Good)
    );
    let distinct = ground.sql("SELECT count(DISTINCT event_timestamp) FROM processed_seed_status");
    assert_eq!(distinct, ground.rows().to_string());
}

fn counters(service: &Service, bad: &[usize]) {
    let refused = bad
        .iter()
        .filter(|number| reason(kind(**number)).unwrap().1)
        .count();
    let unread = bad.len() - refused;
    // A row is seen before it is counted.
    service.until("the counters follow", |service| {
        let tracked = service.get("/tracking-status").json();
        tracked["failed_records"] == bad.len()
            && tracked["processed_records"] == MESSAGES - bad.len()
    });
    for (name, count) in [
        ("kafka_messages_consumed_total", MESSAGES),
        ("kafka_consumer_errors_total", unread),
        ("database_records_written_total", MESSAGES - bad.len()),
        ("database_write_errors_total", refused),
    ] {
        assert_eq!(service.metric(name), count as f64, "{name}");
    }
    let run = &service.get("/status").json()["pipelines"][0]["run"];
    assert_eq!(run["sources"][0]["rejected"], json!(unread));
    assert_eq!(run["sinks"][0]["rejected"], json!(refused));
}
