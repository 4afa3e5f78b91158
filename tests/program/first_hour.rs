//! The first hour of somebody who knows YAML a little and other tools better: forty wrong attempts, each
//! answered with its place and a hint, and each right once the hint is followed.

mod attempts;

use super::support::Folder;
use attempts::{Attempt, COLUMNS, FILES, PATH, SINKS};

fn with_sink(sink: &str) -> String {
    let tables = "version: 1\ntables:\n  t: { rows: 10, columns: { id: sequence } }\n";
    format!("{tables}sinks:\n  - file: {sink}\n")
}

fn with_column(column: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    rows: 10\n    columns:\n      id: sequence\n      n: {{ uniform: {{ min: 1, max: 9 }} }}\n      {column}\n{PATH}"
    )
    // A tab stands instead of the blanks.
    .replace("      \t", "\t")
}

/// What is said of each, when each is right after its hint was followed.
fn answers(attempts: &[Attempt], file: impl Fn(&str) -> String) -> String {
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
