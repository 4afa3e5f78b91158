//! `where` beside `faults`: rows are left out first, the others have the faults that they have anyway, and the
//! ledger names them by their numbers in the table.

use std::collections::BTreeSet;

use serde_json::Value;

use super::faulty::{ALL, Lines, TABLE, lines, made, replayed};
use super::support::Folder;

/// All faults among the rows of damp air.
fn damp() -> String {
    ALL.replace(
        "path: dirty.csv\n",
        "path: dirty.csv\n      where: \"humidity > 60\"\n",
    )
}

/// The rows that the condition leaves out.
fn left_out(clean: &Lines) -> BTreeSet<u64> {
    let dry = |row: &Vec<Vec<u8>>| String::from_utf8_lossy(&row[5]).parse::<u32>().unwrap() <= 60;
    let rows = (0..).zip(clean);
    rows.filter(|(_, row)| dry(row))
        .map(|(row, _)| row)
        .collect()
}

fn names(folder: &Folder) -> Vec<String> {
    let text = folder.read("clean.csv");
    let header = text.lines().next().unwrap_or_default();
    header.split(',').map(String::from).collect()
}

/// The number of the row that a line of a ledger is about.
fn row(line: &str) -> u64 {
    let line: Value = serde_json::from_str(line).unwrap();
    line["row"].as_u64().unwrap()
}

#[test]
fn rows_are_left_out_before_the_others_get_their_faults() {
    let yaml = format!("{TABLE}{}", damp());
    let folder = made(&yaml, &["--threads=2", "--report=report.json"]);
    let clean = lines(&folder.bytes("clean.csv"));
    let gone = left_out(&clean);
    assert!((17_000..19_500).contains(&gone.len()), "{}", gone.len());
    let (names, ledger) = (names(&folder), folder.read("faults.jsonl"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let dirty = folder.bytes("dirty.csv");
    let told = replayed(&clean, &names, &ledger, gone.clone());
    let found = lines(&dirty);
    assert_eq!(told.len(), found.len());
    assert_eq!(
        told.iter().zip(&found).find(|(one, other)| one != other),
        None
    );
    // They are the faults that these rows have among all others.
    let all = made(&format!("{TABLE}{ALL}"), &[]).read("faults.jsonl");
    let own = all.lines().filter(|line| !gone.contains(&row(line)));
    assert!(own.eq(ledger.lines()));
    let report: Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    let sinks = report["sinks"].as_array().unwrap();
    let of = |name: &str| sinks.iter().find(|sink| sink["name"] == name).unwrap();
    assert_eq!(of("dirty")["left_out"], gone.len());
    assert_eq!(of("dirty")["faults"]["clean_rows"], 30_000 - gone.len());
    let counted = of("dirty")["faults"]["kinds"].as_object().unwrap();
    let counted: u64 = counted.values().filter_map(Value::as_u64).sum();
    assert_eq!(counted as usize, ledger.lines().count());
    assert_eq!(of("file-1").get("left_out"), None);
    for (threads, batch) in [("1", "1000"), ("8", "16384"), ("2", "777")] {
        let threads = format!("--threads={threads}");
        let other = made(&yaml, &[&threads, &format!("--batch-rows={batch}")]);
        assert_eq!(other.bytes("dirty.csv"), dirty, "{batch}");
        assert_eq!(other.read("faults.jsonl"), ledger, "{batch}");
    }
}

#[test]
fn slices_of_rows_that_are_left_are_parts_of_the_whole() {
    let yaml = format!("{TABLE}{}", damp());
    let whole = made(&yaml, &[]);
    let (mut rows, mut ledger) = (Lines::new(), String::new());
    for slice in 1..=3 {
        let part = made(&yaml, &[&format!("--slice={slice}/3")]);
        let all = part.names("");
        let name = |begin: &str| all.iter().find(|name| name.starts_with(begin)).unwrap();
        rows.extend(lines(&part.bytes(name("dirty"))));
        ledger.push_str(&part.read(name("faults")));
    }
    assert!(rows == lines(&whole.bytes("dirty.csv")));
    assert_eq!(ledger, whole.read("faults.jsonl"));
}

#[test]
fn each_sink_of_a_table_with_faults_leaves_out_its_own() {
    let faults = "    where: \"id % 3 <> 0\"\n    faults: { missing: { rate: 0.05 }, late: { rate: 0.05, delay: 40 }, nulls: { columns: city, rate: 0.1 } }\n    ledger: { path: faults.jsonl }\nsinks:\n";
    let table = TABLE.replace("sinks:\n", faults);
    let yaml = format!(
        "{table}  - file: {{ path: even.csv, where: \"id % 2 = 0\" }}\n  - file: {{ path: odd.csv, where: \"id % 2 = 1\" }}\n  - file: {{ path: truth.csv, faults: none }}\n"
    );
    let folder = made(&yaml, &["--threads=2"]);
    let of = |name: &str| lines(&folder.bytes(name));
    let id = |row: &Vec<Vec<u8>>| String::from_utf8_lossy(&row[0]).parse::<u64>().unwrap();
    let all = of("clean.csv");
    assert!(all.iter().all(|row| id(row) % 3 != 0));
    for (name, rest) in [("even.csv", 0), ("odd.csv", 1)] {
        let own = all.iter().filter(|row| id(row) % 2 == rest);
        assert!(own.eq(&of(name)), "{name}");
    }
    assert_eq!(of("truth.csv").len(), 20_000);
    // Its ledger has the faults of all rows that the table leaves, and no others.
    let ledger = folder.read("faults.jsonl");
    assert!(
        ledger
            .lines()
            .all(|line| !(row(line) + 1).is_multiple_of(3))
    );
    let missing = ledger.lines().filter(|line| line.contains("\"missing\""));
    assert_eq!(missing.count(), 20_000 - all.len());
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn values_alone_are_spoilt_and_every_format_is_verified() {
    for path in ["dirty.csv", "dirty.parquet", "dirty.avro", "dirty.jsonl"] {
        let sink = format!(
            "  - file:\n      path: {path}\n      where: \"humidity > 60\"\n      faults: {{ nulls: {{ columns: [city, share], rate: 0.05 }}, corrupt: {{ columns: [town, humidity], rate: 0.05, kinds: [truncate, out_of_range] }} }}\n      ledger: {{ path: faults.csv }}\n"
        );
        let folder = made(&format!("{}{sink}", TABLE.replace("30_000", "6_000")), &[]);
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(ended.stdout.matches("all equal\n").count(), 3, "{ended:?}");
        let ended = folder.run(&["plan", "p.yaml"]);
        let told = "  of the rows for which `where` is true, with faults of values of city, town, humidity, share\n";
        assert!(ended.stdout.contains(told), "{}", ended.stdout);
    }
}
