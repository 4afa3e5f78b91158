//! Tables of Delta Lake: what their log says after runs, slices and refusals. What other readers make of
//! them, `tests/readers` looks at.

use serde_json::Value;

use super::support::{Ended, Folder};

const COLUMNS: &str = "      id: sequence\n      name: { choice: [a, b] }\n";

fn pipeline(columns: &str, sink: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    rows: 1000\n    columns:\n{columns}sinks:\n  - delta: {sink}\n"
    )
}

/// The actions of each commit of `t`.
fn log(folder: &Folder) -> Vec<Vec<Value>> {
    let names = folder.names("t/_delta_log").into_iter();
    let commits = names.filter(|name| name.ends_with(".json"));
    let text = |name: String| folder.read(&format!("t/_delta_log/{name}"));
    let actions = |text: String| {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    commits.map(text).map(actions).collect()
}

/// What the actions of a kind say under a key, as text.
fn said(actions: &[Value], kind: &str, key: &str) -> Vec<String> {
    let own = actions.iter().filter_map(|action| action.get(kind));
    let said = own.map(|action| action[key].as_str().unwrap_or_default().to_string());
    said.collect()
}

#[test]
fn a_run_is_one_commit_and_the_same_run_adds_nothing() {
    let folder = Folder::new();
    let yaml = pipeline(COLUMNS, "{ path: t, partition_by: name }");
    folder.make(&yaml, &[]);
    folder.make(&yaml, &[]);
    let log = log(&folder);
    assert_eq!(log.len(), 1);
    let paths = said(&log[0], "add", "path");
    assert!(paths[0].starts_with("name=a/part-") && paths[1].starts_with("name=b/part-"));
    assert_eq!(paths.len(), 2);
    for stats in said(&log[0], "add", "stats") {
        let stats: Value = serde_json::from_str(&stats).unwrap();
        assert_eq!(stats["nullCount"]["id"], 0, "{stats}");
        assert!(stats["minValues"]["id"].as_u64() < stats["maxValues"]["id"].as_u64());
    }
    assert_eq!(said(&log[0], "txn", "appId").len(), 1);
    let hidden = folder.names("t/_rowgen");
    assert_eq!(
        hidden,
        Vec::<String>::new(),
        "nothing is left beside the files"
    );
}

/// Days that are known once rows are sorted, and decimals of which there are few.
const LATE: &str = "      id: sequence\n      at: { type: timestamp(us), event_time: { start: 2026-01-31, rate: 50/h } }\n      price: { type: \"decimal(10,2)\", choice: [1.50, 2.50] }\n      n: { type: uint16, uniform: { min: 1, max: 9 } }\n";

#[test]
fn runs_and_slices_add_to_partitions_that_are_known_late() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("x")).unwrap();
    // A path that leaves its folder is one like others.
    let yaml = pipeline(
        LATE,
        "{ path: x/../t, partition_by: month(at), types: mapped }",
    );
    folder.make(&yaml, &["--seed", "a"]);
    folder.make(&yaml, &["--seed", "b"]);
    for slice in ["1/2", "2/2", "1/2"] {
        folder.make(&yaml, &["--seed", "c", "--slice", slice]);
    }
    let log = log(&folder);
    assert_eq!(log.len(), 4);
    let rows = |stats: String| {
        let stats: Value = serde_json::from_str(&stats).unwrap();
        stats["numRecords"].as_u64().unwrap()
    };
    let all = log.iter().flat_map(|commit| said(commit, "add", "stats"));
    assert_eq!(all.map(rows).sum::<u64>(), 3000);
    for path in log.iter().flat_map(|commit| said(commit, "add", "path")) {
        assert!(path.starts_with("at_month=2026-0"), "{path}");
    }
}

#[test]
fn a_path_that_means_something_else_in_a_url_is_refused() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(COLUMNS, "{ path: \"lake/a#b\" }"));
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 1);
    assert_eq!(
        ended.stderr,
        "error: the path of a table of Delta Lake may not have `#`\n --> p.yaml:9:20\n  |\n9 |   - delta: { path: \"lake/a#b\" }\n  |                    ^^^^^^^^^^\n  hint: give its folder another name\n"
    );
}

#[test]
fn slices_that_replace_a_table_are_one_commit() {
    let folder = Folder::new();
    let yaml = pipeline(COLUMNS, "{ path: t, mode: overwrite }");
    folder.make(&yaml, &["--seed", "other"]);
    for slice in ["1/3", "3/3", "1/3"] {
        folder.make(&yaml, &["--slice", slice]);
        assert_eq!(log(&folder).len(), 1, "{slice}");
    }
    folder.make(&yaml, &["--slice", "2/3"]);
    folder.make(&yaml, &["--slice", "2/3"]);
    let log = log(&folder);
    assert_eq!(log.len(), 2);
    assert_eq!(said(&log[1], "add", "path").len(), 3);
    assert_eq!(
        said(&log[1], "remove", "path"),
        said(&log[0], "add", "path")
    );
}

#[test]
fn a_table_that_the_rows_do_not_fit_is_refused_before_the_first_row() {
    let folder = Folder::new();
    folder.make(&pipeline(COLUMNS, "{ path: t }"), &[]);
    folder.write("f/x.parquet", "");
    let other = "      id: { type: int32, uniform: { min: 1, max: 5 } }\n      new: sequence\n";
    let mut told = String::new();
    for (columns, sink, more) in [
        (other, "{ path: t }", None),
        (COLUMNS, "{ path: t, partition_by: name }", None),
        (COLUMNS, "{ path: f }", None),
        (COLUMNS, "{ path: f/x.parquet }", None),
        (COLUMNS, "{ path: f/x.parquet/t }", None),
        (COLUMNS, "{ path: t/u }", None),
        (COLUMNS, "{ path: t }", Some("--overwrite")),
    ] {
        folder.write("p.yaml", &pipeline(columns, sink));
        let ended = folder.run(&[&["run", "p.yaml", "--quiet"], more.as_slice()].concat());
        told += &format!("exit code {}\n{}\n", ended.code, ended.stderr);
    }
    assert_eq!(log(&folder).len(), 1);
    insta::assert_snapshot!(told);
}

