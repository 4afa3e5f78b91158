//! Runs that are killed, servers that are, and slow ones: nothing half-visible, and the next run completes it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::objects::{Lake, table};
use crate::until;

pub fn server(lake: &Lake) -> String {
    lake.endpoint.replace("http://", "")
}

/// Starts a run over a line that goes dead once its word was said so often, and kills it there.
pub fn killed_at(lake: &Lake, yaml: &str, word: &'static str, times: u32) {
    let line = Line::to(server(lake), word, times);
    let mut command = lake.command("run", yaml, &["--quiet"]);
    command.env("AWS_ENDPOINT_URL", format!("http://{}", line.address));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    until(
        || format!("`{word}` is said {times} times"),
        Duration::from_secs(60),
        || line.is_dead() || child.try_wait().unwrap().is_some(),
    );
    assert!(line.is_dead(), "it ended before `{word}`");
    child.kill().unwrap();
    child.wait().unwrap();
    // S3's own server completes an upload whole or not at all. The one of the tests first forgets it, then
    // copies its parts, and stops in between if its client leaves.
    line.hang_up();
}

/// Where a run is killed: what it says to the server, the how manyth time, and whether it had decided to
/// publish by then.
const MOMENTS: [(&str, u32, bool); 12] = [
    ("?uploads", 1, false),
    (".trial", 2, false),
    (".uploads/", 1, false),
    ("partNumber=1&", 1, false),
    ("partNumber=1&", 3, false),
    ("partNumber=2&", 1, false),
    ("/.run.jsonl HTTP", 2, false),
    ("?delete", 2, true),
    ("POST /rowgen/", 5, true),
    ("manifest.jsonl HTTP", 1, true),
    ("manifest.jsonl HTTP", 2, true),
    ("_SUCCESS HTTP", 1, true),
];

/// The same where a run has three outputs.
pub const MOMENTS_TOGETHER: [(&str, u32, bool); 10] = [
    ("partNumber=1&", 2, false),
    ("partNumber=1&", 4, false),
    ("a/_rowgen/.run.jsonl HTTP", 2, false),
    ("b/_rowgen/.run.jsonl HTTP", 2, false),
    (".c.csv.run.jsonl HTTP", 2, false),
    ("POST /rowgen/", 5, true),
    ("POST /rowgen/", 6, true),
    ("POST /rowgen/", 8, true),
    ("_SUCCESS HTTP", 1, true),
    ("_SUCCESS HTTP", 2, true),
];

#[test]
fn a_run_that_is_killed_shows_nothing_half_and_the_next_one_completes_it() {
    let yaml = table(600_000, "path: PATH, format: csv, files: 3");
    let whole = Lake::new("whole");
    whole.succeeds(&yaml, &[]);
    let whole = whole.objects();
    for (word, times, decided) in MOMENTS {
        let (_servers, lake) = Lake::own("killed");
        killed_at(&lake, &yaml, word, times);
        let there = lake.objects();
        assert!(!there.contains_key("_SUCCESS"), "{word} {times}");
        assert_eq!(
            there.contains_key("_rowgen/.run.jsonl"),
            decided,
            "{word} {times}"
        );
        if !decided {
            assert_eq!(lake.visible(), [""; 0], "{word} {times}");
        } else if !lake.visible().is_empty() {
            let reads =
                "version: 1\ntables:\n  t: { from: { csv: { path: PATH/ } } }\nsinks: [discard]\n";
            let (code, words) = lake.refusal(reads, &[]);
            assert_eq!(code, Some(1), "{words}");
            assert!(words.contains("is only half published"), "{words}");
        }
        let words = lake.succeeds(&yaml, &[]);
        assert!(lake.objects() == whole, "{word} {times}: {words}");
        // An upload that was killed before its record was there has sent nothing that would be kept.
        let left = lake.uploads();
        assert!(
            left.is_empty() || word == ".uploads/",
            "{word} {times}: {left:?}"
        );
    }
}

