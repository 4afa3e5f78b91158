//! What other people's files say: read as they mean it, or refused in words of the file, before the
//! first row where that can be known.

mod avro;
mod csv;
mod encodings;
mod first_bytes;
mod json;
mod json_bad_rows;
mod meant;
mod parquet;
mod references;

use super::support::{Ended, Folder};

/// A table that is read, with these types, and written to `out`.
fn table(from: &str, types: &str, out: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ {from} }}\n    types: {types}\nsinks:\n  - file: {{ path: {out}, if_exists: replace }}\n"
    )
}

fn run(folder: &Folder, from: &str, types: &str) -> Ended {
    folder.write("p.yaml", &table(from, types, "out.jsonl"));
    folder.run(&["run", "p.yaml", "--quiet"])
}

/// The rows of a table that must be read whole, as lines of JSON.
fn rows(folder: &Folder, from: &str, types: &str) -> String {
    let ended = run(folder, from, types);
    assert_eq!(ended.code, 0, "{from} {types}: {}", ended.stderr);
    folder.read("out.jsonl")
}

/// What is said of a table that must be refused before the first row: without where it stands.
fn refused(folder: &Folder, from: &str, types: &str) -> String {
    let said = folder.refuse(&table(from, types, "out.jsonl"));
    lines(&said)
}

/// What is said of a table that must be refused by a row.
fn stopped(folder: &Folder, from: &str, types: &str) -> String {
    std::fs::remove_file(folder.path("out.jsonl")).ok();
    let ended = run(folder, from, types);
    assert_eq!(ended.code, 2, "{from} {types}: {}", ended.stderr);
    assert!(!folder.path("out.jsonl").exists());
    lines(&ended.stderr)
}

/// What is wrong, why, and what to do: a message without the part that shows the pipeline.
fn lines(said: &str) -> String {
    let is_said = |line: &&str| {
        let line = line.trim_start();
        ["error:", "caused by:", "hint:"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let lines: Vec<&str> = said.lines().filter(is_said).map(str::trim_start).collect();
    lines.join("\n")
}