#[test]
fn files_are_not_written_into_a_table_nor_a_table_into_a_dataset() {
    let folder = Folder::new();
    folder.make(&pipeline(COLUMNS, "{ path: t }"), &[]);
    let files = |sink: &str| pipeline(COLUMNS, sink).replace("- delta", "- file");
    folder.make(&files("{ path: d, format: csv }"), &[]);
    let mut told = String::new();
    for yaml in [
        files("{ path: t, format: parquet, if_exists: replace }"),
        files("{ path: t/day=1, format: parquet }"),
        files("{ path: t/x.csv }"),
        pipeline(COLUMNS, "{ path: d/t }"),
    ] {
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        told += &format!("exit code {}\n{}\n", ended.code, ended.stderr);
    }
    assert_eq!(log(&folder).len(), 1);
    insta::assert_snapshot!(told);
}

#[test]
fn a_damaged_log_is_told_with_its_file_and_without_a_stack() {
    let folder = Folder::new();
    let yaml = pipeline(COLUMNS, "{ path: t }");
    for seed in ["a", "b"] {
        folder.make(&yaml, &["--seed", seed]);
    }
    let commit = "t/_delta_log/00000000000000000001.json";
    let text = folder.read(commit);
    folder.write(commit, &text[..text.len() / 2]);
    let run = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        Ended::from(command.env("RUST_BACKTRACE", "1").output().unwrap())
    };
    let ended = run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2);
    let (before, after) = ended.stderr.split_once(" is damaged: ").unwrap();
    assert_eq!(
        before,
        "error: could not open sink `delta-1`\n --> p.yaml:9:20\n  |\n9 |   - delta: { path: t }\n  |                    ^\n  caused by: reading the log of `t`\n  caused by: `t/_delta_log/00000000000000000001.json`"
    );
    let (why, hint) = after.split_once(")\n").unwrap();
    assert!(why.contains(" is no JSON (EOF while parsing "), "{why}");
    assert_eq!(
        hint,
        "  hint: restore that file from a copy, or write to another folder: without it nobody knows which rows the table has\n"
    );
    let ended = run(&["verify", "p.yaml"]);
    assert_eq!(ended.stderr.lines().count(), 3, "{}", ended.stderr);
}

/// A disk is not a store that comes back: nothing is tried until the time is over.
#[test]
fn a_log_that_is_a_file_is_refused_at_once() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("t")).unwrap();
    folder.write("t/_delta_log", "");
    folder.write("p.yaml", &pipeline(COLUMNS, "{ path: t }"));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: could not open sink `delta-1`\n --> p.yaml:9:20\n  |\n9 |   - delta: { path: t }\n  |                    ^\n  caused by: `t/_delta_log` is a file\n  hint: a table keeps its log in a folder of this name: remove the file, or write to another folder\n"
    );
}

#[test]
fn a_backfill_that_would_replace_what_other_slots_added_is_tried_once() {
    let folder = Folder::new();
    let scheduled = "version: 1\nseed: \"${run_date}\"\nschedule: { cron: \"15 2 * * *\", start: 2026-01-01 }\n";
    let yaml = pipeline(COLUMNS, "{ path: t }").replace("version: 1\n", scheduled);
    folder.write("p.yaml", &yaml);
    let backfill = |more: &[&str]| {
        let days = ["--from=2026-01-01", "--to=2026-01-01", "--log=text"];
        folder.run(&[&["backfill", "p.yaml"], &days[..], more].concat())
    };
    let ended = backfill(&["--overwrite"]);
    assert_eq!(
        ended.stderr,
        "2026-01-01T02-15: failed: `--overwrite` would replace a table that `mode: append` adds to --> p.yaml:11:20 | 11 | - delta: { path: t } | ^ hint: leave it out, or say `mode: overwrite`\n1 slots: 1 failed; 0 rows\n"
    );
    assert_eq!(ended.code, 1);
    backfill(&[]);
    let ended = backfill(&[]);
    assert_eq!(
        ended.stderr,
        "2026-01-01T02-15: is there already\n1 slots: 1 there already; 0 rows\n"
    );
}

#[test]
fn a_table_that_other_slices_have_replaced_already_holds_the_rows() {
    let folder = Folder::new();
    let yaml = pipeline(COLUMNS, "{ path: t, mode: overwrite }");
    for slice in ["1/3", "1/2", "2/2"] {
        folder.make(&yaml, &["--slice", slice]);
    }
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--slice=2/3", "--log=text"]);
    assert!(
        ended
            .stderr
            .contains("`t` holds the rows of this plan and seed already: nothing is added"),
        "{}",
        ended.stderr
    );
    assert_eq!(log(&folder).len(), 1);
}

#[test]
fn types_and_names_that_no_table_has_are_refused_with_their_place() {
    let columns = "      small: { type: uint32, uniform: { min: 1, max: 5 } }\n      at: { type: \"timestamp(ns)\", uniform: { min: 2026-01-01, max: 2026-01-02 } }\n      \"a b\": sequence\n      C: sequence\n      c: sequence\n";
    let folder = Folder::new();
    insta::assert_snapshot!(folder.refuse(&pipeline(columns, "{ path: t }")));
}
