//! Tables that are emptied: nothing of what they had comes back into their state, whatever the order in which
//! changes come, and however often.

use std::collections::BTreeMap;
use std::time::Duration;

use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::downstream::{
    CHANGES, consume, envelope, pipeline, shuffled, sql, store_changes, whole,
};
use crate::postgres::fresh;
use crate::servers::Servers;
use crate::store::Store;
use crate::{environment, until};

/// The table is emptied in the place of change `number`.
fn emptied(number: u64) -> Vec<u8> {
    let source = json!({ "db": "shop", "table": "orders", "file": "binlog.000009", "pos": 1000 + number, "row": 0 });
    let envelope = json!({ "before": Value::Null, "after": Value::Null, "source": source, "op": "t", "ts_ms": number });
    envelope.to_string().into_bytes()
}

/// When the table was emptied, as its state says it.
fn mark(position: &str) -> Document {
    doc! { "_id": { "_truncated": true }, "_deleted": true, "_position": position }
}

#[test]
fn what_a_table_had_before_it_was_emptied_never_comes_back() {
    let broker = Broker::shared();
    let url = environment("MONGODB_URL");
    let change = |number: u64| match number {
        // The first time is forgotten over the second.
        17 | 45 => emptied(number),
        number => envelope(number),
    };
    for seed in 1..9 {
        let (queue, database) = (fresh("queue"), fresh("emptied"));
        broker.declare(&queue);
        let once: Vec<u64> = (0..CHANGES).collect();
        let order = match seed {
            // All in order, all twice, then as they like.
            1 => once,
            2 => once.iter().chain(&once).copied().collect(),
            seed => shuffled(
                seed,
                once.iter().chain(&once).chain(&once).copied().collect(),
            ),
        };
        let messages: Vec<Vec<u8>> = order.iter().map(|number| change(*number)).collect();
        broker.publish(&queue, messages.iter().map(Vec::as_slice));
        let source = "until: empty, linger: 1ms, prefetch: 7";
        consume(&pipeline(&queue, source, &[(&url, &database)]));
        let store = Store::shared(&database);
        assert_eq!(store.count("shop_orders"), CHANGES);
        let state = store.all("shop_orders_current");
        let (rows, marks): (Vec<_>, Vec<_>) = state
            .into_iter()
            .partition(|document| !document.get_bool("_deleted").unwrap_or(false));
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.get("_id").and_then(whole),
                    row.get_str("status").unwrap(),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                (Some(6), "S4"),
                (Some(7), "S4"),
                (Some(8), "S4"),
                (Some(9), "S4")
            ],
            "{seed}"
        );
        let position = "0000000009:00000000000000001045:0000000000";
        assert_eq!(marks, [mark(position)], "{seed}");
        assert_eq!(broker.ready(&queue), 0);
    }
}

#[test]
fn a_table_that_a_database_empties_is_empty() {
    let servers = Servers::start(&["mariadb", "rabbitmq", "debezium", "mongodb"], &[]);
    sql(
        &servers,
        "CREATE DATABASE inventory; CREATE TABLE inventory.orders (order_id INT AUTO_INCREMENT PRIMARY KEY, status VARCHAR(20) NOT NULL); \
         CREATE TABLE inventory.customers (id INT PRIMARY KEY); INSERT INTO inventory.customers VALUES (1), (2); \
         INSERT INTO inventory.orders (status) SELECT 'OLD' FROM inventory.seq_1_to_300; \
         DELETE FROM inventory.orders WHERE order_id = 300; TRUNCATE TABLE inventory.orders; \
         INSERT INTO inventory.orders (status) VALUES ('NEW'), ('NEW'); UPDATE inventory.orders SET status = 'LAST' WHERE order_id = 2",
    );
    let folder = tempfile::tempdir().unwrap();
    let (mut run, store) = store_changes(&servers, folder.path());
    let documents = || store.count("inventory_orders");
    until(
        || format!("{} documents", documents()),
        Duration::from_secs(60),
        || documents() >= 305 && store.count("inventory_customers") >= 2,
    );
    run.terminate();
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for document in store.all("inventory_orders") {
        let operation = document.get_str("operation").unwrap();
        *told.entry(operation.to_string()).or_default() += 1;
    }
    let told: Vec<_> = told
        .iter()
        .map(|(told, count)| (told.as_str(), *count))
        .collect();
    assert_eq!(
        told,
        [
            ("create", 302),
            ("delete", 1),
            ("truncate", 1),
            ("update", 1)
        ]
    );
    let rows = store.all("inventory_orders_current").into_iter();
    let rows: Vec<_> = rows
        .filter(|row| !row.get_bool("_deleted").unwrap_or(false))
        .map(|row| {
            let status = row.get_str("status").unwrap().to_string();
            (row.get_i32("order_id").unwrap(), status)
        })
        .collect();
    assert_eq!(rows, [(1, "NEW".to_string()), (2, "LAST".to_string())]);
    assert_eq!(
        store.count("inventory_customers_current"),
        2,
        "another table"
    );
}
