//! Every mistake of a file at once: each part is read by itself where the whole cannot be.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Changes, ReferenceFile, Run, Schedule, SinkEntry, Table};
use crate::column::{Column, ColumnType, GeneratorKind, is_kind, parse_type};
use crate::error::{Problem, Problems, did_you_mean};
use crate::place::{Count, EachItem, NamedItems, Node, Placed, ShownText, Text, Value, decode_all};
use crate::source::SourceKind;

/// Notes what is wrong with a file that cannot be decoded; `first` is what decoding found. Where
/// something is noted already, as for a name that stands for nothing, the rest follows from that.
pub(super) fn note_all(root: &Node, first: Vec<Problem>, problems: &mut Problems) {
    let mut found = Problems::default();
    // These first: at the same place they say what was meant, where decoding only says what it
    // expected.
    note_read_columns(root, &mut found);
    // Decoding ends at the first mistake of a map, so that each section is decoded once more by
    // itself.
    found.extend(first);
    note_sections(root, &mut found);
    for problem in found.into_vec() {
        // One problem for each place: a name that stands for nothing would be told again as a
        // number that it is not.
        if !problems.has_place_of(&problem) {
            problems.push(problem);
        }
    }
}

fn note_sections(root: &Node, problems: &mut Problems) {
    note_parts(root, problems, |key, part, problems| match key {
        "name" | "seed" => note::<Placed<ShownText>>(part, problems),
        "changes" => note::<Placed<Changes>>(part, problems),
        "reference" => note::<NamedItems<ReferenceFile>>(part, problems),
        "run" => note::<Run>(part, problems),
        "schedule" => note::<Schedule>(part, problems),
        "sinks" => note::<EachItem<SinkEntry>>(part, problems),
        "tables" => note_tables(part, problems),
        "version" => note::<Placed<u64>>(part, problems),
        _ => {}
    });
}

fn note_tables(tables: &Node, problems: &mut Problems) {
    note::<NamedItems<Table>>(tables, problems);
    note_parts(tables, problems, |_, table, problems| {
        note_parts(table, problems, |key, part, problems| match key {
            "columns" => note::<NamedItems<Arc<Column>>>(part, problems),
            "from" => note::<Placed<SourceKind>>(part, problems),
            "rows" => note::<Placed<Count>>(part, problems),
            "seed" => note::<Placed<Text>>(part, problems),
            "types" => note::<NamedItems<Placed<ColumnType>>>(part, problems),
            _ => {}
        });
    });
}

/// Beside `from`, names of columns and of types that stand where generators are meant.
fn note_read_columns(root: &Node, problems: &mut Problems) {
    let Some(tables) = root.get("tables") else {
        return;
    };
    note_parts(tables, problems, |_, table, problems| {
        if let Some(columns) = table.get("from").and_then(|_| table.get("columns")) {
            problems.extend(not_generators(columns));
        }
    });
}

fn not_generators(columns: &Node) -> Vec<Problem> {
    match &columns.value {
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .filter_map(|(key, column)| not_generator(&key.name, column))
                .collect()
        }
        Value::List(_) => {
            let what = "all columns are read: those of `columns:` are made beside them";
            let hint =
                "the sink's `columns: [id, name]` chooses, `types: { id: int64 }` says types";
            vec![Problem::new(what).at(&columns.place).hint(hint)]
        }
        Value::Scalar { .. } | Value::Null => Vec::new(),
    }
}

fn not_generator(name: &str, column: &Node) -> Option<Problem> {
    let Value::Scalar { text, .. } = &column.value else {
        return None;
    };
    let kinds = GeneratorKind::KINDS.iter().map(|kind| kind.name);
    let is_type = parse_type(text).is_ok();
    // The decoder of generators tells of a name that is only misspelt.
    if is_kind(text) || !is_type && did_you_mean(text, kinds).is_some() {
        return None;
    }
    let what = format!("unknown generator `{text}`");
    let hint = match is_type {
        true => format!("`types: {{ {name}: {text} }}` says what type a column has that is read"),
        false => format!(
            "`{name}: {{ copy: {text} }}` is the column `{text}` that is read; those that are not named here are read, too"
        ),
    };
    Some(Problem::new(what).at(&column.place).hint(hint))
}

fn note_parts(
    node: &Node,
    problems: &mut Problems,
    mut each: impl FnMut(&str, &Node, &mut Problems),
) {
    if let Value::Map(entries) = &node.value {
        entries
            .iter()
            .for_each(|(key, part)| each(&key.name, part, problems));
    }
}

fn note<T: DeserializeOwned>(part: &Node, problems: &mut Problems) {
    if let Err(found) = decode_all::<T>(part) {
        problems.extend(found);
    }
}
