//! Tables of Delta Lake as objects of a real S3 server: each row once whatever happens, and what is wrong with a
//! store is told as for files.

use std::time::Duration;

use serde_json::Value;

use crate::line::Line;
use crate::objects::Lake;
use crate::objects_gone::{killed_at, server};
use crate::until;

const ROWS: u64 = 20_000;

fn table(sink: &str) -> String {
    format!(
        "version: 1
seed: 1
tables:
  t:
    rows: {ROWS}
    columns:
      id: sequence
      name: {{ choice: [a, b] }}
      at: {{ type: timestamp(us), event_time: {{ start: 2026-01-31, rate: 500/h }} }}
sinks:
  - delta: {{ {sink} }}
"
    )
}

/// The actions of each commit.
fn log(lake: &Lake) -> Vec<Vec<Value>> {
    let objects = lake.objects().into_iter();
    let commits =
        objects.filter(|(path, _)| path.starts_with("_delta_log/") && path.ends_with(".json"));
    let actions = |text: Vec<u8>| -> Vec<Value> {
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    };
    commits.map(|(_, text)| actions(text)).collect()
}

/// So many rows were added by all commits; each file that they name is there.
fn added(lake: &Lake) -> u64 {
    let objects = lake.objects();
    let commits = log(lake);
    let files = commits
        .iter()
        .flatten()
        .filter_map(|action| action.get("add"));
    let rows = files.map(|file| {
        assert!(
            objects.contains_key(file["path"].as_str().unwrap()),
            "{file}"
        );
        let stats: Value = serde_json::from_str(file["stats"].as_str().unwrap()).unwrap();
        stats["numRecords"].as_u64().unwrap()
    });
    rows.sum()
}

/// The rows of the run are those of the table, and nothing else is beside its files.
#[track_caller]
fn is_whole(lake: &Lake, yaml: &str, arguments: &[&str]) {
    let output = lake.command("verify", yaml, arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains(": 20 000 rows, all equal\n"),
        "{words}{said}"
    );
}

#[test]
fn a_table_is_made_added_to_and_replaced() {
    let lake = Lake::new("delta");
    let yaml = table("path: PATH, partition_by: [name, month(at)]");
    for seed in ["--seed=1", "--seed=2", "--seed=2"] {
        lake.succeeds(&yaml, &[seed]);
    }
    assert_eq!((log(&lake).len(), added(&lake)), (2, 2 * ROWS));
    is_whole(&lake, &yaml, &["--seed=1"]);
    is_whole(&lake, &yaml, &["--seed=2"]);
    let replaced = table("path: PATH, partition_by: [name, month(at)], mode: overwrite");
    lake.succeeds(&replaced, &["--seed=3"]);
    is_whole(&lake, &replaced, &["--seed=3"]);
    let log = log(&lake);
    let files = |commit: usize, kind: &str| {
        let actions = log[commit].iter();
        actions.filter(|action| action.get(kind).is_some()).count()
    };
    assert_eq!(log.len(), 3);
    assert_eq!(files(2, "remove"), files(0, "add") + files(1, "add"));
    let output = lake
        .command("verify", &yaml, &["--seed=1"])
        .output()
        .unwrap();
    assert_eq!(
        lake.told(&output),
        "error: there is nothing to compare
  caused by: `t` in sink `delta-1`: `s3://rowgen/PREFIX` has the transaction of this run, and its files not any more: they were replaced or rewritten
  hint: earlier versions of the table may have them"
    );
}

/// A run that is about to commit what another one has committed in the meantime tries again. The server of the
/// tests looks whether an object is there and then writes it, so only one of the two may ask it at a time.
#[test]
fn slices_that_commit_at_once_leave_each_row_once() {
    let lake = Lake::new("delta_slices");
    let yaml = table("path: PATH");
    lake.succeeds(&yaml, &["--seed=before"]);
    let line = Line::to(server(&lake), COMMIT, 1);
    let mut command = lake.command("run", &yaml, &["--quiet", "--slice=1/2"]);
    command.env("AWS_ENDPOINT_URL", format!("http://{}", line.address));
    let mut slow = command.spawn().unwrap();
    until(
        || "it commits".into(),
        Duration::from_secs(60),
        || line.is_dead(),
    );
    lake.succeeds(&yaml, &["--slice=2/2"]);
    assert_eq!(log(&lake).len(), 2);
    drop(line);
    assert!(slow.wait().unwrap().success());
    lake.succeeds(&yaml, &["--slice=1/2"]);
    assert_eq!((log(&lake).len(), added(&lake)), (3, 2 * ROWS));
    is_whole(&lake, &yaml, &[]);
}

