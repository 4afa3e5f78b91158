//! Rows out of a real MariaDB: types, keys, queries, and what is wrong with them.

use std::path::Path;
use std::process::Command;

use crate::environment;
use crate::mysql::{rowgen, sql, succeeds, table};
use crate::postgres::fresh;

/// A pipeline that reads.
pub fn read(from: &str, more: &str, sinks: &str) -> String {
    format!(
        "version: 1\nname: p\ntables:\n  t:\n    from: {{ mysql: {{ url: \"${{env:DB_URL}}\", {from} }} }}\n{more}sinks:\n{sinks}"
    )
}

/// What is read, as CSV without its header.
#[track_caller]
fn csv(from: &str, more: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sink = "  - file: { table: t, path: out.csv, format: { csv: { nested: json } } }\n";
    let yaml = read(from, more, sink);
    let output = rowgen(folder.path(), &yaml, arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    let mut files = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|end| end == "csv"));
    let text = std::fs::read_to_string(file.unwrap()).unwrap();
    text.split_once('\n').unwrap().1.to_string()
}

#[test]
fn types_of_its_own_are_read() {
    let name = fresh("own");
    sql(&format!(
        "CREATE TABLE {name} (id int unsigned PRIMARY KEY, b tinyint(1), i tinyint, u bigint unsigned, m mediumint, y year, f float, d double, n decimal(10,3), \
         e enum('a','b'), s set('x','y'), v varchar(9) CHARACTER SET latin1, t tinytext, j json, bi binary(3), vb varbinary(9), bt bit(12), \
         da date, ti time(2), dt datetime(3), ts timestamp NULL, uu uuid, ip inet6); \
         INSERT INTO {name} VALUES (1, 1, -5, 18446744073709551615, -8388608, 2026, 0.1, 1e300, -1234567.890, 'b', 'x,y', 'é', '😀', '[1, 2]', 'abc', x'00ff', b'101', \
         '2026-02-28', '23:59:59.5', '2026-02-28 01:02:03.456', '2026-02-28 01:02:03', '00112233-4455-6677-8899-aabbccddeeff', '::1'); \
         INSERT INTO {name} (id) VALUES (2)"
    ));
    assert_eq!(
        csv(&format!("table: {name}"), "", &[]),
        "1,true,-5,18446744073709551615,-8388608,2026,0.1,1e300,-1234567.890,b,\"x,y\",é,😀,\"[1, 2]\",616263,00ff,5,2026-02-28,23:59:59.500000,2026-02-28T01:02:03.456000,2026-02-28T01:02:03.000000Z,00112233-4455-6677-8899-aabbccddeeff,::1\n\
         2,,,,,,,,,,,,,,,,,,,,,,\n"
    );
    let texts = "    types: { f: utf8, n: utf8, dt: utf8, i: int64 }\n";
    let from = format!("query: \"select id, f, n, dt, i from {name} order by id -- all\"");
    assert_eq!(
        csv(&from, texts, &[]),
        "1,0.1,-1234567.890,2026-02-28 01:02:03.456,-5\n2,,,,\n"
    );
}

/// Rows with such keys: `from` numbers, each by `key`.
fn keyed(name: &str, column: &str, key: &str) {
    sql(&format!(
        "CREATE TABLE {name} (k {column} PRIMARY KEY, v text); INSERT INTO {name} SELECT {key}, CONCAT('v', seq) FROM (SELECT CAST(seq AS SIGNED) AS seq FROM seq_0_to_99999) AS s"
    ));
}

#[test]
fn rows_of_dense_and_sparse_keys_come_in_their_order() {
    for (column, key) in [
        ("int", "seq - 50000"),
        ("bigint", "seq * seq * 7 - 1000"),
        ("bigint unsigned", "seq * 1000003"),
        ("bigint unsigned", "18446744073709551615 - seq"),
        ("bigint", "if(seq < 50000, seq, seq * 1000000000)"),
    ] {
        let name = fresh("keys");
        keyed(&name, column, key);
        let expected = sql(&format!("SELECT k, v FROM {name} ORDER BY k")).replace('|', ",") + "\n";
        let from = format!("table: {name}, connections: 3");
        for arguments in [&["--batch-rows", "999"][..], &["--threads", "3"]] {
            assert!(csv(&from, "", arguments) == expected, "{key} {arguments:?}");
        }
        let lines: Vec<&str> = expected.lines().collect();
        let half = csv(&from, "", &["--slice", "2/2"]);
        assert!(half.lines().eq(lines[50_000..].iter().copied()), "{key}");
    }
}

