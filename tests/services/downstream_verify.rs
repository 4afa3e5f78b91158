//! A load of changes through MariaDB, Debezium and RabbitMQ into MongoDB, compared with what it must have
//! come to: documents and current state, and what is done to them found by key and number of change.

use std::process::Command;

use mongodb::bson::{Document, doc};
use rowgen::client::runtime::block_on;

use crate::downstream::store_changes;
use crate::servers::Servers;
use crate::store::Store;
use crate::until;

const CHANGES: u64 = 20_000;

fn load(url: &str) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  customers:
    columns:
      id: {{ type: int32, sequence: {{ start: 1 }}, nullable: false }}
      number: {{ uniform: {{ min: 1, max: 1_000_000 }}, hidden: true }}
      email: {{ template: "user.{{id}}+{{number}}@example.com", nullable: false }}
  orders:
    columns:
      order_id: {{ type: int32, sequence: {{ start: 1 }}, nullable: false }}
      customer_id: {{ foreign_key: {{ ref: customers.id }} }}
      order_date: {{ type: date, uniform: {{ min: 2026-01-01, max: 2026-12-31 }} }}
      total: {{ type: "decimal(10,2)", uniform: {{ min: 10, max: 1000 }} }}
      status: {{ choice: [PENDING, SHIPPED, CANCELLED], nulls: 0.1 }}
changes:
  count: {CHANGES}
  mix:
    customers: {{ insert: 20, update: {{ weight: 20, set: [email] }} }}
    orders: {{ insert: 40, update: {{ weight: 18, set: [status], target: {{ distribution: latest }} }}, delete: 2 }}
sinks:
  - mysql: {{ name: c, table: customers, url: "{url}" }}
  - mysql: {{ name: o, table: orders, url: "{url}" }}
"#
    )
}

/// The exit code and the words of `verify` of one sink against a collection.
fn verify(folder: &std::path::Path, sink: &str, against: &str) -> (Option<i32>, String) {
    verify_at(folder, sink, against, &[])
}

fn verify_at(
    folder: &std::path::Path,
    sink: &str,
    against: &str,
    at: &[&str],
) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    command.current_dir(folder);
    command.args(["verify", "load.yaml", "--sinks", sink, "--against", against]);
    command.args(at);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code(),
        words + &String::from_utf8_lossy(&output.stderr),
    )
}

/// Two documents of one order in each other's place: what they tell, not where they stand.
fn swap(store: &Store, one: &Document, other: &Document) {
    for (to, from) in [(one, other), (other, one)] {
        let id = doc! { "_id": to.get_str("_id").unwrap() };
        let told = doc! { "$set": {
            "beforedata": from.get("beforedata").unwrap(),
            "afterdata": from.get("afterdata").unwrap(),
        } };
        let updated = async {
            store
                .collection("inventory_orders")
                .update_one(id, told)
                .await
        };
        block_on(updated).unwrap().unwrap();
    }
}

fn remove(store: &Store, document: &Document) {
    let id = doc! { "_id": document.get_str("_id").unwrap() };
    let removed = async { store.collection("inventory_orders").delete_one(id).await };
    block_on(removed).unwrap().unwrap();
}

fn is(document: &Document, operation: &str) -> bool {
    document
        .get_str("operation")
        .is_ok_and(|found| found == operation)
}

fn order(document: &Document) -> f64 {
    let row = document
        .get_document("afterdata")
        .or(document.get_document("beforedata"));
    row.unwrap().get_f64("order_id").unwrap()
}

