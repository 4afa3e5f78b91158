//! A PostgreSQL that is away, says nothing, falls silent, or is busy with somebody else: whole texts, in time.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::line::Line;
use crate::postgres::{fresh, rowgen, sql};
use crate::postgres_errors::{refusal_at, told};
use crate::postgres_source::read;
use crate::until;

/// Why a server that says nothing is an error.
const NO_ANSWER: &str = "the server does not answer";

/// The same with what can be done.
const SILENT: &str = "the server does not answer\n  hint: is it running, and is `url` right?";

#[test]
fn a_server_that_is_away_or_silent_is_told_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("postgres://me:pa55word@{address}/d");
    let began = Instant::now();
    // The system takes the connection, and nobody says anything.
    let (code, words) = refusal_at(&url, "table: a", "");
    let hint = "  hint: is it running, and is `url` right?";
    assert_eq!(
        (code, words),
        (
            Some(2),
            format!(
                "error: connecting in {address}/d\n  caused by: the server does not answer\n{hint}"
            )
        )
    );
    let took = began.elapsed();
    assert!((8..15).contains(&took.as_secs()), "{took:?}");
    drop(listener);
    let (code, words) = refusal_at(&url, "table: a", "");
    let refused = "  caused by: Connection refused (os error 111)\n";
    assert_eq!(
        (code, words),
        (
            Some(2),
            format!("error: connecting in {address}/d\n{refused}{hint}")
        )
    );
}

/// No run takes longer to begin.
const BEGINS: Duration = Duration::from_secs(60);

/// A run over a line, which is dead now.
fn cut_off(folder: &TempDir, line: &Line, yaml: &str, arguments: &[&str]) -> Child {
    let mut command = rowgen(folder.path(), yaml, arguments);
    command.env("DB_URL", line.url()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until(|| yaml.to_string(), BEGINS, || line.is_dead());
    child
}

/// How a run ends, what it tells, and how long that takes.
fn ended(child: Child, line: &Line) -> (ExitStatus, String, Duration) {
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).replace(&line.address, "LINE");
    (output.status, told(&words), began.elapsed())
}

fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_server_that_falls_silent_while_it_is_looked_at_is_an_error_in_time() {
    let name = fresh("looked");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY); INSERT INTO {name} SELECT generate_series(1, 90000)"
    ));
    let yaml = &read(
        &format!("table: {name}"),
        "",
        "  - file: { table: t, path: out.csv }\n",
    );
    let cases = [
        ("pg_settings", 1, "beginning to read"),
        ("pg_export_snapshot", 1, "beginning to read"),
        ("to_regclass", 1, "looking at table #"),
        ("attnotnull", 1, "looking at table #"),
        ("indisprimary", 1, "looking at table #"),
        ("count(*)", 1, "counting the rows of table #"),
        ("SET TRANSACTION SNAPSHOT", 1, "beginning to read"),
        ("COPY (", 1, "reading table #"),
        ("COPY (", 3, "reading table #"),
    ];
    std::thread::scope(|scope| {
        for (word, times, doing) in cases {
            let doing = doing.replace('#', &name);
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let line = Line::until(word, times);
                let (status, words, took) = ended(cut_off(&folder, &line, yaml, &[]), &line);
                let silent =
                    |doing: &str| format!("error: {doing} in LINE/rowgen\n  caused by: {SILENT}");
                // One connection reads while another one is still being made, or has just been.
                let others = ["connecting", "beginning to read"].into_iter();
                let others = others.filter(|_| word == "COPY (");
                let mut expected = std::iter::once(doing.as_str()).chain(others);
                assert_eq!(status.code(), Some(2), "{word}: {words}");
                assert!(
                    expected.any(|doing| silent(doing) == words),
                    "{word}: {words}"
                );
                assert!((9..30).contains(&took.as_secs()), "{word}: {took:?}");
            });
        }
    });
}

