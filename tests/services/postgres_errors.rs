//! What is wrong with a real PostgreSQL, its rows or what is asked of it: whole texts, no secret in them.

use crate::environment;
use crate::postgres::{fresh, rowgen, sql};
use crate::postgres_source::read;

/// What a run says, and its exit code; with `SERVER` for where the database is.
fn refusal(from: &str, more: &str) -> (Option<i32>, String) {
    refusal_at(&environment("POSTGRES_URL"), from, more)
}

pub fn refusal_at(url: &str, from: &str, more: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let yaml = read(from, more, "  - file: { table: t, path: out.jsonl }\n");
    let mut command = rowgen(folder.path(), &yaml, &[]);
    let output = command.env("DB_URL", url).output().unwrap();
    assert!(!folder.path().join("out.jsonl").exists());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told(&words))
}

/// The text of the error, without the lines of the pipeline.
pub fn told(words: &str) -> String {
    let text = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(line["text"].as_str()?.to_string())
    };
    let text: Vec<String> = words.lines().filter_map(text).collect();
    let text = if text.is_empty() {
        words.to_string()
    } else {
        text.join("\n")
    };
    let shown = |line: &&str| {
        line.starts_with("error:")
            || line.starts_with("  caused by:")
            || line.starts_with("  hint:")
    };
    let lines: Vec<&str> = text.lines().filter(shown).collect();
    lines
        .join("\n")
        .replace(&environment("POSTGRES_ADDRESS"), "SERVER")
}

#[test]
fn what_is_not_there_is_named() {
    let name = fresh("orders");
    sql(&format!(
        "CREATE TABLE {name} (order_id int PRIMARY KEY, v text, loose int); INSERT INTO {name} VALUES (1, 'x', 1)"
    ));
    let wrong = format!("{name}x");
    let cases = [
        (
            format!("table: {wrong}"),
            format!(
                "error: there is no table {wrong} in SERVER/rowgen\n  hint: did you mean `{name}`?"
            ),
        ),
        (
            format!("table: {name}, key: orderid"),
            format!(
                "error: table {name} has no column `orderid`\n  hint: did you mean `order_id`?"
            ),
        ),
        (
            format!("table: {name}, key: v"),
            format!(
                "error: column `v` of table {name} is text, and a `key` is a whole number\n  hint: leave `key` out: the rows are read over one connection then"
            ),
        ),
        (
            format!("table: {name}, key: loose"),
            format!(
                "error: table {name} has no index by `loose`: each part of it would be looked for in all of its rows\n  hint: make one, `CREATE INDEX ON … (loose)`, or leave `key` out"
            ),
        ),
        (
            "query: \"select 1 as a, 2 as a\"".into(),
            "error: two columns are named `a`\n  hint: name each of them: `select a.id as a_id, …`"
                .into(),
        ),
    ];
    for (from, expected) in cases {
        assert_eq!(refusal(&from, ""), (Some(1), expected), "{from}");
    }
    let types = "    types: { orderid: int64 }\n";
    assert_eq!(
        refusal(&format!("table: {name}"), types),
        (
            Some(1),
            "error: `types`: there is no column `orderid` to read\n  hint: did you mean `order_id`?".into()
        )
    );
}

#[test]
fn what_the_server_refuses_is_said_in_its_words() {
    let name = fresh("secret");
    sql(&format!(
        "CREATE TABLE {name} (k int); CREATE ROLE {name} LOGIN"
    ));
    let url = environment("POSTGRES_URL");
    let other = url.replace("rowgen@", &format!("{name}:pa55word@"));
    assert_eq!(
        refusal_at(&other, &format!("table: {name}"), ""),
        (
            Some(2),
            format!(
                "error: counting the rows of table {name} in SERVER/rowgen\n  caused by: permission denied for table {name}"
            )
        )
    );
    let nobody = url.replace("rowgen@", "nobody:pa55word@");
    assert_eq!(
        refusal_at(&nobody, &format!("table: {name}"), ""),
        (
            Some(2),
            "error: connecting in SERVER/rowgen\n  caused by: role \"nobody\" does not exist\n  hint: the user or the password is wrong".into()
        )
    );
    assert_eq!(
        refusal(&format!("table: {name}, tls: {{}}"), ""),
        (
            Some(2),
            "error: connecting in SERVER/rowgen\n  caused by: server does not support TLS\n  hint: set `ssl = on` there, or leave out `tls` here, and `sslmode` of `url`".into()
        )
    );
    assert_eq!(
        refusal("query: \"select * from nowhere\"", ""),
        (
            Some(2),
            "error: looking at the query in SERVER/rowgen\n  caused by: relation \"nowhere\" does not exist".into()
        )
    );
    assert_eq!(
        refusal(&format!("query: \"with d as (delete from {name} returning *) select * from d\""), ""),
        (
            Some(2),
            "error: looking at the query in SERVER/rowgen\n  caused by: WITH clause containing a data-modifying statement must be at the top level".into()
        )
    );
}

