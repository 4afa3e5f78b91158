//! The reference pages, made from what the program knows of itself: registries, schema, functions, flags.

use std::path::PathBuf;

use rowgen::column::{Column, DistributionKind, GeneratorKind};
use rowgen::format::FormatKind;
use rowgen::format::message::MessageKind;
use rowgen::registry::Kind;
use rowgen::registry::options::{OptionText, choices, options};
use rowgen::sink::SinkKind;
use rowgen::source::SourceKind;
use rowgen::spec::{ReferenceFile, Run, SinkCommon, Table};
use serde_json::Value;

use super::pages::Page;
use super::support::{COMMANDS, project};

/// Generators whose values are not the same in the next run: their rows are made, and not shown.
const CHANGING: &[&str] = &["now"];

/// Every page that is made.
pub fn pages() -> Vec<Page> {
    [
        ("pipeline", pipeline()),
        ("generators", generators()),
        (
            "distributions",
            kinds(DISTRIBUTIONS, DistributionKind::KINDS),
        ),
        ("formats", kinds(FORMATS, FormatKind::KINDS)),
        ("messages", kinds(MESSAGES, MessageKind::KINDS)),
        ("sources", kinds(SOURCES, SourceKind::KINDS)),
        ("sinks", sinks()),
        ("functions", functions()),
        ("commands", commands()),
    ]
    .map(|(name, text)| Page {
        path: format!("docs/src/reference/{name}.md"),
        text,
    })
    .into()
}

const DISTRIBUTIONS: &str = "# Distributions

A distribution says how many, or how much, where a generator takes one: `per_parent`, `length`, `count`, `delay`, `distribution`. A number alone is always the same. `rowgen list distributions` prints this, too.
";

const FORMATS: &str = "# Formats

A format is chosen by a file's extension, or by `format:` with its name alone or with options. [Formats](../formats.md) says more; `rowgen list formats` prints this, too.
";

const MESSAGES: &str = "# Messages

A message's format is the `format:` of a sink `kafka`. [Kafka](../kafka.md#messages) says more; `rowgen list messages` prints this, too.
";

const SOURCES: &str = "# Sources

A source stands under a table's `from`. [Reading](../reading.md) says more; `rowgen list sources` prints this, too.
";

const SINKS: &str = "# Sinks

A sink is an item of `sinks`. [Writing files](../files.md), [Delta Lake](../delta.md), [Kafka](../kafka.md), [PostgreSQL](../postgres.md), [MySQL and MariaDB](../mysql.md) and [A latency stream](../stream.md) say more; `rowgen list sinks` prints this, too.
";

const GENERATORS: &str = "# Generators

