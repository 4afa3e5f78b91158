//! What reports count: bytes that are in files, rows that are safe; and how far files go ahead of a rate.

use serde_json::Value;

use super::support::Folder;

fn report(folder: &Folder, yaml: &str, code: i32, arguments: &[&str]) -> Value {
    folder.write("p.yaml", yaml);
    let fixed = ["run", "p.yaml", "--quiet", "--report", "r.json"];
    let ended = folder.run(&[&fixed[..], arguments].concat());
    assert_eq!(ended.code, code, "{ended:?}");
    serde_json::from_str(&folder.read("r.json")).unwrap()
}

const COLUMNS: &str = "columns: { id: sequence, x: { uniform: { min: 0, max: 1000 } } }";

#[test]
fn the_bytes_of_a_sink_are_those_of_its_files() {
    let folder = Folder::new();
    let formats = [
        "path: o/a.csv",
        "path: o/b.json, format: { json: { layout: array } }",
        "path: o/c.avro",
        "path: o/d.parquet",
        "path: o/e.csv.gz",
        "path: o/f, format: csv, files: 3",
        "path: o/g, format: avro, target_file_size: 20KiB",
    ];
    for rows in [5, 20_000] {
        let sinks = formats.map(|format| format!("  - file: {{ {format}, if_exists: replace }}\n"));
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ rows: {rows}, {COLUMNS} }}\nsinks:\n{}",
            sinks.join("")
        );
        let report = report(&folder, &yaml, 0, &[]);
        for sink in report["sinks"].as_array().unwrap() {
            let files = sink["files"].as_array().unwrap();
            let sizes = files.iter().map(|file| {
                let path = folder.path(file["path"].as_str().unwrap());
                let size = std::fs::metadata(path).unwrap().len();
                assert_eq!(file["bytes"], size);
                size
            });
            assert_eq!(sink["bytes"], sizes.sum::<u64>(), "{sink}");
        }
    }
}

#[test]
fn the_rows_of_a_sink_that_did_not_end_are_those_that_are_safe() {
    let folder = Folder::new();
    let columns = "columns: { id: sequence, x: { expr: \"1000 / (60000 - id)\" } }";
    let yaml = format!(
        "version: 1\ntables:\n  t: {{ rows: 100_000, {columns} }}\nsinks:\n  - file: {{ path: a.csv }}\n  - file: {{ path: /dev/null, format: csv }}\n"
    );
    let report_of = report(&folder, &yaml, 2, &[]);
    let hidden = &report_of["sinks"][0];
    let counted = (&hidden["rows"], &hidden["bytes"]);
    assert_eq!(counted, (&0.into(), &0.into()), "{report_of}");
    assert_eq!(hidden["left"][0], ".a.csv.partial");
    // What went through cannot be taken back.
    assert!(report_of["sinks"][1]["rows"].as_u64().unwrap() > 0);
    let failed = yaml
        .replace("a.csv", "/dev/full, format: csv")
        .replace("60000 - id", "id + 1");
    let report_of = report(&folder, &failed, 2, &[]);
    assert_eq!(report_of["sinks"][0]["rows"], 0);
    assert_eq!(report_of["sinks"][1]["rows"], 100_000);
}

#[test]
fn files_go_at_most_a_tenth_of_a_second_ahead_of_a_rate() {
    let folder = Folder::new();
    let rows = |table: &str, sink: &str, run: &str| {
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ rows: {table}, {COLUMNS} }}\nsinks:\n  - file: {{ path: a.csv, if_exists: replace{sink} }}\nrun: {{ for: 500ms{run} }}\n"
        );
        folder.make(&yaml, &[]);
        folder.read("a.csv").lines().count() - 1
    };
    assert_eq!(rows("100_000", "", ", rate: 1/h"), 1);
    assert_eq!(rows("0", ", rate: 1/h", ""), 1);
    let some = rows("0", "", ", rate: 1000/s");
    assert!((300..=640).contains(&some), "{some}");
    // Whoever says how large batches are gets them.
    assert_eq!(rows("100_000", "", ", rate: 1/h, batch_rows: 50"), 50);
}

#[test]
fn a_rate_changes_no_value() {
    let folder = Folder::new();
    let yaml = |rate: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 1000, {COLUMNS} }}\nsinks:\n  - file: {{ path: a.csv, if_exists: replace }}\n{rate}"
        )
    };
    folder.make(&yaml(""), &[]);
    let fast = folder.read("a.csv");
    folder.make(&yaml("run: { rate: 3333/s }\n"), &[]);
    assert_eq!(folder.read("a.csv"), fast);
}
