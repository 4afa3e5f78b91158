//! `verify`: what is there is what must be there; what is not is told.

mod behind;
mod beside;
mod changing;
#[cfg(feature = "delta")]
mod delta;
mod exactly;
mod faults;
mod names;
mod nested;
mod offsets;
mod running;
mod shipped;
mod slices;
mod strange;
mod trust;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{Ended, Folder};

/// A table of every usual type, with a key, and what writes it.
pub(super) const COLUMNS: &str = "
      name: { words: {}, nulls: 0.1 }
      code: { pattern: '[A-Z]{3}[0-9]{4}' }
      state: { choice: { new: 3, old: 1 } }
      amount: { type: 'decimal(12,2)', uniform: { min: -5, max: 900 } }
      weight: { type: float64, choice: [0.1, 20.25, -7.75, 1234.5] }
      small: { type: int16, uniform: { min: -9, max: 9 }, nulls: 0.2 }
      on: { type: date, uniform: { min: 2020-01-01, max: 2026-12-31 } }
      at: { type: 'timestamp(us, UTC)', uniform: { min: 2020-01-01, max: 2026-12-31 } }
      yes: { bool: { true: 0.3 } }
";

pub(super) const TYPES: &str = "id: int64, name: utf8, code: utf8, state: utf8, amount: 'decimal(12,2)', weight: float64, small: int16, on: date, at: 'timestamp(us, UTC)', yes: boolean";

pub(super) const ROWS: usize = 5000;

pub(super) fn pipeline(key: bool, file: &str) -> String {
    let key = if key {
        "\n      id: { sequence: { start: 1 } }"
    } else {
        ""
    };
    format!(
        "version: 1\nname: v\ntables:\n  t:\n    rows: {ROWS}\n    columns:{key}{COLUMNS}sinks:\n  - file: {{ name: f, path: {file}, format: {} }}\n",
        format_of(file)
    )
}

pub(super) fn format_of(file: &str) -> &str {
    match file.rsplit_once('.').unwrap().1 {
        "json" => "{ json: { layout: array } }",
        "jsonl" => "{ json: { layout: lines } }",
        other => other,
    }
}

/// The rows as objects in lines, as rowgen makes them.
pub(super) fn made(folder: &Folder, key: bool) -> Vec<Value> {
    folder.make(&pipeline(key, "made.jsonl"), &[]);
    let made = folder.read("made.jsonl");
    made.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Writes rows to a file of a format, by a pipeline that reads them.
pub(super) fn write(folder: &Folder, rows: &[Value], key: bool, file: &str) {
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    folder.write("faulty.jsonl", &lines);
    let types = TYPES
        .strip_prefix("id: int64, ")
        .filter(|_| !key)
        .unwrap_or(TYPES);
    let yaml = format!(
        "version: 1\nname: w\ntables:\n  t:\n    from: {{ json: {{ path: faulty.jsonl }} }}\n    types: {{ {types} }}\nsinks:\n  - file: {{ path: {file}, if_exists: replace, format: {} }}\n",
        format_of(file)
    );
    folder.write("w.yaml", &yaml);
    let ended = folder.run(&["run", "w.yaml", "--quiet"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// What `verify` says, and the last line of its report.
pub(super) fn verify(folder: &Folder, arguments: &[&str]) -> (Ended, Vec<Value>) {
    let ended =
        folder.run(&[&["verify", "p.yaml", "--report", "report.jsonl"], arguments].concat());
    let report = folder.read("report.jsonl");
    let lines = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (ended, lines.collect())
}

/// How many rows of each kind the last line of the report tells, none of them 0.
pub(super) fn counts(report: &[Value]) -> BTreeMap<String, u64> {
    let rows = report.last().unwrap()["rows"].as_object().unwrap();
    let counts = rows
        .iter()
        .map(|(kind, count)| (kind.clone(), count.as_u64().unwrap()));
    let kinds = ["missing", "extra", "different", "doubled"];
    counts
        .filter(|(kind, count)| kinds.contains(&kind.as_str()) && *count > 0)
        .collect()
}
