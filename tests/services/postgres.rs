//! Rows into a real PostgreSQL: types, modes, refused rows, and each row once whatever is killed.

use std::path::Path;
use std::pin::pin;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::SinkExt;
use rowgen::client::runtime::block_on;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::{environment, save};

/// A name that no run before has used.
pub fn fresh(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("{name}_{now}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What SQL answers, a line a row, values with bars between.
pub fn sql(statements: &str) -> String {
    sql_at(&environment("POSTGRES_URL"), statements)
}

/// The same of a database of one's own.
pub fn sql_at(url: &str, statements: &str) -> String {
    let answer = block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.simple_query(statements).await
    });
    let messages = answer
        .unwrap()
        .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let values = (0..row.len()).map(|column| row.get(column).unwrap_or("null"));
            Some(values.collect::<Vec<_>>().join("|"))
        }
        _ => None,
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// Gives the database what a `COPY … FROM STDIN` reads.
pub fn copy_at(url: &str, statement: &str, text: Vec<u8>) {
    let copied = block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let mut sink = pin!(client.copy_in(statement).await?);
        sink.send(Bytes::from(text)).await?;
        sink.finish().await
    });
    copied.unwrap().unwrap();
}

pub fn rowgen(folder: &Path, yaml: &str, arguments: &[&str]) -> Command {
    save(folder.join("p.yaml"), yaml);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    command
        .current_dir(folder)
        .args(["run", "p.yaml", "--quiet"])
        .args(arguments);
    command.env("DB_URL", environment("POSTGRES_URL"));
    command
}

pub fn run(yaml: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    rowgen(folder.path(), yaml, arguments).output().unwrap()
}

#[track_caller]
pub fn succeeds(yaml: &str, arguments: &[&str]) {
    let output = run(yaml, arguments);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
}

/// A pipeline of one table with an `id`, and `more` lines about its columns.
pub fn table(rows: u64, more: &str, sink: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t:\n    rows: {rows}\n    columns:\n      id: {{ sequence: {{}}, type: int64 }}\n{more}sinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", {sink} }}\n"
    )
}

/// How many rows a table has; none where there is no such table.
pub fn count(name: &str) -> u64 {
    let there = sql(&format!("SELECT to_regclass('{name}') IS NOT NULL"));
    match there.as_str() {
        "t" => sql(&format!("SELECT count(*) FROM {name}"))
            .parse()
            .unwrap(),
        _ => 0,
    }
}

/// Kills a run once its table has so many rows.
pub fn kill_at(reached: u64, name: &str, run: Command) {
    kill_once(reached, || count(name), run);
}

