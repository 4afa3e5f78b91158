//! Changes of a database on their way through RabbitMQ into MongoDB: nothing is lost, nothing is doubled, and
//! neither a redelivery nor disorder brings back what was.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::postgres::{fresh, rowgen};
use crate::servers::Servers;
use crate::store::Store;
use crate::{environment, until};

/// Into one database of each server: documents and state of `shop.orders`.
pub fn pipeline(queue: &str, source: &str, stores: &[(&str, &str)]) -> String {
    let sink = |(url, database): &(&str, &str)| {
        format!(
            "  - mongodb: {{ url: \"{url}\", database: {database}, envelopes: {{ into: \"{{database}}_{{table}}\", state: {{ into: \"{{database}}_{{table}}_current\", keys: {{ shop.orders: id }} }} }} }}\n"
        )
    };
    let sinks: String = stores.iter().map(sink).collect();
    format!(
        "version: 1\nname: p\ntables:\n  changes: {{ from: {{ rabbitmq: {{ url: \"${{env:RABBITMQ_URL}}\", queues: {queue}, format: debezium, {source} }} }} }}\nsinks:\n{sinks}"
    )
}

/// Change `number` of `shop.orders`: each of 10 rows comes, is changed, and some go.
pub fn envelope(number: u64) -> Vec<u8> {
    let (id, step) = (number % 10, number / 10);
    let row = |step: u64| json!({ "id": id, "status": format!("S{step}") });
    let gone = id < 3 && step == 4;
    let (op, before, after) = match step {
        0 => ("c", Value::Null, row(0)),
        _ if gone => ("d", row(step - 1), Value::Null),
        _ => ("u", row(step - 1), row(step)),
    };
    let source = json!({ "db": "shop", "table": "orders", "file": "binlog.000009", "pos": 1000 + number, "row": 0 });
    let envelope =
        json!({ "before": before, "after": after, "source": source, "op": op, "ts_ms": number });
    envelope.to_string().into_bytes()
}

/// Five changes of each row.
pub const CHANGES: u64 = 50;

/// What has come of them.
#[track_caller]
fn holds_all(store: &Store) {
    assert_eq!(store.count("shop_orders"), CHANGES);
    let current = store.all("shop_orders_current");
    let status = |document: &Document| {
        let deleted = document.get_bool("_deleted").unwrap_or(false);
        (
            document.get("_id").and_then(whole),
            deleted,
            document.get_str("status").ok().map(String::from),
        )
    };
    let expected: Vec<_> = (0..10)
        .map(|id| match id < 3 {
            true => (Some(id), true, None),
            false => (Some(id), false, Some("S4".to_string())),
        })
        .collect();
    assert_eq!(current.iter().map(status).collect::<Vec<_>>(), expected);
}

pub fn whole(value: &Bson) -> Option<i64> {
    value.as_i64().or(value.as_i32().map(i64::from))
}

