//! `verify` of tables of MariaDB: what the sink has written is equal, and what SQL has changed since is
//! found, all of it and nothing else.

use std::process::Command;

use crate::environment;
use crate::mysql::{sql, succeeds, table};
use crate::postgres::fresh;

const ROWS: u64 = 5_000;

const COLUMNS: &str = "      s: { words: {}, nulls: 0.1 }\n      f: { normal: { mean: 0, stddev: 1 } }\n      g: { normal: { mean: 0, stddev: 1 }, type: float32 }\n      z: { expr: \"round(cast(id % 7 - 3 as float64) * 0.1)\" }\n      d: { uniform: { min: -999.99, max: 999.99 }, type: \"decimal(12,2)\" }\n      u: { uuid: {} }\n      at: { event_time: { start: 2026-01-01, rate: 5/s }, type: \"timestamp(us, UTC)\" }\n      l: { list: { of: { constant: 5, type: int32 }, length: 2 } }\n";

/// The exit code, and what the first line says of rows, without spaces.
#[track_caller]
fn told(yaml: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path())
        .args(["verify", "p.yaml"])
        .args(arguments)
        .env("DB_URL", environment("MYSQL_URL"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (words, errors) = (text(&output.stdout), text(&output.stderr));
    let first = words.lines().next().unwrap_or(&errors);
    let counts = first.rsplit("): ").next().unwrap_or_default();
    let counts = counts.chars().filter(|char| !char.is_whitespace());
    (output.status.code().unwrap_or(-1), counts.collect())
}

/// Puts so many faults of a kind into a table; what must be found, without spaces.
fn put(kind: &str, count: u64, into: &str) -> String {
    let some = format!(
        "CREATE TEMPORARY TABLE some AS SELECT * FROM {into} WHERE s IS NOT NULL ORDER BY id DESC LIMIT {count}; "
    );
    let within = "id IN (SELECT id FROM some)";
    let rest = ROWS - count;
    let (statements, found) = match kind {
        "changed" => (
            format!("UPDATE {into} SET s = CONCAT(s, 'x') WHERE {within}"),
            format!("{rest}equal,{count}different"),
        ),
        "null" => (
            format!("UPDATE {into} SET s = NULL WHERE {within}"),
            format!("{rest}equal,{count}different"),
        ),
        "missing" => (
            format!("DELETE FROM {into} WHERE {within}"),
            format!("{rest}equal,{count}missing"),
        ),
        "extra" => (
            format!("UPDATE some SET id = id + 1000000; INSERT INTO {into} SELECT * FROM some"),
            format!("{ROWS}equal,{count}extra"),
        ),
        "doubled" => (
            format!("INSERT INTO {into} SELECT * FROM some"),
            format!("{ROWS}equal,{count}doubled"),
        ),
        _ => (
            format!(
                "UPDATE {into} SET id = CASE WHEN id % 2 = 0 THEN id - 1 ELSE id + 1 END WHERE id <= 2 * {count}"
            ),
            format!("{}equal,{}different", ROWS - 2 * count, 2 * count),
        ),
    };
    sql(&(some + &statements));
    match count {
        0 => format!("{ROWS}rows,allequal"),
        _ => found,
    }
}

#[test]
fn faults_that_sql_makes_are_found_one_and_all() {
    let name = fresh("verified");
    succeeds(
        &table(ROWS, COLUMNS, &format!("into: {name}, key: [id]")),
        &[],
    );
    for keyed in [true, false] {
        for kind in ["changed", "null", "missing", "extra", "doubled", "swapped"] {
            if keyed && matches!(kind, "doubled" | "swapped") {
                continue;
            }
            for count in [0, 1, 1000] {
                let other = fresh("copy");
                sql(&match keyed {
                    true => format!(
                        "CREATE TABLE {other} LIKE {name}; INSERT INTO {other} SELECT * FROM {name}"
                    ),
                    false => {
                        format!("CREATE TABLE {other} AS SELECT * FROM {name} ORDER BY md5(id)")
                    }
                });
                let expected = (if count == 0 { 0 } else { 3 }, put(kind, count, &other));
                let yaml = table(ROWS, COLUMNS, &format!("into: {other}"));
                assert_eq!(told(&yaml, &[]), expected, "{kind} {count} {keyed}");
                sql(&format!("DROP TABLE {other}"));
            }
        }
    }
}

#[test]
fn what_only_mysql_holds_is_a_difference_and_no_end() {
    let name = fresh("strange");
    let columns = "      day: { constant: 2026-01-01, type: date }\n      b: { constant: true, type: boolean }\n      l: { struct: { x: { constant: 5, type: int32 }, y: { list: { of: { constant: 1.5 }, length: 2 } } } }\n";
    let yaml = table(1000, columns, &format!("into: {name}, key: [id]"));
    succeeds(&yaml, &[]);
    assert_eq!(told(&yaml, &[]), (0, "1000rows,allequal".into()));
    // The same in other words, as MySQL's own type of JSON says it.
    sql(&format!(
        "UPDATE {name} SET l = '{{\"y\": [1.5, 1.50], \"x\": 5}}'"
    ));
    assert_eq!(told(&yaml, &[]), (0, "1000rows,allequal".into()));
    sql(&format!(
        "UPDATE {name} SET l = '{{\"y\": [1.5, 1.51], \"x\": 5}}' WHERE id = 5"
    ));
    assert_eq!(told(&yaml, &[]), (3, "999equal,1different".into()));
    sql(&format!(
        "UPDATE {name} SET l = '{{\"x\":5,\"y\":[1.5,1.5]}}'"
    ));
    sql(&format!(
        "SET sql_mode = ''; UPDATE {name} SET day = '0000-00-00' WHERE id = 7; UPDATE {name} SET b = 2 WHERE id = 9"
    ));
    assert_eq!(told(&yaml, &[]), (3, "998equal,2different".into()));
    sql(&format!("DROP TABLE {name}"));
    assert_eq!(told(&yaml, &[]).0, 2);
}
