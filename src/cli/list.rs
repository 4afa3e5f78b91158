//! `rowgen list`: every kind there is, with one line and an example each, from the registries; or one of
//! them with all its options.

mod frame;
mod functions;
mod options;

use serde_json::{Value, json};

use self::frame::frame;
use self::options::describe_options;
use super::json::print_json;
use super::print;
use crate::column::{Column, DistributionKind, GeneratorKind};
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::format::FormatKind;
use crate::format::message::MessageKind;
use crate::registry::options::options;
use crate::registry::{Kind, elsewhere};
use crate::sink::SinkKind;
use crate::source::SourceKind;

/// A registry: its name in the plural, and what one of it is called.
struct Section {
    name: &'static str,
    one: &'static str,
    kinds: &'static [Kind],
}

const SECTIONS: &[Section] = &[
    Section {
        name: "columns",
        one: "a column generator",
        kinds: GeneratorKind::KINDS,
    },
    Section {
        name: "distributions",
        one: "a distribution, where a generator takes one",
        kinds: DistributionKind::KINDS,
    },
    Section {
        name: "formats",
        one: "a format of files",
        kinds: FormatKind::KINDS,
    },
    Section {
        name: "messages",
        one: "a format of Kafka's messages",
        kinds: MessageKind::KINDS,
    },
    Section {
        name: "sinks",
        one: "a sink",
        kinds: SinkKind::KINDS,
    },
    Section {
        name: "sources",
        one: "a source, below a table's `from`",
        kinds: SourceKind::KINDS,
    },
];

/// What a bare `list` shows: the others are parts of these.
// Distributions and messages are options of generators and of Kafka: whoever needs them comes from
// there.
const SHOWN: [&str; 4] = ["columns", "formats", "sinks", "sources"];

/// The functions of expressions, which are no registry of kinds.
const FUNCTIONS: &str = "functions";

pub(super) fn run(name: Option<&str>, as_json: bool) -> Result<u8> {
    let Some(name) = name else {
        let shown = SECTIONS
            .iter()
            .filter(|section| SHOWN.contains(&section.name));
        return sections(shown, as_json);
    };
    if name == FUNCTIONS {
        return match as_json {
            true => print_json(&functions::as_json(&crate::expression::functions()).into()),
            false => print(&functions::all()),
        };
    }
    if let Some(section) = SECTIONS.iter().find(|section| section.name == name) {
        return sections(std::iter::once(section), as_json);
    }
    // Several may have one name: `kafka` is a sink and a source, `json` a format and a message.
    let found: Vec<(&Section, &Kind)> = SECTIONS
        .iter()
        .flat_map(|section| section.kinds.iter().map(move |kind| (section, kind)))
        .filter(|(_, kind)| kind.name == name)
        .collect();
    let called = functions::named(name);
    if found.is_empty() && called.is_empty() {
        return Err(unknown(name));
    }
    if as_json {
        let found = found
            .iter()
            .map(|(section, kind)| with_schema(section, kind));
        let found = found.chain(functions::as_json(&called));
        return print_json(&found.collect::<Vec<_>>().into());
    }
    let texts = found.iter().map(|(section, kind)| one(section, kind));
    let texts = texts.chain(called.iter().map(functions::one));
    print(&texts.collect::<Vec<_>>().join("\n"))
}

fn unknown(name: &str) -> Error {
    let kinds = SECTIONS.iter().flat_map(|section| section.kinds);
    let names = kinds.map(|kind| kind.name);
    let names = names.chain(SECTIONS.iter().map(|section| section.name));
    let called = crate::expression::functions();
    let names = names
        .chain([FUNCTIONS])
        .chain(called.iter().map(|text| text.name));
    Error::user(
        Problem::new(format!("nothing is called `{name}`"))
            .maybe_hint(elsewhere(name).map(Into::into))
            .maybe_hint(did_you_mean(name, names))
            .hint("`rowgen list` shows all names"),
    )
}

fn sections(shown: impl Iterator<Item = &'static Section>, as_json: bool) -> Result<u8> {
    if as_json {
        let kinds = shown.flat_map(|section| {
            let kinds = section.kinds.iter();
            kinds.map(move |kind| with_schema(section, kind))
        });
        return print_json(&kinds.collect::<Vec<_>>().into());
    }
    let mut text = String::new();
    for section in shown {
        text.push_str(&format!("{}\n", section.name));
        for kind in section.kinds {
            let (summary, example) = (kind.summary(), kind.example);
            text.push_str(&format!("  {:<14} {summary}\n", kind.name));
            text.push_str(&format!("  {:<14} {example}\n", ""));
        }
    }
    print(&text)
}

fn with_schema(section: &Section, kind: &Kind) -> Value {
    let schema = kind.schema().to_value();
    json!({
        "section": section.name,
        "name": kind.name,
        "summary": kind.summary(),
        "example": kind.example,
        "options": options(&schema),
        "schema": schema,
    })
}

fn one(section: &Section, kind: &Kind) -> String {
    let mut text = format!("{}: {}\n", kind.name, section.one);
    text.push_str(&format!("  {}\n\n  {}\n", kind.summary(), kind.example));
    text.push_str(&describe_options("options", &kind.schema().to_value()));
    if section.name == "columns" {
        let common = Column::common_schema().to_value();
        text.push_str(&describe_options("options of every column", &common));
    }
    text.push_str("\n  where it stands:\n");
    for line in frame(section.name, kind).lines() {
        text.push_str(format!("    {line}").trim_end());
        text.push('\n');
    }
    text
}