/// Kills a run once so many rows are there.
pub fn kill_once(reached: u64, count: impl Fn() -> u64, mut run: Command) {
    let mut child = run.spawn().unwrap();
    while count() < reached {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before {reached}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn every_type_arrives() {
    let name = fresh("types");
    let columns = r#"
      b: { constant: true, type: boolean }
      i2: { constant: -7, type: int16 }
      i4: { constant: 70000, type: int32 }
      u8: { constant: 18446744073709551615, type: uint64 }
      f4: { constant: 1.5, type: float32 }
      f8: { constant: 0.1, type: float64 }
      d: { constant: "-12345678.90", type: "decimal(12,2)" }
      big: { constant: "123456789012345678901234567890.12345678", type: "decimal(38,8)" }
      s: { constant: "é \"q\" \\", type: utf8 }
      c: { choice: [only], type: utf8 }
      x: { constant: "null", type: utf8 }
      day: { constant: 2026-02-28, type: date }
      at: { constant: "1999-12-31T23:59:59.999999", type: timestamp }
      zoned: { constant: "2026-02-28T12:00:00Z", type: "timestamp(ms, UTC)" }
      clock: { constant: "12:34:56.000001", type: time }
      u: { constant: 00112233-4455-6677-8899-aabbccddeeff, type: uuid }
      l: { list: { of: { constant: 5, type: int32 }, length: 2 } }
"#;
    succeeds(&table(1, &columns[1..], &format!("into: {name}")), &[]);
    assert_eq!(
        sql(&format!("SET TIME ZONE 'UTC'; SELECT * FROM {name}")),
        "1|t|-7|70000|18446744073709551615|1.5|0.1|-12345678.90|123456789012345678901234567890.12345678|é \"q\" \\|only|null|2026-02-28|1999-12-31 23:59:59.999999|2026-02-28 12:00:00+00|12:34:56.000001|00112233-4455-6677-8899-aabbccddeeff|{5,5}"
    );
    let types = format!(
        "SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0"
    );
    assert_eq!(
        sql(&types),
        "bigint,boolean,smallint,integer,numeric(20,0),real,double precision,numeric(12,2),numeric(38,8),text,text,text,date,timestamp without time zone,timestamp with time zone,time without time zone,uuid,integer[]"
    );
}

#[test]
fn a_run_again_adds_nothing_and_another_one_does() {
    let name = fresh("again");
    let yaml = table(50_000, "", &format!("into: {name}, connections: 3"));
    let count = || sql(&format!("SELECT count(*), count(DISTINCT id) FROM {name}"));
    succeeds(&yaml, &[]);
    assert_eq!(count(), "50000|50000");
    succeeds(&yaml, &[]);
    assert_eq!(count(), "50000|50000");
    // Another seed is another load.
    succeeds(&yaml, &["--seed", "8"]);
    assert_eq!(count(), "100000|50000");
    succeeds(&yaml, &["--overwrite"]);
    assert_eq!(count(), "50000|50000");
    let freely = table(10, "", &format!("into: {name}, exactly_once: false"));
    succeeds(&freely, &[]);
    succeeds(&freely, &[]);
    assert_eq!(count(), "50020|50000");
}

#[test]
fn slices_fill_one_table_and_do_not_empty_it() {
    let name = fresh("slices");
    let yaml = table(40_001, "", &format!("into: {name}, mode: truncate"));
    succeeds(&table(5, "", &format!("into: {name}")), &["--seed", "1"]);
    for slice in ["1/3", "2/3", "3/3", "2/3"] {
        succeeds(&yaml, &["--slice", slice]);
    }
    assert_eq!(
        sql(&format!("SELECT count(*), sum(id) FROM {name}")),
        "40001|800060001"
    );
}

#[test]
fn an_upsert_replaces_what_is_there() {
    let name = fresh("upsert");
    let sink = format!("into: {name}, mode: upsert, key: [id]");
    let yaml = |word: &str| table(30_000, &format!("      w: {{ constant: {word} }}\n"), &sink);
    succeeds(&yaml("old"), &[]);
    succeeds(&yaml("new"), &["--rows", "10_000"]);
    let counts = format!("SELECT w, count(*) FROM {name} GROUP BY w ORDER BY w");
    assert_eq!(sql(&counts), "new|10000\nold|20000");
    // The last one of a key within a batch wins.
    let name = fresh("last");
    let twice = "      k: { expr: \"id % 10\" }\n";
    succeeds(
        &table(
            1000,
            twice,
            &format!("into: {name}, mode: upsert, key: [k]"),
        ),
        &[],
    );
    assert_eq!(
        sql(&format!("SELECT count(*), min(id) FROM {name}")),
        "10|991"
    );
}

#[test]
fn a_table_that_does_not_fit_is_refused_before_the_first_row() {
    let name = fresh("misfit");
    sql(&format!(
        "CREATE TABLE {name} (id integer, names text, must text NOT NULL)"
    ));
    let yaml = table(
        10,
        "      name: { constant: x }\n",
        &format!("into: {name}"),
    );
    let output = run(&yaml, &[]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains(&format!(
            "table {name} has no column `name`; did you mean `names`?; column `must` of table {name} needs a value, and the pipeline has no such column"
        )),
        "{words}"
    );
    let name = fresh("narrow");
    sql(&format!("CREATE TABLE {name} (id integer)"));
    let output = run(&table(10, "", &format!("into: {name}")), &[]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains(&format!(
            "column `id` of table {name}: int64 may be too large for an integer of 32 bits; `cast` the column"
        )),
        "{words}"
    );
    assert!(!words.contains("rowgen@"), "{words}");
}

#[test]
fn rows_that_are_refused_become_letters_and_the_others_arrive() {
    let name = fresh("bad");
    sql(&format!(
        "CREATE TABLE {name} (id bigint PRIMARY KEY CHECK (id <> 777), status varchar(4) NOT NULL); INSERT INTO {name} VALUES (20000, 'old')"
    ));
    let columns = "      status: { expr: \"case when id = 100 then 'too long' when id = 25000 then null else 'ok' end\" }\n";
    let sink = format!("into: {name}, connections: 2, on_bad_row: {{ dead_letter: dead.jsonl }}");
    let folder = tempfile::tempdir().unwrap();
    let output = rowgen(
        folder.path(),
        &table(40_000, columns, &sink),
        &["--out", ".", "--report", "report.json"],
    )
    .output()
    .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    let report = std::fs::read(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["sinks"][0]["dead_letters"], "dead.jsonl");
    assert_eq!(
        sql(&format!("SELECT count(*) FROM {name} WHERE status = 'ok'")),
        "39996"
    );
    let letters = std::fs::read_to_string(folder.path().join("dead.jsonl")).unwrap();
    let mut letters: Vec<serde_json::Value> = letters
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    letters.sort_by_key(|letter| letter["row"].as_u64());
    let told = letters.iter().map(|letter| {
        format!(
            "{} {} {}",
            letter["row"], letter["reason"], letter["values"]["id"]
        )
    });
    let told: Vec<String> = told.collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(
        told[0],
        "99 \"value too long for type character varying(4)\" 100"
    );
    assert!(
        told[1].starts_with("776 \"new row for relation"),
        "{}",
        told[1]
    );
    assert!(
        told[2].starts_with("19999 \"duplicate key value"),
        "{}",
        told[2]
    );
    assert!(
        told[3].starts_with("24999 \"null value in column"),
        "{}",
        told[3]
    );
    // Without a rule the first one ends the run, and names the row.
    sql(&format!("TRUNCATE {name}"));
    let output = run(&table(1000, columns, &format!("into: {name}")), &[]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("table `t`, row 99: value too long for type character varying(4)"),
        "{words}"
    );
}

#[test]
fn a_load_that_is_killed_goes_on_where_it_was() {
    let name = fresh("killed");
    let yaml = table(
        400_000,
        "",
        &format!("into: {name}, connections: 3, transaction_rows: 2_000"),
    );
    let folder = tempfile::tempdir().unwrap();
    for reached in [0, 1, 50_000, 100_000, 150_000] {
        let run = rowgen(folder.path(), &yaml, &["--rate", "200000/s"]);
        kill_at(reached, &name, run);
    }
    succeeds_in(folder.path(), &yaml);
    assert_eq!(
        sql(&format!("SELECT count(*), count(DISTINCT id) FROM {name}")),
        "400000|400000"
    );
}

#[track_caller]
fn succeeds_in(folder: &Path, yaml: &str) {
    let output = rowgen(folder, yaml, &[]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
}

#[test]
fn messages_of_a_topic_arrive_once_though_the_reader_is_killed() {
    let (name, topic, brokers) = (
        fresh("stream"),
        fresh("topic"),
        environment("KAFKA_BROKERS"),
    );
    let fill = format!(
        "version: 1\nname: fill\nseed: 7\ntables:\n  t:\n    rows: 200_000\n    columns:\n      id: {{ sequence: {{}}, type: int64 }}\nsinks:\n  - kafka: {{ table: t, brokers: \"{brokers}\", topic: {topic}, create_topic: {{ partitions: 5 }} }}\n"
    );
    succeeds(&fill, &[]);
    let yaml = format!(
        "version: 1\nname: take\ntables:\n  t:\n    from: {{ kafka: {{ brokers: \"{brokers}\", topic: {topic}, group: {topic}, until: end }} }}\n    types: {{ id: int64 }}\nsinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, connections: 3 }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let mut child = rowgen(folder.path(), &yaml, &["--batch-rows", "1000"])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(900 + 300 * round));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeeds_in(folder.path(), &yaml);
    assert_eq!(
        sql(&format!(
            "SELECT count(*), count(DISTINCT id), sum(id) FROM {name}"
        )),
        "200000|200000|20000100000"
    );
}
