//! Tables without end that begin now and come at the rate of their times.

use std::time::{SystemTime, UNIX_EPOCH};

use super::dropin::shipped;
use super::support::Folder;

/// The first moment in a CSV file of times.
fn first_time(text: &str) -> i64 {
    let time = text.lines().nth(1).unwrap();
    chrono::DateTime::parse_from_rfc3339(time)
        .unwrap()
        .timestamp_millis()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[test]
fn a_live_table_without_end_begins_now_and_comes_at_its_rate() {
    let folder = Folder::new();
    let yaml = |rows: u64, live: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: {rows}, columns: {{ at: {{ event_time: {{ start: 2026-01-15, rate: 200/s{live} }} }} }} }}\nsinks:\n  - file: {{ path: t.csv, if_exists: replace }}\n"
        )
    };
    let began = now();
    folder.make(&yaml(0, ", live: true"), &["--for", "1s"]);
    let text = folder.read("t.csv");
    let rows = text.lines().count() - 1;
    assert!((150..=240).contains(&rows), "{rows} rows");
    assert!((began..began + 3000).contains(&first_time(&text)), "{text}");
    let midnight = 1_768_435_200_000;
    // With an end, or without `live`, they begin where they are told, and nothing holds them back.
    folder.make(&yaml(1000, ", live: true"), &[]);
    assert_eq!(first_time(&folder.read("t.csv")), midnight);
    folder.make(&yaml(0, ""), &["--for", "300ms"]);
    let text = folder.read("t.csv");
    assert_eq!(first_time(&text), midnight);
    assert!(text.lines().count() > 10_000);
    // Another rate goes before it.
    folder.make(
        &yaml(0, ", live: true"),
        &["--for", "500ms", "--rate", "20/s"],
    );
    assert!(folder.read("t.csv").lines().count() < 20);
}

#[test]
fn an_endless_casino_begins_now() {
    for (pipeline, path) in [
        ("casino", "out/transactions.csv"),
        ("casino_continuous", "out/continuous/csv/part-00000.csv"),
    ] {
        let folder = Folder::new();
        let arguments = [
            "run",
            &shipped(pipeline),
            "--set",
            "rows=0",
            "--set",
            "bets_per_second=500",
        ];
        let began = now();
        let ended = folder.run(&[&arguments[..], &["--for", "1s"]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        let text = folder.read(path);
        let rows = text.lines().count() - 1;
        assert!((300..=600).contains(&rows), "{pipeline}: {rows} rows");
        let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let place = header
            .iter()
            .position(|name| *name == "settled_at")
            .unwrap();
        let time = text.lines().nth(1).unwrap().split(',').nth(place).unwrap();
        let time = chrono::DateTime::parse_from_rfc3339(time)
            .unwrap()
            .timestamp_millis();
        assert!((began..began + 3000).contains(&time), "{time}");
    }
}
