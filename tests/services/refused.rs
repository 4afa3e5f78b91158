//! What is refused, or told of rows that are refused: other loads, foreign rows, columns that take no value.

use std::time::{Duration, Instant};

use crate::databases::{Database, both, in_mysql, in_postgres};

fn changes(kind: &str, count: u64, updates: u64) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  things:
    columns: {{ id: {{ sequence: {{ start: 1 }} }}, v: {{ uniform: {{ min: 1, max: 1_000_000 }} }} }}
changes: {{ count: {count}, mix: {{ things: {{ insert: 40, update: {{ weight: {updates}, set: [v] }}, delete: 5 }} }} }}
sinks:
  - {kind}: {{ name: t, table: things, url: "${{env:DB_URL}}" }}
"#
    )
}

fn rows(kind: &str, count: u64, columns: &str, more: &str) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  things:
    rows: {count}
    columns: {{ id: {{ sequence: {{ start: 1 }} }}{columns} }}
sinks:
  - {kind}: {{ name: t, table: things, url: "${{env:DB_URL}}"{more} }}
"#
    )
}

#[track_caller]
fn refused(database: &Database, yaml: &str, arguments: &[&str], expected: (i32, &str)) {
    let (code, words) = database.refusal(yaml, arguments);
    let words = words
        .lines()
        .filter(|line| !line.trim_start().starts_with("--> "));
    let words: Vec<&str> = words.collect();
    assert_eq!(
        (code, words.join("\n").as_str()),
        (Some(expected.0), expected.1)
    );
}

#[test]
fn a_table_with_changes_of_another_load_is_refused_before_the_first_row() {
    for database in both("another") {
        let yaml = changes(database.kind, 10_000, 30);
        database.succeeds(&yaml, &[]);
        let before = database.sql("SELECT count(*), sum(v) FROM things");
        let expected = "error: could not open sink `t`\n  caused by: table things has changes of another load: of another seed, count or mix, or of a pipeline that has changed\n  hint: with what it was begun with it goes on; `--overwrite` empties the table and begins anew";
        for (yaml, arguments) in [
            (yaml.clone(), &["--seed", "8"][..]),
            (changes(database.kind, 20_000, 30), &[]),
            (changes(database.kind, 10_000, 31), &[]),
        ] {
            refused(&database, &yaml, arguments, (2, expected));
        }
        assert_eq!(database.sql("SELECT count(*), sum(v) FROM things"), before);
        database.succeeds(&yaml, &[]);
        database.succeeds(&yaml, &["--seed", "8", "--overwrite"]);
        let (code, told) = database.verify(&yaml, &["--seed", "8"]);
        assert_eq!(code, Some(0), "{told}");
    }
}

#[test]
fn a_foreign_row_of_a_key_that_is_there_is_no_change_done_twice() {
    for database in both("foreign") {
        let yaml = changes(database.kind, 10_000, 30);
        database.succeeds(&yaml, &[]);
        let drop = match database.kind {
            "mysql" => "ALTER TABLE things DROP PRIMARY KEY",
            _ => "ALTER TABLE things DROP CONSTRAINT things_pkey",
        };
        database.sql(drop);
        let id = database.sql("SELECT max(id) FROM things");
        database.sql(&format!("INSERT INTO things VALUES ({id}, 0)"));
        let (code, told) = database.verify(&yaml, &[]);
        assert_eq!(code, Some(3), "{told}");
        assert!(
            told.contains("; no change makes a second row of this key") && !told.contains("twice"),
            "{told}"
        );
        // One as its insert makes it is its insert done twice.
        database.sql(&format!("DELETE FROM things WHERE id = {id} AND v = 0"));
        database.sql(&format!(
            "INSERT INTO things SELECT * FROM things WHERE id = {id}"
        ));
        let (code, told) = database.verify(&yaml, &[]);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains(", its insert, done twice"), "{told}");
    }
}

