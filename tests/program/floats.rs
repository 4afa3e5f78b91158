//! No number is rounded unasked on its way into a float.

use super::digits::{alone, table};
use super::support::Folder;

/// What a source says of a file's lines under these `types`, and how it ended.
fn read(folder: &Folder, source: &str, lines: &str, types: &str) -> (i32, String) {
    folder.write("in", lines);
    folder.write(
        "p.yaml",
        &format!(
            "version: 1\ntables:\n  t:\n    from: {{ {source}: {{ path: in }} }}\n    types: {types}\nsinks:\n  - file: {{ path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
        ),
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    (
        ended.code,
        format!("{}{}", ended.stdout, alone(&ended.stderr)),
    )
}

#[test]
fn what_a_float_would_round_is_inferred_as_text() {
    let folder = Folder::new();
    for (number, written) in [
        ("0.1234567890123456789", "\"0.1234567890123456789\""),
        ("-3.14159265358979323846", "\"-3.14159265358979323846\""),
        ("12345678901234567.89", "\"12345678901234567.89\""),
        ("1e-400", "\"1e-400\""),
        ("0.12345678901234568", "0.12345678901234568"),
        ("1.234567890123456690e+00", "1.2345678901234567"),
    ] {
        let expected = format!("{{\"v\":{written},\"w\":1}}\n");
        let csv = read(&folder, "csv", &format!("v,w\n{number},1\n"), "{}");
        assert_eq!(csv, (0, expected.clone()), "{number}");
        let json = read(
            &folder,
            "json",
            &format!("{{\"v\":{number},\"w\":1}}\n"),
            "{}",
        );
        assert_eq!(json, (0, expected), "{number}");
    }
    // With a type that holds all of its digits.
    let csv = read(
        &folder,
        "csv",
        "v\n0.1234567890123456789\n",
        "{ v: \"decimal(19,19)\" }",
    );
    assert_eq!(csv, (0, "{\"v\":0.1234567890123456789}\n".into()));
    let constants = table(&[
        "a: { constant: 0.1234567890123456789 }",
        "b: { choice: [3.14159265358979323846] }",
        "c: { constant: 0.1 }",
    ]);
    let line = "{\"a\":0.1234567890123456789,\"b\":3.14159265358979323846,\"c\":0.1}\n";
    folder.write("p.yaml", &constants);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.stdout, line.repeat(2), "{}", ended.stderr);
}

#[test]
fn a_float_is_the_whole_number_that_is_written() {
    let folder = Folder::new();
    let params = |column: &str| {
        table(&[column]).replace("version: 1\n", "version: 1\nparams: { p: 16777217 }\n")
    };
    let said = [
        "a: { type: float32, constant: 16777217 }",
        "a: { type: float32, choice: [1.5, -16_777_217] }",
        "a: { type: float32, constant: \"${p}\" }",
        "a: { type: float32, uniform: { min: 0, max: 16777217 } }",
        "a: { type: float64, constant: 9007199254740993 }",
        "a: { type: float32, constant: 123456789012345678901 }",
    ]
    .map(|column| folder.refuse(&params(column)))
    .join("\n");
    insta::assert_snapshot!(said);
    let fits = table(&["a: { type: float32, choice: [16777216, -0.1, 3.4e38, 1e10] }"]);
    folder.write("p.yaml", &fits);
    assert_eq!(folder.run(&["run", "p.yaml", "--quiet"]).code, 0);
    let hint = "  hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them";
    for (number, data_type) in [("16777217", "float32"), ("-123456789", "float32")] {
        let types = format!("{{ v: {data_type} }}");
        let expected =
            format!("error: in:2: column `v`: expected {data_type}, found `{number}`\n{hint}");
        let csv = read(&folder, "csv", &format!("v\n{number}\n"), &types);
        assert_eq!(csv, (2, expected), "{number}");
        let expected =
            format!("error: in:1: column `v`: expected {data_type}, found `{number}`\n{hint}");
        let json = read(&folder, "json", &format!("{{\"v\":{number}}}\n"), &types);
        assert_eq!(json, (2, expected), "{number}");
    }
    for (number, written) in [
        ("16777216", "16777216.0"),
        ("0.1", "0.1"),
        ("1e10", "1.0e10"),
    ] {
        let expected = format!("{{\"v\":{written}}}\n");
        let csv = read(&folder, "csv", &format!("v\n{number}\n"), "{ v: float32 }");
        assert_eq!(csv, (0, expected.clone()), "{number}");
        let json = read(
            &folder,
            "json",
            &format!("{{\"v\":{number}}}\n"),
            "{ v: float32 }",
        );
        assert_eq!(json, (0, expected), "{number}");
    }
}
