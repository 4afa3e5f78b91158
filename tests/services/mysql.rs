//! Rows into a real MariaDB: types, modes, refused rows, packets.

use std::path::Path;
use std::process::{Command, Output};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Row, Value};
use rowgen::client::runtime::block_on;

use crate::environment;
use crate::postgres::fresh;

/// What SQL answers, a line a row, values with bars between.
pub fn sql(statements: &str) -> String {
    sql_at(&environment("MYSQL_URL"), statements)
}

/// The same of a database of one's own.
pub fn sql_at(url: &str, statements: &str) -> String {
    let answer = block_on(async {
        let mut conn = Conn::new(Opts::from_url(url).unwrap()).await?;
        conn.query_drop("SET NAMES utf8mb4, time_zone = '+00:00'")
            .await?;
        let mut lines = Vec::new();
        let mut answers = conn.query_iter(statements).await?;
        while !answers.is_empty() {
            lines.extend(answers.collect::<Row>().await?.into_iter().map(line));
        }
        answers.drop_result().await?;
        conn.disconnect().await?;
        Ok::<_, mysql_async::Error>(lines.join("\n"))
    });
    let answer = answer.unwrap();
    answer.unwrap_or_else(|error| panic!("{statements}: {error:?}"))
}

fn line(row: Row) -> String {
    let text = |value: Value| match value {
        Value::NULL => "null".to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    };
    row.unwrap()
        .into_iter()
        .map(text)
        .collect::<Vec<_>>()
        .join("|")
}

pub fn rowgen(folder: &Path, yaml: &str, arguments: &[&str]) -> Command {
    let mut command = crate::postgres::rowgen(folder, yaml, arguments);
    command.env("DB_URL", environment("MYSQL_URL"));
    command
}

pub fn run(yaml: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    rowgen(folder.path(), yaml, arguments).output().unwrap()
}

/// The words of a run, and its exit code.
pub fn said(yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(yaml, arguments);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), words)
}

#[track_caller]
pub fn succeeds(yaml: &str, arguments: &[&str]) {
    let (code, words) = said(yaml, arguments);
    assert_eq!(code, Some(0), "{words}");
}

