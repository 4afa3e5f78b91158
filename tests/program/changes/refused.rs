//! Loads that cannot be: each mistake with its place, its reason and what helps.

use super::super::support::Folder;
use super::{CUSTOMERS, ORDERS, pipeline};

/// What `check` says of a load whose changes are these.
fn refused(customers: &str, orders: &str, changes: &str) -> String {
    let sinks = "\n  - discard: { tables: all }\n";
    let folder = Folder::new();
    folder.write("a.csv", "a\n1\n");
    folder.refuse(&pipeline(customers, orders, changes, sinks))
}

fn mix(orders: &str) -> String {
    format!("  count: 100\n  mix:\n    customers: {{ insert: 20 }}\n    orders: {{ {orders} }}\n")
}

#[test]
fn what_no_load_can_be_is_refused_at_its_place() {
    let both = "mix: { customers: { insert: 1 }, orders: { insert: 1 } }";
    let cases = [
        "  mix: {}\n".to_string(),
        mix("insert: 0"),
        mix("insert: 4, delete: 4"),
        mix("delete: 4"),
        mix("update: { weight: 4, set: status }"),
        mix("insert: 1, update: { weight: 4, set: order_id }"),
        mix("insert: 1, update: { weight: 4, set: stauts }"),
        mix("insert: 1, update: { weight: 4, set: [status, status] }"),
        mix("insert: 1, update: { weight: 4, set: [] }"),
        mix("insert: 1, update: { weight: 4, set: customer }"),
        mix("insert: 1, update: { weight: 4, set: status, target: { distribution: normal } }"),
        mix("insert: 9_999_991"),
        format!("  rate: 0/s\n  {both}\n"),
        "  mix: { customers: { insert: 1 }, order: { insert: 1 } }\n".to_string(),
        "  mix: { orders: { insert: 1 } }\n".to_string(),
        "  mix: { customers: { insert: 1 } }\n".to_string(),
    ];
    let said = cases.map(|changes| refused(CUSTOMERS, ORDERS, &changes));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_no_table_can_be_is_refused_at_its_place() {
    let both = "  count: 100\n  mix: { customers: { insert: 20, update: { weight: 5, set: [email] } }, orders: { insert: 30 } }\n";
    let many = "  count: 10G\n  mix: { customers: { insert: 1 }, orders: { insert: 1 } }\n";
    let endless = "  mix: { customers: { insert: 1 }, orders: { insert: 1 } }\n";
    let customers = |column: &str| format!("{CUSTOMERS}      {column}\n");
    let orders = |column: &str| format!("{ORDERS}      {column}\n");
    let key = "{ ref: customers.id";
    let cases = [
        (customers(""), orders(""), many),
        (customers(""), orders(""), endless),
        (customers("change: sequence"), orders(""), both),
        (customers("a: sequence\n    rows: 10"), orders(""), both),
        (
            customers("a: sequence\n    from: { csv: { path: a.csv } }"),
            orders(""),
            both,
        ),
        (
            CUSTOMERS.replace("sequence: { start: 1 }", "uniform: { min: 1, max: 9 }"),
            orders(""),
            both,
        ),
        (
            customers("host: { expr: \"split_part(email, '@', 2)\" }"),
            orders(""),
            both,
        ),
        (CUSTOMERS.replace("{number}", "{id}"), orders(""), both),
        (
            CUSTOMERS.replace(
                "{ template: '{first_name}+{number}@example.com' }",
                "{ event_time: { start: 2026-01-01, rate: 1/s } }",
            ),
            orders(""),
            both,
        ),
        (
            CUSTOMERS.replace(
                "{ template: '{first_name}+{number}@example.com' }",
                "{ pattern: '[a-z]{9}', unique: true }",
            ),
            orders(""),
            both,
        ),
        (
            customers(""),
            ORDERS.replace(
                key,
                "{ ref: customers.id, distribution: { zipf: { exponent: 1.1 } }",
            ),
            both,
        ),
        (
            customers(""),
            ORDERS.replace(key, "{ ref: customers.id, per_parent: 2"),
            both,
        ),
        (
            customers(""),
            orders("others: { list: { length: 2, of: { foreign_key: { ref: customers.id } } } }"),
            both,
        ),
        (
            customers(""),
            orders("before: { foreign_key: { ref: orders.order_id } }"),
            both,
        ),
        (
            customers("last: { foreign_key: { ref: orders.order_id } }"),
            orders(""),
            both,
        ),
    ];
    let said = cases.map(|(customers, orders, changes)| refused(&customers, &orders, changes));
    insta::assert_snapshot!(said.join("\n"));
}

#[cfg(feature = "postgres")]
#[test]
fn a_sink_that_takes_no_changes_says_so() {
    let folder = Folder::new();
    let changes = format!("  count: 3_000\n  mix:{}", super::MIX);
    let sinks = "\n  - mongodb: { name: db, url: 'mongodb://localhost/b', table: orders }\n";
    let said = folder.refuse(&pipeline(CUSTOMERS, ORDERS, &changes, sinks));
    assert!(
        said.contains("sink `db` takes no changes, and the rows of `orders` are changes"),
        "{said}"
    );
    assert!(
        said.contains(
            "apply them to `mysql` or `postgres`, or write them to a file or to Kafka, as rows"
        ),
        "{said}"
    );
}
