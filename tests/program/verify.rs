//! `verify`: what is there is what must be there; each fault that is put into files is found, once, and
//! nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::{Ended, Folder, project};

/// A table of every usual type, with a key, and what writes it.
const COLUMNS: &str = "
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

const TYPES: &str = "id: int64, name: utf8, code: utf8, state: utf8, amount: 'decimal(12,2)', weight: float64, small: int16, on: date, at: 'timestamp(us, UTC)', yes: boolean";

/// How each format is written and read.
const FORMATS: &[&str] = &["t.csv", "t.jsonl", "t.json", "t.avro", "t.parquet"];

const ROWS: usize = 5000;

fn pipeline(key: bool, file: &str) -> String {
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

fn format_of(file: &str) -> &str {
    match file.rsplit_once('.').unwrap().1 {
        "json" => "{ json: { layout: array } }",
        "jsonl" => "{ json: { layout: lines } }",
        other => other,
    }
}

/// The rows as objects in lines, as rowgen makes them.
fn made(folder: &Folder, key: bool) -> Vec<Value> {
    folder.make(&pipeline(key, "made.jsonl"), &[]);
    let made = folder.read("made.jsonl");
    made.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Writes rows to a file of a format, by a pipeline that reads them.
fn write(folder: &Folder, rows: &[Value], key: bool, file: &str) {
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
fn verify(folder: &Folder, arguments: &[&str]) -> (Ended, Vec<Value>) {
    let ended =
        folder.run(&[&["verify", "p.yaml", "--report", "report.jsonl"], arguments].concat());
    let report = folder.read("report.jsonl");
    let lines = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (ended, lines.collect())
}

/// How many rows of each kind the last line of the report tells, none of them 0.
fn counts(report: &[Value]) -> BTreeMap<String, u64> {
    let rows = report.last().unwrap()["rows"].as_object().unwrap();
    let counts = rows
        .iter()
        .map(|(kind, count)| (kind.clone(), count.as_u64().unwrap()));
    let kinds = ["missing", "extra", "different", "doubled"];
    counts
        .filter(|(kind, count)| kinds.contains(&kind.as_str()) && *count > 0)
        .collect()
}

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
    all_faults(false, &["t.jsonl"], &["--memory=64KiB"]);
}

#[test]
fn a_difference_says_which_row_which_column_and_both_values() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    let (code, at) = (rows[41]["code"].clone(), rows[42]["at"].clone());
    rows[41]["code"] = "other".into();
    rows[42]["at"] = "2001-01-01T00:00:00.5Z".into();
    rows.remove(99);
    let mut extra = rows[7].clone();
    extra["id"] = 77_777.into();
    rows.insert(0, extra);
    folder.write("p.yaml", &pipeline(true, "t.csv"));
    write(&folder, &rows, true, "t.csv");
    let (ended, report) = verify(&folder, &[]);
    let (code, at) = (code.as_str().unwrap(), at.as_str().unwrap());
    let path = folder.path("t.csv");
    let first = format!(
        "t in sink f (csv {}, ",
        std::fs::canonicalize(&path).unwrap().display()
    );
    let words: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        words[0].starts_with(&first) || words[0].contains("t.csv, "),
        "{}",
        words[0]
    );
    assert!(
        words[0].ends_with(": 4 997 equal, 1 missing, 1 extra, 2 different"),
        "{}",
        words[0]
    );
    assert_eq!(
        words[1],
        format!("  different: id 42, row 41; code: expected {code}, found other")
    );
    assert_eq!(
        words[2],
        format!("  different: id 43, row 42; at: expected {at}, found 2001-01-01T00:00:00.500Z")
    );
    assert_eq!(words[3], "  missing: id 100, row 99");
    assert_eq!(words[4], "  extra: id 77777, found as row 0");
    assert_eq!(words.len(), 5);
    assert_eq!(report[0]["kind"], "different");
    assert_eq!(report[0]["key"]["id"], "42");
    assert_eq!(report[0]["columns"]["code"]["found"], "other");
    assert_eq!(report[4]["rows"]["expected"], 5000);
    assert_eq!(report[4]["different_columns"]["code"], 1);
}

