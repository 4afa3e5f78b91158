//! The first hour of somebody who knows YAML a little and other tools better: forty wrong attempts, each
//! answered with its place and a hint, and each right once the hint is followed.

use super::support::Folder;

/// An attempt at a column, the hint's own words, and the column that follows it.
pub struct Attempt {
    wrong: &'static str,
    hint: &'static str,
    right: &'static str,
}

pub const fn attempt(wrong: &'static str, hint: &'static str, right: &'static str) -> Attempt {
    Attempt { wrong, hint, right }
}

/// Columns of a table that has `id` and `n`.
const COLUMNS: &[Attempt] = &[
    // YAML's own traps.
    attempt(
        "a: { type: decimal(10,2), uniform: { min: 0, max: 1 } }",
        "\"decimal(10,2)\"",
        "a: { type: \"decimal(10,2)\", uniform: { min: 0, max: 1 } }",
    ),
    attempt(
        "a: { type: timestamp(us, UTC), now: {} }",
        "\"timestamp(us, UTC)\"",
        "a: { type: \"timestamp(us, UTC)\", now: {} }",
    ),
    attempt(
        "a: { template: {id} }",
        "\"{id}\"",
        "a: { template: \"{id}\" }",
    ),
    attempt(
        "a: { template: {id}-x }",
        "\"{id}-x\"",
        "a: { template: \"{id}-x\" }",
    ),
    attempt(
        "a: { template: no {id} }",
        "\"no {id}\"",
        "a: { template: \"no {id}\" }",
    ),
    attempt(
        "a: { pattern: [A-Z]{3} }",
        "\"[A-Z]{3}\"",
        "a: { pattern: \"[A-Z]{3}\" }",
    ),
    attempt(
        r#"a: { pattern: "\d{3}" }"#,
        r"'\d{3}'",
        r"a: { pattern: '\d{3}' }",
    ),
    attempt(
        "a: { constant: a: b }",
        "\"a: b\"",
        "a: { constant: \"a: b\" }",
    ),
    attempt(
        "a: { constant: @home }",
        "\"@home\"",
        "a: { constant: \"@home\" }",
    ),
    attempt("a: { constant: %5 }", "\"%5\"", "a: { constant: \"%5\" }"),
    attempt(
        "a: { constant: *any }",
        "\"*any\"",
        "a: { constant: \"*any\" }",
    ),
    attempt("a: { constant: 'x }", "close it", "a: { constant: 'x' }"),
    attempt("a: { sequence: {}", "add `}`", "a: { sequence: {} }"),
    attempt("a:sequence", "`a: sequence`", "a: sequence"),
    attempt("\ta: sequence", "spaces", "a: sequence"),
    attempt("- a: sequence", "without a dash", "a: sequence"),
    attempt(" a: sequence", "indent it by", "a: sequence"),
    attempt(
        "a sequence\n      b: sequence",
        "`a: sequence`",
        "a: sequence\n      b: sequence",
    ),
    // What other tools call it.
    attempt(
        "a: { faker: name }",
        "`p: { person: {}, hidden: true }`, the column `{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt(
        "a: person.email",
        "`p: { person: {}, hidden: true }`, the column `{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt(
        r#"a: { regex: "x" }"#,
        r"pattern: '[A-Z]{2}\d{4}'",
        r"a: { pattern: '[A-Z]{2}\d{4}' }",
    ),
    attempt(
        "a: { enum: [A, B] }",
        "choice: [A, B]",
        "a: { choice: [A, B] }",
    ),
    attempt(
        "a: float",
        "uniform: { min: 1, max: 100 }",
        "a: { type: float64, uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: { random_int: { min: 1, max: 100 } }",
        "uniform: { min: 1, max: 100 }",
        "a: { uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: datetime",
        "{ type: date, uniform: { min: 2026-01-01, max: 2026-12-31 } }",
        "a: { type: date, uniform: { min: 2026-01-01, max: 2026-12-31 } }",
    ),
    attempt(
        "a: { type: float, constant: 1.5 }",
        "`float32`",
        "a: { type: float32, constant: 1.5 }",
    ),
    attempt(
        "a: { type: long, sequence: {} }",
        "`int64`",
        "a: { type: int64, sequence: {} }",
    ),
    attempt(
        "a: { type: datetime, now: {} }",
        "\"timestamp(us, UTC)\"",
        "a: { type: \"timestamp(us, UTC)\", now: {} }",
    ),
    attempt(
        "a: serial",
        "sequence: { start: 1 }",
        "a: { sequence: { start: 1 } }",
    ),
    attempt(
        "a: { generator: sequence }",
        "`{ sequence: {} }`",
        "a: { sequence: {} }",
    ),
    attempt(
        "a: { sequence: {}, null_rate: 0.1 }",
        "`nulls: 0.1`",
        "a: { sequence: {}, nulls: 0.1 }",
    ),
    attempt(
        "a: { uniform: 1..100 }",
        "uniform: { min: 1, max: 100 }",
        "a: { uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: { type: int32 }",
        "sequence: {}",
        "a: { type: int32, sequence: {} }",
    ),
    attempt("a: { choise: [A, B] }", "`choice`", "a: { choice: [A, B] }"),
    attempt(
        "a: firstName",
        "`{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt("a: faker.lorem.sentence", "`words: {}`", "a: { words: {} }"),
    attempt(
        "a: { ipv4: {} }",
        "`internet: { show: ipv4 }`",
        "a: { internet: { show: ipv4 } }",
    ),
    // Types and expressions of other languages.
    attempt(
        "a: { type: decimal, constant: 1 }",
        "\"decimal(18,2)\"",
        "a: { type: \"decimal(18,2)\", constant: 1 }",
    ),
    attempt(
        "a: { type: INT, constant: 1 }",
        "`int`",
        "a: { type: int, constant: 1 }",
    ),
    attempt(
        "a: { expr: \"id > 1 && n < 3\" }",
        "`and`",
        "a: { expr: \"id > 1 and n < 3\" }",
    ),
    attempt(
        "a: { expr: \"!(id = 1)\" }",
        "`not (…)`",
        "a: { expr: \"not (id = 1)\" }",
    ),
    attempt(
        "a: { expr: \"id > 1 ? 2 : 3\" }",
        "`case when … then … else … end`",
        "a: { expr: \"case when id > 1 then 2 else 3 end\" }",
    ),
    attempt(
        "a: { expr: \"round(${n}/3,2)\" }",
        "it is `n` in an `expr`",
        "a: { expr: \"round(n/3,2)\" }",
    ),
    attempt(
        "a: { template: \"no ${id}\" }",
        "`{id}` in a `template`",
        "a: { template: \"no {id}\" }",
    ),
    attempt(
        "a: { expr: \"{id} + 1\" }",
        "without braces",
        "a: { expr: \"id + 1\" }",
    ),
    attempt("a: { copy: \"{id}\" }", "`id`", "a: { copy: id }"),
    attempt(
        "a: { expr: \"id + 1 # plus one\" }",
        "`--`",
        "a: { expr: \"id + 1 -- plus one\" }",
    ),
    attempt(
        "a: { type: date, sequence: { start: 2026-01-01, step: 1d } }",
        "`step: 7`",
        "a: { type: date, sequence: { start: 2026-01-01, step: 7 } }",
    ),
];

const PATH: &str = "sinks:\n  - file: { path: t.csv }\n";

/// Whole files.
const FILES: &[Attempt] = &[
    attempt(
        "",
        "version: 1",
        "version: 1\ntables:\n  people: { rows: 10, columns: { id: sequence, name: person } }\nsinks:\n  - file: { path: people.csv }",
    ),
    attempt(
        "tables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "`version: 1`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntabels:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "`tables`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  - t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "without a dash",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  file: { path: t.csv }\n",
        "`- file: { … }`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: out/{table}.csv }\n",
        "\"out/{table}.csv\"",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: \"out/{table}.csv\" }\n",
    ),
    attempt(
        "version: 1\nparams: { out: o }\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file:\n      path: {out}/t.csv\n",
        "\"{out}/t.csv\"",
        "version: 1\nparams: { out: o }\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file:\n      path: \"${out}/t.csv\"\n",
    ),
    attempt(
        "---\nversion: 1\n---\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "remove this line",
        "---\nversion: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
];

fn with_column(column: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    rows: 10\n    columns:\n      id: sequence\n      n: {{ uniform: {{ min: 1, max: 9 }} }}\n      {column}\n{PATH}"
    )
    // A tab stands instead of the blanks.
    .replace("      \t", "\t")
}

/// What is said of each, when each is right after its hint was followed.
pub fn answers(attempts: &[Attempt], file: impl Fn(&str) -> String) -> String {
    let folder = Folder::new();
    let answer = |attempt: &Attempt| {
        let said = folder.refuse(&file(attempt.wrong));
        let (_, hint) = said.split_once("error: ").unwrap();
        assert!(hint.contains(attempt.hint), "{}\n{said}", attempt.wrong);
        assert!(said.contains(" --> p.yaml:"), "{said}");
        folder.write("p.yaml", &file(attempt.right));
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 0, "{}\n{}", attempt.right, ended.stderr);
        said
    };
    attempts.iter().map(answer).collect::<Vec<_>>().join("\n")
}

