//! Loads that are told to end, that run beside each other, or stand still: nothing is lost or doubled, and
//! what was not done is said.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::databases::{Database, both, in_postgres};
use crate::postgres_errors::told;
use crate::until;

fn changes(kind: &str, count: u64, more: &str) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  things:
    columns: {{ id: {{ sequence: {{ start: 1 }} }}, v: {{ uniform: {{ min: 1, max: 1_000_000 }} }} }}
  parts:
    columns: {{ id: {{ sequence: {{ start: 1 }} }}, w: {{ uniform: {{ min: 1, max: 1_000_000 }} }} }}
changes:
  count: {count}
  mix:
    things: {{ insert: 40, update: {{ weight: 30, set: [v] }}, delete: 5 }}
    parts: {{ insert: 20, update: {{ weight: 5, set: [w] }} }}
sinks:
  - {kind}: {{ name: t, table: things, url: "${{env:DB_URL}}", connections: 2{more} }}
  - {kind}: {{ name: p, table: parts, url: "${{env:DB_URL}}", connections: 2{more} }}
"#
    )
}

fn rows(kind: &str, count: u64, more: &str) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  things: {{ rows: {count}, columns: {{ id: {{ sequence: {{ start: 1 }} }} }} }}
sinks:
  - {kind}: {{ table: things, url: "${{env:DB_URL}}"{more} }}
"#
    )
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn spawn(database: &Database, yaml: &str, arguments: &[&str]) -> Child {
    let mut run = database.command("run", yaml, arguments);
    run.stderr(Stdio::piped()).spawn().unwrap()
}

/// Tells a run to end, which says that it was interrupted; what it said, and how long that took.
#[track_caller]
fn interrupt(run: Child) -> (Output, Duration) {
    let began = Instant::now();
    signal(&run, "-TERM");
    let ended = run.wait_with_output().unwrap();
    let took = began.elapsed();
    assert_eq!(ended.status.code(), Some(143), "{}", words(&ended));
    (ended, took)
}

/// Waits for rows.
fn until_begun(database: &Database, table: &str, least: u64) {
    until(
        || format!("{}: rows come", database.kind),
        Duration::from_secs(60),
        || database.count(table) >= least,
    );
}

/// How many rows the log says are left.
fn left(words: &str) -> u64 {
    let lines = words.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line["unsent"].as_u64()
    });
    lines.sum()
}

#[test]
fn a_load_of_changes_that_is_to_end_leaves_what_it_has_not_begun() {
    for database in both("ends") {
        let yaml = changes(database.kind, 60_000, ", transaction_rows: 1");
        // All batches are handed over at once.
        let arguments = ["--batch-rows", "60000"];
        let run = spawn(&database, &yaml, &arguments);
        until_begun(&database, "things", 100);
        let (ended, took) = interrupt(run);
        assert!(took < Duration::from_secs(5), "{}: {took:?}", database.kind);
        assert!(left(&words(&ended)) > 10_000, "{}", words(&ended));
        let (code, told) = database.verify(&yaml, &["--at", "now"]);
        assert_eq!(code, Some(0), "{told}");
        // The end of its time is one that was wanted.
        let began = Instant::now();
        let timed = [&arguments[..], &["--for", "2s"]].concat();
        let ended = database.command("run", &yaml, &timed).output().unwrap();
        let took = began.elapsed();
        assert_eq!(ended.status.code(), Some(0), "{}", words(&ended));
        assert!(took < Duration::from_secs(7), "{}: {took:?}", database.kind);
        assert!(left(&words(&ended)) > 1_000, "{}", words(&ended));
        let (code, told) = database.verify(&yaml, &["--at", "now"]);
        assert_eq!(code, Some(0), "{told}");
        let faster = yaml.replace("transaction_rows: 1", "transaction_rows: 2000");
        database.succeeds(&faster, &["--batch-rows", "3000"]);
        let (code, told) = database.verify(&faster, &[]);
        assert_eq!(
            (code, told.matches("rows, all equal").count()),
            (Some(0), 2),
            "{told}"
        );
    }
}

#[test]
fn a_load_of_rows_that_is_to_end_does_so_in_time() {
    for database in both("rows") {
        database.sql("CREATE TABLE things (id bigint PRIMARY KEY)");
        // Each row takes its time.
        let (slow, fast) = match database.kind {
            "mysql" => (
                "CREATE TRIGGER slow BEFORE INSERT ON things FOR EACH ROW SET @slept = SLEEP(0.01)",
                "DROP TRIGGER slow",
            ),
            _ => (
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END'; \
                 CREATE TRIGGER slow BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION slow()",
                "DROP TRIGGER slow ON things",
            ),
        };
        database.sql(slow);
        let yaml = rows(
            database.kind,
            2_000,
            ", connections: 1, transaction_rows: 100",
        );
        let run = spawn(&database, &yaml, &[]);
        until_begun(&database, "things", 100);
        let (ended, took) = interrupt(run);
        assert!(took < Duration::from_secs(9), "{}: {took:?}", database.kind);
        assert!(left(&words(&ended)) >= 100, "{}", words(&ended));
        database.sql(fast);
        database.succeeds(&yaml, &[]);
        assert_eq!(
            database.sql("SELECT count(*), sum(id) FROM things"),
            "2000|2001000"
        );
    }
}

#[test]
fn the_second_run_of_a_load_waits_for_the_first_and_says_so() {
    for database in both("beside") {
        let yaml = rows(
            database.kind,
            60_000,
            ", connections: 2, transaction_rows: 500",
        );
        let first = spawn(&database, &yaml, &["--rate", "10000/s"]);
        until_begun(&database, "things", 1);
        let soon = yaml.replace("tables:", "run: { stall_timeout: 2s }\ntables:");
        let (code, told) = database.refusal(&soon, &[]);
        assert_eq!(code, Some(2), "{told}");
        assert!(
            told.contains("error: the server took nothing for 2.00 s\n  caused by: another run of this load is at work: connection "),
            "{told}"
        );
        let ended = first.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", words(&ended));
        assert_eq!(database.count("things"), 60_000);
    }
}