#[test]
fn queries_views_and_tables_without_a_key_are_read() {
    let name = fresh("loose");
    sql(&format!(
        "CREATE TABLE {name} (a int, b text, KEY (a)); INSERT INTO {name} SELECT seq, seq % 7 FROM seq_1_to_50000; CREATE VIEW {name}_v AS SELECT a, b FROM {name}"
    ));
    let all = sql(&format!("SELECT a, b FROM {name} ORDER BY a")).replace('|', ",") + "\n";
    for from in [
        format!("table: {name}"),
        format!("table: {name}, key: a"),
        format!("table: {name}_v, key: a"),
        format!("query: \"select * from {name}\", key: a"),
        format!("query: \"select * from {name} order by a\""),
    ] {
        let found = csv(&from, "", &["--batch-rows", "1000", "--threads", "3"]);
        let mut lines: Vec<&str> = found.lines().collect();
        if !from.contains("key") && !from.contains("order") {
            lines.sort_by_key(|line| line.split(',').next().unwrap().parse::<u32>().unwrap());
        }
        assert!(lines.into_iter().eq(all.lines()), "{from}");
    }
}

#[test]
fn what_the_sink_has_written_is_read_as_it_was() {
    let name = fresh("round");
    let columns = "      f: { normal: { mean: 0, stddev: 1e10 } }\n      g: { normal: { mean: 0, stddev: 1 }, type: float32, nulls: 0.2 }\n      s: { words: {}, nulls: 0.2 }\n      c: { choice: [a, \"b'\", \"\\\\\"] }\n      d: { uniform: { min: -999.99, max: 999.99 }, type: \"decimal(12,2)\" }\n      at: { event_time: { start: 2026-01-01, rate: 5/s }, type: \"timestamp(us, UTC)\" }\n      day: { uniform: { min: 1000-01-01, max: 9999-12-31 }, type: date }\n      b: { bool: { true: 0.3 } }\n";
    let yaml = table(20_000, columns, &format!("into: {name}, key: [id]"));
    let with_file = format!("{yaml}  - file: {{ table: t, path: made.csv }}\n");
    let folder = tempfile::tempdir().unwrap();
    let ends_well = |yaml: &str| {
        let output = rowgen(folder.path(), yaml, &[]).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    ends_well(&with_file);
    ends_well(&read(
        &format!("table: {name}"),
        "",
        "  - file: { table: t, path: read.csv }\n",
    ));
    let text = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(text("made.csv") == text("read.csv"));
}

/// What a run says, and its exit code; with `SERVER` for where the database is.
fn refusal(from: &str) -> (Option<i32>, String) {
    refusal_at(&environment("MYSQL_URL"), from)
}

fn refusal_at(url: &str, from: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let yaml = read(from, "", "  - file: { table: t, path: out.jsonl }\n");
    refused(folder.path(), url, &yaml)
}

/// The text of the error, without the lines of the pipeline.
pub fn refused(folder: &Path, url: &str, yaml: &str) -> (Option<i32>, String) {
    let mut command = rowgen(folder, yaml, &[]);
    let output = command.env("DB_URL", url).output().unwrap();
    assert!(!folder.join("out.jsonl").exists());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!words.contains("pa55word"), "{words}");
    let told = crate::postgres_errors::told(&words);
    let told = told.replace(&environment("MYSQL_ADDRESS"), "SERVER");
    (output.status.code(), told)
}

