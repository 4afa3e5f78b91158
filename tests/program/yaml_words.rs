//! What is not YAML, or not what its writer means, is told in our words: what, where, why, and what to do.

use std::sync::Arc;

use rowgen::place::{Source, parse};

use super::support::Folder;

const HEAD: &str = "version: 1\ntables:\n  t:\n    rows: 10\n    columns:\n      id: sequence\n";
const SINKS: &str = "sinks:\n  - file: { path: t.csv }\n";

/// Words of the library's, of YAML's grammar and of programmers: none of them is told.
const THEIRS: &[&str] = &[
    "scalar",
    "mapping",
    "block sequence",
    "flow ",
    "while ",
    "token",
    "expected '",
    "did not find",
    "unexpected",
    "budget",
    "policy",
    "disallowed",
    "indicator",
    "recursion",
    "surrogate",
    "from_str",
    "misplaced",
];

/// What `check` says of columns.
fn columns(cases: &[&str]) -> String {
    let file = |column: &&str| format!("{HEAD}      {column}\n{SINKS}");
    files(&cases.iter().map(file).collect::<Vec<_>>())
}

fn files(cases: &[String]) -> String {
    let folder = Folder::new();
    let said = |yaml: &String| {
        let said = folder.refuse(yaml);
        for word in THEIRS {
            assert!(!said.contains(word), "`{word}`\n{said}");
        }
        let place = said
            .lines()
            .any(|line| line.trim_start().starts_with("--> p.yaml:"));
        assert!(place && said.contains("\n  hint: "), "{said}");
        said
    };
    cases.iter().map(said).collect::<Vec<_>>().join("\n")
}

#[test]
fn numbers_beyond_all_are_refused() {
    insta::assert_snapshot!(columns(&[
        "a: { constant: 1e400 }",
        "a: { type: float32, constant: -.inf }",
        "a: { uniform: { min: 0, max: 1e400 } }",
        "a: { type: float64, choice: [1, .NaN] }",
    ]));
}

#[test]
fn quotes_and_signs() {
    insta::assert_snapshot!(columns(&[
        "a: { constant: \"x }",
        "a: { constant: 'it's' }",
        "a: { constant: \"say \"hi\"\" }",
        "a: { choice: [\"a, \"b\"] }",
        "a: { constant: \"x\"y }",
        "a: { expr: > 5 }",
        "a: { expr: `id` }",
        "a: { choice: [-, --] }",
        "a: ? b",
        "a: &",
        "a: *",
        "a: { constant: \u{7} }",
        "a: { constant: \"\u{1}\" }",
        "a: { constant: \"\\uZZZZ\" }",
        "a: { constant: \"\\ud800\" }",
        "a: { constant: one # c\n          two }",
    ]));
}

#[test]
fn brackets_commas_and_colons() {
    insta::assert_snapshot!(columns(&[
        "a: { choice: [a, b }",
        "a: { choice: a, b] }",
        "a: { choice: [a, b] } }",
        "a: ]",
        "a: [ choice\n      b: sequence",
        "a: { uniform: { min: 1 max: 2 } }",
        "a: { uniform: { min: 1; max: 2 } }",
        "a: { choice = [a] }",
        "a = sequence",
        "a: choice: [a, b]",
        "a: { choice:[a, b] }",
        "a: {choice:a}",
        "a: { uniform: { min:1, max:2 } }",
        "[a]: sequence",
        "a: - b",
        "a: sequence\n      a: sequence",
        "a: { choice: { \"k, at line 3\": 1, \"k, at line 3\": 2 } }",
    ]));
}

#[test]
fn lines_dashes_and_documents() {
    let with = |from: &str, to: &str| format!("{HEAD}{SINKS}").replace(from, to);
    insta::assert_snapshot!(files(&[
        with("    columns:", "      columns:"),
        with("    columns:", "   columns:"),
        with("    columns:", "\tcolumns:"),
        with("rows: 10", "rows:10"),
        with("tables:", " tables:"),
        with("- file: {", "- file:{"),
        with("{ path: t.csv }", "{ path:t.csv }"),
        with("- file", "-file"),
        with("- file", "* file"),
        with(
            "id: sequence",
            "id:\n        choice:\n          - a\n          -b"
        ),
        with("version: 1\n", "version: 1\n...\n"),
        with("version: 1\n", "%FOO\nversion: 1\n"),
    ]));
}

#[test]
fn too_much() {
    let mut bomb = String::from("version: 1\nx-a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (at, name) in ('a'..'i').enumerate() {
        let next = char::from(b'b' + at as u8);
        let aliases = vec![format!("*{name}"); 9].join(",");
        bomb.push_str(&format!("x-{next}: &{next} [{aliases}]\n"));
    }
    let deep = |brackets: usize| {
        let value = "[".repeat(brackets) + &"]".repeat(brackets);
        format!("{HEAD}      a: {{ choice: {value} }}\n{SINKS}")
    };
    insta::assert_snapshot!(files(&[
        bomb,
        "version: 1\nx-a: &a [*a]\n".into(),
        deep(70),
        deep(1000),
    ]));
}

#[test]
fn whatever_is_struck_out_or_put_in_is_told_in_our_words() {
    let whole = format!(
        "{HEAD}      a: {{ choice: [\"x\", 'y z', w] }} # c\n      b:\n        template: |\n          {{a}}\n{SINKS}"
    );
    let characters: Vec<char> = whole.chars().collect();
    let mut refused = 0;
    for at in 0..characters.len() {
        for put in [
            "", "'", "\"", "{", "]", "}", ": ", "- ", "\t", "\n", "&", "!", "\\", "%",
        ] {
            let before: String = characters[..at].iter().collect();
            let after: String = characters[at + usize::from(put.is_empty())..]
                .iter()
                .collect();
            let text = format!("{before}{put}{after}");
            let Err(problem) = parse(&Arc::new(Source::new("p.yaml", text.as_str()))) else {
                continue;
            };
            refused += 1;
            for word in THEIRS {
                assert!(!problem.message.contains(word), "{problem}\n{text}");
            }
            assert!(
                problem.place.is_some() && problem.hint.is_some(),
                "{problem}\n{text}"
            );
        }
    }
    assert!(refused > 500, "{refused}");
}