#[test]
fn a_run_that_stands_still_does_not_block_the_next_one() {
    for database in both("still") {
        let yaml = changes(database.kind, 40_000, ", transaction_rows: 50");
        let first = spawn(&database, &yaml, &["--batch-rows", "2000", "--quiet"]);
        until_begun(&database, "things", 500);
        signal(&first, "-STOP");
        let next = database.run(&yaml, &["--batch-rows", "2000"]);
        signal(&first, "-CONT");
        assert!(next.status.success(), "{}: {}", database.kind, words(&next));
        let ended = first.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", told(&words(&ended)));
        let (code, told) = database.verify(&yaml, &[]);
        assert_eq!(code, Some(0), "{told}");
    }
}

/// Stops a run at a moment at which the server waits for its rows.
fn stop_within_copy(database: &Database, run: &Child) {
    let copies = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' AND wait_event = 'ClientRead' AND query LIKE 'COPY %'",
        database.name
    );
    for _ in 0..500 {
        signal(run, "-STOP");
        // What was sent before has come.
        std::thread::sleep(Duration::from_millis(20));
        if database.sql(&copies) != "0" {
            return;
        }
        signal(run, "-CONT");
        std::thread::sleep(Duration::from_millis(7));
    }
    panic!("it is never within a COPY");
}

#[test]
fn a_run_that_stands_still_within_a_copy_does_not_block_the_next_one() {
    let database = in_postgres("copy");
    let yaml = changes(database.kind, 60_000, ", transaction_rows: 20");
    let first = spawn(&database, &yaml, &["--batch-rows", "2000", "--quiet"]);
    until_begun(&database, "things", 100);
    stop_within_copy(&database, &first);
    let next = database.run(&yaml, &["--batch-rows", "2000"]);
    signal(&first, "-CONT");
    assert!(next.status.success(), "{}", words(&next));
    let ended = first.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", told(&words(&ended)));
    let (code, told) = database.verify(&yaml, &[]);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn runs_of_one_load_that_go_on_beside_each_other_do_not_wait_for_ever() {
    for database in both("beside") {
        let yaml = changes(database.kind, 40_000, ", transaction_rows: 50");
        let arguments = ["--batch-rows", "2000", "--quiet"];
        let first = spawn(&database, &yaml, &arguments);
        let second = spawn(&database, &yaml, &arguments);
        until_begun(&database, "things", 100);
        // Whichever has the load stands still for a while, and the other one may not have parts of it.
        for run in [&first, &second] {
            signal(run, "-STOP");
            std::thread::sleep(Duration::from_millis(1500));
            signal(run, "-CONT");
        }
        let began = Instant::now();
        let ended = [first, second].map(|run| run.wait_with_output().unwrap());
        assert!(began.elapsed() < Duration::from_secs(90));
        for ended in &ended {
            let said = told(&words(ended));
            let taken = said.contains("another run of this load has taken over");
            assert!(ended.status.success() || taken, "{said}");
        }
        assert!(ended.iter().any(|ended| ended.status.success()));
        let (code, told) = database.verify(&yaml, &[]);
        assert_eq!(code, Some(0), "{told}");
    }
}

#[test]
fn of_two_loads_that_begin_together_one_is_refused() {
    for database in both("two") {
        // Keys that never meet: nothing but progress tells the loads from each other.
        let yaml = format!(
            r#"version: 1
name: load
tables:
  things: {{ columns: {{ id: {{ uuid: {{}}, type: uuid }}, s: {{ choice: [A, B] }} }} }}
changes: {{ count: 20_000, mix: {{ things: {{ insert: 60, update: {{ weight: 38, set: [s] }}, delete: 2 }} }} }}
sinks:
  - {}: {{ name: t, table: things, url: "${{env:DB_URL}}", connections: 2 }}
"#,
            database.kind
        );
        let seeds = ["a", "b"];
        let runs = seeds.map(|seed| spawn(&database, &yaml, &["--seed", seed, "--quiet"]));
        let ended = runs.map(|run| run.wait_with_output().unwrap());
        let codes = ended.each_ref().map(|run| run.status.code());
        let won = usize::from(codes[0] != Some(0));
        let said = told(&words(&ended[1 - won]));
        assert_eq!((codes[won], codes[1 - won]), (Some(0), Some(2)), "{said}");
        assert!(said.contains(" has changes of another load"), "{said}");
        let (code, told) = database.verify(&yaml, &["--seed", seeds[won]]);
        assert_eq!(code, Some(0), "{told}");
    }
}

#[test]
fn a_load_that_stops_others_is_interrupted_as_well() {
    for database in both("stops") {
        let yaml = changes(database.kind, 60_000, ", transaction_rows: 1");
        let yaml = yaml.replace(
            "tables:\n  things:",
            "run: { on_sink_failure: stop }\ntables:\n  things:",
        );
        let run = spawn(&database, &yaml, &["--batch-rows", "60000"]);
        until_begun(&database, "things", 100);
        let (ended, _) = interrupt(run);
        assert!(left(&words(&ended)) > 10_000, "{}", words(&ended));
        let faster = yaml.replace("transaction_rows: 1", "transaction_rows: 2000");
        database.succeeds(&faster, &[]);
        let (code, told) = database.verify(&faster, &[]);
        assert_eq!(code, Some(0), "{told}");
    }
}
