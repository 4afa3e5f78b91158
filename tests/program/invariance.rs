//! Values are a function of seed, names and row: threads, batches, slices and other columns change nothing.

use super::support::Folder;

const COLUMNS: &str = r#"
      id: sequence
      country: { reference: { from: countries }, hidden: true }
      code: { copy: country.code }
      status: { choice: { PAID: 9, OPEN: 1 }, nulls: 0.1 }
      amount: { type: "decimal(10,2)", uniform: { min: 1, max: 1000 } }
      share: { normal: { mean: 0, stddev: 1 } }
      text: { template: "N-{id:06}-{status}" }
      kept: { uniform: { min: 1, max: 1_000_000 }, by: code }
      total: { running: { sum: amount } }
      shares: { running: { sum: share } }
      above: { previous: { column: status } }
      level: { walk: { start: 5, step: { normal: { mean: 0, stddev: 1 } }, min: 0, max: 10 } }
      mode: { states: { start: on, transitions: { on: { on: 9, off: 1 }, off: { off: 4, on: 1 } } } }
      at: { after: { previous: at, start: 2026-01-01, delay: { exponential: { mean: 20s, max: 1h } } } }
      load: { series: { time: at, base: level, season: { period: 24h, amplitude: 5 }, noise: { normal: { mean: 0, stddev: 1 } } } }
"#;

fn pipeline(columns: &str, sinks: &str, run: &str) -> String {
    format!(
        "version: 1\nname: t\nreference:\n  countries: {{ path: countries.json }}\ntables:\n  t:\n    rows: 100_003\n    columns:{columns}sinks:\n{sinks}{run}"
    )
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "countries.json",
        r#"[{"code":"IT"},{"code":"FR"},{"code":"DE"}]"#,
    );
    folder
}

const ALL: &str = "  - file: { path: t.parquet, format: { parquet: { row_group_rows: 40_000 } } }\n  - file: { path: t.csv }\n  - file: { path: t.csv.gz }\n  - file: { path: t.jsonl }\n  - file: { path: t.avro }\n  - file: { path: parts, format: parquet, partition_by: status }\n";
const FILES: [&str; 7] = [
    "t.parquet",
    "t.csv",
    "t.csv.gz",
    "t.jsonl",
    "t.avro",
    "parts/status=PAID/part-00000.parquet",
    "parts/_rowgen/manifest.jsonl",
];

#[test]
fn output_is_the_same_at_every_level_of_the_processor() {
    let folder = folder();
    folder.write("p.yaml", &pipeline(COLUMNS, ALL, ""));
    for level in ["baseline", "avx2", "avx512"] {
        let arguments = ["run", "p.yaml", "--quiet", "--threads", "2", "--out", level];
        let mut command = folder.command(&arguments);
        let ended = command.env("ROWGEN_SIMD", level).output().unwrap();
        assert!(ended.status.success(), "{level}");
    }
    for (level, found) in [
        ("avx2", cfg!(target_arch = "x86_64") && has("avx2")),
        ("avx512", cfg!(target_arch = "x86_64") && has("avx512dq")),
    ] {
        if !found {
            eprintln!("{level}: not run, this processor lacks it");
        }
        for file in FILES {
            let other = folder.bytes(&format!("{level}/{file}"));
            assert!(
                folder.bytes(&format!("baseline/{file}")) == other,
                "{level} {file}"
            );
        }
    }
}

/// True if the system says that the processor has a feature.
fn has(feature: &str) -> bool {
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    known.split_whitespace().any(|word| word == feature)
}

#[test]
fn output_is_the_same_on_any_number_of_threads() {
    let folder = folder();
    let yaml = pipeline(COLUMNS, ALL, "");
    for threads in ["1", "2", "8"] {
        folder.make(&yaml, &["--threads", threads, "--out", threads]);
    }
    for file in FILES {
        let one = folder.bytes(&format!("1/{file}"));
        assert!(
            one == folder.bytes(&format!("2/{file}")),
            "{file} on 2 threads"
        );
        assert!(
            one == folder.bytes(&format!("8/{file}")),
            "{file} on 8 threads"
        );
    }
}

#[test]
fn values_are_the_same_at_any_batch_size() {
    let folder = folder();
    let csv = "  - file: { path: t.csv }\n";
    for rows in ["1", "1000", "16384"] {
        let rows_of_all = if rows == "1" { "2_003" } else { "100_003" };
        let yaml = pipeline(COLUMNS, csv, &format!("run: {{ batch_rows: {rows} }}\n"));
        folder.make(&yaml.replace("100_003", rows_of_all), &["--out", rows]);
    }
    let whole = folder.read("16384/t.csv");
    assert!(whole == folder.read("1000/t.csv"));
    assert!(
        whole.starts_with(&folder.read("1/t.csv")),
        "the first rows stay when there are more"
    );
}