#[test]
fn columns() {
    insta::assert_snapshot!(answers(COLUMNS, with_column));
}

#[test]
fn files() {
    assert!(COLUMNS.len() + FILES.len() >= 40);
    insta::assert_snapshot!(answers(FILES, str::to_string));
}

#[test]
fn commands() {
    let folder = Folder::new();
    folder.write("orders.yaml", &with_column("a: sequence"));
    let attempts: [(&[&str], &[&str]); 5] = [
        (&["orders.yaml"], &["run", "orders.yaml"]),
        (&["check", "order.yaml"], &["check", "orders.yaml"]),
        (&["list", "squence"], &["list", "sequence"]),
        (&["list", "regex"], &["list", "pattern"]),
        (&["init", "orders"], &["init", "orders", "other.yaml"]),
    ];
    let mut said = String::new();
    for (wrong, right) in attempts {
        let ended = folder.run(wrong);
        assert_eq!(ended.code, 1, "{wrong:?}");
        said.push_str(&format!("$ rowgen {}\n{}\n", wrong.join(" "), ended.stderr));
        let ended = folder.run(right);
        assert_eq!(ended.code, 0, "{right:?}: {}", ended.stderr);
    }
    insta::assert_snapshot!(said);
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: [x]\ntables:\n  t:\n    row: ten\n    rows: ten\n    columns:\n      a: { words: { cout: 3, mini: 1 } }\n      b: { choise: [A] }\n      c: { type: float, sequence: { start: x } }\n  u:\n    columns: { d: { template: \"${nowhere}\" }, e: int }\nsinks:\n  - flie: { path: a.csv }\n  - file: { pth: a.csv }\nrun: { thread: 2, batch_rows: many }\n";
    insta::assert_snapshot!(folder.refuse(yaml));
}

#[test]
fn what_init_writes_runs_as_it_is() {
    for name in ["shop", "events", "iot", "orders"] {
        let folder = Folder::new();
        let ended = folder.run(&["init", name]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let file = format!("{name}.yaml");
        assert_eq!(
            ended.stdout,
            format!(
                "{file} is written: `rowgen preview {file}` shows rows, `rowgen run {file}` makes them\n"
            )
        );
        assert!(!folder.read(&file).contains("FILE"));
        // Twice: what is there is replaced.
        for _ in 0..2 {
            let ended = folder.run(&["run", &file, "--quiet", "--set", "rows=500"]);
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{file}");
        }
        assert!(!folder.names("out").is_empty(), "{file}");
    }
}
