//! Tables whose rows are changes: what a log of them holds, and what is refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::support::Folder;

const CUSTOMERS: &str = "
      id: { type: int32, sequence: { start: 1 }, nullable: false }
      first_name: person
      number: { uniform: { min: 1, max: 1M }, hidden: true }
      email: { template: '{first_name}+{number}@example.com' }
";

const ORDERS: &str = "
      order_id: sequence
      customer_id: { foreign_key: { ref: customers.id } }
      customer: { copy: customer_id.first_name }
      status: { choice: [PENDING, SHIPPED, DELIVERED, CANCELLED] }
      seen: { expr: change }
";

const MIX: &str = "
    customers: { insert: 20, update: { weight: 20, set: [email] } }
    orders: { insert: 40, update: { weight: 18, set: [status, seen], target: { distribution: hotspot } }, delete: 10 }
";

const FILES: &str = "
  - file: { name: json, tables: all, path: '{table}.jsonl', if_exists: replace }
  - file: { name: parquet, tables: all, path: '{table}.parquet', if_exists: replace }
  - file: { name: csv, tables: all, path: '{table}.csv', if_exists: replace }
  - file: { name: avro, tables: all, path: '{table}.avro', if_exists: replace }
  - file: { name: parts, tables: all, path: 'parts/{table}', format: jsonl, partition_by: operation, if_exists: replace }
";

fn pipeline(customers: &str, orders: &str, changes: &str, sinks: &str) -> String {
    let sinks = sinks.replace("format: jsonl", "format: json");
    format!(
        "version: 1\nname: load\ntables:\n  customers:\n    columns:{customers}  orders:\n    columns:{orders}changes:\n  block: 1_000\n{changes}sinks:{sinks}"
    )
}

fn load(count: u64) -> String {
    let changes = format!("  count: {count}\n  mix:{MIX}");
    pipeline(CUSTOMERS, ORDERS, &changes, FILES)
}

