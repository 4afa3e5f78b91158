//! Values that are read are those that were written, to the last digit, or refused.

use super::support::{Ended, Folder};

/// A table that is read and written as JSON lines, or whatever `sink` says.
fn table(from: &str, types: &str, sink: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ {from} }}\n    types: {types}\nsinks:\n  - file: {{ path: /dev/stdout, format: {sink} }}\n"
    )
}

const LINES: &str = "{ json: { layout: lines } }";

fn run(folder: &Folder, yaml: &str) -> Ended {
    folder.write("p.yaml", yaml);
    folder.run(&["run", "p.yaml", "--quiet"])
}

/// What is written of a table that must be read.
fn rows(folder: &Folder, from: &str, types: &str) -> String {
    let ended = run(folder, &table(from, types, LINES));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

/// What is said of a table that must be refused by the run.
fn refused(folder: &Folder, from: &str, types: &str) -> String {
    let ended = run(folder, &table(from, types, "{ csv: { null: NULL } }"));
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    ended.stderr
}

#[test]
fn a_number_may_stand_for_null_in_csv() {
    let folder = Folder::new();
    folder.write("in.csv", "a,b,c,d\n-999,-999,-999,\"-999\"\n20,20,20,20\n");
    let from = "csv: { path: in.csv, null: \"-999\" }";
    let written = rows(&folder, from, "{ b: int32, c: float64, d: int64 }");
    let expected =
        "{\"a\":null,\"b\":null,\"c\":null,\"d\":-999}\n{\"a\":20,\"b\":20,\"c\":20.0,\"d\":20}\n";
    assert_eq!(written, expected);
}

#[test]
fn only_what_stands_for_null_is_left_out_of_types() {
    let folder = Folder::new();
    folder.write("in.csv", "a,b\n1,1\nNULL,\n");
    let written = rows(&folder, "csv: { path: in.csv, null: \"NULL\" }", "{}");
    let expected = "{\"a\":1,\"b\":\"1\"}\n{\"a\":null,\"b\":\"\"}\n";
    assert_eq!(written, expected);
    // A record that is left out says nothing of types.
    folder.write("in.csv", "a,b\n1,1\n2\n3,3\n");
    let from = "csv: { path: in.csv, null: \"NULL\", on_bad_row: skip }";
    let ended = run(&folder, &table(from, "{}", LINES));
    let expected = "{\"a\":1,\"b\":1}\n{\"a\":3,\"b\":3}\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (3, expected));
}