#[test]
fn a_load_arrives_whole_and_what_is_done_to_it_is_named() {
    let servers = Servers::start(&["mariadb", "rabbitmq", "debezium", "mongodb"], &[]);
    servers.tool("mariadb", &["-e", "CREATE DATABASE inventory"]);
    let url = servers.variable("MYSQL_URL");
    let url = format!("{}inventory", url.strip_suffix("rowgen").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store_url = servers.variable("MONGODB_URL");
    let (mut consumer, store) = store_changes(&servers, folder.path());
    std::fs::write(folder.path().join("load.yaml"), load(&url)).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path())
        .args(["run", "load.yaml", "--quiet"])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let against = |collection: &str, how: &str| {
        format!(
            "mongodb: {{ url: \"{store_url}\", database: cdc_data, collection: {collection}, {how}: true }}"
        )
    };
    let mut last = String::new();
    let patience = std::time::Duration::from_secs(180);
    until(
        || "all changes arrive".into(),
        patience,
        || {
            std::thread::sleep(std::time::Duration::from_secs(2));
            let (code, words) = verify(folder.path(), "o", &against("inventory_orders", "changes"));
            last = words;
            code == Some(0)
                && verify(
                    folder.path(),
                    "c",
                    &against("inventory_customers", "changes"),
                )
                .0 == Some(0)
        },
    );
    consumer.terminate();
    for (sink, table) in [
        ("c", "inventory_customers_current"),
        ("o", "inventory_orders_current"),
    ] {
        let (code, words) = verify(folder.path(), sink, &against(table, "current"));
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("all equal"), "{words}");
    }
    // The database says how far the load is, of which documents know nothing.
    for (collection, how) in [
        ("inventory_orders", "changes"),
        ("inventory_orders_current", "current"),
    ] {
        let against = against(collection, how);
        let (code, words) = verify_at(folder.path(), "o", &against, &["--at", "now"]);
        assert_eq!(code, Some(0), "{words}");
        assert!(
            words.contains(" of 20 000") && words.contains("all equal"),
            "{words}"
        );
    }
    // With the queues in the load's own file all of it is compared at once.
    let both = format!(
        "{}  - mongodb: {{ name: store, table: told, url: \"{store_url}\", database: cdc_data, envelopes: {{ state: {{ keys: {{ inventory.customers: id, inventory.orders: order_id, ecommerce.products: id }} }} }} }}\n",
        load(&url).replace(
            "changes:\n",
            "  told: { from: { rabbitmq: { url: \"amqp://localhost/%2f\", queues: q, format: debezium } } }\nchanges:\n"
        )
    );
    std::fs::write(folder.path().join("both.yaml"), both).unwrap();
    let all_of_it = |at: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command
            .current_dir(folder.path())
            .args(["verify", "both.yaml"])
            .args(at);
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let address = store_url.split('/').nth(2).unwrap();
        let lines = words.lines().filter(|line| !line.starts_with(' '));
        let sinks = lines.map(|line| {
            let (sink, counts) = line.rsplit_once("): ").unwrap();
            let equal = counts.ends_with("all equal");
            (sink.replace(address, "HERE"), equal)
        });
        let sinks: Vec<_> = sinks.collect();
        (
            output.status.code(),
            sinks.into_iter().skip(2).collect::<Vec<_>>(),
        )
    };
    let compared = |documents: bool| {
        let of = |table: &str, what: &str| format!("{table} in sink store (mongodb {what} at HERE");
        vec![
            (of("customers", "changes in inventory_customers"), true),
            (
                of("customers", "collection inventory_customers_current"),
                true,
            ),
            (of("orders", "changes in inventory_orders"), documents),
            (of("orders", "collection inventory_orders_current"), true),
        ]
    };
    for at in [&[][..], &["--at", "20000"]] {
        assert_eq!(all_of_it(at), (Some(0), compared(true)), "{at:?}");
    }
    let all = store.all("inventory_orders");
    // Ten that were dropped, and one that was deleted.
    let gone: Vec<&Document> = all
        .iter()
        .filter(|one| is(one, "update"))
        .step_by(50)
        .take(11)
        .collect();
    assert_eq!(gone.len(), 11);
    let mut touched: Vec<f64> = gone.iter().map(|one| order(one)).collect();
    gone.iter().for_each(|one| remove(&store, one));
    let fresh = |one: &&Document, touched: &[f64]| !touched.contains(&order(one));
    let altered = all
        .iter()
        .find(|one| is(one, "create") && fresh(one, &touched))
        .unwrap();
    touched.push(order(altered));
    let id = doc! { "_id": altered.get_str("_id").unwrap() };
    let change = doc! { "$set": { "afterdata.status": "LOST" } };
    let done = async {
        store
            .collection("inventory_orders")
            .update_one(id, change)
            .await
    };
    block_on(done).unwrap().unwrap();
    let updates = || {
        all.iter()
            .filter(|one| is(one, "update") && fresh(one, &touched))
    };
    let (one, other) = updates()
        .find_map(|one| {
            let status =
                |of: &Document| of.get_document("afterdata").unwrap().get("status").cloned();
            let mut later = updates().skip_while(|other| *other != one).skip(1);
            let other = later.find(|other| order(other) == order(one))?;
            (status(other) != status(one)).then_some((one, other))
        })
        .expect("an order that was updated twice");
    swap(&store, one, other);
    // Somebody emptied the table, and Debezium told of it.
    let emptied = doc! { "_id": "binlog.000999:4:0", "operation": "truncate" };
    let orders = store.collection("inventory_orders");
    block_on(async { orders.insert_one(emptied).await })
        .unwrap()
        .unwrap();
    let (code, words) = verify(folder.path(), "o", &against("inventory_orders", "changes"));
    assert_eq!(code, Some(3), "{words}");
    let lines = |what: &str| words.lines().filter(|line| line.contains(what)).count();
    assert_eq!(
        lines("extra: found as document binlog.000999:4:0, which says that the table was emptied"),
        1,
        "{words}"
    );
    assert_eq!(lines("is not told"), 11, "{words}");
    assert_eq!(lines("is told otherwise"), 1, "{words}");
    assert_eq!(lines("is told in another place than its own"), 1, "{words}");
    for document in gone.iter().copied().chain([altered, one]) {
        let key = format!("order_id {}", order(document));
        assert!(words.contains(&key), "{key}: {words}");
    }
    assert_eq!(all_of_it(&[]), (Some(3), compared(false)));
}
