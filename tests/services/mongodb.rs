//! Rows as documents of a server of MongoDB's protocol: each there once, whatever comes again.

use std::process::Output;
use std::time::{Duration, Instant};

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, DateTime, doc};
use rowgen::client::runtime::block_on;

use crate::postgres::{fresh, rowgen};
use crate::servers::Servers;
use crate::store::Store;
use crate::until;

/// A pipeline of one table with an `id`, and `more` lines about its columns.
fn table(rows: u64, more: &str, sink: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t:\n    rows: {rows}\n    columns:\n      id: {{ sequence: {{}}, type: int64 }}\n{more}sinks:\n  - mongodb: {{ table: t, url: \"${{env:MONGODB_URL}}\", {sink} }}\n"
    )
}

fn run(yaml: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    rowgen(folder.path(), yaml, &[]).output().unwrap()
}

#[track_caller]
fn succeeds(yaml: &str) {
    let output = run(yaml);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .trim_end()
        .to_string()
}

#[test]
fn documents_have_the_types_of_their_columns() {
    let database = fresh("types");
    let more = concat!(
        "      flag: { choice: [true], type: boolean }\n",
        "      small: { constant: -7, type: int16 }\n",
        "      price: { constant: \"12.50\", type: \"decimal(10,2)\" }\n",
        "      day: { constant: 2026-01-15, type: date }\n",
        "      at: { constant: \"2026-01-15T10:11:12.345Z\", type: \"timestamp(ms, UTC)\" }\n",
        "      name: { constant: hé }\n",
        "      half: { constant: 0.5, type: float64 }\n",
        "      key: { uuid: {}, type: uuid }\n",
    );
    succeeds(&table(1, more, &format!("database: {database}, key: [id]")));
    let [found] = &Store::shared(&database).all("t")[..] else {
        panic!("one document")
    };
    let mut found = found.clone();
    let Some(Bson::Binary(uuid)) = found.remove("key") else {
        panic!("{found}")
    };
    assert_eq!((uuid.subtype, uuid.bytes.len()), (BinarySubtype::Uuid, 16));
    let millis = |text: &str| Bson::DateTime(DateTime::parse_rfc3339_str(text).unwrap());
    let expected = doc! {
        "_id": 1_i64,
        "id": 1_i64,
        "flag": true,
        "small": -7,
        "price": Bson::Decimal128("12.50".parse().unwrap()),
        "day": millis("2026-01-15T00:00:00Z"),
        "at": millis("2026-01-15T10:11:12.345Z"),
        "name": "hé",
        "half": 0.5,
    };
    assert_eq!(found, expected);
}

#[test]
fn a_load_that_is_repeated_changes_nothing_and_another_one_adds() {
    let database = fresh("again");
    let sink = format!("database: {database}");
    succeeds(&table(12_345, "", &sink));
    succeeds(&table(12_345, "", &sink));
    let store = Store::shared(&database);
    assert_eq!(store.count("t"), 12_345);
    // A load of another size is another one.
    succeeds(&table(20_000, "", &sink));
    assert_eq!(store.count("t"), 32_345);
    succeeds(&table(10, "", &format!("{sink}, mode: truncate")));
    assert_eq!(store.count("t"), 10);
}

#[test]
fn documents_of_equal_key_are_replaced_or_refused() {
    let database = fresh("keys");
    let store = Store::shared(&database);
    let other = async {
        store
            .collection("t")
            .insert_one(doc! { "_id": 3_i64, "id": "other" })
            .await
    };
    block_on(other).unwrap().unwrap();
    let output = run(&table(5, "", &format!("database: {database}, key: [id]")));
    let said = words(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("row 2: E11000"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let sink = format!("database: {database}, key: [id], on_bad_row: {{ dead_letter: bad.jsonl }}");
    let output = rowgen(folder.path(), &table(5, "", &sink), &[])
        .output()
        .unwrap();
    // Rows were left out.
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    let letters = std::fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
    assert_eq!(letters.lines().count(), 1, "{letters}");
    assert!(
        letters.contains("\"row\":2") && letters.contains("{\"id\":3}"),
        "{letters}"
    );
    assert_eq!(store.count("t"), 5);
    succeeds(&table(
        5,
        "",
        &format!("database: {database}, key: [id], mode: upsert"),
    ));
    let ids: Vec<_> = store
        .all("t")
        .into_iter()
        .map(|found| found.get_i64("id").unwrap())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

#[test]
fn a_document_that_is_too_long_is_a_bad_row() {
    let database = fresh("long");
    let store = Store::shared(&database);
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(16 << 20);
    let lines = format!("{{\"text\":\"a\"}}\n{{\"text\":\"{long}\"}}\n{{\"text\":\"b\"}}\n");
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let yaml = |how: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ from: {{ json: {{ path: in.jsonl }} }} }}\nsinks:\n  - mongodb: {{ table: t, url: \"${{env:MONGODB_URL}}\", database: {database}{how} }}\n"
        )
    };
    let said = "a document of 16 777 249 bytes is longer than the 16 777 216 that MongoDB takes";
    let output = rowgen(folder.path(), &yaml(""), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains(said), "{}", words(&output));
    let kept = yaml(", on_bad_row: { dead_letter: bad.jsonl }");
    let output = rowgen(folder.path(), &kept, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    let letters = std::fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
    assert!(letters.contains(said) && letters.contains("\"row\":1"));
    assert_eq!(store.count("t"), 2);
}

#[test]
fn a_server_that_is_not_there_or_silent_is_told_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    for (address, cause) in [
        (
            "127.0.0.1:1".to_string(),
            "Connection refused (os error 111)",
        ),
        (silent, ""),
    ] {
        let url = format!("mongodb://me:pa55word@{address}/d");
        let yaml = table(1, "", "mode: append").replace("${env:MONGODB_URL}", &url);
        let began = Instant::now();
        let output = run(&yaml);
        let said = words(&output);
        let begin = format!(
            "error: could not open sink `mongodb-1`\n  caused by: connecting to MongoDB at {address}\n  caused by: {cause}"
        );
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(&begin), "{said}");
        assert!(
            said.ends_with("\n  hint: is it running, and is `url` right?"),
            "{said}"
        );
        assert!(!said.contains("pa55word"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn a_server_that_is_killed_and_comes_back_has_each_row_once() {
    let servers = Servers::start(&["mongodb"], &[]);
    let url = servers.variable("MONGODB_URL");
    let folder = tempfile::tempdir().unwrap();
    let sink = "database: d, key: [id], bulk_rows: 500, connections: 2";
    let yaml = table(60_000, "", sink).replace("${env:MONGODB_URL}", &url);
    let mut command = rowgen(folder.path(), &yaml, &[]);
    let mut run = command.spawn().unwrap();
    let store = Store::at(&url, "d");
    until(
        || "some rows".into(),
        Duration::from_secs(60),
        || store.count("t") > 2_000,
    );
    servers.act("kill", "mongodb");
    servers.act("restart", "mongodb");
    let ended = run.wait().unwrap();
    assert!(ended.success());
    assert_eq!(Store::at(&url, "d").count("t"), 60_000);
}

#[test]
fn nobody_is_let_in_without_a_database() {
    let output = run(&table(1, "", "mode: append"));
    assert_eq!(output.status.code(), Some(1));
    let said = words(&output);
    assert!(
        said.starts_with("error: neither `database` nor the address names a database\n"),
        "{said}"
    );
}