#[test]
fn keys_that_tell_no_rows_apart_are_refused() {
    let name = fresh("keys");
    sql(&format!(
        "CREATE TABLE {name} (k int, v int); CREATE INDEX ON {name} (k); INSERT INTO {name} SELECT i, i FROM generate_series(1, 50000) i; INSERT INTO {name} VALUES (30000, 0)"
    ));
    let hint = "a `key` tells rows apart; without one they are read over one connection";
    let from = format!("table: {name}, key: k");
    let twice = format!("error: table {name} has two rows whose `k` is 30000\n  hint: {hint}");
    assert_eq!(refusal(&from, ""), (Some(2), twice));
    sql(&format!("UPDATE {name} SET k = NULL WHERE v = 0"));
    let null = format!("error: table {name} has a row whose `k` is null\n  hint: {hint}");
    assert_eq!(refusal(&from, ""), (Some(1), null));
}

#[test]
fn values_that_cannot_be_read_name_their_row() {
    let name = fresh("values");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, at timestamptz, n numeric(9,2), m int[], bare numeric); INSERT INTO {name} (k) SELECT i * 10 FROM generate_series(1, 20000) i"
    ));
    let could = format!("error: could not read table {name} in SERVER/rowgen\n");
    let set = |set: &str| {
        sql(&format!(
            "UPDATE {name} SET at = NULL, n = NULL, m = NULL, bare = NULL; UPDATE {name} SET {set} WHERE k = 171230"
        ));
    };
    let from = format!("table: {name}");
    let types = "    types: { bare: \"decimal(6,1)\" }\n";
    for (value, column, what) in [
        ("at = 'infinity'", "at", "infinity is no timestamp here"),
        ("n = 'NaN'", "n", "NaN is no decimal"),
        (
            "m = '{{1},{2}}'",
            "m",
            "it has 2 dimensions, and lists here have one",
        ),
        (
            "bare = 1.25",
            "bare",
            "it has more digits than decimal(6,1) holds",
        ),
        ("bare = 'Infinity'", "bare", "Infinity is no decimal"),
    ] {
        set(value);
        assert_eq!(
            refusal(&from, types),
            (
                Some(2),
                format!(
                    "{could}  caused by: column `{column}`, row 17122 (`k` 171230): {what}\n  hint: `types: {{ {column}: utf8 }}` reads what PostgreSQL writes"
                )
            ),
            "{value}"
        );
    }
    set("bare = 7.5");
    assert_eq!(
        refusal(&from, "    types: { bare: int32 }\n"),
        (
            Some(2),
            format!(
                "{could}  caused by: column `bare`, row 17122: 7.5 cannot be read as int32\n  hint: `types: {{ bare: utf8 }}` reads it as it is"
            )
        )
    );
    assert_eq!(
        refusal(&from, ""),
        (
            Some(1),
            "error: column `bare` is numeric, and does not say how many digits it has\n  hint: say in `types` what holds its values, `bare: \"decimal(38,9)\"`, or `bare: utf8` for their text".into()
        )
    );
}

#[test]
fn a_query_that_changes_its_mind_is_refused() {
    let query = "query: \"select i from generate_series(1, 1000) i where random() < 0.5\"";
    let (code, words) = refusal(query, "");
    assert_eq!(code, Some(2), "{words}");
    let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(
        digits(&words),
        "error: reading the query in SERVER/rowgen\n  caused by: it has  rows, and had  when they were counted\n  hint: it has to give the same rows each time: without `random()`, `limit` and the like"
    );
}

#[test]
fn a_table_that_is_made_and_does_not_fit_is_not_left_behind() {
    let (name, folder) = (fresh("misfit"), tempfile::tempdir().unwrap());
    let yaml = format!(
        "version: 1\nname: w\ntables:\n  t: {{ rows: 1, columns: {{ id: sequence }} }}\nsinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, create: CREATE TABLE {name} (n bigint) }}\n"
    );
    let output = rowgen(folder.path(), &yaml, &[]).output().unwrap();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    let expected = format!(
        "error: could not open sink `postgres-1`\n  caused by: table {name} has no column `id`\n  hint: `into` names another table; `create` is used only where there is none"
    );
    assert_eq!((output.status.code(), words), (Some(1), expected));
    assert_eq!(sql(&format!("SELECT to_regclass('{name}') IS NULL")), "t");
}
