//! What a run made whole and could not publish: the next run of the same plan and seed takes it over, any
//! other removes it, and both say so.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::faults::signal;
use super::support::{Ended, Folder};

/// A file, a folder of two files and one of partitions, and then a table that takes long or fails. Only
/// folders can be appended to.
fn pipeline(last: &str, if_exists: &str) -> String {
    let x = "x: { uniform: { min: 0, max: 9999 } }";
    let one = |table: &str| match if_exists {
        "append" => format!("out/{table}, format: csv"),
        _ => format!("out/{table}.csv"),
    };
    let (a, d) = (one("a"), one("d"));
    format!(
        "version: 1
tables:
  a: {{ rows: 2000, columns: {{ id: sequence, {x} }} }}
  b: {{ rows: 2000, columns: {{ id: sequence, {x} }} }}
  c: {{ rows: 2000, columns: {{ id: sequence, k: {{ choice: [p, q] }}, {x} }} }}
  d: {last}
sinks:
  - file: {{ table: a, path: {a}, if_exists: {if_exists} }}
  - file: {{ table: b, path: out/b, format: csv, files: 2, if_exists: {if_exists} }}
  - file: {{ table: c, path: out/c, format: csv, partition_by: k, if_exists: {if_exists} }}
  - file: {{ table: d, path: {d}, if_exists: {if_exists} }}
run: {{ batch_rows: 1000 }}
"
    )
}

const LONG: &str = "{ rows: 900_000, columns: { id: sequence } }";
const FAILS: &str = "{ rows: 2000, columns: { id: sequence, y: { expr: \"1 / (1900 - id)\" } } }";

/// The hidden files of what is whole, and their final names.
const WHOLE: [(&str, &str); 5] = [
    ("out/.a.csv.partial", "out/a.csv"),
    ("out/b/.part-00000.csv.partial", "out/b/part-00000.csv"),
    ("out/b/.part-00001.csv.partial", "out/b/part-00001.csv"),
    (
        "out/c/k=p/.part-00000.csv.partial",
        "out/c/k=p/part-00000.csv",
    ),
    (
        "out/c/k=q/.part-00000.csv.partial",
        "out/c/k=q/part-00000.csv",
    ),
];

const TAKEN: [&str; 3] = ["out/a.csv", "out/b", "out/c"];