/// A pipeline of one table with an `id`, and `more` lines about its columns.
pub fn table(rows: u64, more: &str, sink: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t:\n    rows: {rows}\n    columns:\n      id: {{ sequence: {{}}, type: int64 }}\n{more}sinks:\n  - mysql: {{ table: t, url: \"${{env:DB_URL}}\", {sink} }}\n"
    )
}

#[test]
fn every_type_arrives() {
    let name = fresh("types");
    let columns = r#"
      b: { constant: true, type: boolean }
      i1: { constant: -128, type: int8 }
      i2: { constant: -7, type: int16 }
      i4: { constant: 70000, type: int32 }
      u1: { constant: 255, type: uint8 }
      u2: { constant: 65535, type: uint16 }
      u4: { constant: 4294967295, type: uint32 }
      u8: { constant: 18446744073709551615, type: uint64 }
      f4: { constant: 1.5, type: float32 }
      f8: { constant: 0.1, type: float64 }
      d: { constant: "-12345678.90", type: "decimal(12,2)" }
      big: { constant: "123456789012345678901234567890.12345678", type: "decimal(38,8)" }
      s: { constant: "é \"q\" \\ ' 😀 ;--", type: utf8 }
      c: { choice: [only], type: utf8 }
      x: { constant: "null", type: utf8 }
      day: { constant: 2026-02-28, type: date }
      at: { constant: "1999-12-31T23:59:59.999999", type: timestamp }
      zoned: { constant: "2026-02-28T12:00:00Z", type: "timestamp(ms, UTC)" }
      clock: { constant: "12:34:56.000001", type: time }
      u: { constant: 00112233-4455-6677-8899-aabbccddeeff, type: uuid }
      l: { list: { of: { constant: 5, type: int32 }, length: 2 } }
      st: { struct: { a: { constant: "it's" }, b: { constant: 1.5 } } }
"#;
    succeeds(&table(1, &columns[1..], &format!("into: {name}")), &[]);
    assert_eq!(
        sql(&format!("SELECT * FROM {name}")),
        "1|1|-128|-7|70000|255|65535|4294967295|18446744073709551615|1.5|0.1|-12345678.90|123456789012345678901234567890.12345678|é \"q\" \\ ' 😀 ;--|only|null|2026-02-28|1999-12-31 23:59:59.999999|2026-02-28 12:00:00.000000|12:34:56.000001|00112233-4455-6677-8899-aabbccddeeff|[5,5]|{\"a\":\"it's\",\"b\":1.5}"
    );
    let types = format!(
        "SELECT GROUP_CONCAT(column_type ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = '{name}'"
    );
    assert_eq!(
        sql(&types),
        "bigint(20),tinyint(1),tinyint(4),smallint(6),int(11),tinyint(3) unsigned,smallint(5) unsigned,int(10) unsigned,bigint(20) unsigned,float,double,decimal(12,2),decimal(38,8),longtext,longtext,longtext,date,datetime(6),timestamp(6),time(6),char(36),longtext,longtext"
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
    // Without its table nothing of the load is there.
    sql(&format!("DROP TABLE {name}"));
    succeeds(&yaml, &[]);
    assert_eq!(count(), "50000|50000");
}

#[test]
fn a_database_that_is_not_there_is_made() {
    let (name, url) = (fresh("made"), environment("MYSQL_URL"));
    let url = format!("{}{name}", url.strip_suffix("rowgen").unwrap());
    let folder = tempfile::tempdir().unwrap();
    let create = "create: \"CREATE TABLE a (id bigint, n int AUTO_INCREMENT PRIMARY KEY); CREATE INDEX i ON a (id)\"";
    for (into, sink) in [("a", create), ("b", "key: [id]"), ("`c d`", "key: [id]")] {
        let yaml = table(
            100,
            "",
            &format!("into: \"{}\", {sink}", into.replace('`', "")),
        );
        let mut command = rowgen(folder.path(), &yaml, &[]);
        let output = command.env("DB_URL", &url).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let count = format!("SELECT count(*), sum(id) FROM {name}.{into}");
        assert_eq!(sql(&count), "100|5050", "{into}");
    }
    sql(&format!("DROP DATABASE {name}"));
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
fn a_table_that_others_refer_to_is_emptied() {
    let (parent, child) = (fresh("parent"), fresh("child"));
    sql(&format!(
        "CREATE TABLE {parent} (id bigint PRIMARY KEY); CREATE TABLE {child} (id bigint REFERENCES {parent} (id)); INSERT INTO {parent} VALUES (7)"
    ));
    succeeds(
        &table(100, "", &format!("into: {parent}, mode: truncate")),
        &[],
    );
    let count = format!("SELECT count(*) FROM {parent}");
    assert_eq!(sql(&count), "100");
    // A row that something refers to stays, and that is said.
    sql(&format!("INSERT INTO {child} VALUES (5)"));
    let yaml = table(50, "", &format!("into: {parent}, mode: truncate"));
    let (code, words) = said(&yaml, &["--seed", "9"]);
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.contains(&format!("emptying table {parent} in "))
            && words.contains("Cannot delete or update a parent row"),
        "{words}"
    );
    assert_eq!(sql(&count), "100");
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
    // The last one of a key within a batch wins; a key may be text.
    let name = fresh("last");
    let twice = "      k: { expr: \"'key ' || id % 10\" }\n";
    let sink = format!("into: {name}, mode: upsert, key: [k], connections: 1");
    succeeds(&table(1000, twice, &sink), &[]);
    assert_eq!(
        sql(&format!("SELECT count(*), min(id) FROM {name}")),
        "10|991"
    );
    // Without a unique index rows would only be added.
    let name = fresh("loose");
    sql(&format!(
        "CREATE TABLE {name} (id bigint, w text, UNIQUE (id, w(9)))"
    ));
    let sink = format!("into: {name}, mode: upsert, key: [id]");
    let (code, words) = said(&table(10, "", &sink), &[]);
    assert_eq!(code, Some(2), "{words}");
    let expected = format!("table {name} has no unique index of exactly `id`");
    assert!(words.contains(&expected), "{words}");
    // Rows of equal values in another unique index would be taken for rows of equal key.
    let name = fresh("second");
    sql(&format!(
        "CREATE TABLE {name} (id bigint PRIMARY KEY, w varchar(9), UNIQUE one_word (w))"
    ));
    let sink = format!("into: {name}, mode: upsert, key: [id]");
    let (code, words) = said(&table(10, "", &sink), &[]);
    assert_eq!(code, Some(2), "{words}");
    let expected = format!(
        "table {name} has another unique index, `one_word`, and MySQL's upsert would take rows of equal values there for rows of equal `id`"
    );
    assert!(words.contains(&expected), "{words}");
}

#[test]
fn a_table_that_does_not_fit_is_refused_before_the_first_row() {
    let name = fresh("misfit");
    sql(&format!(
        "CREATE TABLE {name} (id int, names text, must text NOT NULL, amount decimal(9,1))"
    ));
    let more = "      name: { constant: x }\n      amount: { constant: \"1.25\", type: \"decimal(9,2)\" }\n";
    let (code, words) = said(&table(10, more, &format!("into: {name}")), &[]);
    assert_eq!(code, Some(2), "{words}");
    for expected in [
        format!("table {name} has no column `name`; did you mean `names`?"),
        format!("column `must` of table {name} needs a value, and the pipeline has no such column"),
        format!(
            "column `amount` of table {name}: decimal(9,2) does not go into decimal(9,1); digits behind the point would be lost: `cast` the column"
        ),
    ] {
        assert!(words.contains(&expected), "{words}");
    }
    assert!(!words.contains("rowgen:rowgen"), "{words}");
    let name = fresh("engine");
    sql(&format!("CREATE TABLE {name} (id bigint) ENGINE=MyISAM"));
    let (code, words) = said(&table(10, "", &format!("into: {name}")), &[]);
    assert_eq!(code, Some(2), "{words}");
    let expected = format!("table {name} is kept by MyISAM, which has no transactions");
    assert!(words.contains(&expected), "{words}");
    succeeds(
        &table(10, "", &format!("into: {name}, exactly_once: false")),
        &[],
    );
}

/// What became of refused rows: their number, the reason and the `id`.
pub fn letters(text: &str) -> Vec<String> {
    let mut letters: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    letters.sort_by_key(|letter| letter["row"].as_u64());
    let told = letters.iter().map(|letter| {
        let reason = letter["reason"].as_str().unwrap();
        format!("{} {reason} {}", letter["row"], letter["values"]["id"])
    });
    told.collect()
}

#[test]
fn rows_that_are_refused_become_letters_and_the_others_arrive() {
    let (name, parent) = (fresh("bad"), fresh("parent"));
    sql(&format!(
        "CREATE TABLE {parent} (p int PRIMARY KEY); INSERT INTO {parent} VALUES (1); \
         CREATE TABLE {name} (id bigint PRIMARY KEY CHECK (id <> 777), status varchar(4) NOT NULL, n tinyint, day date, f double, p int REFERENCES {parent} (p)); \
         INSERT INTO {name} VALUES (20000, 'old', 0, NULL, NULL, NULL)"
    ));
    let columns = "      status: { expr: \"case when id = 100 then 'too long' when id = 25000 then null else 'ok' end\" }\n      n: { expr: \"case when id = 30000 then 128 else 1 end\" }\n      f: { expr: \"case when id = 5 then 'NaN'::double precision else 1 end\" }\n      p: { expr: \"case when id = 6 then 2 else 1 end\" }\n";
    let sink = format!("into: {name}, connections: 2, on_bad_row: {{ dead_letter: dead.jsonl }}");
    let folder = tempfile::tempdir().unwrap();
    let yaml = table(40_000, columns, &sink);
    let output = rowgen(folder.path(), &yaml, &["--out", "."])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    let count = format!("SELECT count(*) FROM {name} WHERE status = 'ok'");
    assert_eq!(sql(&count), "39993");
    let told = letters(&std::fs::read_to_string(folder.path().join("dead.jsonl")).unwrap());
    let expected = [
        "4 column `f` is NaN, which MySQL cannot hold 5".to_string(),
        "5 Cannot add or update a child row: a foreign key constraint fails".into(),
        "99 Data too long for column 'status' 100".into(),
        format!("776 CONSTRAINT `{name}.id` failed for `rowgen`.`{name}` 777"),
        "19999 Duplicate entry '20000' for key 'PRIMARY' 20000".into(),
        "24999 Column 'status' cannot be null 25000".into(),
        "29999 Out of range value for column 'n' 30000".into(),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected.as_str()), "{told}");
    }
    // Without a rule the first one ends the run, and names the row.
    sql(&format!("TRUNCATE {name}"));
    let columns = "      status: { expr: \"case when id = 100 then 'too long' else 'ok' end\" }\n";
    let (code, words) = said(&table(1000, columns, &format!("into: {name}")), &[]);
    assert_eq!(code, Some(2), "{words}");
    let expected = "table `t`, row 99: Data too long for column 'status'";
    assert!(words.contains(expected), "{words}");
}

