//! When files get their final names: the tables of a run together, and only when all of them are whole.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::disturbed::library;
use super::faults::{signal, small};
use super::support::{Ended, Folder};

/// Two tables; the second one fails in its row 900, or takes long, as the parts say.
fn two(second: &str, run: &str) -> String {
    format!(
        "version: 1
tables:
  a: {{ rows: 1000, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 9999 }} }} }} }}
  b: {second}
sinks:
  - file: {{ table: a, path: out/a.csv, if_exists: replace }}
  - file: {{ table: b, path: out/b, format: csv, files: 2, if_exists: replace }}
run: {{ batch_rows: 100, {run} }}
"
    )
}

const QUICK: &str = "{ rows: 1000, columns: { id: sequence, x: { constant: 1 } } }";
const FAILS: &str = "{ rows: 1000, columns: { id: sequence, x: { expr: \"1 / (900 - id)\" } } }";
const SLOW: &str = "{ rows: 900_000, columns: { id: sequence, x: { constant: 1 } } }";

/// Waits until this file has so many bytes.
pub(super) fn begins(folder: &Folder, written: &str, bytes: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !std::fs::metadata(folder.path(written)).is_ok_and(|file| file.len() >= bytes) {
        assert!(Instant::now() < deadline, "the run did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The parts of a folder of files.
pub(super) fn parts(folder: &Folder, name: &str) -> usize {
    let names = folder.visible(name).into_iter();
    names.filter(|(name, _)| name.starts_with("part-")).count()
}

/// Runs it until this file is there, sends a signal, and waits.
fn interrupted(folder: &Folder, arguments: &[&str], written: &str) -> Ended {
    let mut command = folder.command(arguments);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    begins(folder, written, 1001);
    signal(&child, "-INT");
    Ended::from(child.wait_with_output().unwrap())
}

#[test]
fn a_failure_of_one_table_publishes_none() {
    let folder = Folder::new();
    folder.write("p.yaml", &two(FAILS, ""));
    let ended = folder.run(&["run", "p.yaml", "--log", "text"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(folder.visible("out"), []);
    let left = "left until the next run: out/.a.csv.kept.jsonl, out/.a.csv.partial\n";
    assert!(ended.stderr.contains(left), "{}", ended.stderr);
    folder.write("p.yaml", &two(QUICK, ""));
    let ended = folder.run(&["run", "p.yaml", "--log", "text"]);
    let removed = "`out/.a.csv.partial` was left by a run that did not end, and is removed\n";
    assert!(ended.stderr.contains(removed), "{}", ended.stderr);
    let names = [
        ".a.csv.manifest.jsonl",
        "a.csv",
        "b/_SUCCESS",
        "b/_rowgen/manifest.jsonl",
        "b/part-00000.csv",
        "b/part-00001.csv",
    ];
    assert_eq!(folder.names("out"), names);
}

#[test]
fn a_signal_leaves_the_set_as_it_was() {
    let folder = Folder::new();
    folder.make(&two(QUICK, ""), &["--seed", "one"]);
    let before = folder.visible("out");
    folder.write("p.yaml", &two(SLOW, ""));
    let arguments = [
        "run",
        "p.yaml",
        "--seed",
        "two",
        "--report",
        "r.json",
        "--log",
        "text",
        "--rate",
        "300_000/s",
    ];
    let ended = interrupted(&folder, &arguments, "out/b/.part-00000.csv.partial");
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_eq!(folder.visible("out"), before);
    let report: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    assert_eq!(
        report["sinks"][0]["left"],
        serde_json::json!(["out/.a.csv.kept.jsonl", "out/.a.csv.partial"])
    );
    // What was made is closed: all of `a`, with its header.
    assert_eq!(folder.read("out/.a.csv.partial").lines().count(), 1001);
}

#[test]
fn a_signal_publishes_no_part_of_a_new_table() {
    let folder = Folder::new();
    folder.write("p.yaml", &two(SLOW, ""));
    let arguments = ["run", "p.yaml", "--quiet", "--rate", "300_000/s"];
    let ended = interrupted(&folder, &arguments, "out/b/.part-00000.csv.partial");
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_eq!(folder.visible("out"), []);
    folder.make(&two(QUICK, ""), &[]);
    assert_eq!(folder.read("out/a.csv").lines().count(), 1001);
}

#[test]
fn the_end_of_the_time_is_a_wanted_end() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 9_000_000, columns: { id: sequence } }\nsinks:\n  - file: { path: out/t.csv }\nrun: { for: 2s, rate: 20_000/s, batch_rows: 100 }\n";
    folder.make(yaml, &[]);
    let rows = folder.read("out/t.csv").lines().count() - 1;
    assert!((1..9_000_000).contains(&rows), "{rows}");
    assert_eq!(folder.names("out"), [".t.csv.manifest.jsonl", "t.csv"]);
}

#[test]
fn append_adds_rows_once_whatever_happened() {
    let folder = Folder::new();
    let yaml = |rows: u64| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: {rows}, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 99 }} }} }} }}\nsinks:\n  - file: {{ path: out, format: csv, target_file_size: 100KiB, if_exists: append }}\nrun: {{ batch_rows: 1000 }}\n"
        )
    };
    folder.make(&yaml(20_000), &[]);
    let before = folder.visible("out");
    folder.write("p.yaml", &yaml(900_000));
    let first = format!(".part-{:05}.csv.partial", before.len() - 2 + 3);
    let arguments = ["run", "p.yaml", "--quiet", "--seed", "9"];
    let ended = interrupted(&folder, &arguments, &format!("out/{first}"));
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_eq!(
        folder.visible("out"),
        before,
        "the earlier dataset is as it was"
    );
    let ended = folder.run(&arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    let parts = folder
        .visible("out")
        .into_iter()
        .filter(|(name, _)| name.starts_with("part-"));
    let rows: usize = parts.map(|(_, text)| text.lines().count() - 1).sum();
    assert_eq!(rows, 920_000);
}

