//! `rowgen list`: every kind there is, with one line and an example each, from the registries.

use super::arguments::Kinds;
use super::print;
use crate::column::GeneratorKind;
use crate::error::Result;
use crate::format::FormatKind;
use crate::registry::Kind;
use crate::sink::SinkKind;
use crate::source::SourceKind;

pub(super) fn run(only: Option<Kinds>) -> Result<u8> {
    let mut text = String::new();
    let mut section = |title: &str, kinds: &[Kind]| {
        text.push_str(&format!("{title}\n"));
        for kind in kinds {
            text.push_str(&format!(
                "  {:<14} {}\n  {:<14} {}\n",
                kind.name,
                kind.summary(),
                "",
                kind.example
            ));
        }
    };
    if matches!(only, None | Some(Kinds::Columns)) {
        section("columns", GeneratorKind::KINDS);
    }
    if matches!(only, None | Some(Kinds::Formats)) {
        section("formats", FormatKind::KINDS);
    }
    if matches!(only, None | Some(Kinds::Sinks)) {
        section("sinks", SinkKind::KINDS);
    }
    if matches!(only, None | Some(Kinds::Sources)) {
        section("sources", SourceKind::KINDS);
    }
    print(&text)
}
