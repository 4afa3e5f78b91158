//! Several outputs of one run are seen all or none; two runs at one place are one after the other.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::objects::{Lake, table};
use crate::objects_gone::{MOMENTS_TOGETHER, killed_at};
use crate::until;

/// Three outputs: two folders of parts and one object.
fn three(if_exists: &str) -> String {
    let sinks = format!(
        "path: PATH/a, format: csv, files: 2, if_exists: {if_exists} }}\n  - file: {{ path: PATH/b, format: parquet, if_exists: {if_exists} }}\n  - file: {{ path: PATH/c.csv"
    );
    table(50_000, &sinks)
}

#[test]
fn outputs_of_a_killed_run_are_seen_all_or_none() {
    let yaml = three("error");
    let whole = Lake::new("whole");
    whole.succeeds(&yaml, &[]);
    let whole = whole.objects();
    assert_eq!(whole.len(), 9, "{:?}", whole.keys());
    for (word, times, decided) in MOMENTS_TOGETHER {
        let (_servers, lake) = Lake::own("together");
        killed_at(&lake, &yaml, word, times);
        let there = lake.objects();
        if !decided {
            assert_eq!(lake.visible(), [""; 0], "{word} {times}");
        }
        let words = lake.succeeds(&yaml, &[]);
        assert!(
            lake.objects() == whole,
            "{word} {times}: {words} {:?} of {:?}",
            lake.objects().keys(),
            there.keys()
        );
        assert_eq!(lake.uploads(), [""; 0], "{word} {times}");
    }
}

/// Whoever comes over one of several outputs of a killed run publishes the others, too.
#[test]
fn another_run_over_one_output_publishes_all() {
    let (_servers, lake) = Lake::own("one");
    killed_at(&lake, &three("error"), "POST /rowgen/", 8);
    let one = table(10, "path: PATH/a, format: csv, if_exists: replace");
    let words = lake.succeeds(&one, &[]);
    let visible = lake.visible();
    for path in ["a/part-00000.csv", "b/part-00000.parquet", "c.csv"] {
        assert!(
            visible.contains(&path.to_string()),
            "{path}: {visible:?} {words}"
        );
    }
    assert!(lake.objects().contains_key("b/_SUCCESS"));
}

fn slow(lake: &Lake, yaml: &str) -> Child {
    let arguments = ["--quiet", "--rate", "100000/s"];
    let mut command = lake.command("run", yaml, &arguments);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    until(
        || "it holds its place".into(),
        Duration::from_secs(30),
        || lake.objects().keys().any(|key| key.contains(".lease/")),
    );
    child
}

#[test]
fn a_second_run_is_told_that_one_is_at_work() {
    for (path, shown) in [("PATH, format: csv", "PREFIX"), ("PATH.csv", "PREFIX.csv")] {
        let (_servers, lake) = Lake::own("busy");
        let yaml = table(1_000_000, &format!("path: {path}"));
        let mut command = lake.command("run", &yaml, &["--quiet", "--rate", "100000/s"]);
        let first = command.stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(2));
        let (code, words) = lake.refusal(&yaml, &[]);
        assert_eq!(code, Some(2), "{words}");
        let expected = format!(
            "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: another run, or another sink of this one, is writing `s3://rowgen/{shown}`
  hint: wait until it ends, or write elsewhere with `--out`"
        );
        assert_eq!(words, expected);
        let output = first.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(!lake.objects().keys().any(|key| key.contains("lease")));
        assert_eq!(lake.uploads(), [""; 0]);
    }
}

/// A holder on a machine that nobody can ask is waited for as long as it may be there.
#[test]
fn a_run_that_was_killed_on_another_machine_is_outlived() {
    let lake = Lake::new("machine");
    let yaml = table(1_000_000, "path: PATH, format: csv");
    let mut first = slow(&lake, &yaml);
    first.kill().unwrap();
    first.wait().unwrap();
    let lease = lake
        .objects()
        .into_iter()
        .find(|(key, _)| key.contains(".lease/"));
    let (key, text) = lease.unwrap();
    let text = String::from_utf8(text)
        .unwrap()
        .replace("\"machine\":\"", "\"machine\":\"another");
    lake.put(&key, &text);
    let began = std::time::Instant::now();
    lake.succeeds(&yaml, &[]);
    assert!(
        began.elapsed() > Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        lake.objects()
            .keys()
            .filter(|key| key.contains("lease"))
            .count(),
        0
    );
}

/// A run that was silent for too long does not publish what it has: another one has come.
#[test]
fn a_run_that_has_lost_its_place_publishes_nothing() {
    let (_servers, lake) = Lake::own("lost");
    let yaml = table(1_000_000, "path: PATH, format: csv");
    let first = slow(&lake, &yaml);
    lake.put("_rowgen/.lease/000000000002.json", "{}");
    let output = first.wait_with_output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let words = lake.told(&output);
    assert!(
        words.contains("another run, or another sink of this one, is writing"),
        "{words}"
    );
    assert_eq!(lake.visible(), [""; 0]);
    assert_eq!(lake.uploads(), [""; 0]);
}
