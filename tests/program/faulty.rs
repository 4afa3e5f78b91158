//! `faults` and `ledger`: the ledger applied to the clean rows is what the sink with faults holds, byte by
//! byte, at any threads, in any batches and slices; what cannot be is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::support::Folder;

pub(super) const TABLE: &str = "version: 1
name: f
seed: 7
tables:
  readings:
    rows: 30_000
    columns:
      id: sequence
      at: { event_time: { start: 2026-01-01T00:00:00Z, rate: 2/s } }
      city: { choice: { Zürich: 3, Genève: 2, Lugano: 1 } }
      town: { choice: { Chur: 3, Davos: 2, Arosa: 1 } }
      temperature: { type: \"decimal(5,2)\", uniform: { min: -20.00, max: 40.00 } }
      humidity: { type: int32, uniform: { min: 0, max: 100 } }
      share: { type: float64, uniform: { min: 0, max: 1 }, nulls: 0.1 }
      active: { bool: { true: 0.5 } }
sinks:
  - file: { path: clean.csv }
";

/// All faults of a file of text.
pub(super) const ALL: &str = "  - file:
      name: dirty
      path: dirty.csv
      faults:
        missing: { rate: 0.01 }
        late: { rate: 0.02, delay: 5_000 }
        out_of_order: { window: 6, rate: 0.2 }
        duplicates: { rate: 0.02, copies: 2, within: 30 }
        nulls: { columns: [city, humidity, share], rate: 0.02 }
        corrupt:
          - { columns: [city, town], rate: 0.03, kinds: [truncate, mojibake, bad_encoding, swap] }
          - { columns: [at, temperature, humidity, share, active], rate: 0.03, kinds: [wrong_type, out_of_range] }
      ledger: { path: faults.jsonl }
";

/// Rows of values, each as its bytes.
pub(super) type Lines = Vec<Vec<Vec<u8>>>;

/// The lines of a file without quotes, after its header.
pub(super) fn lines(bytes: &[u8]) -> Lines {
    let lines = bytes.split(|byte| *byte == b'\n').skip(1);
    let values = |line: &[u8]| {
        line.split(|byte| *byte == b',')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let mut lines: Lines = lines.map(values).collect();
    lines.pop();
    lines
}

/// What stands in CSV for what a ledger says; `\xff` is a byte.
fn cell(text: Option<&str>) -> Vec<u8> {
    let Some(text) = text else {
        return Vec::new();
    };
    if text.is_empty() {
        return b"\"\"".to_vec();
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The clean rows, but for those that are `gone`, with the faults of a ledger.
pub(super) fn replayed(
    clean: &Lines,
    names: &[&str],
    ledger: &str,
    mut gone: BTreeSet<u64>,
) -> Lines {
    let mut rows = clean.clone();
    let mut moved: BTreeMap<u64, u64> = BTreeMap::new();
    let mut copies: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for line in ledger.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let row = line["row"].as_u64().unwrap();
        let at = row as usize;
        assert_eq!(clean[at][0], cell(line["key"].as_str()), "{line}");
        assert_ne!(line["before"], line["after"]);
        let after = line["after"].as_str();
        let slot = || after.unwrap().parse::<u64>().unwrap();
        match (line["column"].as_str(), line["kind"].as_str().unwrap()) {
            (Some(column), _) => {
                let place = names.iter().position(|name| *name == column).unwrap();
                assert_eq!(clean[at][place], cell(line["before"].as_str()), "{line}");
                rows[at][place] = cell(after);
            }
            (None, "missing") => assert!(gone.insert(row), "{line}"),
            (None, "duplicates") => copies.entry(row).or_default().push(slot()),
            (None, "late" | "out_of_order") => {
                assert!(moved.insert(row, slot()).is_none(), "{line}");
            }
            (None, other) => panic!("{other}"),
        }
    }
    let mut all = Vec::new();
    for (row, values) in (0_u64..).zip(&rows) {
        if gone.contains(&row) {
            continue;
        }
        let own = moved.get(&row).copied().unwrap_or(row);
        all.push((own, own != row, row, 0, values));
        for (copy, slot) in (1..).zip(copies.get(&row).into_iter().flatten()) {
            all.push((*slot, *slot != row, row, copy, values));
        }
    }
    all.sort_by_key(|(slot, moved, row, copy, _)| (*slot, *moved, *row, *copy));
    all.into_iter().map(|(.., values)| values.clone()).collect()
}

pub(super) fn made(yaml: &str, arguments: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write("p.yaml", yaml);
    let ended = folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    folder
}

#[test]
fn the_ledger_applied_to_the_clean_rows_is_what_the_sink_holds() {
    let yaml = format!("{TABLE}{ALL}");
    let folder = made(&yaml, &["--threads=2", "--report=report.json"]);
    let (clean, dirty) = (folder.bytes("clean.csv"), folder.bytes("dirty.csv"));
    let header = clean.split(|byte| *byte == b'\n').next().unwrap();
    let names = std::str::from_utf8(header).unwrap();
    let names: Vec<&str> = names.split(',').collect();
    let ledger = folder.read("faults.jsonl");
    let replayed = replayed(&lines(&clean), &names, &ledger, BTreeSet::new());
    let found = lines(&dirty);
    assert_eq!(replayed.len(), found.len());
    let different = replayed
        .iter()
        .zip(&found)
        .find(|(one, other)| one != other);
    assert_eq!(different, None);
    // Without faults every other byte is the same.
    assert_eq!(made(TABLE, &[]).bytes("clean.csv"), clean);
    // The report has counted what the ledger has.
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for line in ledger.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        *kinds
            .entry(line["kind"].as_str().unwrap().into())
            .or_default() += 1;
    }
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    let report: Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    let sinks = report["sinks"].as_array().unwrap();
    let sink = sinks.iter().find(|sink| sink["name"] == "dirty").unwrap();
    assert_eq!(sink["faults"]["clean_rows"], 30_000);
    assert_eq!(
        sink["faults"]["kinds"],
        serde_json::to_value(kinds).unwrap()
    );
    for (threads, batch) in [("1", "1000"), ("8", "16384"), ("2", "777")] {
        let threads = format!("--threads={threads}");
        let other = made(&yaml, &[&threads, &format!("--batch-rows={batch}")]);
        assert_eq!(other.bytes("dirty.csv"), dirty, "{batch}");
        assert_eq!(other.read("faults.jsonl"), ledger, "{batch}");
    }
}

#[test]
fn slices_are_parts_of_the_whole() {
    let yaml = format!("{TABLE}{ALL}");
    let whole = made(&yaml, &[]);
    let (mut rows, mut ledger) = (Vec::new(), String::new());
    for slice in 1..=3 {
        let part = made(&yaml, &[&format!("--slice={slice}/3")]);
        let named = |ending: &str| {
            let names = part.names("");
            let name = names.iter().find(|name| {
                name.contains(ending)
                    && name.ends_with(if ending == "faults" { "jsonl" } else { "csv" })
                    && !name.starts_with('.')
            });
            name.unwrap_or_else(|| panic!("{names:?}")).clone()
        };
        rows.extend(lines(&part.bytes(&named("dirty"))));
        ledger.push_str(&part.read(&named("faults")));
    }
    assert_eq!(rows.len(), lines(&whole.bytes("dirty.csv")).len());
    assert!(rows == lines(&whole.bytes("dirty.csv")));
    assert_eq!(ledger, whole.read("faults.jsonl"));
}

/// Faults that every format can hold.
const HELD: &str = "faults:
        missing: { rate: 0.01 }
        late: { rate: 0.02, delay: 100 }
        duplicates: { rate: 0.02 }
        nulls: { columns: [city, share], rate: 0.02 }
        corrupt: { columns: [city, town, humidity], rate: 0.03, kinds: [truncate, swap, out_of_range] }
";

#[test]
fn every_format_is_verified_and_so_is_its_ledger() {
    let table = TABLE.replace("30_000", "6_000");
    for path in ["dirty.csv", "dirty.parquet", "dirty.avro", "dirty.jsonl"] {
        let ledger = path.replace("dirty", "faults");
        let yaml = format!(
            "{table}  - file:\n      path: {path}\n      {HELD}      ledger: {{ path: {ledger} }}\n"
        );
        let folder = made(&yaml, &[]);
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(ended.stdout.matches("all equal\n").count(), 3, "{ended:?}");
        let ended = folder.run(&["verify", "p.yaml", "--self-test=5"]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}

#[test]
fn one_more_fault_is_found() {
    let yaml = format!("{TABLE}{ALL}");
    let folder = made(&yaml, &[]);
    let ended = folder.run(&["verify", "p.yaml", "--sinks=dirty"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("its faults are bytes that its type has not"),
        "{ended:?}"
    );
    let text = folder.bytes("dirty.csv");
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    lines.remove(4_000);
    std::fs::write(folder.path("dirty.csv"), lines.join(&b'\n')).unwrap();
    let ended = folder.run(&["verify", "p.yaml", "--sinks=dirty"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains("1 missing"), "{ended:?}");
}

#[test]
fn faults_of_a_table_are_those_of_its_sinks() {
    let table = TABLE.replace(
        "sinks:\n",
        &format!(
            "    {}    ledger: {{ path: faults.csv }}\nsinks:\n",
            HELD.replace("        ", "      ")
        ),
    );
    let yaml = format!(
        "{table}  - file: {{ path: other.csv, columns: [id, city] }}\n  - file: {{ path: truth.csv, faults: none }}\n"
    );
    let folder = made(&yaml, &["--threads=2"]);
    assert_eq!(
        made(TABLE, &[]).bytes("clean.csv"),
        folder.bytes("truth.csv")
    );
    let own: Lines = lines(&folder.bytes("clean.csv"));
    let two = own
        .iter()
        .map(|line| vec![line[0].clone(), line[2].clone()]);
    assert!(two.eq(lines(&folder.bytes("other.csv"))));
    assert!(folder.read("faults.csv").lines().count() > 2_000);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = folder.run(&["plan", "p.yaml"]);
    for line in [
        "  with faults of rows, and of values of city, town, humidity, share: a row comes up to 100 rows late\n",
        "  a line for each fault, where and what\n",
        "  sink file-1 ledger: file\n",
    ] {
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_line() {
    let sink = |more: &str| format!("{TABLE}  - file: {{ path: d.csv, {more} }}\n");
    for (yaml, told) in [
        (
            sink("ledger: { path: x.csv }"),
            "error: a ledger names faults, and here are none\n  --> p.yaml:18:34\n   |\n18 |   - file: { path: d.csv, ledger: { path: x.csv } }\n   |                                  ^\n  hint: add `faults: { … }`\n",
        ),
        (
            sink("faults: some"),
            "error: expected faults or `none`, found `some`\n  --> p.yaml:18:34\n   |\n18 |   - file: { path: d.csv, faults: some }\n   |                                  ^^^^\n  hint: faults are a map: `faults: { missing: { rate: 0.01 } }`\n",
        ),
        (
            sink("faults: { missing: { rate: 2 } }"),
            "error: a `rate` of faults is from 0 to 1, not 2\n  --> p.yaml:18:53\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 2 } } }\n   |                                                     ^\n  hint: 0.01 is one in a hundred rows\n",
        ),
        (
            sink("faults: { corrupt: { columns: city, rate: 1, kinds: trunc } }"),
            "error: values are not corrupt by `trunc`\n  --> p.yaml:18:78\n   |\n18 |   - file: { path: d.csv, faults: { corrupt: { columns: city, rate: 1, kinds: trunc } } }\n   |                                                                              ^^^^^\n  hint: the kinds are bad_encoding, mojibake, out_of_range, swap, truncate, wrong_type\n",
        ),
        (
            sink("order_by: city, faults: { missing: { rate: 0.1 } }"),
            "error: `order_by` cannot be used with `faults`\n  --> p.yaml:18:36\n   |\n18 |   - file: { path: d.csv, order_by: city, faults: { missing: { rate: 0.1 } } }\n   |                                    ^^^^\n  hint: write the rows with faults as they come: whoever loads them sorts and partitions them\n",
        ),
        (
            sink("faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, table: readings }"),
            "error: a ledger has no `table`\n  --> p.yaml:18:85\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, table: readings } }\n   |                                                                                     ^^^^^\n  hint: it has the options of `file` that say where and how lines are written\n",
        ),
        (
            sink("faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, where: \"row > 3\" }"),
            "error: a ledger has no `where`\n  --> p.yaml:18:85\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, where: \"row > 3\" } }\n   |                                                                                     ^^^^^\n  hint: it has the options of `file` that say where and how lines are written\n",
        ),
        (
            format!(
                "{}run: {{ for: 1s }}\n",
                sink("faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv }")
            ),
            "error: a run that ends after a time (`for`) has no whole ledger\n  --> p.yaml:18:72\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv } }\n   |                                                                        ^^^^\n  hint: say how many rows there are, or leave out the ledger\n",
        ),
        (
            sink("faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, order_by: row }"),
            "error: a ledger is in the order of its rows\n  --> p.yaml:18:95\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 0.1 } }, ledger: { path: l.csv, order_by: row } }\n   |                                                                                               ^^^\n  hint: leave out `order_by` and `partition_by`\n",
        ),
        (
            sink("faults: { missing: { rate: 0.1 } }, ledger: { path: clean.csv }"),
            "error: sink `file-1` writes to `clean.csv` too\n  --> p.yaml:18:78\n   |\n18 |   - file: { path: d.csv, faults: { missing: { rate: 0.1 } }, ledger: { path: clean.csv } }\n   |                                                                              ^^^^^^^^^\n  hint: give each sink a path of its own\n",
        ),
    ] {
        let folder = Folder::new();
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (1, told), "{yaml}");
    }
}