#[test]
fn a_server_that_falls_silent_while_rows_come_ends_the_run_in_time() {
    let name = fresh("silent");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY); INSERT INTO {name} SELECT generate_series(1, 300000)"
    ));
    // Rows on their way are read to their end: long ones are soon.
    let query = "query: \"select i, repeat('x', 1000) as v from generate_series(1, 300000) i\"";
    let cases = [
        (
            format!("table: {name}, connections: 1"),
            format!("table {name}"),
        ),
        (query.into(), "the query".into()),
    ];
    for (from, what) in cases {
        let line = Line::new();
        let folder = tempfile::tempdir().unwrap();
        let yaml = read(&from, "", "  - file: { table: t, path: out.csv }\n");
        let slowly = ["--rate", "20000/s", "--batch-rows", "500"];
        let mut command = rowgen(folder.path(), &yaml, &slowly);
        command.env("DB_URL", line.url()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let begins = || format!("{what}: the run begins");
        until(begins, BEGINS, || has_begun(folder.path()));
        line.cut();
        let (status, words, took) = ended(child, &line);
        let silent = format!("error: reading {what} in LINE/rowgen\n  caused by: {SILENT}");
        assert_eq!((status.code(), words), (Some(2), silent));
        assert!((9..30).contains(&took.as_secs()), "{took:?}");
    }
}

/// True once rows stand in a file beside the pipeline.
fn has_begun(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let mut others = files.filter(|entry| entry.file_name() != "p.yaml");
    others.any(|entry| entry.metadata().is_ok_and(|file| file.len() > 0))
}

/// What is said first of a sink that cannot be opened.
const UNOPENED: &str = "error: could not open sink `postgres-1`\n  caused by: ";

/// Rows into a table, over a line.
fn into(name: &str, rows: u64) -> String {
    format!(
        "version: 1\nname: w\ntables:\n  t: {{ rows: {rows}, columns: {{ id: sequence }} }}\nsinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, mode: truncate, connections: 1 }}\n"
    )
}

#[test]
fn a_sink_whose_server_falls_silent_fails_in_time() {
    let stalled =
        "error: the server took nothing for 5.00 s\n  hint: see `stall_timeout` under `run:`"
            .to_string();
    let silent = |doing: &str| format!("{UNOPENED}{doing} in LINE/rowgen\n  caused by: {SILENT}");
    let cases = [
        ("to_regclass", 1, silent("looking at table #")),
        (
            "SELECT \"partition\", \"next\"",
            1,
            silent("looking at table #"),
        ),
        (
            "SELECT \"partition\", \"next\"",
            2,
            format!("{UNOPENED}asking the sink where it is\n  caused by: {NO_ANSWER}"),
        ),
        ("pg_advisory_xact_lock", 1, silent("making table #")),
        ("; TRUNCATE", 1, silent("making table #")),
        ("COPY ", 1, stalled.clone()),
        ("WITH span AS", 1, stalled),
    ];
    std::thread::scope(|scope| {
        for (word, times, expected) in cases {
            scope.spawn(move || {
                let name = fresh("dead");
                // Nothing is asked about a load whose table is not there.
                sql(&format!("CREATE TABLE {name} (id bigint)"));
                let arguments = ["--stall-timeout", "5s"];
                let yaml = into(&name, 1000);
                let folder = tempfile::tempdir().unwrap();
                let line = Line::until(word, times);
                let (status, words, took) =
                    ended(cut_off(&folder, &line, &yaml, &arguments), &line);
                let expected = expected.replace('#', &name);
                assert_eq!((status.code(), words), (Some(2), expected), "{word}");
                assert!((4..30).contains(&took.as_secs()), "{word}: {took:?}");
            });
        }
    });
}

#[test]
fn a_signal_ends_what_waits_for_a_silent_server() {
    let name = &fresh("signal");
    let yaml = &into(name, 1000);
    let cause = "in LINE/rowgen\n  caused by: it was not done when the run was to end";
    let cases = [
        (
            "to_regclass",
            format!("{UNOPENED}looking at table {name} {cause}"),
            3,
        ),
        (
            "pg_advisory_xact_lock",
            format!("{UNOPENED}making table {name} {cause}"),
            3,
        ),
    ];
    std::thread::scope(|scope| {
        for (word, expected, most) in cases {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let line = Line::until(word, 1);
                let child = cut_off(&folder, &line, yaml, &[]);
                terminate(&child);
                let (status, words, took) = ended(child, &line);
                assert_eq!((status.code(), words), (Some(143), expected), "{word}");
                assert!(took.as_secs() < most, "{word}: {took:?}");
            });
        }
        // A table is looked at before there is a run to end.
        scope.spawn(|| {
            let yaml = read(
                "query: select 1 as a",
                "",
                "  - file: { table: t, path: out.csv }\n",
            );
            let folder = tempfile::tempdir().unwrap();
            let line = Line::until("count(*)", 1);
            let child = cut_off(&folder, &line, &yaml, &[]);
            terminate(&child);
            let (status, _, took) = ended(child, &line);
            assert_eq!(status.signal(), Some(15));
            assert!(took.as_secs() < 3, "{took:?}");
        });
    });
}