#[test]
fn a_report_is_written_when_a_sink_cannot_be_opened() {
    let folder = Folder::new();
    folder.write("t.csv", "mine");
    folder.write("p.yaml", &small("t.csv"));
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--report", "r.json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    // Nor is a report that cannot be written found out at the end, when rows may be there already.
    let append = small("out, format: csv, if_exists: append");
    folder.write("q.yaml", &append);
    for path in ["no/such/r.json", "folder"] {
        std::fs::create_dir_all(folder.path("out")).unwrap();
        std::fs::create_dir_all(folder.path("folder")).unwrap();
        let ended = folder.run(&["run", "q.yaml", "--quiet", "--report", path]);
        let what = format!("error: the report cannot be written to `{path}`\n  caused by: ");
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.starts_with(&what), "{}", ended.stderr);
        assert_eq!(folder.visible("out"), []);
    }
    let report: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    assert_eq!(
        report["error"],
        "error: could not open sink `file-1`\n --> p.yaml:5:19\n  |\n5 |   - file: { path: t.csv }\n  |                   ^^^^^\n  caused by: `t.csv` is there already\n  hint: `if_exists: replace` or `--overwrite` replaces it"
    );
}

#[test]
fn check_says_what_was_left_and_changes_nothing() {
    let folder = Folder::new();
    folder.write("out/.t.csv.partial", "id\n1\n");
    folder.write("p.yaml", &small("out/t.csv"));
    let ended = folder.run(&["check", "p.yaml", "--connect"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "`out/.t.csv.partial` is of a run that did not end, or is at work; once that has ended the next run removes it\np.yaml: no mistakes found\n"
    );
    assert_eq!(folder.read("out/.t.csv.partial"), "id\n1\n");
}

#[test]
fn a_run_does_not_write_over_what_it_reads() {
    let folder = Folder::new();
    let yaml = |path: &str| {
        format!(
            "version: 1\ninclude: t.yaml\nsinks:\n  - file: {{ table: t, path: {path}, format: csv, if_exists: replace }}\n"
        )
    };
    folder.write(
        "t.yaml",
        "tables:\n  t:\n    from: { csv: { path: in/t.csv } }\n",
    );
    folder.write("in/t.csv", "a,b\n1,2\n");
    for (path, read) in [
        ("./p.yaml", "p.yaml"),
        ("in/../t.yaml", "t.yaml"),
        ("link.csv", "in/t.csv"),
        ("in", "in/t.csv"),
    ] {
        folder.write("p.yaml", &yaml(path));
        if path == "link.csv" {
            std::fs::hard_link(folder.path("in/t.csv"), folder.path(path)).unwrap();
        }
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        let what = format!("error: `{path}` holds what this run reads\n");
        assert!(ended.stderr.starts_with(&what), "{}", ended.stderr);
        let why =
            format!("  caused by: `{read}` would be written over\n  hint: write to another path\n");
        assert!(ended.stderr.ends_with(&why), "{}", ended.stderr);
        assert_eq!(folder.read("p.yaml"), yaml(path));
        assert_eq!(folder.read("in/t.csv"), "a,b\n1,2\n");
    }
}

#[test]
fn a_table_stays_in_the_folder_of_its_path() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  '../../x': { rows: 1, columns: { a: sequence } }\nsinks:\n  - file: { tables: all, path: 'o/q/{table}.csv' }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: table `../../x` cannot stand in a path as `{table}`\n --> p.yaml:3:3\n  |\n3 |   '../../x': { rows: 1, columns: { a: sequence } }\n  |   ^^^^^^^^^\n  hint: give it a name without `/`, or its sink a path without `{table}`\n"
    );
}

