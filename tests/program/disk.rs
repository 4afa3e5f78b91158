//! Room on the disk: a run that cannot fit is refused before the first row, unless it is told to begin.

use std::time::Duration;

use super::support::Folder;

/// Texts of 100 bytes: no disk has room for a million millions of them.
const PIPELINE: &str = "version: 1
tables:
  t: { rows: 1e12, columns: { text: { pattern: '[a-z]{99}' } } }
  few: { rows: 10, columns: { text: { pattern: '[a-z]{99}' } } }
sinks:
  - file: { name: all, table: t, path: out/t.csv }
  - file: { name: some, table: few, path: out/few.csv }
";

fn refusal(arguments: &[&str]) -> (i32, String, Vec<String>) {
    let folder = Folder::new();
    folder.write("p.yaml", PIPELINE);
    let ended = folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
    (ended.code, without_free(&ended.stderr), folder.names("out"))
}

/// What is free is another figure on every machine.
fn without_free(words: &str) -> String {
    let (before, after) = words.split_once(", and ").unwrap_or((words, ""));
    let free = after.split_once(" are free").map(|(_, rest)| rest);
    match free {
        Some(rest) => format!("{before}, and FREE are free{rest}"),
        None => words.to_string(),
    }
}

#[test]
fn a_run_that_cannot_fit_is_refused_before_the_first_row() {
    let (code, words, left) = refusal(&[]);
    assert_eq!(
        words,
        "error: the output of `all` and `some` takes about 90.9 TiB, and FREE are free on the disk of `out`
 --> p.yaml:6:40
  |
6 |   - file: { name: all, table: t, path: out/t.csv }
  |                                        ^^^^^^^^^
  hint: free some space, write elsewhere with `--out`, or go on with `--force`: sizes are estimated by the first batch
"
    );
    assert_eq!(code, 1);
    assert!(left.is_empty(), "{left:?}");
}

/// `check --connect` says of room what the run says.
#[test]
fn a_check_that_connects_tells_of_room_as_the_run_does() {
    let folder = Folder::new();
    let sorted = PIPELINE.replace(
        "path: out/t.csv }",
        "path: out/t.csv, order_by: text, sort_memory: 8TiB }",
    );
    for yaml in [PIPELINE, &sorted] {
        folder.write("p.yaml", yaml);
        let run = folder.run(&["run", "p.yaml", "--quiet"]);
        let check = folder.run(&["check", "p.yaml", "--connect"]);
        assert_eq!((run.code, check.code), (1, 1), "{run:?} {check:?}");
        assert_eq!(without_free(&check.stderr), without_free(&run.stderr));
    }
}

#[test]
fn what_ends_after_a_time_is_only_warned_of() {
    let folder = Folder::new();
    folder.write("p.yaml", PIPELINE);
    let words = [
        "run",
        "p.yaml",
        "--for",
        "100ms",
        "--log",
        "text",
        "--report",
        "report.json",
    ];
    let ended = folder.run(&words);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = "the output of `all` and `some` takes about 90.9 TiB, and ";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with(told), "{warning}");
    assert_eq!(report["sinks"][0]["recovered"], serde_json::json!([]));
}

#[test]
fn a_forced_run_begins() {
    let folder = Folder::new();
    folder.write("p.yaml", PIPELINE);
    let arguments = ["run", "p.yaml", "--quiet", "--force"];
    let mut run = folder.command(&arguments).spawn().unwrap();
    let begun = || !folder.names("out").is_empty();
    while !begun() {
        assert!(run.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    run.kill().unwrap();
    run.wait().unwrap();
}
