//! As the first hour, of sinks: wrong attempts, each answered with a hint that works when followed.

use super::first_hour::{Attempt, answers, attempt};
use super::support::Folder;

/// Sinks of a table that has `id`, and their hints.
const SINKS: &[Attempt] = &[
    attempt(
        "{ path: t.csv, compression: gzip }",
        "`format: { csv: { compression: … } }`",
        "{ path: t.csv, format: { csv: { compression: gzip } } }",
    ),
    attempt(
        "{ path: t.csv, delimiter: \";\" }",
        "`format: { csv: { delimiter: … } }`",
        "{ path: t.csv, format: { csv: { delimiter: \";\" } } }",
    ),
    attempt(
        "{ path: t.csv, format: { csv: { delimiter: tab } } }",
        "\"\\t\"",
        "{ path: t.csv, format: { csv: { delimiter: \"\\t\" } } }",
    ),
    attempt(
        "{ path: t.csv, format: { csv: { delimiter: semicolon } } }",
        "\";\"",
        "{ path: t.csv, format: { csv: { delimiter: \";\" } } }",
    ),
    attempt(
        "{ path: \"-\", format: csv }",
        "`/dev/stdout`",
        "{ path: /dev/stdout, format: csv }",
    ),
    attempt(
        "{ path: \"out/%Y-%m-%d.csv\" }",
        "`${run_date}`",
        "{ path: \"out/${run_date}.csv\" }",
    ),
    attempt(
        "{ path: out/$run_date/t.csv }",
        "`${run_date}`",
        "{ path: \"out/${run_date}/t.csv\" }",
    ),
];

fn with_sink(sink: &str) -> String {
    let tables = "version: 1\ntables:\n  t: { rows: 10, columns: { id: sequence } }\n";
    format!("{tables}sinks:\n  - file: {sink}\n")
}

#[test]
fn sinks() {
    insta::assert_snapshot!(answers(SINKS, with_sink));
}

#[test]
fn an_append_of_the_same_rows_is_told() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &with_sink("{ path: out, format: csv, if_exists: append }"),
    );
    let said = |arguments: &[&str]| {
        let ended = folder.run(&[&["run", "p.yaml", "--log", "text"], arguments].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stderr
    };
    let line = "`out` holds the rows of this plan and seed already, and they are added once more: `--seed` makes other ones";
    assert!(!said(&[]).contains(line));
    assert!(said(&[]).contains(line));
    assert!(!said(&["--seed", "other"]).contains(line));
    let looked = folder.run(&["check", "p.yaml", "--connect"]);
    assert!((looked.stdout + &looked.stderr).contains(line));
}