#[test]
fn another_run_finishes_what_was_decided_and_goes_on() {
    let yaml = |rows| table(rows, "path: PATH, format: csv, files: 2, if_exists: append");
    let (_servers, lake) = Lake::own("other");
    killed_at(&lake, &yaml(50_000), "manifest.jsonl HTTP", 2);
    lake.succeeds(&yaml(10), &[]);
    assert_eq!(lake.visible().len(), 4);
    // The same run again has nothing left to do... but what it had was taken over by another one: it is told.
    let manifest = lake.objects()["_rowgen/manifest.jsonl"].clone();
    assert_eq!(String::from_utf8(manifest).unwrap().lines().count(), 4);
}

#[test]
fn an_appending_run_that_was_killed_adds_nothing_twice() {
    let yaml = table(
        50_000,
        "path: PATH, format: csv, files: 2, if_exists: append",
    );
    let (_servers, lake) = Lake::own("append");
    killed_at(&lake, &yaml, "manifest.jsonl HTTP", 2);
    lake.succeeds(&yaml, &[]);
    assert_eq!(lake.visible(), ["part-00000.csv", "part-00001.csv"]);
    assert!(lake.objects().contains_key("_SUCCESS"));
    assert_eq!(lake.objects().len(), 4);
}

fn started(mut run: Command) -> Child {
    run.stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing() {
    let (_servers, lake) = Lake::own("interrupted");
    let yaml = table(5_000_000, "path: PATH.csv");
    let child = started(lake.command("run", &yaml, &["--quiet", "--rate", "300000/s"]));
    until(
        || "an upload begins".into(),
        Duration::from_secs(60),
        || !lake.uploads().is_empty(),
    );
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(lake.uploads(), [""; 0]);
    assert!(lake.objects().is_empty());
}

#[test]
fn a_server_that_is_begun_again_in_the_middle_loses_nothing() {
    let (servers, lake) = Lake::own("own");
    let yaml = table(1_200_000, "path: PATH, format: csv, files: 3");
    let child = started(lake.command("run", &yaml, &["--quiet", "--rate", "200000/s"]));
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(1500));
        servers.act("kill", "s3");
        std::thread::sleep(Duration::from_millis(500));
        servers.act("restart", "s3");
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = lake.command("verify", &yaml, &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lake.uploads(), [""; 0]);
}

#[test]
fn a_server_that_stays_away_ends_the_run_after_the_stall_timeout() {
    for verb in ["pause", "kill"] {
        let (servers, lake) = Lake::own("own");
        let yaml = table(2_000_000, "path: PATH.csv")
            .replace("tables:", "run: { stall_timeout: 3s }\ntables:");
        let child = started(lake.command("run", &yaml, &["--quiet", "--rate", "200000/s"]));
        std::thread::sleep(Duration::from_millis(2500));
        servers.act(verb, "s3");
        let began = Instant::now();
        let output = child.wait_with_output().unwrap();
        let words = lake.told(&output);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(
            words.contains("writing `s3://rowgen/PREFIX.csv`"),
            "{words}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(40),
            "{verb}: {:?}",
            began.elapsed()
        );
        if verb == "pause" {
            servers.act("resume", "s3");
        }
    }
}

/// The most memory that a process has had, in MiB.
fn peak(child: &Child) -> u64 {
    let path = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

#[test]
fn a_slow_server_is_waited_for_in_little_memory() {
    let mut lake = Lake::new("slow");
    let line = Line::slow(server(&lake), 4 << 20);
    lake.endpoint = format!("http://{}", line.address);
    // Each of several connections is so slow.
    let yaml = table(4_000_000, "path: PATH.csv");
    let mut child = started(lake.command("run", &yaml, &["--quiet", "--threads", "2"]));
    let (mut most, began) = (0, Instant::now());
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(&child));
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(
        began.elapsed() > Duration::from_secs(5),
        "it is no slow one"
    );
    assert!(most < 150, "{most} MiB");
}