#[test]
fn values_of_no_type_are_told_as_they_stand() {
    let folder = Folder::new();
    for (file, from, to, shown) in [
        ("t.csv", "\n42,", "\n4x2,", "id"),
        (
            "t.csv",
            ",true\n",
            ",maybe\n",
            "yes: expected true, found maybe",
        ),
        (
            "t.jsonl",
            "\"yes\":true",
            "\"yes\":\"maybe\"",
            "yes: expected true, found maybe",
        ),
        (
            "t.jsonl",
            "\"small\":7",
            "\"small\":70000",
            "small: expected 7, found 70000",
        ),
    ] {
        std::fs::remove_file(folder.path(file)).ok();
        folder.make(&pipeline(true, file), &[]);
        let text = folder.read(file);
        assert!(text.contains(from), "{file} {from}");
        folder.write(file, &text.replacen(from, to, 1));
        let (ended, report) = verify(&folder, &[]);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.stdout.contains(shown), "{}", ended.stdout);
        let expected: &[(&str, u64)] = match shown {
            "id" => &[("extra", 1), ("missing", 1)],
            _ => &[("different", 1)],
        };
        let expected = expected
            .iter()
            .map(|(kind, count)| ((*kind).to_string(), *count));
        assert_eq!(counts(&report), expected.collect(), "{}", ended.stdout);
    }
}

#[test]
fn a_broken_line_is_a_row_that_is_missing() {
    let folder = Folder::new();
    folder.make(&pipeline(true, "t.csv"), &[]);
    let text = folder.read("t.csv").replacen("\n42,", "\n42,one more,", 1);
    folder.write("t.csv", &text);
    let (ended, report) = verify(&folder, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(counts(&report)["missing"], 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("expected 10 values, found 11"),
        "{}",
        ended.stdout
    );
}

#[test]
fn rows_in_another_order_are_equal_and_so_are_renamed_and_fewer_columns() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    rows.reverse();
    let yaml = pipeline(true, "t.csv").replace(
        "name: f,",
        "name: f, columns: { number: id, code: code, amount: amount },",
    );
    folder.write("p.yaml", &yaml);
    let lines: String = rows.iter().map(|row| {
        let object = serde_json::json!({ "number": row["id"], "code": row["code"], "amount": row["amount"], "own": 1 });
        format!("{object}\n")
    }).collect();
    folder.write("copy.jsonl", &lines);
    let against = "--against=json: { path: copy.jsonl }";
    let (ended, _) = verify(&folder, &[against]);
    assert_eq!(ended.code, 0, "{ended:?}");
    folder.write("copy.csv", &folder_csv(&rows));
    let (ended, _) = verify(
        &folder,
        &["--against=csv: { path: copy.csv }", "--columns=number=key"],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("were not compared: own"),
        "{}",
        ended.stdout
    );
    let (ended, _) = verify(
        &folder,
        &["--against=csv: { path: copy.csv }", "--columns=nmber=key"],
    );
    assert_eq!(ended.code, 1);
    assert!(
        ended
            .stderr
            .contains("it has no column `nmber` that is compared; did you mean `number`?"),
        "{}",
        ended.stderr
    );
}

/// As another program writes them: all values in quotes.
fn folder_csv(rows: &[Value]) -> String {
    let line = |row: &Value| {
        format!(
            "\"x\",\"{}\",\"{}\",\"{}\"\n",
            row["amount"],
            row["id"],
            row["code"].as_str().unwrap()
        )
    };
    let lines: String = rows.iter().map(line).collect();
    format!("own,amount,key,code\n{lines}")
}

#[test]
fn floats_are_near_only_where_that_is_asked_for() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    for row in &mut rows {
        let weight = row["weight"].as_f64().unwrap();
        row["weight"] = f64::from_bits(weight.to_bits() + 1).into();
    }
    folder.write("p.yaml", &pipeline(true, "t.jsonl"));
    write(&folder, &rows, true, "t.jsonl");
    let (ended, report) = verify(&folder, &[]);
    assert_eq!((ended.code, counts(&report)["different"]), (3, 5000));
    let (ended, _) = verify(&folder, &["--float-ulps=1"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    rows[5]["code"] = "other".into();
    write(&folder, &rows, true, "t.jsonl");
    let (ended, report) = verify(&folder, &["--float-ulps=1"]);
    assert_eq!(
        (ended.code, counts(&report)["different"]),
        (3, 1),
        "{}",
        ended.stdout
    );
}

#[test]
fn many_differences_are_all_in_the_report_and_the_first_in_words() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    rows.iter_mut().for_each(|row| row["code"] = "other".into());
    folder.write("p.yaml", &pipeline(true, "t.csv"));
    write(&folder, &rows, true, "t.csv");
    let (ended, report) = verify(&folder, &["--max-differences=3"]);
    assert_eq!(report.len(), 5001);
    assert_eq!(ended.stdout.lines().count(), 5, "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .ends_with("  and 4 997 more: `--report FILE` has all of them\n")
    );
}