#[test]
fn the_first_row_that_is_refused_is_named_and_no_other_one_looked_for() {
    for database in both("first") {
        database.sql(
            "CREATE TABLE things (id bigint PRIMARY KEY, v int, w varchar(3), CHECK (v < 100))",
        );
        let columns = ", v: { expr: \"case when id > 7777 then 100 else 1 end\" }, w: { expr: \"case when id = 9000 then 'long' else 'x' end\" }";
        // Another connection has rows that are refused, too, and come later.
        let two = ", connections: 2, transaction_rows: 20_000";
        let yaml = rows(database.kind, 40_000, columns, two);
        let began = Instant::now();
        let (code, words) = database.refusal(&yaml, &["--batch-rows", "10000"]);
        assert_eq!(code, Some(2), "{words}");
        assert!(
            words.starts_with("error: table `things`, row 7777: "),
            "{words}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(
            database.sql("SELECT count(*) FROM things WHERE id > 7777"),
            "0"
        );
    }
    // What has no value in MySQL is found before anything is sent, and may not be the first.
    let database = in_mysql("first");
    database.sql("CREATE TABLE things (id bigint PRIMARY KEY CHECK (id <> 5), f double)");
    let columns = ", f: { expr: \"case when id = 900 then 'NaN'::double precision else 1 end\" }";
    let yaml = rows("mysql", 1000, columns, ", connections: 1");
    let (code, words) = database.refusal(&yaml, &[]);
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.starts_with("error: table `things`, row 4: CONSTRAINT "),
        "{words}"
    );
}

#[test]
fn columns_that_take_no_value_are_told_before_the_first_row() {
    let hint = "\n  hint: `into` names another table; `create` is used only where there is none";
    for database in both("generated") {
        database.sql(
            "CREATE TABLE things (id bigint, twice bigint GENERATED ALWAYS AS (id * 2) STORED)",
        );
        let yaml = rows(database.kind, 10, ", twice: { constant: 4 }", "");
        let expected = format!(
            "error: could not open sink `t`\n  caused by: column `twice` of table things is generated there and takes no value: leave it out of the sink's `columns`{hint}"
        );
        refused(&database, &yaml, &[], (2, &expected));
        let without = rows(
            database.kind,
            10,
            ", twice: { constant: 4 }",
            ", columns: [id]",
        );
        database.succeeds(&without, &[]);
        assert_eq!(database.sql("SELECT sum(twice) FROM things"), "110");
    }
}

#[test]
fn texts_that_a_character_set_does_not_have_are_told_before_the_first_row() {
    let database = in_mysql("latin");
    let hint = "\n  hint: `into` names another table; `create` is used only where there is none";
    database.sql("CREATE TABLE things (id bigint, s varchar(20) CHARACTER SET latin1)");
    let odd = rows("mysql", 10, ", s: { choice: [plain, é, \"→\"] }", "");
    let expected = format!(
        "error: could not open sink `t`\n  caused by: column `s` of table things has the character set latin1, which has no `→`, as rows have: utf8mb4 has it{hint}"
    );
    refused(&database, &odd, &[], (2, &expected));
    // What latin1 has goes there.
    let plain = rows("mysql", 100, ", s: { choice: [plain, é] }", "");
    database.succeeds(&plain, &[]);
    assert_eq!(
        database.sql("SELECT count(*) FROM things WHERE s IN ('plain', 'é')"),
        "100"
    );
}

#[test]
fn names_of_columns_that_differ_in_their_case_are_one_in_mysql() {
    let database = in_mysql("names");
    let expected = "error: columns `id` and `ID` are one in MySQL\n  hint: names of its columns are equal in any case: rename one, or leave it out of the sink's `columns`";
    refused(
        &database,
        &rows("mysql", 10, ", ID: { constant: 4 }", ""),
        &[],
        (1, expected),
    );
    database.sql("CREATE TABLE things (ID bigint PRIMARY KEY, Word text)");
    let upsert = ", mode: upsert, key: [id]";
    let other = rows("mysql", 100, ", word: { constant: x }", upsert);
    let hint = "\n  hint: `into` names another table; `create` is used only where there is none";
    let expected = format!(
        "error: could not open sink `t`\n  caused by: table things calls column `id` `ID`: spell it so, or say `columns: {{ ID: id, … }}` in the sink; \
         table things calls column `word` `Word`: spell it so, or say `columns: {{ Word: word, … }}` in the sink{hint}"
    );
    refused(&database, &other, &[], (2, &expected));
    let same = ", mode: upsert, key: [ID], columns: { ID: id, Word: word }";
    let same = rows("mysql", 100, ", word: { constant: x }", same);
    database.succeeds(&same, &[]);
    let (code, told) = database.verify(&same, &[]);
    assert_eq!(
        (code, told.as_str()),
        (Some(0), "things in sink t: 100 rows, all equal")
    );
    // In PostgreSQL they are two.
    let database = in_postgres("names");
    database.succeeds(&rows("postgres", 10, ", ID: { constant: 4 }", ""), &[]);
}