A column is one of these, and what [every column can have](#options-of-every-column). [Which one for what](../generators.md). `rowgen list NAME` prints the same for one of them. The examples stand in `docs/examples/`.
";

fn kinds(intro: &str, kinds: &[Kind]) -> String {
    let sections = kinds.iter().map(section);
    format!("{intro}{}", sections.collect::<String>())
}

/// A kind with its options.
fn section(kind: &Kind) -> String {
    let schema = kind.schema().to_value();
    let Kind { name, example, .. } = kind;
    let about = paragraphs(&schema);
    let own = options(&schema);
    let own = match (own.is_empty(), choices(&schema)) {
        (true, None) => String::new(),
        (true, Some(words)) => format!("\nOne of {words}.\n"),
        (false, _) => table(&own),
    };
    format!("\n## {name}\n\n{about}\n\nShort: `` {example} ``\n{own}")
}

fn paragraphs(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let paragraphs = text.split("\n\n");
    let joined = paragraphs.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    joined.collect::<Vec<_>>().join("\n\n")
}

fn table(options: &[OptionText]) -> String {
    let mut text = "\n| option | takes | what it means |\n|---|---|---|\n".to_string();
    rows(options, "", &mut text);
    text
}

/// Options within options have a path of names.
fn rows(options: &[OptionText], path: &str, text: &mut String) {
    for option in options {
        let name = format!("{path}{}", option.name);
        let must = if option.required { ", required" } else { "" };
        let takes = takes(&option.takes);
        let (takes, about) = (cell(&takes), cell(&about(option)));
        text.push_str(&format!("| `{name}` | {takes}{must} | {about} |\n"));
        rows(&option.options, &format!("{name}."), text);
    }
}

/// One list of all that may stand there; distributions have a page of their own.
fn takes(text: &str) -> String {
    let names = DistributionKind::KINDS.iter().map(|kind| kind.name);
    let distributions = format!("one of {} or a map", names.collect::<Vec<_>>().join(", "));
    text.replace(&distributions, "[a distribution](distributions.md)")
        .replace(" or one of ", ", ")
}

fn about(option: &OptionText) -> String {
    let word = |word: &rowgen::registry::options::Word| {
        format!("<br>`{}`: {}", word.word, word.about.trim_end())
    };
    let words: String = option.words.iter().map(word).collect();
    format!("{}{words}", option.about)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Whole keys without what is in them.
fn shallow(schema: &Value) -> String {
    let without = options(schema).into_iter().map(|option| OptionText {
        options: Vec::new(),
        ..option
    });
    table(&without.collect::<Vec<_>>())
}

fn pipeline() -> String {
    let root: Value = serde_json::from_str(&rowgen::spec::schema()).unwrap();
    let parts = [
        ("The file", root),
        (
            "A table, under `tables`",
            schemars::schema_for!(Table).to_value(),
        ),
        (
            "A column, under `columns`",
            Column::common_schema().to_value(),
        ),
        (
            "A reference, under `reference`",
            schemars::schema_for!(ReferenceFile).to_value(),
        ),
        (
            "A sink, under `sinks`",
            schemars::schema_for!(SinkCommon).to_value(),
        ),
        (
            "The run, under `run`",
            schemars::schema_for!(Run).to_value(),
        ),
    ];
    let parts = parts.map(|(title, schema)| format!("\n## {title}\n{}", shallow(&schema)));
    format!(
        "# Keys of a pipeline file\n\nWhat [the language](../language.md) explains, as a list. Columns, sources and sinks also have a kind with its options: [generators](generators.md), [sources](sources.md), [sinks](sinks.md). `rowgen schema` prints all of it as JSON Schema.\n{}",
        parts.concat()
    )
}

fn sinks() -> String {
    let common = schemars::schema_for!(SinkCommon).to_value();
    let every = format!("\n## Options of every sink\n{}", shallow(&common));
    kinds(SINKS, SinkKind::KINDS) + &every
}

fn generators() -> String {
    let common = Column::common_schema().to_value();
    let every = format!("\n## Options of every column\n{}", shallow(&common));
    let sections = GeneratorKind::KINDS
        .iter()
        .map(|kind| section(kind) + &example(kind.name));
    format!("{GENERATORS}{every}{}", sections.collect::<String>())
}

/// A kind in a table of its own, and the rows that come of it.
fn example(name: &str) -> String {
    let path = format!("docs/examples/{name}.yaml");
    let text = std::fs::read_to_string(project().join(&path));
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    // The files of a page stand beside it.
    let text = text.replace("../../data/", "data/");
    let command = format!("rowgen preview {name}.yaml --table example -n 5");
    let shown = match CHANGING.contains(&name) {
        true => format!("```sh run\n{command}\n```"),
        false => format!("```console\n$ {command}\n```"),
    };
    format!("\n```yaml pipeline {name}.yaml\n{text}```\n\n{shown}\n")
}

/// The examples of generators.
pub fn examples() -> Vec<PathBuf> {
    let names = GeneratorKind::KINDS.iter().map(|kind| kind.name);
    let paths = names.map(|name| project().join(format!("docs/examples/{name}.yaml")));
    let paths: Vec<PathBuf> = paths.collect();
    let there = std::fs::read_dir(project().join("docs/examples")).unwrap();
    assert_eq!(there.count(), paths.len(), "an example of no generator");
    paths
}

const FUNCTIONS: &str = "# Functions

The functions of [expressions](../expressions.md), chapter by chapter. They do what [PostgreSQL's](https://www.postgresql.org/docs/current/functions.html) do; where one differs, its line says how. `rowgen list functions` prints this, too, and `rowgen list to_char` one of them.
";

fn functions() -> String {
    let texts = rowgen::expression::functions();
    let mut subjects: Vec<&str> = texts.iter().map(|text| text.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut page = FUNCTIONS.to_string();
    for subject in subjects {
        let mut title = subject.to_string();
        title[..1].make_ascii_uppercase();
        page.push_str(&format!(
            "\n## {title}\n\n| function | what it gives | example |\n|---|---|---|\n"
        ));
        for text in texts.iter().filter(|text| text.subject == subject) {
            let answer = text.answer().map(|answer| format!(" is `` {answer} ``"));
            let answer = answer.unwrap_or_default();
            let example = format!("`` {} ``{answer}", text.example);
            let (signature, about) = (cell(text.signature), cell(text.about));
            page.push_str(&format!(
                "| `{signature}` | {about} | {} |\n",
                cell(&example)
            ));
        }
    }
    page
}

fn commands() -> String {
    let program = "\n```console\n$ rowgen --help\n```\n".to_string();
    let names = COMMANDS.iter().flat_map(|name| match *name {
        "bench" => vec!["bench", "bench parquet"],
        name => vec![name],
    });
    let each =
        names.map(|name| format!("\n## {name}\n\n```console\n$ rowgen {name} --help\n```\n"));
    format!(
        "# Command line\n\n[Commands](../commands.md) says what they are for. `rowgen man` prints the manual page.\n{program}{}",
        each.collect::<String>()
    )
}