#[test]
fn rows_are_counted_alone() {
    let folder = Folder::new();
    folder.make(&pipeline(true, "t.csv"), &[]);
    let ended = folder.run(&["verify", "p.yaml", "--count-only"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stdout
            .ends_with(": 5 000 rows, as many as there should be\n"),
        "{}",
        ended.stdout
    );
    let text = folder.read("t.csv");
    folder.write("t.csv", text.trim_end().rsplit_once('\n').unwrap().0);
    let ended = folder.run(&["verify", "p.yaml", "--count-only"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended
            .stdout
            .ends_with(": 4 999 rows, and there should be 5 000\n"),
        "{}",
        ended.stdout
    );
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

#[test]
fn what_cannot_be_compared_says_why_before_anything_is_read() {
    let folder = Folder::new();
    let refusal = |yaml: &str, arguments: &[&str]| {
        folder.write("p.yaml", yaml);
        let ended = folder.run(&[&["verify", "p.yaml"], arguments].concat());
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    let table = |columns: &str, sink: &str| {
        format!(
            "version: 1\nname: v\ntables:\n  t:\n    rows: 10\n    columns:\n      {columns}\nsinks:\n  - {sink}\n"
        )
    };
    assert_eq!(
        refusal(&table("a: { now: {} }", "file: { path: a.csv }"), &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: no column of it can be compared: its values depend on the moment of the run\n"
    );
    assert_eq!(
        refusal(&table("a: sequence", "discard: {}"), &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `discard-1`: it keeps no rows\n"
    );
    assert_eq!(
        refusal(
            &table(
                "a: sequence",
                "file: { path: a.avro, format: { avro: { bare: true } } }"
            ),
            &[]
        ),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: bare datums do not say what they are\n"
    );
    let endless = table("a: sequence", "file: { path: out, roll: 1s, format: csv }")
        .replace("rows: 10\n", "rows: 0\n");
    assert_eq!(
        refusal(&endless, &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: its table has no end; `--rows` says how many of its rows are compared\n"
    );
    let both = table("a: sequence", "discard: {}\n  - file: { path: a.csv }");
    folder.make(&both, &[]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            0,
            "not compared: `t` in sink `discard-1`: it keeps no rows\n"
        )
    );
    assert_eq!(
        refusal(&both, &["--sinks=discard-1,file-2"]),
        "error: a sink cannot be compared\n  caused by: `t` in sink `discard-1`: it keeps no rows\n"
    );
    assert_eq!(
        refusal(
            &table(
                "a: sequence",
                "file: { path: a.csv }\n  - file: { path: b.csv }"
            ),
            &["--against=csv: { path: a.csv }"]
        ),
        "error: `--against` is compared with one sink's rows, here are those of 2\n  hint: name one with `--sinks`\n"
    );
}

#[test]
fn what_is_not_there_or_damaged_could_not_be_read() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(true, "t.parquet"));
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.starts_with("error: could not read `"),
        "{}",
        ended.stderr
    );
    folder.make(&pipeline(true, "t.parquet"), &[]);
    let bytes = folder.bytes("t.parquet");
    std::fs::write(folder.path("t.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    folder.make(&pipeline(true, "t.jsonl"), &[]);
    std::fs::copy(folder.path("t.jsonl"), folder.path("c.jsonl")).unwrap();
    let ended = folder.run(&["verify", "p.yaml", "--against=parquet: { path: c.jsonl }"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}

#[test]
fn a_column_that_depends_on_the_moment_is_left_out_and_said() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: v\ntables:\n  t:\n    rows: 10\n    columns:\n      id: sequence\n      made_at: { now: {} }\nsinks:\n  - file: { path: a.csv }\n";
    folder.make(yaml, &[]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.ends_with(": 10 rows, all equal\n  column made_at was not compared: its values depend on the moment of the run\n"), "{}", ended.stdout);
}

#[test]
fn the_first_rows_of_a_table_without_end_are_compared() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: v\ntables:\n  t:\n    rows: 0\n    columns:\n      id: sequence\n      code: { pattern: '[A-Z]{5}' }\nsinks:\n  - file: { path: out/, roll: 60s, format: csv }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--rate=20000/s", "--for=500ms"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = folder.run(&["verify", "p.yaml", "--rows=1000"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains(": 1 000 rows, all equal\n"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains(" rows behind them were not judged\n"),
        "{}",
        ended.stdout
    );
    let ended = folder.run(&["verify", "p.yaml", "--rows=1000000"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains(" missing"), "{}", ended.stdout);
}

/// The shipped pipelines that need no server, and how few rows they make here.
const SHIPPED: &[(&str, &[&str])] = &[
    ("casino", &["--set=rows=40000"]),
    (
        "casino_continuous",
        &[
            "--set=rows=3000",
            "--set=day=2026-01-15",
            "--rate=1000000/s",
        ],
    ),
    ("lineitem", &["--set=scale=0.0005"]),
    ("shop", &["--set=rows=2000", "--set=customers=500"]),
    ("users_csv", &["--set=rows=3000"]),
];

#[test]
fn what_every_shipped_pipeline_writes_is_equal() {
    for (pipeline, arguments) in SHIPPED {
        let folder = Folder::new();
        let path = project()
            .join(format!("pipelines/{pipeline}.yaml"))
            .display()
            .to_string();
        let run = |command: &str, more: &[&str]| {
            let ended = folder.run(&[&[command, &path], *arguments, more].concat());
            assert_eq!(ended.code, 0, "{command} {pipeline} {more:?}: {ended:?}");
            ended.stdout
        };
        run("run", &["--quiet", "--threads=2"]);
        for threads in ["--threads=1", "--threads=2", "--threads=8"] {
            let words = run("verify", &[threads]);
            assert!(words.contains(" rows, all equal\n"), "{words}");
        }
        let rows: usize = (1..=3)
            .map(|slice| {
                let words = run("verify", &[&format!("--slice={slice}/3"), "--memory=64KiB"]);
                words.lines().map(|line| equal_rows(line)).sum::<usize>()
            })
            .sum();
        let whole: usize = run("verify", &[])
            .lines()
            .map(|line| equal_rows(line))
            .sum();
        assert_eq!(rows, whole, "{pipeline}");
    }
    for name in std::fs::read_dir(project().join("pipelines")).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        let server = [
            "kafka",
            "seed_status",
            "users.yaml",
            "casino_tables",
            "schema.json",
        ];
        let known = SHIPPED
            .iter()
            .any(|(known, _)| name == format!("{known}.yaml"));
        assert!(
            known || server.iter().any(|part| name.contains(part)),
            "{name}"
        );
    }
}

/// `3 000` of `…: 3 000 rows, all equal`.
fn equal_rows(line: &str) -> usize {
    let rows = line.strip_suffix(" rows, all equal").unwrap();
    let digits: Vec<&str> = rows.rsplit(": ").next().unwrap().split(' ').collect();
    digits.concat().parse().unwrap()
}

/// What is cut in slices: dealt to folders, in folders that follow each other, and in one file.
const SLICED: &[&str] = &[
    "path: o.csv.gz",
    "path: o/, format: parquet",
    "path: o/, format: csv, partition_by: state",
    "path: o/, format: { json: { layout: lines } }, partition_by: on",
];

#[test]
fn what_is_written_in_slices_is_compared_as_slices_and_as_a_whole() {
    for sink in SLICED {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1\nname: v\ntables:\n  t:\n    rows: {ROWS}\n    columns:\n      id: {{ sequence: {{ start: 1 }} }}\n      state: {{ choice: {{ new: 3, old: 1 }}, nulls: 0.1 }}\n      at: {{ type: 'timestamp(us, UTC)', event_time: {{ start: 2026-01-01, span: 10d }} }}\n      on: {{ expr: 'cast(at as date)' }}\nsinks:\n  - file: {{ {sink} }}\n"
        );
        let slices = ["--slice=1/3", "--slice=2/3", "--slice=3/3"];
        slices
            .iter()
            .for_each(|slice| drop(folder.make(&yaml, &[slice])));
        let rows = |arguments: &[&str]| {
            let ended = folder.run(&[&["verify", "p.yaml"], arguments].concat());
            assert_eq!(ended.code, 0, "{sink} {ended:?}");
            equal_rows(ended.stdout.trim_end())
        };
        let all: usize = slices.iter().map(|slice| rows(&[slice])).sum();
        assert_eq!((all, rows(&[])), (ROWS, ROWS), "{sink}");
    }
}