#[test]
fn what_a_server_is_set_to_changes_nothing() {
    let servers = crate::servers::Servers::start(&["mariadb"], &[]);
    let url = servers.variable("MYSQL_URL");
    sql_at(
        &url,
        "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT', GLOBAL max_allowed_packet = 65536, \
         GLOBAL time_zone = '+05:00', GLOBAL character_set_server = latin1, GLOBAL autocommit = 0, GLOBAL lc_messages = 'de_DE'",
    );
    sql_at(
        &url,
        "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, s longtext CHARACTER SET utf8mb4, at timestamp(6) NULL)",
    );
    let folder = tempfile::tempdir().unwrap();
    let columns = "      s: { expr: \"case when id = 7 then repeat('x', 70000) else '\\\\ '' \\\" 😀' || id end\" }\n      at: { constant: \"2026-02-28T12:00:00Z\", type: \"timestamp(us, UTC)\" }\n";
    let yaml = table(20_000, columns, "on_bad_row: { dead_letter: dead.jsonl }");
    let yaml = yaml.replace("sequence: {}", "sequence: { start: 0 }");
    let mut command = rowgen(folder.path(), &yaml, &["--out", "."]);
    let output = command.env("DB_URL", &url).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    // A key of zero is a key, a text is what it was, and a row that no packet holds is told.
    assert_eq!(
        sql_at(
            &url,
            "SELECT count(*), min(id), max(id), sum(s = CONCAT('\\ '' \" 😀', id)), min(at), max(at) FROM t"
        ),
        "19999|0|19999|19999|2026-02-28 12:00:00.000000|2026-02-28 12:00:00.000000"
    );
    let told = letters(&std::fs::read_to_string(folder.path().join("dead.jsonl")).unwrap());
    assert_eq!(
        told,
        [
            "7 it has 70036 bytes as SQL, and the server takes statements of 65536 (`max_allowed_packet`) 7"
        ]
    );
}
