//! `verify` of tables of PostgreSQL: what the sink has written is equal, and what SQL has changed since is
//! found, all of it and nothing else.

use std::path::Path;
use std::process::Command;

use crate::environment;
use crate::postgres::{fresh, rowgen, sql};
use crate::postgres_source::COLUMNS;

const ROWS: u64 = 5_000;

/// A pipeline that writes this table.
fn pipeline(into: &str, columns: &str, more: &str) -> String {
    format!(
        "version: 1\nname: v\nseed: 7\ntables:\n  t:\n    rows: {ROWS}\n    columns:{columns}sinks:\n  - postgres: {{ name: p, url: \"${{env:DB_URL}}\", into: {into}{more} }}\n"
    )
}

/// The exit code, the words and the errors of `verify`.
fn verify(yaml: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path())
        .args(["verify", "p.yaml"])
        .args(arguments)
        .env("DB_URL", environment("POSTGRES_URL"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// The exit code, and what the first line says of rows, without spaces.
#[track_caller]
fn told(yaml: &str, arguments: &[&str]) -> (i32, String) {
    let (code, words, errors) = verify(yaml, arguments);
    let first = words.lines().next().unwrap_or(&errors);
    let counts = first.rsplit("): ").next().unwrap_or_default();
    let counts = counts.chars().filter(|char| !char.is_whitespace());
    (code, counts.collect())
}

/// Writes a table, and says its name.
fn loaded(columns: &str, more: &str) -> String {
    let (name, folder) = (fresh("verified"), tempfile::tempdir().unwrap());
    load(folder.path(), &pipeline(&name, columns, more));
    name
}

fn load(folder: &Path, yaml: &str) {
    let output = rowgen(folder, yaml, &["--threads", "2"]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
}

/// Another table of the same rows, with the same key or without one.
fn copy(of: &str, keyed: bool) -> String {
    let name = fresh("copy");
    sql(&match keyed {
        true => format!(
            "CREATE TABLE {name} (LIKE {of} INCLUDING ALL); INSERT INTO {name} SELECT * FROM {of} ORDER BY md5(id::text)"
        ),
        false => format!("CREATE TABLE {name} AS SELECT * FROM {of} ORDER BY md5(id::text)"),
    });
    name
}

/// Puts so many faults of a kind into a table; what must be found, without spaces.
fn put(kind: &str, count: u64, into: &str) -> String {
    let some =
        format!("(SELECT id FROM {into} WHERE s IS NOT NULL ORDER BY id DESC LIMIT {count})");
    let rest = ROWS - count;
    let copied = |change: &str| {
        format!(
            "CREATE TEMP TABLE more AS SELECT * FROM {into} WHERE id IN {some}; {change} INSERT INTO {into} SELECT * FROM more"
        )
    };
    let (statements, found) = match kind {
        "changed" => (
            format!("UPDATE {into} SET s = s || 'x' WHERE id IN {some}"),
            format!("{rest}equal,{count}different"),
        ),
        "null" => (
            format!("UPDATE {into} SET s = NULL WHERE id IN {some}"),
            format!("{rest}equal,{count}different"),
        ),
        "missing" => (
            format!("DELETE FROM {into} WHERE id IN {some}"),
            format!("{rest}equal,{count}missing"),
        ),
        "extra" => (
            copied("UPDATE more SET id = id + 1000000;"),
            format!("{ROWS}equal,{count}extra"),
        ),
        "doubled" => (copied(""), format!("{ROWS}equal,{count}doubled")),
        _ => (
            format!(
                "UPDATE {into} SET id = CASE WHEN id % 2 = 0 THEN id + 1 ELSE id - 1 END WHERE id < 2 * {count}"
            ),
            format!("{}equal,{}different", ROWS - 2 * count, 2 * count),
        ),
    };
    sql(&statements);
    match count {
        0 => format!("{ROWS}rows,allequal"),
        _ => found,
    }
}

#[test]
fn faults_that_sql_makes_are_found_one_and_all() {
    let columns = COLUMNS.replacen("sequence: {}", "sequence: { start: 0 }", 1);
    let name = loaded(&columns, ", key: [id]");
    for keyed in [true, false] {
        for kind in ["changed", "null", "missing", "extra", "doubled", "swapped"] {
            if keyed && matches!(kind, "doubled" | "swapped") {
                continue;
            }
            for count in [0, 1, 1000] {
                let other = copy(&name, keyed);
                let expected = (if count == 0 { 0 } else { 3 }, put(kind, count, &other));
                let yaml = pipeline(&other, &columns, "");
                assert_eq!(told(&yaml, &[]), expected, "{kind} {count} {keyed}");
                let little = ["--memory", "256KiB", "--threads", "2"];
                assert_eq!(told(&yaml, &little), expected, "{kind} {count} {keyed}");
                sql(&format!("DROP TABLE {other}"));
            }
        }
    }
}

#[test]
fn columns_that_the_recipe_does_not_know_are_named() {
    let columns = "\n      id: { sequence: { start: 1 } }\n      s: { words: {} }\n      d: { uniform: { min: -999.99, max: 999.99 }, type: \"decimal(12,2)\" }\n";
    let name = loaded(columns, "");
    let yaml = pipeline(&name, columns, "");
    sql(&format!(
        "ALTER TABLE {name} ADD COLUMN created_at timestamptz DEFAULT now(), ALTER COLUMN d TYPE numeric"
    ));
    let (code, words, errors) = verify(&yaml, &[]);
    assert_eq!(code, 0, "{words}{errors}");
    assert!(words.contains("created_at"), "{words}");
    sql(&format!("UPDATE {name} SET d = d + 0.001 WHERE id = 77"));
    let (code, words, _) = verify(&yaml, &[]);
    assert_eq!(code, 3, "{words}");
    assert!(
        words.contains("different: id 77, row 76; d: expected "),
        "{words}"
    );
    let expected = sql(&format!(
        "SELECT d - 0.001 || ', found ' || d FROM {name} WHERE id = 77"
    ));
    let (own, found) = expected.split_once(", found ").unwrap();
    let own = own.trim_end_matches('0');
    assert!(words.contains(&format!("expected {own}")), "{words} {own}");
    assert!(words.contains(&format!("found {found}")), "{words}");
    assert_eq!(told(&yaml, &["--count-only"]).0, 0);
}

#[test]
fn a_numeric_without_digits_is_compared_by_its_values() {
    let columns = "\n      id: { sequence: { start: 1 } }\n      i: { uniform: { min: -99, max: 99 }, type: int32, nulls: 0.1 }\n      u: { uniform: { min: 0, max: 99 }, type: uint64 }\n      f: { choice: [0.1, -20.25, 1234.5, 5.104680561437975, 1.5e-7] }\n      g: { choice: [0.1, -20.25, 1234.5], type: float32 }\n      d: { uniform: { min: -9.99, max: 9.99 }, type: \"decimal(12,2)\" }\n      l: { list: { of: { uniform: { min: -9.99, max: 9.99 }, type: \"decimal(12,2)\" }, length: 2 } }\n";
    let name = loaded(columns, "");
    let yaml = pipeline(&name, columns, "");
    sql(&format!(
        "ALTER TABLE {name} ALTER COLUMN id TYPE numeric, ALTER COLUMN i TYPE numeric, ALTER COLUMN u TYPE numeric, ALTER COLUMN f TYPE numeric USING f::text::numeric, ALTER COLUMN g TYPE numeric USING g::text::numeric, ALTER COLUMN d TYPE numeric, ALTER COLUMN l TYPE numeric[], ADD COLUMN more numeric"
    ));
    let equal = (0, "5000rows,allequal".to_string());
    assert_eq!(told(&yaml, &[]), equal);
    sql(&format!("UPDATE {name} SET i = i + 0.00, id = id + 0.000"));
    assert_eq!(told(&yaml, &[]), equal);
    sql(&format!(
        "UPDATE {name} SET i = 0.5 WHERE id = 5; UPDATE {name} SET f = 0.1000001 WHERE id = 6; UPDATE {name} SET u = 'NaN' WHERE id = 7; UPDATE {name} SET g = 0.3 WHERE id = 8; UPDATE {name} SET l = '{{1,2.001}}' WHERE id = 9; UPDATE {name} SET id = 0.5 WHERE id = 10"
    ));
    let (code, words, errors) = verify(&yaml, &[]);
    assert_eq!(code, 3, "{words}{errors}");
    for said in [
        ": 4 994 equal, 1 missing, 1 extra, 5 different\n",
        "id 5, row 4; i: expected ",
        ", found 0.5",
        "id 6, row 5; f: expected ",
        "id 7, row 6; u: expected ",
        ", found NaN",
        "id 8, row 7; g: expected ",
        "id 9, row 8; l: expected ",
        "missing: id 10, row 9",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
}

#[test]
fn a_copy_is_compared_with_any_sink() {
    let columns = "\n      id: { sequence: { start: 1 } }\n      s: { words: {} }\n";
    let name = loaded(columns, ", key: [id]");
    sql(&format!("ALTER TABLE {name} RENAME COLUMN s TO label"));
    let yaml = pipeline("nowhere", columns, "");
    let against = format!(
        "postgres: {{ url: \"{}\", table: {name} }}",
        environment("POSTGRES_URL")
    );
    let arguments = ["--against", &against, "--columns", "s=label"];
    assert_eq!(told(&yaml, &arguments), (0, "5000rows,allequal".into()));
    sql(&format!("DELETE FROM {name} WHERE id = 5"));
    assert_eq!(told(&yaml, &arguments), (3, "4999equal,1missing".into()));
}

#[test]
fn rows_without_a_key_are_counted() {
    let columns = "\n      c: { choice: [a, b, c] }\n      n: { uniform: { min: 1, max: 9 } }\n";
    let name = loaded(columns, "");
    let yaml = pipeline(&name, columns, "");
    assert_eq!(told(&yaml, &[]), (0, "5000rows,allequal".into()));
    sql(&format!(
        "DELETE FROM {name} WHERE ctid = (SELECT min(ctid) FROM {name})"
    ));
    assert_eq!(told(&yaml, &[]), (3, "4999equal,1missing".into()));
    sql(&format!("INSERT INTO {name} VALUES ('d', 4)"));
    assert_eq!(told(&yaml, &[]), (3, "4999equal,1missing,1extra".into()));
}

/// A load that is ended with the test.
struct Loading(std::process::Child);

impl Drop for Loading {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn nothing_is_found_while_a_load_is_running() {
    let columns = "\n      id: { sequence: { start: 1 } }\n      s: { pattern: '[A-Z]{5}' }\n      n: { uniform: { min: 1, max: 999 } }\n";
    for key in [", key: [id]", ""] {
        let (name, folder) = (fresh("loading"), tempfile::tempdir().unwrap());
        let yaml = pipeline(&name, columns, &format!("{key}, connections: 1"));
        let yaml = yaml.replace(&format!("rows: {ROWS}"), "rows: 0");
        let mut command = rowgen(
            folder.path(),
            &yaml,
            &["--rate=20000/s", "--batch-rows=500"],
        );
        let loading = Loading(command.spawn().unwrap());
        let (begun, mut last, mut rounds) = (std::time::Instant::now(), 0, 0);
        while rounds < 4 {
            assert!(
                begun.elapsed().as_secs() < 100,
                "{last} rows after {rounds} rounds"
            );
            std::thread::sleep(std::time::Duration::from_millis(200));
            let there = sql(&format!(
                "SELECT CASE WHEN to_regclass('{name}') IS NULL THEN '0' ELSE (xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM {name}', false, true, '')))[1]::text END"
            ));
            let there: u64 = there.parse().unwrap();
            if there == 0 || there == last {
                continue;
            }
            // Over one connection rows are committed in their order: so many are acknowledged.
            let (code, words, errors) = verify(&yaml, &[&format!("--rows={there}")]);
            assert_eq!(code, 0, "{words}{errors}");
            (last, rounds) = (there, rounds + 1);
        }
        drop(loading);
        // Of one that was killed nothing more is there than was committed.
        let there = sql(&format!("SELECT count(*) FROM {name}"));
        let more = there.parse::<u64>().unwrap() + 5000;
        let (code, words, _) = verify(&yaml, &[&format!("--rows={more}")]);
        assert_eq!(code, 3, "{words}");
        sql(&format!("DROP TABLE {name}"));
    }
}

#[test]
fn a_table_that_is_not_there_could_not_be_read() {
    let columns = "\n      id: { sequence: { start: 1 } }\n      d: { uniform: { min: 1, max: 9 }, type: \"decimal(9,2)\" }\n";
    let (code, words, errors) = verify(&pipeline("not_there", columns, ""), &[]);
    assert_eq!(code, 2, "{words}{errors}");
    assert!(errors.contains("not_there"), "{errors}");
}

/// What no column of a pipeline can hold, PostgreSQL can: such a value is another one, and no end.
#[test]
fn values_that_only_postgresql_has_are_differences() {
    let columns = "
      id: { sequence: { start: 0 } }
      n: { uniform: { min: 1, max: 99 }, type: \"decimal(9,2)\" }
      day: { uniform: { min: 1990-01-01, max: 2030-12-31 }, type: date }
      at: { uniform: { min: 2020-01-01, max: 2026-12-31 }, type: timestamp }
      clock: { uniform: { min: \"00:00:00\", max: \"23:59:59\" }, type: time, nullable: false }
      many: { list: { of: { uniform: { min: 1, max: 99 }, type: \"decimal(9,2)\" }, length: { uniform: { min: 1, max: 3 } } } }
";
    for (key, keyed) in [(", key: [id]", true), ("", false)] {
        let name = loaded(columns, key);
        sql(&format!(
            "UPDATE {name} SET n = 'NaN' WHERE id IN (2, 4999);
             UPDATE {name} SET day = 'infinity', at = '-infinity' WHERE id = 7;
             UPDATE {name} SET clock = '24:00:00' WHERE id = 8;
             UPDATE {name} SET many = '{{1, NaN}}' WHERE id = 9;
             UPDATE {name} SET many = '{{{{1, 2}}}}' WHERE id = 10"
        ));
        let (code, words, errors) = verify(&pipeline(&name, columns, key), &[]);
        assert_eq!(code, 3, "{words}{errors}");
        assert!(
            words.contains("): 4 994 equal, 6 different\n"),
            "{keyed} {words}"
        );
        for said in [
            "found what cannot be read: NaN is no decimal",
            "found what cannot be read: infinity is no date here",
            "found what cannot be read: -infinity is no timestamp here",
            "found what cannot be read: 24:00:00 is no time of a day here",
            "found what cannot be read: it has 2 dimensions, and lists here have one",
        ] {
            assert!(words.contains(said), "{said} {words}");
        }
        // A run that reads the table still ends at the first of them.
        let reads = format!(
            "version: 1\nname: r\ntables:\n  t: {{ from: {{ postgres: {{ url: \"${{env:DB_URL}}\", table: {name} }} }} }}\nsinks:\n  - discard: {{}}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let output = rowgen(folder.path(), &reads, &[]).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && errors.contains(" is no "),
            "{errors}"
        );
        sql(&format!("DROP TABLE {name}"));
    }
}
