//! Rows of a real PostgreSQL that others change meanwhile: one moment for all of them, and what a run
//! that comes again makes of it.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::postgres::{count, fresh, kill_at, rowgen, run, sql};
use crate::postgres_source::{ends_well, read};

/// A run that has begun to read a row every 40 µs.
fn slow(folder: &Path, from: &str) -> Child {
    let sink = "  - file: { table: t, path: out.csv }\n";
    let yaml = read(from, "", sink);
    let mut command = rowgen(folder, &yaml, &["--rate", "25000/s", "--batch-rows", "500"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    child
}

#[test]
fn all_rows_are_of_one_moment() {
    for key in ["PRIMARY KEY", ""] {
        let (name, folder) = (fresh("moment"), tempfile::tempdir().unwrap());
        sql(&format!(
            "CREATE TABLE {name} (k int {key}, v text); INSERT INTO {name} SELECT i, 'old' FROM generate_series(1, 60000) i"
        ));
        let mut child = slow(folder.path(), &format!("table: {name}, connections: 4"));
        for statement in [
            "UPDATE # SET v = 'new'",
            "DELETE FROM # WHERE k % 2 = 0",
            "INSERT INTO # SELECT i, 'more' FROM generate_series(60001, 70000) i",
        ] {
            sql(&statement.replace('#', &name));
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it has ended before the changes"
        );
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
        let rows = (1..=60_000).map(|key| format!("{key},old\n"));
        let found = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
        assert_eq!(found, format!("k,v\n{}", rows.collect::<String>()), "{key}");
    }
}

#[test]
fn what_has_changed_is_read_again_and_what_has_not_is_not() {
    for (key, from) in [
        ("PRIMARY KEY", "table: #"),
        ("", "table: #"),
        ("", "query: select * from #"),
    ] {
        let (name, folder) = (fresh("again"), tempfile::tempdir().unwrap());
        sql(&format!(
            "CREATE TABLE {name} (k int {key}, v text); INSERT INTO {name} SELECT i, 'old' FROM generate_series(1, 9) i"
        ));
        let sink = "  - file: { table: t, path: out.csv, if_exists: skip }\n";
        let yaml = read(&from.replace('#', &name), "", sink);
        let run = || rowgen(folder.path(), &yaml, &[]).output().unwrap();
        assert!(run().status.success());
        // Other transactions do not matter.
        sql("SELECT txid_current()");
        let again = run();
        assert!(
            again.status.success(),
            "{}",
            String::from_utf8_lossy(&again.stderr)
        );
        sql(&format!("UPDATE {name} SET v = 'new' WHERE k = 5"));
        assert!(!run().status.success(), "{key} {from}");
    }
}

#[test]
fn a_copy_within_a_database_that_is_killed_goes_on() {
    let (from, into) = (fresh("from"), fresh("into"));
    sql(&format!(
        "CREATE TABLE {from} (k int PRIMARY KEY, v text); INSERT INTO {from} SELECT i, md5(i::text) FROM generate_series(1, 200000) i"
    ));
    let folder = tempfile::tempdir().unwrap();
    let sink = format!(
        "  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {into}, connections: 2, transaction_rows: 2_000 }}\n"
    );
    let yaml = read(&format!("table: {from}"), "", &sink);
    for reached in [1, 60_000, 120_000] {
        let run = rowgen(folder.path(), &yaml, &["--rate", "100000/s"]);
        kill_at(reached, &into, run);
    }
    assert!(count(&into) < 200_000);
    ends_well(folder.path(), &yaml, &[]);
    let sums = |name: &str| {
        sql(&format!(
            "SELECT count(*), sum(k), sum(hashtextextended(v, 0)) FROM {name}"
        ))
    };
    assert_eq!(sums(&into), sums(&from));
}

#[test]
fn a_run_does_not_empty_what_it_reads() {
    let name = fresh("self");
    sql(&format!(
        "CREATE TABLE {name} (k int); INSERT INTO {name} VALUES (1)"
    ));
    let sink = format!(
        "  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, mode: truncate }}\n"
    );
    let output = run(&read(&format!("table: {name}"), "", &sink), &[]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("canceling statement due to lock timeout\n  hint: somebody reads it or writes to it: a run cannot empty what it reads"),
        "{words}"
    );
    assert_eq!(sql(&format!("SELECT count(*) FROM {name}")), "1");
}
