//! A line that is no JSON is a bad row, whichever of its fields are read and however their types are
//! found.

use super::support::Folder;

/// What is no JSON, and where: each stands in a field that is read, and in one that is not.
const VALUES: &[(&str, &str)] = &[
    ("03", "`3` cannot stand at column"),
    ("-01", "`1` cannot stand at column"),
    ("1.", "`}` cannot stand at column"),
    (".5", "`.` cannot stand at column"),
    ("1e", "`}` cannot stand at column"),
    ("1e+", "`}` cannot stand at column"),
    ("-", "`}` cannot stand at column"),
    ("+1", "`+` cannot stand at column"),
    ("--1", "`-` cannot stand at column"),
    ("1.2.3", "`.` cannot stand at column"),
    ("1 2", "`2` cannot stand at column"),
    ("0x10", "`x` cannot stand at column"),
    ("1_000", "`_` cannot stand at column"),
    ("NaN", "`N` cannot stand at column"),
    ("TRUE", "`T` cannot stand at column"),
    ("nul", "`}` cannot stand at column"),
    ("[1,]", "`]` cannot stand at column"),
    ("[,1]", "`,` cannot stand at column"),
    ("[1 2]", "`2` cannot stand at column"),
    ("[1,,2]", "`,` cannot stand at column"),
    (r#"{"x":1,}"#, "`}` cannot stand at column"),
    (r#"{"x" 1}"#, "`1` cannot stand at column"),
    (r#"{x:1}"#, "`x` cannot stand at column"),
    ("\"a\tb\"", "`\\t` cannot stand at column"),
    (r#""\x""#, "`x` cannot stand at column"),
    (
        r#""\ud800""#,
        "a text in it has an escape that is no character",
    ),
    ("1,", "`}` cannot stand at column"),
    ("1,,\"c\":2", "`,` cannot stand at column"),
    ("1 \"c\":2", "`\"` cannot stand at column"),
];

#[test]
fn what_is_no_json_is_a_bad_row_whatever_is_read() {
    let folder = Folder::new();
    let mut lines = vec![(r#"{"a":1,"b":0}"#.to_string(), None)];
    for (value, why) in VALUES {
        lines.extend([
            (format!("{{\"a\":{value}}}"), Some(*why)),
            (format!("{{\"a\":2,\"b\":{value}}}"), Some(*why)),
            (format!("{{\"a\":2,\"unread\":{value}}}"), Some(*why)),
            (format!("{{\"a\":[],\"unread\":{{\"x\":[{value}]}}}}"), None),
        ]);
    }
    let text: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    folder.write("in.jsonl", &text.join("\n"));
    for (types, expected) in [
        ("", "a,b\n1,0\n"),
        ("    types: { a: int64 }\n", "a\n1\n"),
        (
            "    types: { a: float64, b: \"decimal(10,2)\" }\n",
            "a,b\n1.0,0.00\n",
        ),
        ("    types: { a: utf8, b: utf8 }\n", "a,b\n1,0\n"),
    ] {
        folder.write(
            "p.yaml",
            &format!("version: 1\ntables:\n  t:\n    from: {{ json: {{ path: in.jsonl, on_bad_row: {{ dead_letter: letters.jsonl }} }} }}\n{types}sinks:\n  - file: {{ path: /dev/stdout, format: csv }}\n"),
        );
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (3, expected),
            "{types}"
        );
        let letters = folder.read("letters.jsonl");
        assert_eq!(letters.lines().count(), lines.len() - 1, "{types}");
        for (letter, (line, why)) in letters.lines().zip(&lines[1..]) {
            let letter: serde_json::Value = serde_json::from_str(letter).unwrap();
            let said = letter["reason"]
                .as_str()
                .unwrap_or_else(|| panic!("{letter}"));
            assert!(said.contains(why.unwrap_or("")), "{line}: {said}");
            let known = said.contains("cannot stand") || said.contains("is no character");
            assert!(known, "{line}: {said}");
        }
    }
}

#[test]
fn a_comma_too_many_is_told_with_its_place() {
    let folder = Folder::new();
    for (name, text) in [
        ("in.jsonl", "{\"a\":1}\n{\"a\":2,}\n"),
        ("in.json", "[{\"a\":1},\n{\"a\":2,}]"),
    ] {
        folder.write(name, text);
        for (types, expected) in [
            (
                "",
                "error: could not read `NAME`\n --> p.yaml:4:27\n  |\n4 |     from: { json: { path: NAME } }\n  |                           UNDER\n  caused by: line 2: it is not JSON: `}` cannot stand at column 8\n  hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them\n",
            ),
            (
                "    types: { a: int64 }\n",
                "error: NAME:2: it is not JSON: `}` cannot stand at column 8\n --> p.yaml:4:11\n  |\n4 |     from: { json: { path: NAME } }\n  |           ^\n  hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them\n",
            ),
        ] {
            folder.write(
                "p.yaml",
                &format!("version: 1\ntables:\n  t:\n    from: {{ json: {{ path: {name} }} }}\n{types}sinks:\n  - discard\n"),
            );
            let ended = folder.run(&["run", "p.yaml", "--quiet"]);
            let expected = expected
                .replace("NAME", name)
                .replace("UNDER", &"^".repeat(name.len()));
            assert_eq!(ended.stderr, expected, "{name} {types}");
        }
    }
}