#[test]
fn what_is_not_there_or_not_allowed_is_named() {
    let name = fresh("orders");
    sql(&format!(
        "CREATE TABLE {name} (order_id int PRIMARY KEY, v text, loose int); INSERT INTO {name} VALUES (1, 'x', 1); \
         CREATE USER {name} IDENTIFIED BY 'pa55word'"
    ));
    let wrong = format!("{name}x");
    for (from, code, expected) in [
        (
            format!("table: {wrong}"),
            1,
            format!("error: there is no table {wrong} in SERVER/rowgen\n  hint: did you mean `{name}`?"),
        ),
        (
            format!("table: {name}, key: orderid"),
            1,
            format!("error: table {name} has no column `orderid`\n  hint: did you mean `order_id`?"),
        ),
        (
            format!("table: {name}, key: v"),
            1,
            format!("error: column `v` of table {name} is utf8, and a `key` is a whole number\n  hint: leave `key` out: the rows are read over one connection then"),
        ),
        (
            format!("table: {name}, key: loose"),
            1,
            format!("error: table {name} has no index by `loose`: each part of it would be looked for in all of its rows\n  hint: make one, `CREATE INDEX … ON … (loose)`, or leave `key` out"),
        ),
        (
            "query: \"select 1 as a, 2 as a\"".into(),
            2,
            "error: looking at the query in SERVER/rowgen\n  caused by: Duplicate column name 'a'".into(),
        ),
        (
            "query: \"selec 1\"".into(),
            2,
            "error: looking at the query in SERVER/rowgen\n  caused by: You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near '1\n) AS `rowgen rows` LIMIT 0' at line 2".into(),
        ),
    ] {
        let (found, words) = refusal(&from);
        // The server's words may have lines of their own.
        let expected = expected.lines().filter(|line| !line.starts_with(')')).collect::<Vec<_>>().join("\n");
        assert_eq!((found, words), (Some(code), expected), "{from}");
    }
    let url = environment("MYSQL_URL");
    let other = url.replace("rowgen:rowgen@", &format!("{name}:pa55word@"));
    let (code, words) = refusal_at(&other, &format!("table: {name}"));
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words
            .starts_with("error: connecting in SERVER/rowgen\n  caused by: Access denied for user")
            && words
                .ends_with("to database 'rowgen'\n  hint: `GRANT` gives the user what is missing"),
        "{words}"
    );
    let wrong = url.replace("rowgen:rowgen@", &format!("{name}:wrong-pa55word@"));
    let (code, words) = refusal_at(&wrong, &format!("table: {name}"));
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.ends_with("(using password: YES)\n  hint: the user or the password is wrong"),
        "{words}"
    );
    let nowhere = format!("{}nowhere", url.strip_suffix("rowgen").unwrap());
    assert_eq!(
        refusal_at(&nowhere, &format!("table: {name}")),
        (
            Some(2),
            "error: connecting in SERVER/nowhere\n  caused by: Unknown database 'nowhere'".into()
        )
    );
    assert_eq!(
        refusal(&format!("table: {name}, tls: {{}}")),
        (
            Some(2),
            "error: connecting in SERVER/rowgen\n  caused by: server does not support TLS\n  hint: set up `ssl_cert` and `ssl_key` there, or leave out `tls` here".into()
        )
    );
}

#[test]
fn values_that_cannot_be_read_name_their_row() {
    let name = fresh("values");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, day date, t time, b tinyint(1)); INSERT INTO {name} (k) SELECT seq * 10 FROM seq_1_to_20000"
    ));
    for (value, column, what) in [
        ("day = '0000-00-00'", "day", "0000-00-00 is no date"),
        ("t = '-01:00:00'", "t", "-01:00:00 is no time of a day"),
        ("b = 2", "b", "2 is no boolean here"),
    ] {
        sql(&format!(
            "SET sql_mode = ''; UPDATE {name} SET day = NULL, t = NULL, b = NULL; UPDATE {name} SET {value} WHERE k = 171230"
        ));
        assert_eq!(
            refusal(&format!("table: {name}")),
            (
                Some(2),
                format!(
                    "error: could not read table {name} in SERVER/rowgen\n  caused by: column `{column}`, row 17122 (`k` 171230): {what}\n  hint: `types: {{ {column}: utf8 }}` reads what MySQL writes"
                )
            )
        );
    }
    let text = csv(&format!("table: {name}"), "    types: { b: int32 }\n", &[]);
    assert!(
        text.contains("171230,,,2\n"),
        "a flag may be read as a number"
    );
}

#[test]
fn who_may_not_stop_the_writers_reads_at_moments_of_its_own_and_is_told() {
    let name = fresh("apart");
    keyed(&name, "int", "seq");
    sql(&format!(
        "CREATE USER {name} IDENTIFIED BY 'pa55word'; GRANT SELECT ON rowgen.{name} TO {name}"
    ));
    let url = environment("MYSQL_URL").replace("rowgen:rowgen@", &format!("{name}:pa55word@"));
    let folder = tempfile::tempdir().unwrap();
    let yaml = read(
        &format!("table: {name}, connections: 2"),
        "",
        "  - discard: {}\n",
    );
    std::fs::write(folder.path().join("p.yaml"), &yaml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    let command = command.current_dir(folder.path()).args(["run", "p.yaml"]);
    let output = command.env("DB_URL", &url).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    assert!(
        words.contains("is read as it is at 2 moments, one a connection: they cannot begin together (Access denied;"),
        "{words}"
    );
    succeeds(&yaml.replace("connections: 2", "connections: 1"), &[]);
}
