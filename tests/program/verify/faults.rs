//! Each fault that is put into files is found, once, and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::support::Folder;
use super::{ROWS, counts, made, pipeline, verify, write};

/// How each format is written and read.
const FORMATS: &[&str] = &["t.csv", "t.jsonl", "t.json", "t.avro", "t.parquet"];

/// Every `ROWS / count`-th row.
fn chosen(count: usize) -> Vec<usize> {
    (0..count)
        .map(|index| index * (ROWS / count.max(1)) + 1)
        .collect()
}

/// A fault, and what it is found as.
type Fault = (
    &'static str,
    fn(&mut Vec<Value>, &[usize]),
    &'static str,
    u64,
);

const FAULTS: &[Fault] = &[
    (
        "a changed value",
        |rows, at| {
            at.iter()
                .for_each(|row| rows[*row]["code"] = "other".into())
        },
        "different",
        1,
    ),
    (
        "a null for a value",
        |rows, at| at.iter().for_each(|row| rows[*row]["amount"] = Value::Null),
        "different",
        1,
    ),
    (
        "a missing row",
        |rows, at| at.iter().rev().for_each(|row| drop(rows.remove(*row))),
        "missing",
        1,
    ),
    (
        "a doubled row",
        |rows, at| at.iter().for_each(|row| rows.push(rows[*row].clone())),
        "doubled",
        1,
    ),
    (
        "an extra row",
        |rows, at| {
            for row in at {
                let mut extra = rows[*row].clone();
                extra["id"] = (1_000_000 + *row).into();
                extra["code"] = format!("extra{row}").into();
                rows.push(extra);
            }
        },
        "extra",
        1,
    ),
    (
        "swapped keys",
        |rows, at| {
            for row in at {
                let (one, other) = (rows[*row]["id"].clone(), rows[row + 1]["id"].clone());
                (rows[*row]["id"], rows[row + 1]["id"]) = (other, one);
            }
        },
        "different",
        2,
    ),
];

fn all_faults(key: bool, formats: &[&str], arguments: &[&str]) {
    let folder = Folder::new();
    let rows = made(&folder, key);
    for file in formats {
        folder.write("p.yaml", &pipeline(key, file));
        for (what, put, kind, each) in FAULTS {
            if !key && *what == "swapped keys" {
                continue;
            }
            // Without a fault all kinds are one.
            let none = (*what == FAULTS[0].0).then_some(0);
            for count in none.into_iter().chain([1, 1000]) {
                let mut faulty = rows.clone();
                put(&mut faulty, &chosen(count));
                if !key {
                    faulty
                        .iter_mut()
                        .for_each(|row| drop(row.as_object_mut().unwrap().remove("id")));
                }
                write(&folder, &faulty, key, file);
                let (ended, report) = verify(&folder, arguments);
                let found = counts(&report);
                let expected: BTreeMap<String, u64> = match count {
                    0 => BTreeMap::new(),
                    count => [((*kind).to_string(), count as u64 * each)].into(),
                };
                assert_eq!(found, expected, "{file}, {count} times {what}\n{ended:?}");
                assert_eq!(ended.code, if count == 0 { 0 } else { 3 }, "{ended:?}");
                assert_eq!(report.len(), 1 + count * *each as usize, "{file} {what}");
            }
        }
    }
}

#[test]
fn every_fault_of_every_kind_is_found_in_every_format() {
    all_faults(true, FORMATS, &[]);
}

#[test]
fn every_fault_is_found_where_nothing_tells_rows_apart() {
    all_faults(false, &["t.csv", "t.parquet"], &[]);
}

#[test]
fn every_fault_is_found_by_digests_with_little_memory() {
    all_faults(true, &["t.avro", "t.csv"], &["--memory=16KiB"]);
    // What is paired by its place waits in half of it: 2000 rows, in two lists.
    all_faults(false, &["t.jsonl"], &["--memory=256KiB"]);
}

#[test]
fn a_self_test_finds_what_it_puts_in() {
    let folder = Folder::new();
    for key in [true, false] {
        folder.write("p.yaml", &pipeline(key, "t.csv"));
        let ended = folder.run(&["verify", "p.yaml", "--self-test=100", "--memory=64KiB"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let kinds = if key { 6 } else { 5 };
        assert_eq!(ended.stdout.lines().count(), 3 * kinds, "{}", ended.stdout);
        assert!(
            ended
                .stdout
                .contains("t in sink f: changed values: 100 of 100 found\n")
        );
    }
}