#[track_caller]
pub fn consume(yaml: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = rowgen(folder.path(), yaml, &[]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A permutation, by a simple generator.
pub fn shuffled(seed: u64, mut all: Vec<u64>) -> Vec<u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for last in (1..all.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.swap(last, (state % (last as u64 + 1)) as usize);
    }
    all
}

#[test]
fn redelivery_and_disorder_change_nothing() {
    let broker = Broker::shared();
    let url = environment("MONGODB_URL");
    for seed in 1..6 {
        let (queue, database) = (fresh("queue"), fresh("disorder"));
        broker.declare(&queue);
        let once: Vec<u64> = (0..CHANGES).collect();
        // Some three times, in any order, in batches of a few.
        let order = shuffled(
            seed,
            once.iter().chain(&once).chain(&once).copied().collect(),
        );
        let messages: Vec<Vec<u8>> = order.iter().map(|number| envelope(*number)).collect();
        broker.publish(&queue, messages.iter().map(Vec::as_slice));
        broker.publish(&queue, [&b"default"[..], b""]);
        let yaml = pipeline(
            &queue,
            "until: empty, linger: 1ms, prefetch: 7",
            &[(&url, &database)],
        );
        consume(&yaml);
        holds_all(&Store::shared(&database));
        assert_eq!(broker.ready(&queue), 0);
    }
}

#[test]
fn each_of_several_stores_has_every_document() {
    let broker = Broker::shared();
    let url = environment("MONGODB_URL");
    let (queue, one, other) = (fresh("queue"), fresh("one"), fresh("other"));
    broker.declare(&queue);
    let messages: Vec<Vec<u8>> = (0..CHANGES).map(envelope).collect();
    broker.publish(&queue, messages.iter().map(Vec::as_slice));
    consume(&pipeline(
        &queue,
        "until: empty",
        &[(&url, &one), (&url, &other)],
    ));
    for database in [&one, &other] {
        holds_all(&Store::shared(database));
    }
    let found = Store::shared(&one).all("shop_orders");
    let first = found.iter().find(|found| {
        found
            .get_str("_id")
            .is_ok_and(|id| id == "binlog.000009:1010:0")
    });
    let expected = doc! {
        "_id": "binlog.000009:1010:0",
        "databasename": "shop",
        "tablename": "orders",
        "operation": "update",
        "beforedata": { "id": 0.0, "status": "S0" },
        "afterdata": { "id": 0.0, "status": "S1" },
        "timestamp": mongodb::bson::DateTime::from_millis(10),
        "transactionid": null,
        "binlogposition": { "file": "binlog.000009", "pos": 1010_i64 },
    };
    assert_eq!(first, Some(&expected));
}

/// A run that ends with its test.
pub struct Running(pub Child);

impl Running {
    pub fn terminate(&mut self) {
        let pid = self.0.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.0.wait().unwrap();
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn while_a_store_is_down_nothing_is_acknowledged_and_nothing_is_lost() {
    let servers = Servers::start(&["mongodb"], &[]);
    let (away, there) = (servers.variable("MONGODB_URL"), environment("MONGODB_URL"));
    let broker = Broker::shared();
    let (queue, database) = (fresh("queue"), fresh("down"));
    broker.declare(&queue);
    let yaml = pipeline(
        &queue,
        "until: forever",
        &[(&there, &database), (&away, &database)],
    );
    let folder = tempfile::tempdir().unwrap();
    let mut run = Running(rowgen(folder.path(), &yaml, &[]).spawn().unwrap());
    let messages: Vec<Vec<u8>> = (0..CHANGES).map(envelope).collect();
    let both = [Store::shared(&database), Store::at(&away, &database)];
    broker.publish(&queue, messages[..10].iter().map(Vec::as_slice));
    let have = |count| both.iter().all(|store| store.count("shop_orders") == count);
    until(
        || "both have the first".into(),
        Duration::from_secs(30),
        || have(10),
    );
    servers.act("kill", "mongodb");
    broker.publish(&queue, messages[10..].iter().map(Vec::as_slice));
    until(
        || "the one that is there has all".into(),
        Duration::from_secs(30),
        || both[0].count("shop_orders") == CHANGES,
    );
    // Killed with the store down: all that only one store has comes again.
    run.kill();
    let waiting = || broker.ready(&queue);
    until(
        || format!("{} come again", waiting()),
        Duration::from_secs(30),
        || waiting() >= 40,
    );
    servers.act("restart", "mongodb");
    let mut run = Running(rowgen(folder.path(), &yaml, &[]).spawn().unwrap());
    until(
        || "both have all".into(),
        Duration::from_secs(60),
        || broker.ready(&queue) == 0 && Store::at(&away, &database).count("shop_orders") == CHANGES,
    );
    run.terminate();
    for url in [&there, &away] {
        holds_all(&Store::at(url, &database));
    }
    assert_eq!(broker.ready(&queue), 0);
}

#[test]
fn a_store_that_is_away_when_a_service_begins_is_waited_for() {
    let servers = Servers::start(&["mongodb"], &[]);
    let (away, there) = (servers.variable("MONGODB_URL"), environment("MONGODB_URL"));
    servers.act("kill", "mongodb");
    let broker = Broker::shared();
    let (queue, database) = (fresh("queue"), fresh("late"));
    broker.declare(&queue);
    let messages: Vec<Vec<u8>> = (0..CHANGES).map(envelope).collect();
    broker.publish(&queue, messages.iter().map(Vec::as_slice));
    let stores = [(&*there, &*database), (&*away, &*database)];
    let folder = tempfile::tempdir().unwrap();
    let yaml = pipeline(&queue, "until: forever", &stores) + "serve: { listen: \"127.0.0.1:0\" }\n";
    std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    let mut service = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    service.current_dir(folder.path()).args(["serve", "p.yaml"]);
    let mut service = Running(service.spawn().unwrap());
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(Store::shared(&database).count("shop_orders"), 0);
    servers.act("restart", "mongodb");
    until(
        || "both have all".into(),
        Duration::from_secs(60),
        || broker.ready(&queue) == 0 && Store::at(&away, &database).count("shop_orders") == CHANGES,
    );
    service.terminate();
    for url in [&there, &away] {
        holds_all(&Store::at(url, &database));
    }
}

#[test]
fn a_consumer_that_is_killed_at_any_moment_and_begun_again_loses_nothing() {
    let broker = Broker::shared();
    let url = environment("MONGODB_URL");
    let (queue, database) = (fresh("queue"), fresh("killed"));
    broker.declare(&queue);
    let yaml = pipeline(
        &queue,
        "until: forever, linger: 1ms, prefetch: 5",
        &[(&url, &database)],
    );
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let mut command = rowgen(folder.path(), &yaml, &["--batch-rows", "2"]);
        let mut run = Running(command.spawn().unwrap());
        let from = round * 10;
        let messages: Vec<Vec<u8>> = (from..from + 10).map(envelope).collect();
        for message in &messages {
            broker.publish(&queue, [message.as_slice()]);
        }
        std::thread::sleep(Duration::from_millis(300 + round * 37));
        run.kill();
    }
    consume(&yaml.replace("until: forever", "until: empty"));
    holds_all(&Store::shared(&database));
    assert_eq!(broker.ready(&queue), 0);
}

/// By SQL, at MariaDB.
pub fn sql(servers: &Servers, statements: &str) {
    servers.tool("mariadb", &["-e", statements]);
}

/// The shipped pipeline that stores the changes of these servers, at work, and its store.
pub fn store_changes(servers: &Servers, folder: &Path) -> (Running, Store) {
    let yaml = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/cdc_store.yaml");
    let yaml = std::fs::read_to_string(yaml).unwrap();
    let mut command = rowgen(folder, &yaml, &["--set", "second=false"]);
    let url = servers.variable("MONGODB_URL");
    command
        .env("RABBITMQ_URL", servers.variable("RABBITMQ_URL"))
        .env("MONGODB_URI_1", &url);
    (
        Running(command.spawn().unwrap()),
        Store::at(&url, "cdc_data"),
    )
}

#[test]
fn changes_of_a_database_arrive_by_debezium() {
    let servers = Servers::start(&["mariadb", "rabbitmq", "debezium", "mongodb"], &[]);
    sql(
        &servers,
        "CREATE DATABASE inventory; CREATE TABLE inventory.orders (order_id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, order_date DATE NOT NULL, total DECIMAL(10,2) NOT NULL, status VARCHAR(20) NOT NULL); \
         INSERT INTO inventory.orders (customer_id, order_date, total, status) SELECT seq, '2026-01-15', seq / 8, 'PENDING' FROM inventory.seq_1_to_500; \
         UPDATE inventory.orders SET status = 'SHIPPED' WHERE order_id <= 100; \
         DELETE FROM inventory.orders WHERE order_id > 490",
    );
    let folder = tempfile::tempdir().unwrap();
    let (mut run, store) = store_changes(&servers, folder.path());
    let documents = || store.count("inventory_orders");
    until(
        || format!("{} documents", documents()),
        Duration::from_secs(60),
        || documents() >= 610,
    );
    // RabbitMQ ends and comes back; the consumer finds it again, and Debezium is begun again.
    servers.act("kill", "rabbitmq");
    sql(
        &servers,
        "UPDATE inventory.orders SET status = 'DELIVERED' WHERE order_id > 400",
    );
    servers.act("restart", "rabbitmq");
    servers.act("restart", "debezium");
    until(
        || format!("{} documents", documents()),
        Duration::from_secs(90),
        || documents() >= 700,
    );
    run.terminate();
    assert_eq!(documents(), 700);
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for row in store.all("inventory_orders_current") {
        let status = row.get_str("status").unwrap_or("gone").to_string();
        *statuses.entry(status).or_default() += 1;
        if row.get("_id") == Some(&Bson::Int32(4)) {
            assert_eq!(
                row.get("total"),
                Some(&Bson::Decimal128("0.50".parse().unwrap()))
            );
            let day = mongodb::bson::DateTime::parse_rfc3339_str("2026-01-15T00:00:00Z").unwrap();
            assert_eq!(row.get("order_date"), Some(&Bson::DateTime(day)));
        }
    }
    let counts: Vec<_> = statuses
        .iter()
        .map(|(status, count)| (status.as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [
            ("DELIVERED", 90),
            ("PENDING", 300),
            ("SHIPPED", 100),
            ("gone", 10)
        ]
    );
}
