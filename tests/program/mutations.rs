//! Every key of every shipped pipeline, spoilt in four ways: each is refused, with its line.

use std::path::Path;
use std::sync::Arc;

use rowgen::place::{MapKey, Node, Source, Value, parse};
use rowgen::plan::{self, Overrides};
use rowgen::spec::{self, GivenValues};
use rowgen::{error::Error, load};

use super::support::{Folder, project};

/// Keys below these are names that the user chose.
const FREE: &[&str] = &[
    "tables",
    "columns",
    "params",
    "properties",
    "reference",
    "types",
    "choice",
    "match",
    "as_of",
    "struct",
    "metadata",
    "headers",
    "triggers",
    "metrics",
    // States: what refers to a misspelt one is told, where it does.
    "transitions",
    // Tables of a database.
    "keys",
];

/// One key of a file.
struct Entry {
    key: MapKey,
    value: Node,
    parent: String,
}

fn entries(node: &Node, parent: &str, found: &mut Vec<Entry>) {
    match &node.value {
        Value::Map(map) => {
            for (key, value) in map {
                found.push(Entry {
                    key: key.clone(),
                    value: value.clone(),
                    parent: parent.into(),
                });
                entries(value, &key.name, found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| entries(item, "", found)),
        _ => {}
    }
}

/// The text with `length` characters at a line and column (from 1) replaced.
fn replace(text: &str, line: usize, column: usize, length: usize, with: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let old: Vec<char> = lines[line - 1].chars().collect();
    let before: String = old[..column - 1].iter().collect();
    let after: String = old[(column - 1 + length).min(old.len())..].iter().collect();
    lines[line - 1] = format!("{before}{with}{after}");
    lines.join("\n") + "\n"
}

fn try_file(path: &Path) -> Result<(), Error> {
    let given = GivenValues {
        run_date: "2026-01-15".into(),
        ..GivenValues::default()
    };
    let pipeline = spec::read(path, &given)?;
    let loaded = load::load(&pipeline, |_| true)?;
    plan::make(&pipeline, loaded, &Overrides::default(), false).map(|_| ())
}

/// Every mutation of the file at `name` with the line that must be named.
fn mutations(text: &str, name: &str) -> Vec<(String, usize, String)> {
    let source = Source::new(name, text);
    let mut found = Vec::new();
    entries(&parse(&Arc::new(source)).unwrap(), "", &mut found);
    let mut all = Vec::new();
    for entry in found
        .iter()
        .filter(|entry| !FREE.contains(&entry.parent.as_str()) && entry.key.name != "<<")
    {
        let (line, column) = (entry.key.place.line(), entry.key.place.column());
        let length = entry.key.name.chars().count();
        let key = &entry.key.name;
        all.push((
            format!("`{key}` misspelt"),
            line,
            replace(text, line, column, length, &format!("{key}zq")),
        ));
        let twice = match text
            .lines()
            .nth(line - 1)
            .unwrap()
            .trim_start_matches([' ', '-'])
            .starts_with(key)
        {
            true => format!("{key}: x\n{}{key}", " ".repeat(column - 1)),
            false => format!("{key}: x, {key}"),
        };
        all.push((
            format!("`{key}` twice"),
            line,
            replace(text, line, column, length, &twice),
        ));
        spoil_value(text, entry, &mut all);
    }
    all
}

fn spoil_value(text: &str, entry: &Entry, all: &mut Vec<(String, usize, String)>) {
    let Value::Scalar { text: scalar, .. } = &entry.value.value else {
        return;
    };
    let place = &entry.value.place;
    let written = place.written();
    if written.starts_with(['>', '|']) || scalar.contains('\n') {
        return;
    }
    let (line, column, length) = (place.line(), place.column(), written.chars().count());
    let key = &entry.key.name;
    all.push((
        format!("a map for `{key}`"),
        line,
        replace(text, line, column, length, "{ zq: 1 }"),
    ));
    if scalar.replace('_', "").parse::<f64>().is_ok() {
        all.push((
            format!("text for the number of `{key}`"),
            line,
            replace(text, line, column, length, "zebra"),
        ));
    }
}

#[test]
fn every_mutation_is_refused_with_its_line() {
    let folder = Folder::new();
    let pipelines: Vec<_> = std::fs::read_dir(project().join("pipelines"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for path in std::fs::read_dir(project().join("data"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
    {
        folder.write(
            &format!("data/{}", path.file_name().unwrap().display()),
            &std::fs::read_to_string(&path).unwrap(),
        );
    }
    let yaml: Vec<_> = pipelines
        .iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    for path in &yaml {
        folder.write(
            &format!("pipelines/{}", path.file_name().unwrap().display()),
            &std::fs::read_to_string(path).unwrap(),
        );
    }
    folder.write(
        "out/users_million.csv",
        "id|nome_utente|email\n1|user1|user1@example.com\n",
    );
    let (mut tried, mut accepted) = (0, Vec::new());
    for path in yaml {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        // An included file is tried through one that includes it.
        let target = name.replace("_tables.yaml", ".yaml");
        for (what, line, mutated) in mutations(&text, name) {
            folder.write(&format!("pipelines/{name}"), &mutated);
            tried += 1;
            let problem = match try_file(&folder.path(&format!("pipelines/{target}"))) {
                Ok(()) => "accepted".to_string(),
                Err(error) => error.to_string(),
            };
            let near = [line, line + 1].map(|line| format!("{name}:{line}:"));
            if !near.iter().any(|near| problem.contains(near)) {
                accepted.push(format!("{name}:{line}: {what}: {problem}"));
            }
        }
        folder.write(&format!("pipelines/{name}"), &text);
    }
    assert!(
        accepted.is_empty(),
        "{} of {tried}:\n{}",
        accepted.len(),
        accepted.join("\n")
    );
    assert!(tried > 300, "only {tried} mutations were tried");
}