/// Runs it until the last table is written, and interrupts it.
fn interrupt(folder: &Folder, arguments: &[&str]) -> Ended {
    // What an earlier run has left of the last table is no sign that this one has begun.
    let _ = std::fs::remove_file(folder.path("out/.d.csv.partial"));
    let all = [&["run", "p.yaml", "--rate", "300_000/s"], arguments].concat();
    let child = folder.command(&all).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !std::fs::metadata(folder.path("out/.d.csv.partial")).is_ok_and(|file| file.len() > 1000)
    {
        assert!(Instant::now() < deadline, "the run did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "-INT");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_eq!(folder.visible("out"), []);
    ended
}

/// Which file it is, and when it was written: one that is written again keeps its inode.
fn inode(folder: &Folder, name: &str) -> (u64, i64, i64) {
    let found = std::fs::metadata(folder.path(name));
    let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
    (found.ino(), found.mtime(), found.mtime_nsec())
}

/// What a run that nothing disturbs makes.
fn undisturbed(yaml: &str) -> Vec<(String, String)> {
    let folder = Folder::new();
    folder.make(yaml, &[]);
    folder.visible("out")
}

fn again(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.run(&[&["run", "p.yaml", "--log", "text"], arguments].concat())
}

#[test]
fn what_an_interrupted_run_made_whole_is_taken_over() {
    for if_exists in ["error", "skip", "replace"] {
        let yaml = pipeline(LONG, if_exists);
        let folder = Folder::new();
        folder.write("p.yaml", &yaml);
        // Twice: what was taken over is kept again.
        interrupt(&folder, &[]);
        let inodes = WHOLE.map(|(hidden, _)| inode(&folder, hidden));
        interrupt(&folder, &["--report", "r.json"]);
        let report: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
        let left = ["out/.a.csv.kept.jsonl", "out/.a.csv.partial"];
        assert_eq!(report["sinks"][0]["left"], serde_json::json!(left));
        let check = folder.run(&["check", "p.yaml", "--connect"]);
        let next = |path| {
            format!("`{path}`: a run that did not end has made this; the next run takes it over\n")
        };
        let told = TAKEN.map(next).concat();
        assert!(check.stderr.starts_with(&told), "{}", check.stderr);
        let ended = again(&folder, &["--report", "r.json"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        for path in TAKEN {
            let told = format!("`{path}`: what a run that did not end had made is taken over\n");
            assert!(ended.stderr.contains(&told), "{}", ended.stderr);
        }
        assert_eq!(WHOLE.map(|(_, name)| inode(&folder, name)), inodes);
        assert_eq!(folder.visible("out"), undisturbed(&yaml), "{if_exists}");
        let report: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
        assert_eq!(report["sinks"][0]["rows"], 2000);
        assert_eq!(report["sinks"][0]["files"][0]["path"], "out/a.csv");
        assert_eq!(report["sinks"][1]["left"], serde_json::json!([]));
        assert!(!folder.names("out").iter().any(|name| name.contains("kept")));
    }
}

/// What is remembered of one file lies hidden beside it, and says nothing of the run that was cut short.
#[test]
fn what_is_remembered_of_a_file_is_the_same_after_it_was_taken_over() {
    let yaml = pipeline(LONG, "skip");
    let (folder, undisturbed) = (Folder::new(), Folder::new());
    folder.write("p.yaml", &yaml);
    interrupt(&folder, &[]);
    let ended = again(&folder, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("taken over"), "{}", ended.stderr);
    undisturbed.make(&yaml, &[]);
    let all = |folder: &Folder| -> Vec<(String, String)> {
        let text = |name: String| (name.clone(), folder.read(&format!("out/{name}")));
        folder.names("out").into_iter().map(text).collect()
    };
    assert!(folder.path("out/.a.csv.manifest.jsonl").exists());
    assert_eq!(all(&folder), all(&undisturbed));
}

#[test]
fn what_is_not_what_was_written_is_made_again() {
    let yaml = pipeline(LONG, "replace");
    let folder = Folder::new();
    folder.write("p.yaml", &yaml);
    interrupt(&folder, &[]);
    for (spoiled, _) in [WHOLE[0], WHOLE[4]] {
        let text = folder.read(spoiled).replacen('1', "2", 1);
        folder.write(spoiled, &text);
    }
    let ended = again(&folder, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (spoiled, _) in [WHOLE[0], WHOLE[4]] {
        let told = format!("`{spoiled}` is not what a run before has written, and is removed\n");
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    }
    assert!(
        ended
            .stderr
            .contains("`out/b`: what a run that did not end had made is taken over\n")
    );
    assert_eq!(folder.visible("out"), undisturbed(&yaml));
}

#[test]
fn what_is_of_another_seed_or_plan_is_removed() {
    for other in [true, false] {
        let yaml = pipeline(LONG, "replace");
        let folder = Folder::new();
        folder.write("p.yaml", &yaml);
        interrupt(&folder, &["--seed", "other"]);
        let before = if other { "max: 9999" } else { "max: 9998" };
        let yaml = yaml.replace("max: 9999", before);
        folder.write("p.yaml", &yaml);
        let ended = again(&folder, &[]);
        assert_eq!(ended.code, 0, "{ended:?}");
        for name in WHOLE.map(|(hidden, _)| hidden).into_iter().chain([
            "out/.a.csv.kept.jsonl",
            "out/b/_rowgen/.kept.jsonl",
            "out/c/_rowgen/.kept.jsonl",
            "out/.d.csv.partial",
        ]) {
            let told = format!("`{name}` was left by a run that did not end, and is removed\n");
            assert!(ended.stderr.contains(&told), "{name}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("taken over"), "{}", ended.stderr);
        assert_eq!(folder.visible("out"), undisturbed(&yaml));
    }
}

#[test]
fn a_run_that_fails_keeps_what_is_whole_as_well() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(FAILS, "append"));
    for taken in [false, true, true] {
        let ended = again(&folder, &[]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(folder.visible("out"), []);
        for path in ["out/a", "out/b", "out/c"] {
            let told = format!("`{path}`: what a run that did not end had made is taken over\n");
            assert_eq!(ended.stderr.contains(&told), taken, "{}", ended.stderr);
        }
    }
}

#[test]
fn a_slice_takes_over_what_is_its_own() {
    let yaml = pipeline(LONG, "replace");
    let folder = Folder::new();
    folder.write("p.yaml", &yaml);
    let slice = ["--slice", "2/3"];
    let all = [&["run", "p.yaml", "--rate", "100_000/s"][..], &slice].concat();
    let child = folder.command(&all).stderr(Stdio::piped()).spawn().unwrap();
    let partial = "out/.d-00002-of-00003.csv.partial";
    while !std::fs::metadata(folder.path(partial)).is_ok_and(|file| file.len() > 1000) {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "-TERM");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 143, "{ended:?}");
    let hidden = "out/b/.part-00002-of-00003-00000.csv.partial";
    let before = inode(&folder, hidden);
    for slice in ["1/3", "2/3", "3/3"] {
        let ended = again(&folder, &["--slice", slice]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let taken = ended.stderr.contains("taken over");
        assert_eq!(taken, slice == "2/3", "{}", ended.stderr);
    }
    assert_eq!(
        inode(&folder, "out/b/part-00002-of-00003-00000.csv"),
        before
    );
    assert!(folder.path("out/b/_SUCCESS").exists());
}

#[test]
fn what_a_killed_run_without_end_had_named_stays() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        "version: 1\ntables:\n  t: { rows: 0, columns: { id: sequence } }\nsinks:\n  - file: { path: out, format: csv, target_file_size: 100KiB, if_exists: append }\nrun: { rate: 100_000/s, batch_rows: 1000 }\n",
    );
    let parts = |folder: &Folder| {
        let mut parts = folder.visible("out");
        parts.retain(|(name, _)| name.starts_with("part-"));
        parts
    };
    let mut before = Vec::new();
    for _ in 0..2 {
        let mut child = folder
            .command(&["run", "p.yaml", "--quiet"])
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while parts(&folder).len() < before.len() + 2 {
            assert!(Instant::now() < deadline, "{:?}", child.try_wait());
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let now = parts(&folder);
        assert_eq!(now[..before.len()], before);
        before = now;
    }
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--for", "1s"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let now = parts(&folder);
    assert_eq!(now[..before.len()], before);
    let manifest = folder.read("out/_rowgen/manifest.jsonl");
    assert_eq!(manifest.lines().count(), now.len());
}