#[test]
fn a_folder_that_no_partition_can_have_is_refused() {
    let long = "x".repeat(300);
    for (values, what) in [
        (
            "{ choice: [a, __HIVE_DEFAULT_PARTITION__], nulls: 0.5 }".to_string(),
            "error: the text `__HIVE_DEFAULT_PARTITION__` of `k` would share the folder of null\n",
        ),
        (
            format!("{{ choice: [a, {long}] }}"),
            "error: a value of `k` is too long for a folder's name: `xxxxxxxxxxxxxxxxxxxx…`\n",
        ),
        // Not so long, but each letter is escaped with three.
        (
            format!("{{ choice: [a, \"{}\"] }}", "/".repeat(90)),
            "error: a value of `k` is too long for a folder's name: `////////////////////…`\n",
        ),
    ] {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ rows: 9, columns: {{ id: sequence, k: {values} }} }}\nsinks:\n  - file: {{ path: out, format: csv, partition_by: k }}\n"
        );
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.starts_with(what), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(" --> p.yaml:5:51\n"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_run_that_failed_in_part_does_only_the_rest_when_it_is_run_again() {
    let folder = Folder::new();
    let yaml = |out: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 5000, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: out, format: csv, if_exists: append }}\n  - file: {{ path: {out}, format: csv, name: other, if_exists: replace }}\n"
        )
    };
    folder.make(&yaml("ok.csv"), &[]);
    assert_eq!(parts(&folder, "out"), 1);
    for (out, code, expected) in [
        ("/dev/full", 2, 2),
        ("/dev/full", 2, 2),
        ("ok.csv", 0, 2),
        ("ok.csv", 0, 3),
    ] {
        folder.write("p.yaml", &yaml(out));
        let before = parts(&folder, "out");
        let ended = folder.run(&["run", "p.yaml", "--log", "text"]);
        assert_eq!(ended.code, code, "{ended:?}");
        assert_eq!(parts(&folder, "out"), expected, "{out}");
        let told = ended.stderr.contains("and they are added once more");
        assert_eq!(told, expected > before, "{}", ended.stderr);
    }
}

