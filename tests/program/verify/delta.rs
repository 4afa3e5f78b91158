//! Tables of Delta Lake are read back: the files of a run, among those of others.

use super::super::support::Folder;

const COLUMNS: &str = "      id: sequence
      name: { choice: [a, \"b/ c\"], nulls: 0.1 }
      at: { type: \"timestamp(s, UTC)\", event_time: { start: 2026-01-30, rate: 10/h } }
      few: { type: uint16, uniform: { min: 1, max: 9 } }
      large: { type: uint64, uniform: { min: 1, max: 18446744073709551615 } }
      code: { type: uuid, uuid: {} }
      time: { type: time, uniform: { min: \"00:00:00\", max: \"23:59:59\" } }
      fine: { type: \"timestamp(ns)\", uniform: { min: 2026-01-01, max: 2026-01-02 } }
      tags: { list: { of: { choice: [a, b] }, length: { uniform: { min: 0, max: 3 } } } }
";

fn made(sink: &str) -> Folder {
    let folder = Folder::new();
    let yaml = format!(
        "version: 1\nseed: 1\ntables:\n  t:\n    rows: 1000\n    columns:\n{COLUMNS}sinks:\n  - delta: {sink}\n"
    );
    folder.write("p.yaml", &yaml);
    folder
}

fn run(folder: &Folder, more: &[&str]) {
    let ended = folder.run(&[&["run", "p.yaml", "--quiet"], more].concat());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// The exit code and all words, without what is another one each time.
fn verified(folder: &Folder, more: &[&str]) -> String {
    let ended = folder.run(&[&["verify", "p.yaml"], more].concat());
    let (words, here) = (ended.stdout + &ended.stderr, folder.path(""));
    let words = words.replace(
        &*std::fs::canonicalize(here).unwrap().to_string_lossy(),
        "HERE",
    );
    let sizes = words
        .split(" KiB")
        .map(|part| match part.rsplit_once(", ") {
            Some((before, size)) if size.parse::<f64>().is_ok() => format!("{before}, SOME"),
            _ => part.to_string(),
        });
    let words: Vec<String> = sizes.collect();
    format!(
        "{more:?}: exit code {}\n{}\n",
        ended.code,
        words.join(" KiB")
    )
}

#[test]
fn rows_of_a_run_are_equal_whatever_their_types_order_and_folders() {
    for sink in [
        "{ path: t, types: mapped }",
        "{ path: t, types: mapped, partition_by: [name, month(at)], order_by: [few, { column: id, order: desc }] }",
        "{ path: t, types: mapped, mode: overwrite, files: 3 }",
    ] {
        let folder = made(sink);
        run(&folder, &[]);
        run(&folder, &["--seed=other"]);
        run(&folder, &["--seed=2"]);
        let ended = folder.run(&["verify", "p.yaml", "--seed=2"]);
        assert_eq!(ended.code, 0, "{sink}: {ended:?}");
        let equal = ": 1 000 rows, all equal\n";
        assert!(ended.stdout.contains(equal), "{}", ended.stdout);
    }
}

#[test]
fn what_is_not_of_the_run_or_not_there_is_told() {
    let folder = made("{ path: t, types: mapped, partition_by: name }");
    let mut told = verified(&folder, &[]);
    run(&folder, &["--slice=1/2"]);
    run(&folder, &["--seed=2"]);
    told += &verified(&folder, &["--slice=1/2"]);
    told += &verified(&folder, &["--count-only"]);
    run(&folder, &["--slice=2/2"]);
    told += &verified(&folder, &[]);
    let files = folder.names("t");
    let path = |end: &str| {
        let own = |name: &&String| name.starts_with("name=a/") && name.ends_with(end);
        folder.path("t").join(files.iter().find(own).unwrap())
    };
    let lost = path("-00001-of-00002-00000.parquet");
    let other = lost.with_file_name(
        lost.file_name()
            .unwrap()
            .to_string_lossy()
            .replace("-00000.", "-00001."),
    );
    std::fs::rename(&lost, &other).unwrap();
    told += &verified(&folder, &[]);
    std::fs::copy(&other, &lost).unwrap();
    told += &verified(&folder, &[]);
    insta::assert_snapshot!(told);
}

#[test]
fn rows_that_were_replaced_since_are_not_those_of_the_table() {
    let folder = made("{ path: t, types: mapped, mode: overwrite }");
    run(&folder, &[]);
    run(&folder, &["--seed=2"]);
    insta::assert_snapshot!(verified(&folder, &[]));
}