#[test]
fn slices_that_replace_a_table_at_once_are_one_commit() {
    let lake = Lake::new("delta_replaced");
    let yaml = table("path: PATH, mode: overwrite");
    let slice = |index: u64| {
        let slice = format!("--slice={index}/4");
        let mut command = lake.command("run", &yaml, &["--quiet", &slice]);
        command.spawn().unwrap()
    };
    let runs: Vec<_> = (1..=4).map(slice).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    lake.succeeds(&yaml, &["--slice=2/4"]);
    assert_eq!((log(&lake).len(), added(&lake)), (1, ROWS));
    is_whole(&lake, &yaml, &[]);
}

/// The second commit is on its way.
const COMMIT: &str = "00000000000000000001.json HTTP";

/// Where a run is killed: what it says to the server, and the how manyth time.
const MOMENTS: [(&str, u32); 6] = [
    ("partNumber=1&", 1),
    ("POST /rowgen/", 2),
    // The note is looked for, and written.
    ("_rowgen/commit-", 1),
    ("_rowgen/commit-", 2),
    ("_rowgen/commit-", 3),
    (COMMIT, 1),
];

#[test]
fn a_run_that_is_killed_is_seen_as_a_whole_or_not_at_all() {
    for mode in ["append", "overwrite"] {
        let yaml = table(&format!(
            "path: PATH, partition_by: month(at), mode: {mode}"
        ));
        for (word, times) in MOMENTS {
            let lake = Lake::new("delta_killed");
            lake.succeeds(&yaml, &["--seed=before"]);
            killed_at(&lake, &yaml, word, times);
            // What was on its way may still arrive.
            assert!(word == COMMIT || log(&lake).len() == 1, "{mode} at {word}");
            lake.succeeds(&yaml, &[]);
            let found = (log(&lake).len(), added(&lake));
            assert_eq!(found, (2, 2 * ROWS), "{mode} at {word} {times}");
            is_whole(&lake, &yaml, &[]);
        }
    }
}

/// The words of a run with these variables.
#[track_caller]
fn refused(path: &str, variables: &[(&str, &str)], expected: &str) {
    let lake = Lake::new("delta_refused");
    let yaml = table(&format!("path: {path}"));
    let mut command = lake.command("run", &yaml, &["--quiet"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(
        lake.told(&output),
        format!("error: could not open sink `delta-1`\n  --> p.yaml:11:20\n{expected}")
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(lake.objects().is_empty());
}

#[test]
fn what_is_wrong_with_a_store_is_told_as_for_files() {
    let secret = "  caused by: looking at `s3://rowgen/PREFIX`
  caused by: the secret is not that of the key
  hint: `AWS_SECRET_ACCESS_KEY` and `AWS_ACCESS_KEY_ID` belong together";
    refused("PATH", &[("AWS_SECRET_ACCESS_KEY", "wrong")], secret);
    let key = "  caused by: looking at `s3://rowgen/PREFIX`
  caused by: it does not know the key
  hint: `AWS_ACCESS_KEY_ID` names a key of this store; `AWS_ENDPOINT_URL` says which store it is";
    refused("PATH", &[("AWS_ACCESS_KEY_ID", "nobody")], key);
    let bucket = "  caused by: looking at `s3://nowhere/t`
  caused by: there is no such bucket
  hint: make it first, or write its name as it is; `AWS_ENDPOINT_URL` says where it is";
    refused("s3://nowhere/t", &[], bucket);
    let away = "  caused by: looking at `s3://rowgen/PREFIX`
  caused by: Connection refused (os error 111)";
    refused("PATH", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], away);
}

#[test]
fn files_are_not_written_into_a_table_nor_a_table_into_a_dataset() {
    let lake = Lake::new("delta_beside");
    lake.succeeds(&table("path: PATH/t"), &[]);
    let files = |sink: &str| table(sink).replace("- delta", "- file");
    lake.succeeds(&files("path: PATH/d, format: csv"), &[]);
    let log = "`s3://rowgen/PREFIX/t/_delta_log` says which files are rows of it, and would name none of these
  hint: add rows to it with the sink `delta`, or write to another folder";
    let notes = "`s3://rowgen/PREFIX/d/_rowgen` lists the files of `s3://rowgen/PREFIX/d`, which another sink has written or is writing
  hint: write to another folder; if that dataset is not wanted any more, remove `s3://rowgen/PREFIX/d/_rowgen` and its files";
    for (yaml, why) in [
        (
            files("path: PATH/t, format: parquet, if_exists: replace"),
            format!("`s3://rowgen/PREFIX/t` is a table of Delta Lake\n  caused by: {log}"),
        ),
        (
            files("path: PATH/t/day=1, format: parquet"),
            format!(
                "`s3://rowgen/PREFIX/t/day=1` would lie within a table of Delta Lake\n  caused by: {log}"
            ),
        ),
        (
            table("path: PATH/d/t"),
            format!("`s3://rowgen/PREFIX/d/t` would lie within a dataset\n  caused by: {notes}"),
        ),
    ] {
        let (code, words) = lake.refusal(&yaml, &[]);
        let (_, told) = words.split_once("\n  caused by: ").unwrap();
        assert_eq!((code, told), (Some(2), &*why));
    }
}