#[test]
fn a_rest_that_is_killed_at_any_name_that_goes_is_not_done_twice() {
    let (_kept, library) = library();
    let library = library.to_str().unwrap().to_string();
    let yaml = |out: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 5000, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: a, format: csv, if_exists: append }}\n  - file: {{ path: {out}, format: csv, name: other, if_exists: append, on_sink_failure: continue }}\n"
        )
    };
    let arguments = ["run", "p.yaml", "--quiet"];
    // A run of which one half was done, then the rest with these variables.
    let rest = |variables: &[(&str, &str)]| {
        let folder = Folder::new();
        folder.write("p.yaml", &yaml("/dev/full"));
        assert_eq!(folder.run(&arguments).code, 2);
        folder.write("p.yaml", &yaml("b"));
        let mut command = folder.command(&arguments);
        command.env("LD_PRELOAD", &library);
        let ended = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(parts(&folder, "a"), 1, "{variables:?}");
        (folder, ended)
    };
    let log = Folder::new();
    let calls = log.path("calls").to_str().unwrap().to_string();
    let (folder, ended) = rest(&[("CALLS_LOG", &calls)]);
    assert!(ended.status.success());
    assert_eq!(parts(&folder, "b"), 1);
    let calls = log.read("calls");
    let calls = calls.lines().enumerate();
    let goes: Vec<usize> = calls
        .filter(|(_, name)| matches!(*name, "unlink" | "rename"))
        .map(|(at, _)| at + 1)
        .collect();
    assert!(goes.len() > 4, "{goes:?}");
    for (at, how) in goes.iter().flat_map(|at| [(at, "kill"), (at, "after")]) {
        let (folder, _) = rest(&[("CALLS_AT", &at.to_string()), ("CALLS_DO", how)]);
        let ended = folder.run(&arguments);
        assert_eq!(ended.code, 0, "{how} {at}: {ended:?}");
        // Whoever is told at last that all is done may run it once more, and gets it once more.
        let both = (parts(&folder, "a"), parts(&folder, "b"));
        let last = goes.last() == Some(at) && how == "after";
        let expected = if last { (2, 2) } else { (1, 1) };
        assert_eq!(both, expected, "{how} {at} of {goes:?}");
    }
}

#[test]
fn a_run_does_not_go_on_with_half_of_what_another_one_writes() {
    let folder = Folder::new();
    let yaml = |first: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 900_000, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: out/{first}.csv }}\n  - file: {{ path: out/b, format: csv, name: other }}\nrun: {{ on_sink_failure: continue, batch_rows: 1000 }}\n"
        )
    };
    folder.write("p.yaml", &yaml("a"));
    let slow = ["run", "p.yaml", "--quiet", "--rate", "20_000/s"];
    let mut first = folder.command(&slow).spawn().unwrap();
    begins(&folder, "out/b/.part-00000.csv.partial", 0);
    folder.write("q.yaml", &yaml("c"));
    let ended = folder.run(&["run", "q.yaml", "--log", "text"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains(
            "error: could not open sink `other`\n  caused by: another run, or another sink of this one, is writing `out/b`\n  hint: wait until it ends, or write elsewhere with `--out`\n"
        ),
        "{}",
        ended.stderr
    );
    assert!(!folder.path("out/c.csv").exists());
}

#[test]
fn names_of_our_own_files_are_no_outputs() {
    let folder = Folder::new();
    for path in [
        "out/.a.csv.partial",
        "out/.a.csv.run.jsonl",
        "out/_rowgen/t.csv",
        "out/_SUCCESS",
    ] {
        let yaml = format!(
            "version: 1\ntables: {{ t: {{ rows: 1, columns: {{ id: sequence }} }} }}\nsinks:\n  - file: {{ path: {path}, format: csv }}\n"
        );
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        let expected = format!("error: `{path}` is a name that rowgen gives its own files\n");
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    }
}
