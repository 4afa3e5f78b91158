//! Tables whose rows are changes: what a log of them holds, and what is refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::support::Folder;

mod image;
mod refused;

const CUSTOMERS: &str = "
      id: { type: int32, sequence: { start: 1 }, nullable: false }
      first_name: person
      number: { uniform: { min: 1, max: 1_000_000 }, hidden: true }
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
  - file: { name: parts, tables: all, path: 'parts/{table}', format: { json: { layout: lines } }, partition_by: operation, if_exists: replace }
";

fn pipeline(customers: &str, orders: &str, changes: &str, sinks: &str) -> String {
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

fn operation(change: &Value) -> &str {
    change["operation"].as_str().unwrap()
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
        match operation(change) {
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
    for (table, change) in changes.range(3078..).map(|(_, change)| change) {
        let operation = operation(change);
        *operations.entry((table, operation)).or_default() += 108.0 / 26_922.0;
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
    let sinks =
        "\n  - file: { table: orders, path: orders.csv, format: { csv: { header: false } } }\n";
    let changes = format!("  count: 20_000\n  mix:{MIX}");
    let yaml = pipeline(CUSTOMERS, ORDERS, &changes, sinks);
    let mut together = String::new();
    for slice in 1..=3 {
        let (share, out) = (format!("--slice={slice}/3"), format!("--out=s{slice}"));
        folder.make(&yaml, &[&share, &out]);
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
fn fewer_changes_are_verified_as_they_were_run() {
    let folder = Folder::new();
    folder.make(&load(20_000), &["--rows=3000"]);
    let equal = |arguments: &[&str]| {
        let ended = folder.run(&[&["verify", "p.yaml"], arguments].concat());
        let equal = ended.stdout.matches(" rows, all equal\n").count();
        (ended.code, equal)
    };
    assert_eq!(equal(&["--rows=3000"]), (0, 10));
    assert_eq!((equal(&["--rows=3001"]).0, equal(&[]).0), (3, 3));
}

/// So many changes at a rate, thrown away.
fn paced(count: &str, rate: &str) -> String {
    let changes = format!("  count: {count}\n  rate: {rate}\n  mix:{MIX}");
    pipeline(
        CUSTOMERS,
        ORDERS,
        &changes,
        "\n  - discard: { tables: all }\n",
    )
}

#[test]
fn the_rate_is_that_of_all_tables_together() {
    let folder = Folder::new();
    let yaml = paced("3_000", "4_000/s");
    let begun = std::time::Instant::now();
    folder.make(&yaml, &[]);
    let seconds = begun.elapsed().as_secs_f64();
    assert!(seconds > 0.7, "{seconds}");
}

#[test]
fn tables_change_side_by_side() {
    let folder = Folder::new();
    folder.write("p.yaml", &paced("1M", "6_000/s"));
    // A busy machine may be too slow for the rate, which is told by the code.
    folder.run(&["run", "p.yaml", "--quiet", "--for=2s", "--report=r.json"]);
    let report: Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    let sinks = report["sinks"].as_array().unwrap();
    let rows = |sink: &Value| sink["rows"].as_u64().unwrap();
    // One after the other, the million customers would leave no time for orders.
    assert!(sinks.iter().all(|sink| rows(sink) > 0), "{report}");
    assert!(sinks.iter().map(rows).sum::<u64>() < 20_000, "{report}");
}

#[test]
fn first_rows_of_a_table_without_end_beside_changes_are_verified() {
    let folder = Folder::new();
    let beside =
        "  beside: { rows: 0, columns: { n: sequence, x: { uniform: { min: 1, max: 9 } } } }";
    let sinks =
        "\n  - file: { name: rolled, table: beside, path: rolled/, format: csv, roll: 60s }\n";
    let changes = format!("  count: 4_000\n  mix:{MIX}");
    let yaml = pipeline(CUSTOMERS, ORDERS, &changes, sinks);
    let yaml = yaml.replace("tables:\n", &format!("tables:\n{beside}\n"));
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--rate=20000/s", "--for=500ms"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let verify = |rows: &str| folder.run(&["verify", "p.yaml", "--sinks=rolled", rows]);
    for rows in ["500", "700"] {
        let ended = verify(&format!("--rows=beside={rows}"));
        let said = format!(": {rows} rows, all equal\n");
        assert!(ended.code == 0 && ended.stdout.contains(&said), "{ended:?}");
    }
    // Without a name it is the number of changes, and no table under them has one of its own.
    for (rows, said) in [
        (
            "--rows=500",
            "`beside` in sink `rolled`: its table has no end",
        ),
        (
            "--rows=orders=5",
            "the file does not say how many rows table `orders` has",
        ),
    ] {
        let ended = verify(rows);
        assert!(ended.code == 1 && ended.stderr.contains(said), "{ended:?}");
    }
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

#[test]
fn expect_knows_what_a_row_has_come_to() {
    let folder = Folder::new();
    folder.make(&load(20_000), &[]);
    let changes = by_number(&folder, "");
    let there = replay(&changes);
    let orders = ["expect", "p.yaml", "--table=orders", "--json"];
    let expect = |more: &[&str]| {
        let ended = folder.run(&[&orders, more].concat());
        let lines = ended
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (lines.collect::<Vec<Value>>(), ended.stderr)
    };
    let mut gone = 0;
    for id in (1..6500).step_by(325) {
        let of = |change: &&(&str, Value)| change.0 == "orders" && change.1["order_id"] == id;
        let own: Vec<&Value> = changes
            .values()
            .filter(of)
            .map(|(_, change)| change)
            .collect();
        let key = format!("--key={id}");
        let (found, said) = expect(&[&key]);
        match there.get(&("orders", id)) {
            None => {
                let last = &own[own.len() - 1]["change"];
                let gone_by = format!("is gone: change {last} deletes it");
                assert!(said.contains(&gone_by), "{said}");
                gone += 1;
            }
            Some(row) => {
                let mut row = row.clone();
                let last = own[own.len() - 1];
                row["operation"] = last["operation"].clone();
                row["change"] = last["change"].clone();
                assert_eq!(found[0]["values"], row);
            }
        }
        let (history, _) = expect(&[&key, "--history"]);
        let history: Vec<&Value> = history.iter().map(|line| &line["values"]).collect();
        assert_eq!(history, own);
        let first = own[0]["change"].as_u64().unwrap() + 1;
        let (found, _) = expect(&[&key, &format!("--at={first}")]);
        assert_eq!(&found[0]["values"], own[0]);
    }
    assert!(gone > 0);
    let (_, said) = expect(&["--key=1", "--at=0"]);
    assert_eq!(said, "error: no row of `orders` has the order_id `1`\n");
}
