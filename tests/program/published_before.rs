//! Tables with an end beside one without: what was published before that one began is there once, however
//! often the run is killed, interrupted or fails before it has ended well.

use std::process::Stdio;

use super::faults::signal;
use super::publishing::begins;
use super::support::{Ended, Folder};

/// A table of 1000 rows goes to `sink`, another one has no end.
fn pipeline(sink: &str) -> String {
    format!(
        "version: 1
tables:
  f: {{ rows: 1000, columns: {{ id: sequence }} }}
  e: {{ rows: 0, columns: {{ id: sequence, x: {{ constant: some_longer_text }} }} }}
sinks:
  - file: {{ table: f, {sink} }}
  - file: {{ table: e, path: out/e.csv, if_exists: replace }}
run: {{ rate: 200_000/s, for: 5s }}
"
    )
}

const RUN: [&str; 4] = ["run", "p.yaml", "--log", "text"];

/// Runs it until the table without end is written, and ends it so.
fn ended_by(folder: &Folder, name: &str) -> Ended {
    let written = "out/.e.csv.partial";
    let _ = std::fs::remove_file(folder.path(written));
    let mut command = folder.command(&RUN);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    begins(folder, written, 1001);
    signal(&child, name);
    Ended::from(child.wait_with_output().unwrap())
}

/// The rows of the table with an end.
fn rows(folder: &Folder) -> usize {
    let files = folder.visible("out").into_iter();
    let of_it = files.filter(|(name, _)| name.starts_with("f.csv") || name.starts_with("f/part-"));
    of_it.map(|(_, text)| text.lines().count() - 1).sum()
}

/// What of the table with an end is hidden, but for what `skip` remembers.
fn hidden(folder: &Folder) -> Vec<String> {
    let mut names = folder.names("out");
    names.retain(|name| name.starts_with("f/_rowgen/.") || name.starts_with(".f.csv."));
    names.retain(|name| name != ".f.csv.manifest.jsonl");
    names
}

const KEPT: &str = "what a run that did not end had ready is published\n";

/// Runs it to its end, as fast as the machine is.
fn ends_well(folder: &Folder) -> Ended {
    let ended = folder.run(&RUN);
    assert!(ended.code == 0 || ended.code == 3, "{ended:?}");
    ended
}

#[test]
fn a_table_with_an_end_is_there_once_until_the_run_has_ended_well() {
    std::thread::scope(|scope| {
        for (sink, again) in [
            ("path: out/f, format: csv, if_exists: append", 2000),
            (
                "path: out/f, format: csv, files: 3, if_exists: replace",
                1000,
            ),
            ("path: out/f.csv", 0),
        ] {
            scope.spawn(move || is_there_once(sink, again));
        }
    });
}

/// `again`: the rows after a second run that ended well, or 0 where there can be none.
fn is_there_once(sink: &str, again: usize) {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(sink));
    for name in ["-KILL", "-KILL", "-INT", "-TERM", "-KILL"] {
        let ended = ended_by(&folder, name);
        assert_ne!(ended.code, 0, "{sink} {name}: {ended:?}");
        assert_eq!(rows(&folder), 1000, "{sink} {name}");
        // One that is killed tells nothing.
        let told = ended.stderr.contains(KEPT);
        assert_eq!(told, name != "-KILL", "{sink} {name}: {}", ended.stderr);
    }
    let ended = ends_well(&folder);
    assert_eq!(rows(&folder), 1000, "{sink}: {ended:?}");
    assert_eq!(hidden(&folder), [] as [String; 0], "{sink}");
    // That run has ended well: the next one is another.
    if again == 0 {
        let ended = folder.run(&RUN);
        assert!(ended.stderr.contains("is there already\n"), "{ended:?}");
    } else {
        ends_well(&folder);
        assert_eq!(rows(&folder), again, "{sink}");
    }
}

#[test]
fn a_failure_of_the_table_without_end_repeats_none_with_an_end() {
    let folder = Folder::new();
    let append = "path: out/f, format: csv, if_exists: append";
    let yaml = pipeline(append);
    let fails = yaml.replace(
        "{ constant: some_longer_text }",
        "{ expr: \"1 / (90000 - id)\" }",
    );
    folder.write("p.yaml", &fails);
    for _ in 0..2 {
        let ended = folder.run(&RUN);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(rows(&folder), 1000);
        let left = ["f/_rowgen/.manifest.jsonl.partial", "f/_rowgen/.run.jsonl"];
        assert!(hidden(&folder).iter().all(|name| left.contains(&&**name)));
        assert!(
            ended.stderr.contains("out/f/_rowgen/.run.jsonl"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn nobody_else_writes_there_while_the_run_goes_on() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &pipeline("path: out/f, format: csv, if_exists: append"),
    );
    folder.write(
        "q.yaml",
        "version: 1\ntables:\n  f: { rows: 10, columns: { id: sequence } }\nsinks:\n  - file: { path: out/f, format: csv, if_exists: append }\n",
    );
    let other = ["run", "q.yaml", "--quiet"];
    // The second time, what it has published is known from the first one.
    for _ in 0..2 {
        let _ = std::fs::remove_file(folder.path("out/.e.csv.partial"));
        let mut first = folder.command(&RUN).stderr(Stdio::null()).spawn().unwrap();
        begins(&folder, "out/.e.csv.partial", 1001);
        let ended = folder.run(&other);
        first.kill().unwrap();
        first.wait().unwrap();
        assert_eq!(ended.code, 2, "{ended:?}");
        let busy = "another run, or another sink of this one, is writing `out/f`\n";
        assert!(ended.stderr.contains(busy), "{}", ended.stderr);
        assert_eq!(rows(&folder), 1000);
    }
    assert_eq!(folder.run(&other).code, 0);
    assert_eq!(rows(&folder), 1010);
}
