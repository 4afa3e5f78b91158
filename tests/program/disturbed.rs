//! A run of four tables that is killed, interrupted or refused room at every call that changes a name
//! or makes a file safe, and at random moments: no final name with a part, no mixed set, what is left is
//! named, and the same run again gives what an undisturbed run gives.
//!
//! `cargo test` tries a sample; ROWGEN_DISTURB=all tries every call.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::support::Folder;

/// What an engine sees: names and bytes.
type Seen = BTreeMap<String, Vec<u8>>;

/// How often each kind of disturbance is tried for a case, unless all calls are.
const SAMPLE: usize = 3;

/// One of the ways of running the tables.
#[derive(Clone, Copy)]
struct Case {
    if_exists: &'static str,
    /// Output of another seed is there before.
    before: bool,
}

const CASES: [Case; 8] = [
    Case {
        if_exists: "error",
        before: false,
    },
    Case {
        if_exists: "skip",
        before: false,
    },
    Case {
        if_exists: "append",
        before: false,
    },
    Case {
        if_exists: "append",
        before: true,
    },
    Case {
        if_exists: "replace",
        before: false,
    },
    Case {
        if_exists: "replace",
        before: true,
    },
    Case {
        if_exists: "replace_partitions",
        before: false,
    },
    Case {
        if_exists: "replace_partitions",
        before: true,
    },
];

/// One file, a folder of parts, and folders of partitions, known before or once rows are sorted; for `append`
/// folders only.
fn pipeline(case: Case) -> String {
    let other = match case.if_exists {
        "replace_partitions" => "replace",
        other => other,
    };
    let (one, by, late) = match case.if_exists {
        "append" => ("out/customers", "", ""),
        _ => (
            "out/customers.csv",
            ", partition_by: kind",
            ", partition_by: \"truncate(40000, x)\"",
        ),
    };
    let by_exists = case.if_exists;
    format!(
        "version: 1
tables:
  customers: {{ rows: 300, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 99999 }} }} }} }}
  orders: {{ rows: 900, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 99999 }} }} }} }}
  items: {{ rows: 600, columns: {{ id: sequence, kind: {{ choice: [a, b] }}, x: {{ uniform: {{ min: 0, max: 99999 }} }} }} }}
  events: {{ rows: 500, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 99999 }} }} }} }}
sinks:
  - file: {{ table: customers, path: {one}, format: csv, if_exists: {other} }}
  - file: {{ table: orders, path: out/orders, format: csv, files: 3, if_exists: {other} }}
  - file: {{ table: items, path: out/items, format: csv, if_exists: {by_exists}{by} }}
  - file: {{ table: events, path: out/events, format: csv, order_by: x, if_exists: {by_exists}{late} }}
run: {{ batch_rows: 300, threads: 1 }}
"
    )
}

/// The library that is loaded before the program.
pub(super) fn library() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("calls.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/calls.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(built.success());
    (folder, library)
}

fn seen(folder: &Folder) -> Seen {
    let visible = |name: &String| !name.split('/').any(|part| part.starts_with('.'));
    let names = folder.names("out").into_iter().filter(visible);
    names
        .map(|name| (name.clone(), folder.bytes(&format!("out/{name}"))))
        .collect()
}

fn hidden(folder: &Folder) -> Vec<String> {
    let mut names = folder.names("out");
    // What is remembered of a single file for `skip` is no leftover.
    names.retain(|name| {
        name.split('/').any(|part| part.starts_with('.')) && !name.ends_with(".csv.manifest.jsonl")
    });
    names
}

/// Runs it with seed `b`, disturbed as the variables say.
fn run(folder: &Folder, variables: &[(&str, &str)]) -> Output {
    let mut command = folder.command(&[
        "run", "p.yaml", "--seed", "b", "--report", "r.json", "--log", "text",
    ]);
    command.envs(variables.iter().copied()).output().unwrap()
}

/// A folder in which the case can be run.
fn prepared(case: Case) -> Folder {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(case));
    if case.before {
        let ended = folder.run(&["run", "p.yaml", "--seed", "a", "--quiet"]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    folder
}

/// Looks at what a disturbed run left, runs it again, and looks again.
fn examine(folder: &Folder, how: &str, code: Option<i32>, old: &Seen, new: &Seen) {
    let now = seen(folder);
    let parts = now.iter().filter(|(name, _)| !name.contains("_rowgen/"));
    for (name, bytes) in parts {
        let known = old.get(name) == Some(bytes) || new.get(name) == Some(bytes);
        assert!(known, "{how}: {name} is neither the old nor the new file");
    }
    if code == Some(143) || code == Some(130) {
        assert!(&now == old, "{how}: an interrupted run has published");
    }
    if code.is_some() {
        let report = folder.read("r.json");
        for name in hidden(folder) {
            assert!(
                report.contains(&format!("out/{name}\"")),
                "{how}: {name} is not in the report"
            );
        }
    }
    let again = run(folder, &[]);
    let text = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{how}, then again: {text}");
    let last = seen(folder);
    let names = |seen: &Seen| seen.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&last), names(new), "{how}, then again: {text}");
    assert!(&last == new, "{how}, then again: other bytes");
    let left = hidden(folder);
    assert!(left.is_empty(), "{how}, then again: {left:?} is left");
}

