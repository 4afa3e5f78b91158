//! `order_by`: rows in an order of their own, in folders and files of a wanted size.

use std::collections::BTreeMap;

use super::support::Folder;

/// A table with a key of each kind, and a child whose rows follow its own.
pub(super) fn pipeline(sink: &str) -> String {
    format!(
        "version: 1
tables:
  orders:
    rows: 3000
    columns:
      id: sequence
      made: {{ type: \"timestamp(us, UTC)\", uniform: {{ min: 2026-01-01, max: 2026-06-30 }} }}
  lines:
    columns:
      days: {{ uniform: {{ min: 1, max: 90 }}, hidden: true }}
      order: {{ foreign_key: {{ ref: orders.id, per_parent: {{ uniform: {{ min: 0, max: 9 }} }} }} }}
      line: {{ nth: order }}
      shipped: {{ type: date, expr: \"cast(order.made as date) + days\" }}
      amount: {{ type: \"decimal(10,2)\", uniform: {{ min: 1, max: 50 }}, nulls: 0.1 }}
      name: {{ person: {{ locale: en }}, hidden: true }}
      who: {{ copy: name.last_name }}
      items: {{ list: {{ length: {{ uniform: {{ min: 0, max: 3 }} }}, of: {{ uniform: {{ min: 1, max: 9 }} }} }} }}
sinks:
  - file: {{ table: lines, path: out, fsync: false, {sink} }}
"
    )
}

const CSV: &str =
    "columns: [order, line, shipped, amount, who], format: { csv: { header: false } }";

fn rows(folder: &Folder, path: &str) -> Vec<Vec<String>> {
    let text = folder.read(path);
    let fields = |line: &str| line.split(',').map(String::from).collect();
    text.lines().map(fields).collect()
}

/// The rows of each folder, its files one after the other.
fn folders(folder: &Folder) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut all: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let names = folder.names("out");
    for name in names.iter().filter(|name| name.ends_with(".csv")) {
        let inside = name.rsplit_once('/').map_or("", |(inside, _)| inside);
        let rows = rows(folder, &format!("out/{name}"));
        all.entry(inside.to_string()).or_default().extend(rows);
    }
    all
}

fn all_rows(sink: &str) -> Vec<Vec<String>> {
    let folder = Folder::new();
    folder.make(&pipeline(sink), &[]);
    let mut rows: Vec<Vec<String>> = folders(&folder).into_values().flatten().collect();
    rows.sort();
    rows
}

#[test]
fn rows_come_in_the_order_that_is_asked_for() {
    let folder = Folder::new();
    folder.make(
        &pipeline(&format!(
            "{CSV}, order_by: [shipped, {{ column: amount, order: desc, nulls: first }}]"
        )),
        &[],
    );
    let rows = folders(&folder).remove("").unwrap();
    assert!(rows.is_sorted_by(|one, other| {
        let amount = |row: &[String]| row[3].parse::<f64>().map_or(f64::MAX, |amount| amount);
        let number = |row: &[String]| {
            let whole = |at: usize| row[at].parse::<u64>().unwrap();
            (whole(0), whole(1))
        };
        let key = one[2].cmp(&other[2]);
        let key = key.then(amount(other).total_cmp(&amount(one)));
        key.then(number(one).cmp(&number(other))).is_lt()
    }));
    let mut rows = rows;
    rows.sort();
    assert!(rows == all_rows(CSV));
    let manifest = folder.read("out/_rowgen/manifest.jsonl");
    assert!(!manifest.contains("first_row\":0"), "{manifest}");
}

#[test]
fn folders_of_any_column_and_of_what_is_made_of_it_are_in_order_too() {
    for (partition_by, column, length) in [
        ("\"month(shipped)\"", 2, 7),
        ("shipped", 2, 10),
        ("who", 4, 100),
        ("\"truncate(1, who)\"", 4, 1),
    ] {
        let folder = Folder::new();
        let sink =
            format!("{CSV}, partition_by: [{partition_by}], order_by: [amount], sort_memory: 1MiB");
        folder.make(&pipeline(&sink), &[]);
        let folders = folders(&folder);
        assert!(folders.len() > 5, "{partition_by}");
        let mut count = 0;
        for (name, rows) in folders {
            count += rows.len();
            let value = name.split_once('=').unwrap().1.to_string();
            let amounts = rows.iter().map(|row| {
                row[if partition_by == "shipped" { 2 } else { 3 }]
                    .parse::<f64>()
                    .unwrap_or(f64::MAX)
            });
            assert!(amounts.is_sorted(), "{name}");
            if partition_by.starts_with('"') {
                let cut = |row: &Vec<String>| row[column].chars().take(length).collect::<String>();
                assert!(rows.iter().all(|row| cut(row) == value), "{name}");
            }
        }
        assert_eq!(count, all_rows(CSV).len());
    }
}

#[test]
fn a_plan_says_what_sorting_takes() {
    let folder = Folder::new();
    let lines = |rows: &str, sink: &str| {
        folder.write("p.yaml", &pipeline(sink));
        let ended = folder.run(&["plan", "p.yaml", "--rows", rows]);
        let lines = ended
            .stdout
            .lines()
            .filter(|line| line.contains("sorted by"));
        lines
            .map(|line| line.trim().to_string())
            .collect::<Vec<_>>()
    };
    let sink = "format: csv, columns: [order, amount], order_by: [shipped, { column: amount, order: desc, nulls: first }]";
    assert_eq!(
        lines("3000", sink),
        [
            "sorted by shipped, amount desc nulls first in memory: 8 bytes a row, 105.3 KiB in all of at most 1.0 GiB"
        ]
    );
    let sink = format!("{sink}, sort_memory: 1MiB");
    assert_eq!(
        lines("300_000", &sink),
        [
            "sorted by shipped, amount desc nulls first through a file beside the output: 8 bytes a row, 10.3 MiB in all, in 14 ranges of keys with 1.0 MiB of memory"
        ]
    );
    // Rows of a sequence are in order as they are.
    assert_eq!(
        lines("3000", "format: csv, columns: [order], order_by: order"),
        [""; 0]
    );
}

#[test]
fn what_cannot_be_sorted_is_refused() {
    let folder = Folder::new();
    let of = |sink: &str| folder.refuse(&pipeline(&format!("{CSV}, {sink}")));
    let mut cases: Vec<String> = [
        "order_by: shiped",
        "order_by: [shipped, shipped]",
        "order_by: \"month(shipped)\"",
        "order_by: items",
        "order_by: { column: shipped, order: down }",
        "order_by: { by: shipped }",
        "partition_by: items, order_by: shipped",
        "partition_by: \"week(shipped)\"",
        "partition_by: \"month(who)\"",
        "partition_by: \"hour(shipped)\"",
        "partition_by: \"bucket(0, who)\"",
        "partition_by: \"truncate(3, shipped)\"",
        "partition_by: \"month(shiped)\"",
        "order_by: shipped, sort_memory: 1KiB",
        "sort_memory: 1GiB",
    ]
    .map(of)
    .to_vec();
    let doubled =
        "columns: { shipped_month: line, shipped: shipped }, partition_by: \"month(shipped)\"";
    cases.push(folder.refuse(&pipeline(&format!("{doubled}, format: csv"))));
    folder.write("in.csv", "a\n1\n");
    let read = "version: 1\ntables:\n  t: { from: { csv: { path: in.csv } }, columns: { b: { copy: a } } }\nsinks:\n  - file: { path: o.csv, order_by: a }\n";
    cases.push(folder.refuse(read));
    let endless = "version: 1\ntables:\n  t: { rows: 0, columns: { a: { uniform: { min: 1, max: 9 } } } }\nsinks:\n  - file: { path: o.csv, order_by: a }\n";
    cases.push(folder.refuse(endless));
    insta::assert_snapshot!(cases.join("\n"));
}

/// What is called like a transform is one unless there is such a column.
#[test]
fn a_column_with_the_name_of_a_transform_is_that_column() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 50, columns: { at: { type: date, uniform: { min: 2026-01-01, max: 2026-03-31 } }, \"month(at)\": { uniform: { min: 1, max: 3 } } } }\nsinks:\n  - file: { path: out, partition_by: \"month(at)\", format: csv }\n";
    folder.make(yaml, &[]);
    assert!(
        folder.path("out/month(at)=2").is_dir(),
        "{:?}",
        folder.names("out")
    );
}

#[test]
fn too_many_folders_end_the_run_before_the_first_row() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 100_001, columns: { a: { permute: {} }, b: { uniform: { min: 1, max: 9 } } } }\nsinks:\n  - file: { path: out, partition_by: a, format: csv }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    insta::assert_snapshot!(ended.stderr);
    let names = folder.names("out");
    assert!(names.iter().all(|name| !name.contains("a=")), "{names:?}");
}

#[test]
fn a_table_has_several_orders_and_one_of_its_own() {
    let folder = Folder::new();
    let sink = |name: &str, more: &str| {
        format!("  - file: {{ name: {name}, table: lines, path: {name}.csv, {CSV}{more} }}\n")
    };
    let yaml = pipeline(CSV)
        + &sink("plain", "")
        + &sink("by_day", ", order_by: { column: shipped, order: desc }")
        + &sink("by_name", ", order_by: who");
    folder.make(&yaml, &[]);
    let read = |name: &str| rows(&folder, name);
    let sorted = |mut rows: Vec<Vec<String>>| {
        rows.sort();
        rows
    };
    let plain = sorted(read("plain.csv"));
    assert!(read("by_day.csv").is_sorted_by(|one, other| one[2] >= other[2]));
    assert!(read("by_name.csv").is_sorted_by(|one, other| one[4] <= other[4]));
    assert!(sorted(read("by_day.csv")) == plain && sorted(read("by_name.csv")) == plain);
}

/// Tables that ship, by a column of each kind: what few rows they make here, and the orders.
const SHIPPED: &[(&str, &str, &str, &str)] = &[
    (
        "casino",
        "transactions",
        "rows=3000",
        "[bet_amount, { column: settled_at, order: desc }]",
    ),
    ("casino", "transactions", "rows=3000", "[vendor_code, id]"),
    (
        "lineitem",
        "lineitem",
        "scale=0.0005",
        "[l_shipdate, l_comment]",
    ),
    (
        "shop",
        "orders",
        "rows=2000",
        "{ column: total, order: desc }",
    ),
    (
        "orders",
        "orders",
        "orders=2000",
        "{ column: total, order: desc }",
    ),
    (
        "orders",
        "order_lines",
        "orders=1000",
        "[status, discount, sku]",
    ),
    ("shop", "customers", "rows=2000", "[name, email]"),
    ("users_csv", "users", "rows=3000", "[email]"),
    ("lake", "events", "rows=3000", "[at, event_id]"),
    ("cdc_log", "orders", "changes=20000", "[total]"),
];

/// Aggregates, keys, nested columns and changes are the same in lists of rows as in a row.
#[test]
fn every_shipped_table_has_the_same_rows_in_any_order() {
    for (name, table, set, order) in SHIPPED {
        let folder = Folder::new();
        let file = super::support::project().join(format!("pipelines/{name}.yaml"));
        let text = std::fs::read_to_string(file).unwrap();
        let pipelines = super::support::project().join("pipelines");
        let own = text.split_once("\nsinks:").unwrap().0;
        let own = own.replace("include: ", &format!("include: {}/", pipelines.display()));
        let sink = |path: &str, more: &str| {
            format!(
                "  - file: {{ name: {path}, table: {table}, path: {path}.jsonl, fsync: false{more} }}\n"
            )
        };
        let sorted = sink("sorted", &format!(", order_by: {order}, sort_memory: 1MiB"));
        let yaml = format!("{own}\nsinks:\n{}{sorted}", sink("plain", ""));
        let set = format!("--set={set}");
        let mut first = None;
        for threads in ["1", "2", "8"] {
            folder.make(&yaml, &["--threads", threads, "--overwrite", &set]);
            let bytes = folder.read("sorted.jsonl");
            assert!(
                *first.get_or_insert_with(|| bytes.clone()) == bytes,
                "{name} {table}"
            );
        }
        let lines = |path: &str| {
            let text = folder.read(path);
            let mut lines: Vec<String> = text.lines().map(String::from).collect();
            lines.sort();
            lines
        };
        let plain = folder.read("plain.jsonl");
        assert!(Some(plain) != first, "{name} {table} {order}");
        assert!(
            lines("plain.jsonl") == lines("sorted.jsonl"),
            "{name} {table} {order}"
        );
    }
}

#[test]
fn partitions_of_sorted_rows_are_replaced_alone() {
    let folder = Folder::new();
    let sink = format!("{CSV}, partition_by: \"month(shipped)\", if_exists: replace_partitions");
    folder.make(&pipeline(&sink), &[]);
    let before = folders(&folder);
    let fewer = pipeline(&sink)
        .replace("max: 2026-06-30", "max: 2026-01-31")
        .replace("max: 90", "max: 20");
    folder.make(&fewer, &["--seed", "other"]);
    let after = folders(&folder);
    assert!(before.keys().eq(after.keys()));
    for (month, rows) in &after {
        let replaced = ["shipped_month=2026-01", "shipped_month=2026-02"].contains(&month.as_str());
        assert_eq!(rows != &before[month], replaced, "{month}");
    }
    // A file of somebody else is in the way of the partition that it is in, and of no other.
    folder.write("out/shipped_month=2026-05/other.csv", "1\n");
    folder.make(&fewer, &[]);
    folder.write("p.yaml", &pipeline(&sink));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    insta::assert_snapshot!(ended.stderr);
}