fn lines(folder: &Folder, name: &str) -> Vec<Value> {
    let text = folder.read(name);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every change of both tables by its number.
fn by_number(folder: &Folder, from: &str) -> BTreeMap<u64, (&'static str, Value)> {
    let mut all = BTreeMap::new();
    for table in ["customers", "orders"] {
        let mut last = None;
        for change in lines(folder, &format!("{from}{table}.jsonl")) {
            let number = change["change"].as_u64().unwrap();
            assert!(last < Some(number), "{change}");
            last = Some(number);
            assert!(all.insert(number, (table, change)).is_none());
        }
    }
    all
}

const TABLES: [(&str, &str, &[&str]); 2] = [
    ("customers", "id", &["email"]),
    ("orders", "order_id", &["status", "seen"]),
];

/// Applies every change to what is there, as a database would.
fn replay(changes: &BTreeMap<u64, (&'static str, Value)>) -> HashMap<(&'static str, u64), Value> {
    let mut there: HashMap<(&'static str, u64), Value> = HashMap::new();
    let mut made = HashMap::from([("customers", 0), ("orders", 0)]);
    let mut parents = HashSet::new();
    for (number, (table, change)) in changes {
        let (_, key, set) = TABLES.iter().find(|(name, ..)| name == table).unwrap();
        let id = change[*key].as_u64().unwrap();
        let at = (*table, id);
        match change["operation"].as_str().unwrap() {
            "insert" => {
                *made.get_mut(table).unwrap() += 1;
                assert_eq!(id, made[table], "keys have no gaps");
                assert!(
                    change
                        .as_object()
                        .unwrap()
                        .values()
                        .all(|value| !value.is_null())
                );
                if let Some(parent) = change["customer_id"].as_u64() {
                    let parent = ("customers", parent);
                    assert_eq!(there[&parent]["first_name"], change["customer"]);
                    assert_eq!(change["seen"], *number);
                    parents.insert(parent);
                }
                there.insert(at, change.clone());
            }
            "update" => {
                let row = there.get_mut(&at).expect("a row that is there");
                for (name, value) in change.as_object().unwrap() {
                    let said = set.contains(&name.as_str());
                    let always = ["operation", "change", key].contains(&name.as_str());
                    assert_eq!(value.is_null(), !said && !always, "{change}");
                    if said {
                        row[name] = value.clone();
                    }
                }
            }
            "delete" => {
                assert!(there.remove(&at).is_some() && !parents.contains(&at));
                let said = change.as_object().unwrap().values();
                assert_eq!(said.filter(|value| !value.is_null()).count(), 3);
            }
            other => panic!("{other}"),
        }
    }
    there
}

#[test]
fn a_log_is_every_change_once_and_can_be_applied() {
    let folder = Folder::new();
    folder.make(&load(30_000), &[]);
    let changes = by_number(&folder, "");
    assert!(changes.keys().copied().eq(0..30_000));
    let there = replay(&changes);
    let mut operations: HashMap<(&str, &str), f64> = HashMap::new();
    // Behind the first blocks, which only insert.
    for (table, change) in changes.range(3000..).map(|(_, change)| change) {
        let operation = Operation::of(change);
        *operations.entry((table, operation)).or_default() += 1.0 / 27_000.0 * 108.0;
    }
    let share = |table, operation| operations[&(table, operation)].round();
    assert_eq!(share("customers", "insert"), 20.0);
    assert_eq!(share("customers", "update"), 20.0);
    assert_eq!(share("orders", "insert"), 40.0);
    assert_eq!(share("orders", "update"), 18.0);
    assert_eq!(share("orders", "delete"), 10.0);
    // A new email has the row's own name, and another number.
    let mut renewed = 0;
    for ((table, _), row) in &there {
        let Some(email) = row["email"].as_str().filter(|_| *table == "customers") else {
            continue;
        };
        assert!(email.starts_with(&format!("{}+", row["first_name"].as_str().unwrap())));
        renewed += 1;
    }
    assert!(renewed > 1000);
    let parts: usize = folder
        .visible("parts/orders")
        .iter()
        .filter(|(name, _)| name.starts_with("operation="))
        .map(|(_, text)| text.lines().count())
        .sum();
    assert_eq!(parts, lines(&folder, "orders.jsonl").len());
}

struct Operation;

impl Operation {
    fn of(change: &Value) -> &str {
        change["operation"].as_str().unwrap()
    }
}

#[test]
fn changes_are_the_same_on_any_threads_in_any_batches_and_slices() {
    let folder = Folder::new();
    let yaml = load(20_000);
    let ways: [&[&str]; 4] = [
        &["--threads=1", "--out=a"],
        &["--threads=3", "--out=b"],
        &["--batch-rows=777", "--out=c"],
        // A longer load begins with the same changes.
        &["--rows=25000", "--out=d"],
    ];
    ways.iter()
        .for_each(|arguments| drop(folder.make(&yaml, arguments)));
    for file in [
        "customers.parquet",
        "orders.csv",
        "orders.avro",
        "customers.jsonl",
    ] {
        assert!(
            folder.bytes(&format!("a/{file}")) == folder.bytes(&format!("b/{file}")),
            "{file}"
        );
    }
    for file in ["customers.csv", "orders.csv"] {
        let one = folder.read(&format!("a/{file}"));
        assert_eq!(one, folder.read(&format!("c/{file}")));
        assert!(folder.read(&format!("d/{file}")).starts_with(&one));
    }
    let sinks = "\n  - file: { table: orders, path: 'orders-{slice}.csv' , format: { csv: { header: false } } }\n";
    let changes = format!("  count: 20_000\n  mix:{MIX}");
    let yaml = pipeline(CUSTOMERS, ORDERS, &changes, sinks);
    let mut together = String::new();
    for slice in 1..=3 {
        let (slice, out) = (format!("--slice={slice}/3"), format!("--out=s{slice}"));
        folder.make(&yaml.replace("-{slice}", ""), &[&slice, &out]);
    }
    for slice in 1..=3 {
        let names = folder.names(&format!("s{slice}"));
        let name = names.iter().find(|name| name.ends_with(".csv")).unwrap();
        together.push_str(&folder.read(&format!("s{slice}/{name}")));
    }
    let whole = folder.read("a/orders.csv");
    assert_eq!(together, whole.split_once('\n').unwrap().1);
}

#[test]
fn a_log_is_verified_and_a_lost_change_is_named() {
    let folder = Folder::new();
    folder.make(&load(20_000), &[]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.stdout.matches(" rows, all equal\n").count(),
        10,
        "{}",
        ended.stdout
    );
    let text = folder.read("orders.jsonl");
    let mut changes: Vec<&str> = text.lines().collect();
    let lost: Value = serde_json::from_str(changes.remove(5000)).unwrap();
    folder.write("orders.jsonl", &(changes.join("\n") + "\n"));
    let ended = folder.run(&["verify", "p.yaml", "--sinks=json"]);
    let said = format!("  missing: change {}, row 5000", lost["change"]);
    assert!(
        ended.code == 3 && ended.stdout.contains(&said),
        "{said}\n{ended:?}"
    );
}

#[test]
fn the_rate_is_that_of_all_tables_together() {
    let folder = Folder::new();
    let changes = format!("  count: 3_000\n  rate: 4_000/s\n  mix:{MIX}");
    let sinks = "\n  - discard: { tables: all }\n";
    let yaml = pipeline(CUSTOMERS, ORDERS, &changes, sinks);
    let begun = std::time::Instant::now();
    folder.make(&yaml, &[]);
    let seconds = begun.elapsed().as_secs_f64();
    assert!(seconds > 0.7, "{seconds}");
}

#[test]
fn a_preview_shows_changes() {
    let folder = Folder::new();
    folder.write("p.yaml", &load(100));
    let ended = folder.run(&["preview", "p.yaml", "--table=customers", "-n=2"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let head = ended
        .stdout
        .lines()
        .find(|line| line.contains("operation"))
        .unwrap();
    assert!(head.contains("change") && head.contains("email"), "{head}");
    assert!(ended.stdout.contains("insert"), "{}", ended.stdout);
}

/// What `check` says of a load whose changes are these.
fn refused(customers: &str, orders: &str, changes: &str) -> String {
    let sinks = "\n  - discard: { tables: all }\n";
    Folder::new().refuse(&pipeline(customers, orders, changes, sinks))
}

fn mix(orders: &str) -> String {
    format!("  mix:\n    customers: {{ insert: 20 }}\n    orders: {{ {orders} }}\n")
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
    let changes = format!("  count: 3_000\n  mix:{MIX}");
    let sinks = "\n  - postgres: { name: db, url: 'postgres://a@localhost/b', table: orders }\n";
    let said = folder.refuse(&pipeline(CUSTOMERS, ORDERS, &changes, sinks));
    assert!(
        said.contains("sink `db` takes no changes, and the rows of `orders` are changes"),
        "{said}"
    );
    assert!(
        said.contains("write them to a file or to Kafka, as rows: a log of changes"),
        "{said}"
    );
}