/// Which of `count` things to try: all, or some that are spread over them.
fn chosen(count: usize) -> Vec<usize> {
    match std::env::var("ROWGEN_DISTURB").as_deref() {
        Ok("all") => (0..count).collect(),
        _ => (0..SAMPLE)
            .map(|index| (2 * index + 1) * count / (2 * SAMPLE))
            .collect(),
    }
}

/// What there is before a case and after it, undisturbed, and the calls that it takes.
fn undisturbed(case: Case, library: &str) -> (Seen, Seen, Vec<String>) {
    let folder = prepared(case);
    let old = seen(&folder);
    let log = folder.path("calls").display().to_string();
    let ended = run(&folder, &[("LD_PRELOAD", library), ("CALLS_LOG", &log)]);
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let calls = folder.read("calls").lines().map(str::to_string).collect();
    (old, seen(&folder), calls)
}

#[test]
fn a_run_disturbed_at_any_call_is_made_whole_by_the_next_one() {
    let (_built, library) = library();
    let library = library.to_str().unwrap();
    let mut tried = 0;
    for case in CASES {
        let (old, new, calls) = undisturbed(case, library);
        for kind in ["rename", "unlink", "fsync", "mkdir"] {
            assert!(case.before || kind == "unlink" || calls.iter().any(|call| call == kind));
        }
        for action in ["kill", "interrupt", "fail"] {
            for call in chosen(calls.len()) {
                let folder = prepared(case);
                let at = (call + 1).to_string();
                let variables = [
                    ("LD_PRELOAD", library),
                    ("CALLS_AT", &at),
                    ("CALLS_DO", action),
                ];
                let ended = run(&folder, &variables);
                let how = format!(
                    "{}{}: {action} at call {at}, {}",
                    case.if_exists,
                    if case.before {
                        " with output before"
                    } else {
                        ""
                    },
                    calls[call]
                );
                if !ended.status.success() {
                    examine(&folder, &how, ended.status.code(), &old, &new);
                } else {
                    assert!(seen(&folder) == new, "{how}: done, and yet it is not");
                }
                tried += 1;
            }
        }
    }
    println!("{tried} disturbed runs");
}

/// Between its last step and its end nothing tells that it is done: the same run again does what it would
/// do after one that has ended.
#[test]
fn a_run_that_is_killed_after_all_is_done_is_a_run_that_has_ended() {
    let (_built, library) = library();
    let library = library.to_str().unwrap();
    for case in CASES {
        let (_, new, calls) = undisturbed(case, library);
        let folder = prepared(case);
        let last = calls.len().to_string();
        let variables = [
            ("LD_PRELOAD", library),
            ("CALLS_AT", &last),
            ("CALLS_DO", "after"),
        ];
        let ended = run(&folder, &variables);
        assert_eq!(ended.status.code(), None, "{}", case.if_exists);
        assert!(seen(&folder) == new && hidden(&folder).is_empty());
        let (again, ended) = (run(&folder, &[]), prepared(case));
        for _ in 0..2 {
            let _ = run(&ended, &[]);
        }
        let refused = case.if_exists == "error";
        assert_eq!(again.status.code(), Some(if refused { 2 } else { 0 }));
        assert!(seen(&folder) == seen(&ended), "{}", case.if_exists);
        let grows = case.if_exists == "append";
        assert_eq!(seen(&folder) == new, !grows, "{}", case.if_exists);
    }
}

/// A kill between a run's last step and its exit: what holds then is told by
/// `a_run_that_is_killed_after_all_is_done_is_a_run_that_has_ended`.
fn killed_when_done(folder: &Folder, ended: &Output, new: &Seen) -> bool {
    ended.status.code().is_none() && &seen(folder) == new && hidden(folder).is_empty()
}

#[test]
fn a_run_disturbed_at_a_random_moment_is_made_whole_by_the_next_one() {
    let (_built, library) = library();
    let library = library.to_str().unwrap();
    let moments = match std::env::var("ROWGEN_DISTURB").as_deref() {
        Ok("all") => 20,
        _ => 2,
    };
    for case in CASES {
        let (old, new, _) = undisturbed(case, library);
        for signal in ["-KILL", "-TERM", "-INT"] {
            for moment in 0..moments {
                let folder = prepared(case);
                let began = Instant::now();
                let mut command =
                    folder.command(&["run", "p.yaml", "--seed", "b", "--report", "r.json"]);
                let child = command.stderr(Stdio::null()).spawn().unwrap();
                let mix = u64::from(began.elapsed().subsec_nanos()) * 7919 + moment * 104_729;
                std::thread::sleep(Duration::from_micros(mix % 60_000));
                super::faults::signal(&child, signal);
                let ended = child.wait_with_output().unwrap();
                let how = format!("{} {signal} after {:?}", case.if_exists, began.elapsed());
                if ended.status.success() || killed_when_done(&folder, &ended, &new) {
                    continue;
                }
                // Before it has begun to listen, a signal ends it at once, as `kill` does.
                let code = ended.status.code();
                examine(&folder, &how, code, &old, &new);
            }
        }
    }
}