#[test]
fn slices_laid_end_to_end_are_the_whole() {
    let folder = folder();
    let yaml = pipeline(
        COLUMNS,
        "  - file: { path: t.csv, format: { csv: { header: false } } }\n",
        "",
    );
    folder.make(&yaml, &[]);
    let mut together = String::new();
    for slice in 1..=7 {
        folder.make(
            &yaml,
            &["--slice", &format!("{slice}/7"), "--out", "slices"],
        );
        let name = format!("slices/t-{slice:05}-of-00007.csv");
        let rows = folder.read(&name).lines().count();
        assert_eq!(rows, 100_003 * slice / 7 - 100_003 * (slice - 1) / 7);
        together.push_str(&folder.read(&name));
    }
    assert!(folder.read("t.csv") == together);
}

#[test]
fn editing_one_column_changes_no_other() {
    let folder = folder();
    let csv = "  - file: { path: t.csv, columns: [id, code, amount] }\n";
    folder.make(&pipeline(COLUMNS, csv, ""), &["--out", "before"]);
    let edited = r#"
      first: { uniform: { min: 0, max: 9 } }
      amount: { type: "decimal(10,2)", uniform: { min: 1, max: 1000 } }
      country: { reference: { from: countries }, hidden: true }
      code: { copy: country.code }
      id: sequence
"#;
    folder.make(&pipeline(edited, csv, ""), &["--out", "after"]);
    assert!(folder.read("before/t.csv") == folder.read("after/t.csv"));
}

#[test]
fn the_seed_changes_everything_and_nothing_else_does() {
    let folder = folder();
    let yaml = pipeline(COLUMNS, "  - file: { path: t.csv }\n", "");
    folder.make(&yaml, &["--seed", "1", "--out", "a"]);
    folder.make(&yaml, &["--seed", "1", "--out", "b"]);
    folder.make(&yaml, &["--seed", "2", "--out", "c"]);
    assert!(folder.read("a/t.csv") == folder.read("b/t.csv"));
    assert!(folder.read("a/t.csv") != folder.read("c/t.csv"));
}

/// Output that is there already is of another run when one value in the middle of a reference is.
#[test]
fn a_reference_is_told_from_one_that_differs_in_one_value() {
    let folder = Folder::new();
    let countries = |fiftieth: &str| {
        let codes = (0..100).map(|row| if row == 50 { fiftieth } else { "IT" });
        let rows: Vec<String> = codes
            .map(|code| format!("{{\"code\":\"{code}\"}}"))
            .collect();
        folder.write("countries.json", &format!("[{}]", rows.join(",")));
    };
    let sinks = "  - file: { path: out, format: csv, if_exists: skip }\n";
    folder.write("p.yaml", &pipeline(COLUMNS, sinks, ""));
    let run = || folder.run(&["run", "p.yaml", "--quiet"]).code;
    countries("FR");
    assert_eq!((run(), run()), (0, 0), "made, then skipped");
    countries("DE");
    assert_ne!(run(), 0, "not skipped");
}

/// Nor is output of other options, or of another seed, the same.
#[test]
fn output_of_other_options_or_of_another_seed_is_not_kept() {
    let folder = Folder::new();
    let skip = |more: &str| {
        let sinks = format!("  - file: {{ path: out/t.csv, if_exists: skip{more} }}\n");
        format!(
            "version: 1\ntables:\n  t: {{ rows: 9, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 999 }} }} }} }}\nsinks:\n{sinks}"
        )
    };
    let run = |name: &str, yaml: &str| {
        folder.write(name, yaml);
        folder.run(&["run", name, "--quiet"]).code
    };
    assert_eq!(run("p.yaml", &skip("")), 0);
    assert_eq!(run("p.yaml", &skip(", fsync: false")), 0, "the same");
    for other in [
        ", columns: [x]",
        ", columns: { id: x, x: id }",
        ", format: { csv: { delimiter: \";\" } }",
    ] {
        assert_eq!(run("p.yaml", &skip(other)), 2, "{other}");
    }
    assert_eq!(run("q.yaml", &skip("")), 2, "its name is its seed");
    folder.write("p.yaml", &skip(""));
    assert_eq!(
        folder
            .run(&["run", "p.yaml", "--quiet", "--for", "1h"])
            .code,
        2
    );
}
