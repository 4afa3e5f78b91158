//! Tidy: what the house style says of every file, checked by plain `cargo test`.

mod functions;
mod house;

use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the crate from the bottom up: a file names only modules of its own layer and below.
/// What stands in one line is on one level and does not name each other, but for what is allowed below.
const LAYERS: &[&[&str]] = &[
    &["sync"],
    &[
        "batch",
        "error",
        "pace",
        "units",
        "place",
        "domain",
        "registry",
        "kernel",
        "type_names",
        "shown_value",
    ],
    &["dataset", "outlet", "plain_file", "report"],
    &["client", "expression"],
    &["format"],
    &["column"],
    &["changes", "faults"],
    &["sink", "source"],
    &["spec"],
    &["load"],
    &["plan"],
    &["engine", "reader", "verify"],
    &["schedule"],
    &["serve"],
    &["cli"],
];

/// Neighbours in one layer that may be named, from left to right.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("error", "place"),
    ("place", "error"),
    ("place", "units"),
    ("registry", "error"),
    ("domain", "error"),
    ("kernel", "error"),
    ("batch", "error"),
    ("shown_value", "type_names"),
];

/// Where `unsafe` may stand: tight loops, and what librdkafka, libzmq, Python and jemalloc have no safe way for.
const UNSAFE: &[&str] = &[
    "python/src/memory.rs",
    "python/src/stream.rs",
    "src/kernel/",
    "src/format/",
    "src/client/kafka/driver/consume.rs",
    "src/client/kafka/driver/produce_batch.rs",
    "src/client/zeromq/driver/prepared.rs",
];

const MOST_LINES: usize = 400;

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

fn all_files() -> Vec<(PathBuf, String)> {
    ["src", "tests", "examples", "benches"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .display()
        .to_string()
}

/// The file without its tests, line by line: what stands behind `#[cfg(test)]` is left blank, whether
/// it is one line or a block. Code behind an early `mod tests;` is production, too.
fn production(text: &str) -> String {
    let mut lines = text.lines();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        kept.push('\n');
        let item = lines.by_ref().find(|line| {
            kept.push('\n');
            !line.trim_start().starts_with("#[")
        });
        let Some(item) = item.filter(|item| !item.ends_with(';')) else {
            continue;
        };
        let indent = item.len() - item.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        lines.by_ref().find(|line| {
            kept.push('\n');
            *line == end
        });
    }
    kept
}

#[test]
fn production_is_all_that_is_not_behind_cfg_test() {
    let text =
        "one\n#[cfg(test)]\nmod tests;\ntwo\n#[cfg(test)]\nmod more {\n    three;\n}\nfour\n";
    assert_eq!(production(text), "one\n\n\ntwo\n\n\n\n\nfour\n");
}

/// Folders and files of tests go by these names, and nothing else does.
fn is_test(path: &Path) -> bool {
    let path = shown(path);
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("/testing.rs")
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let opens = |text: &str| text.starts_with("//! ");
    let problems: Vec<String> = all_files()
        .iter()
        .filter(|(_, text)| !opens(text))
        .map(|(path, _)| format!("{}:1: does not open with `//!`", shown(path)))
        .collect();
    report(&problems);
}

#[test]
fn files_are_short() {
    let problems: Vec<String> = all_files()
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines, at most {MOST_LINES}", shown(path)))
        .collect();
    report(&problems);
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The module a file belongs to: its folder below `src`, or its own name.
fn module(path: &Path) -> String {
    let shown = shown(path);
    let inner = shown.strip_prefix("src/").unwrap();
    inner.split(['/', '.']).next().unwrap().to_string()
}

fn may_name(own: &str, other: &str) -> bool {
    let (Some(own_layer), Some(other_layer)) = (layer(own), layer(other)) else {
        return false;
    };
    own == other || other_layer < own_layer || NEIGHBOURS.contains(&(own, other))
}

#[test]
fn lower_layers_know_nothing_of_higher_ones() {
    let mut problems = Vec::new();
    for (path, text) in rust_files("src") {
        let own = module(&path);
        if own == "lib" || own == "main" || is_test(&path) {
            continue;
        }
        for (index, line) in production(&text).lines().enumerate() {
            for named in line.split("crate::").skip(1) {
                let other: String = named
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let is_module = layer(&other).is_some();
                if is_module && !may_name(&own, &other) {
                    problems.push(format!(
                        "{}:{}: `{own}` must not use `{other}`",
                        shown(&path),
                        index + 1
                    ));
                }
            }
        }
        assert!(
            layer(&own).is_some(),
            "src/{own} has no layer in tests/tidy/main.rs"
        );
    }
    report(&problems);
}

/// Whole words of a line, without what stands behind `//`.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap();
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn generators_do_not_know_the_builder() {
    let mut problems = Vec::new();
    for (path, text) in rust_files("src/column") {
        let own = shown(&path);
        let knows = own == "src/column/mod.rs"
            || own == "src/column/build/mod.rs"
            || own == "src/column/build/context.rs"
            || own.starts_with("src/column/build/builder/");
        if knows || is_test(&path) {
            continue;
        }
        for (index, line) in production(&text).lines().enumerate() {
            let names = line.contains("builder::") || words(line).any(|word| word == "Builder");
            if names {
                problems.push(format!(
                    "{own}:{}: only `Build` is seen here, not the builder",
                    index + 1
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn unsafe_stays_where_it_is_allowed_and_says_why() {
    let mut problems = Vec::new();
    for (path, text) in rust_files("src")
        .into_iter()
        .chain(rust_files("python/src"))
    {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap();
            if !code.contains("unsafe ") || code.contains("unsafe_code") {
                continue;
            }
            let allowed = UNSAFE.iter().any(|place| shown(&path).starts_with(place));
            let proof = lines[index.saturating_sub(8)..index]
                .iter()
                .any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if !allowed || !proof {
                problems.push(format!(
                    "{}:{}: `unsafe` without its proof, or outside {}",
                    shown(&path),
                    index + 1,
                    UNSAFE.join(", ")
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn nothing_is_left_undone() {
    let words = [
        "todo!(",
        "unimplemented!(",
        "#[ignore",
        "TODO",
        "FIXME",
        "XXX",
        "dbg!(",
    ];
    let mut problems = Vec::new();
    for (path, text) in all_files()
        .iter()
        .filter(|(path, _)| !path.ends_with("tidy/main.rs"))
    {
        for (index, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                problems.push(format!(
                    "{}:{}: left undone: {}",
                    shown(path),
                    index + 1,
                    line.trim()
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn production_code_neither_unwraps_nor_prints() {
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "println!(",
        "print!(",
        "eprint!(",
    ];
    let mut problems = Vec::new();
    for (path, text) in rust_files("src").iter().filter(|(path, _)| !is_test(path)) {
        for (index, line) in production(text).lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if words.iter().any(|word| code.contains(word)) {
                problems.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
            }
        }
    }
    report(&problems);
}

#[test]
fn no_line_ends_in_a_space_and_no_path_of_a_machine_is_named() {
    let mut problems = Vec::new();
    for (path, text) in all_files() {
        for (index, line) in text.lines().enumerate() {
            let machine = ["/root/", "/work/"]
                .iter()
                .any(|start| line.contains(start))
                && !path.ends_with("tidy/main.rs");
            if line.ends_with([' ', '\t']) || machine {
                problems.push(format!(
                    "{}:{}: {}",
                    shown(&path),
                    index + 1,
                    line.trim_end()
                ));
            }
        }
    }
    report(&problems);
}
