//! What rowgen writes is equal: every shipped pipeline, in slices, without an end.

use super::super::support::{Folder, project};
use super::ROWS;

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
    ("cdc_log", &["--set=changes=40000"]),
    ("clickstream", &["--set=sessions=2000", "--set=users=300"]),
    ("daily", &["--set=orders=3000", "--run-date=2026-01-31"]),
    #[cfg(feature = "delta")]
    ("delta", &["--set=orders=3000", "--run-date=2026-01-31"]),
    ("employees", &["--set=employees=700"]),
    ("encodings", &["--set=rows=3000"]),
    ("lake", &["--set=rows=3000"]),
    ("lineitem", &["--set=scale=0.0005"]),
    ("orders", &["--set=orders=2000", "--set=customers=300"]),
    ("sensors", &["--set=devices=30", "--set=ticks=100"]),
    ("shop", &["--set=rows=2000", "--set=customers=500"]),
    ("users_csv", &["--set=rows=3000"]),
    ("wide", &["--set=rows=3000"]),
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
                words.lines().map(equal_rows).sum::<usize>()
            })
            .sum();
        let whole: usize = run("verify", &[]).lines().map(equal_rows).sum();
        assert_eq!(rows, whole, "{pipeline}");
    }
    for name in std::fs::read_dir(project().join("pipelines")).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        let server = [
            "kafka",
            "seed_status",
            "users.yaml",
            "casino_tables",
            // Messages that nobody keeps.
            "stream.yaml",
            #[cfg(not(feature = "delta"))]
            "delta.yaml",
            "cdc.yaml",
            "cdc_store",
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
            "version: 1\nname: v\ntables:\n  t:\n    rows: {ROWS}\n    columns:\n      id: {{ sequence: {{ start: 1 }} }}\n      state: {{ choice: {{ new: 3, old: 1 }}, nulls: 0.1 }}\n      at: {{ type: 'timestamp(us, UTC)', event_time: {{ start: 2026-01-01, span: 10d }} }}\n      on: {{ copy: at, type: date }}\nsinks:\n  - file: {{ {sink} }}\n"
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
