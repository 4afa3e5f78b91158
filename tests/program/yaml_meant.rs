//! What YAML would silently take as another value than the one that is written.

use super::support::Folder;

const HEAD: &str = "version: 1\ntables:\n  t:\n    rows: 1\n    columns:\n      id: sequence\n";
const SINKS: &str = "sinks:\n  - file: { path: t.csv }\n";

fn with(column: &str) -> String {
    format!("{HEAD}      {column}\n{SINKS}")
}

#[test]
fn what_means_something_else_to_yaml_is_refused() {
    let cases = [
        // Numbers without their zeros.
        "a: { constant: 00184 }",
        "a: { choice: [00184, 00185] }",
        "a: { choice: { 007: 1, 8: 1 } }",
        "a: { constant: -01.50 }",
        // Numbers that no data hold, and a key without a name.
        "a: { constant: .inf }",
        "a: { choice: { .nan: 1, 2: 1 } }",
        "a: { uniform: { min: -.inf, max: .inf } }",
        ": sequence",
        // Anchors and tags.
        "a: { constant: &x }",
        "a: { constant: &R&D }",
        "a: { constant: &x y }",
        "a: { choice: [&x, z] }",
        "a: { choice: { &x: 1 } }",
        "a: { constant: !x }",
        "a: { constant: !x y }",
        "a: { choice: [a, !y] }",
        "a: !",
        "!a b: sequence",
        "a: { constant: !!str 12 }",
        "a: { constant: !!int \"12\" }",
        "a: { constant: !!binary aGVsbG8= }",
        "a: !x\n        choice: [a]",
        // Comments that may be text.
        "a: { constant: issue #12, nulls: 0 }\n      }",
        "a:\n        constant: issue #12",
        "a:\n        choice:\n          - C #sharp\n          - b",
    ];
    let folder = Folder::new();
    let said = cases.map(|case| folder.refuse(&with(case)));
    assert!(said.iter().all(|said| said.contains("\n  hint: ")));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_is_meant_as_it_stands_is_taken() {
    let value = |column: &str| {
        let folder = Folder::new();
        folder.make(&with(column), &[]);
        let text = folder.read("t.csv");
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    for (column, made) in [
        ("a: { constant: \"00184\" }", "1,00184"),
        ("a: { type: text, constant: 00184 }", "1,00184"),
        ("a: { type: int32, constant: 007 }", "1,7"),
        ("a: { constant: 0.5 }", "1,0.5"),
        ("a: { constant: 0 }", "1,0"),
        ("a: { constant: 0x1F }", "1,31"),
        ("a: { constant: \"&x\" }", "1,&x"),
        ("a: { constant: '!x y' }", "1,!x y"),
        ("a: { constant: R&D }", "1,R&D"),
        ("a: { constant: hey! you }", "1,hey! you"),
        ("a: &made { constant: x }\n      b: *made", "1,x,x"),
        ("a: { constant: &x y }\n      b: { constant: *x }", "1,y,y"),
        ("a: { constant: C# }", "1,C#"),
        ("a:\n        constant: five # a comment", "1,five"),
        ("a:\n        constant: \"issue #12\" #quoted", "1,issue #12"),
        ("a:\n        template: >-\n          x #{id}", "1,x #1"),
        (
            "a:\n        constant: |-\n          12 # text",
            "1,12 # text",
        ),
        ("a:\n        constant: >-\n          12", "1,12"),
    ] {
        assert_eq!(value(column), made, "{column}");
    }
    let folder = Folder::new();
    let block = with("a:\n        constant: |-\n          12").replace("t.csv", "t.jsonl");
    folder.make(&block, &[]);
    assert_eq!(folder.read("t.jsonl"), "{\"id\":1,\"a\":\"12\"}\n");
}
