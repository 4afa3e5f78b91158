//! Loads into tables that are there already, or that others make at the same time.

use super::postgres::{fresh, rowgen, sql, table};

#[test]
fn a_run_says_what_is_there_already() {
    let name = fresh("told");
    let yaml = table(100, "", &format!("into: {name}"));
    let said = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = rowgen(folder.path(), &yaml, arguments);
        command.args(["--report", "report.json"]);
        assert!(command.status().unwrap().success());
        let report = std::fs::read(folder.path().join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        report["sinks"][0]["recovered"].to_string()
    };
    let count = || sql(&format!("SELECT count(*) FROM {name}"));
    assert_eq!((said(&[]), count()), ("[]".into(), "100".into()));
    let shown = sql(&format!("SELECT '{name}'::regclass::text"));
    let expected = format!(
        "[\"table {shown} has rows of this load from earlier runs: only the others are added; `--overwrite` empties it and begins anew\"]"
    );
    assert_eq!((said(&[]), count()), (expected, "100".into()));
    let expected = format!(
        "[\"table {shown} has other rows already: those of this load are added to them; `--overwrite` empties it first\"]"
    );
    assert_eq!((said(&["--seed", "8"]), count()), (expected, "200".into()));
    sql(&format!("TRUNCATE {name}"));
    let expected = format!(
        "[\"table {shown} is empty, and rows of this load were committed to it by earlier runs: only the others are added; `--overwrite` empties it and begins anew\"]"
    );
    assert_eq!((said(&[]), count()), (expected, "0".into()));
    // No row of the load can be in a table that was just made.
    sql(&format!("DROP TABLE {name}"));
    assert_eq!((said(&[]), count()), ("[]".into(), "100".into()));
    assert_eq!(
        (said(&["--overwrite"]), count()),
        ("[]".into(), "100".into())
    );
}

#[test]
fn loads_that_begin_together_in_a_new_schema_make_its_table_of_offsets_once() {
    let schema = fresh("together");
    sql(&format!("CREATE SCHEMA {schema}"));
    let folders: Vec<_> = (0..8).map(|_| tempfile::tempdir().unwrap()).collect();
    let begun = folders.iter().enumerate().map(|(number, folder)| {
        let yaml = table(10, "", &format!("into: {schema}.t{number}"));
        rowgen(folder.path(), &yaml, &[]).spawn().unwrap()
    });
    let begun: Vec<_> = begun.collect();
    for mut run in begun {
        assert!(run.wait().unwrap().success());
    }
    let loads = sql(&format!(
        "SELECT count(DISTINCT load) FROM {schema}.rowgen_offsets"
    ));
    assert_eq!(loads, "8");
}

#[test]
fn a_schema_that_is_not_there_is_told_before_the_first_row() {
    let schema = fresh("nowhere");
    let folder = tempfile::tempdir().unwrap();
    let yaml = table(10, "", &format!("into: {schema}.t"));
    let mut command = rowgen(folder.path(), &yaml, &[]);
    let ended = command.output().unwrap();
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        words.contains(&format!(
            "\n  caused by: there is no schema `{schema}` for table {schema}.t\n  hint: `CREATE SCHEMA \"{schema}\"` makes it\n"
        )),
        "{words}"
    );
    sql(&format!("CREATE SCHEMA \"{schema}\""));
    assert!(
        rowgen(folder.path(), &yaml, &[])
            .status()
            .unwrap()
            .success()
    );
    // A load goes on though runs before were given less time.
    let endless = table(0, "", &format!("into: {schema}.e"));
    for time in ["300ms", "400ms", "500ms"] {
        let limits = ["--for", time, "--rate", "5000/s"];
        assert!(
            rowgen(folder.path(), &endless, &limits)
                .status()
                .unwrap()
                .success()
        );
    }
    let counts = sql(&format!(
        "SELECT count(*) = count(DISTINCT id) AND count(*) > 0 FROM {schema}.e"
    ));
    assert_eq!(counts, "t");
}

#[test]
fn a_table_that_is_made_or_emptied_holds_no_load() {
    let name = fresh("held");
    let value = "      v: { uniform: { min: 1, max: 1_000_000 } }\n";
    let sink = |more: &str| table(100, value, &format!("into: {name}{more}"));
    let loaded = |yaml: &str, arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let mut run = rowgen(folder.path(), yaml, arguments);
        assert!(run.status().unwrap().success());
        sql(&format!("SELECT count(*) || ' ' || sum(v) FROM {name}"))
    };
    let (first, second) = (["--seed", "1"], ["--seed", "2"]);
    let one = loaded(&sink(""), &first);
    let both = loaded(&sink(""), &second);
    // Neither is there any more.
    sql(&format!("DROP TABLE {name}"));
    assert_eq!(loaded(&sink(""), &first), one);
    assert_eq!(loaded(&sink(""), &second), both);
    // The other one is not, either.
    assert_eq!(loaded(&sink(""), &["--seed", "1", "--overwrite"]), one);
    assert_eq!(loaded(&sink(""), &second), both);
    let emptied = sink(", mode: truncate");
    let two = loaded(&emptied, &second);
    assert!(two.starts_with("100 "), "{two}");
    assert_eq!(loaded(&emptied, &first), one);
    assert_eq!(loaded(&emptied, &second), two);
    // Slices of a table that was dropped.
    let slices = |part: &'static str| loaded(&sink(""), &["--seed", "3", "--slice", part]);
    slices("1/2");
    let whole = slices("2/2");
    sql(&format!("DROP TABLE {name}"));
    slices("1/2");
    let again = slices("2/2");
    assert!(again.starts_with("100 "), "{again} after {whole}");
}