#[test]
fn a_signal_ends_what_waits_for_a_slow_query() {
    // Slow only when it is read, not when it is counted, and only behind the first batches.
    let query = "query: \"select i, case when i > 500 and current_query() like 'COPY%' then pg_sleep(100)::text end as v from generate_series(1, 1000) i\"";
    let folder = tempfile::tempdir().unwrap();
    let yaml = read(query, "", "  - file: { table: t, path: out.csv }\n");
    let mut command = rowgen(
        folder.path(),
        &yaml,
        &["--batch-rows", "100", "--threads", "2"],
    );
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Other runs have queries of their own.
    let reads = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%i > 500 and%' AND wait_event = 'PgSleep'";
    until(|| "it reads".into(), BEGINS, || sql(reads) != "0");
    // Longer than a server may be silent without being asked whether it is there.
    std::thread::sleep(Duration::from_secs(13));
    terminate(&child);
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    let took = began.elapsed();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        (output.status.code(), words),
        (
            Some(143),
            "error: reading the query in SERVER/rowgen\n  caused by: it was not done when the run was to end".into()
        )
    );
    assert!((9..16).contains(&took.as_secs()), "{took:?}");
    assert!(!folder.path().join("out.csv").exists());
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%i > 500 and%' AND pid <> pg_backend_pid()",
    );
}

#[test]
fn a_connection_that_is_lost_ends_the_run() {
    for key in ["PRIMARY KEY", ""] {
        let (name, folder) = (fresh("lost"), tempfile::tempdir().unwrap());
        sql(&format!(
            "CREATE TABLE {name} (k int {key}); INSERT INTO {name} SELECT generate_series(1, 3000000)"
        ));
        let sink = "  - file: { table: t, path: out.csv }\n";
        let yaml = read(&format!("table: {name}"), "", sink);
        let mut command = rowgen(
            folder.path(),
            &yaml,
            &["--rate", "100000/s", "--batch-rows", "500"],
        );
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let ours = format!(
            "application_name = 'rowgen' AND query LIKE '%{name}%' AND pid <> pg_backend_pid()"
        );
        let reads =
            format!("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND {ours}");
        until(|| "it reads".into(), BEGINS, || sql(&reads) != "0");
        std::thread::sleep(Duration::from_millis(300));
        sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"
        ));
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words}");
        let told = told(&words);
        assert!(
            told.starts_with(&format!(
                "error: reading table {name} in SERVER/rowgen\n  caused by: "
            )),
            "{told}"
        );
        assert!(!folder.path().join("out.csv").exists());
    }
}

#[test]
fn who_wants_to_change_the_table_is_not_waited_for() {
    let (name, folder) = (fresh("altered"), tempfile::tempdir().unwrap());
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY); INSERT INTO {name} VALUES (1)"
    ));
    let held = std::thread::spawn({
        let name = name.clone();
        move || {
            sql(&format!(
                "BEGIN; LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(14); ROLLBACK"
            ))
        }
    });
    std::thread::sleep(Duration::from_millis(500));
    let yaml = read(
        &format!("table: {name}"),
        "",
        "  - file: { table: t, path: out.csv }\n",
    );
    let output = rowgen(folder.path(), &yaml, &[]).output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            told(&String::from_utf8_lossy(&output.stderr))
        ),
        (
            Some(2),
            format!(
                "error: looking at table {name} in SERVER/rowgen\n  caused by: canceling statement due to lock timeout\n  hint: somebody is changing the table, or waits to: try again later"
            )
        )
    );
    held.join().unwrap();
}
