//! `repeat:` of a table: columns that differ by a number, written once. They are unrolled in the tree of the
//! file, before anything reads it: each copy stands where the one that is written stands.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::column::Column;
use crate::error::Problem;
use crate::place::{Count, MapKey, NamedItems, Node, Place, Placed, Value, decode, nothing};

/// Columns that are there several times.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How many times.
    count: Placed<Count>,
    /// The first number (default 0).
    first: Option<Placed<Count>>,
    /// The columns. `{i}` is the number, in names and in values; `{i:03}` has three digits at least.
    #[schemars(with = "NamedItems<Arc<Column>>")]
    columns: Placed<Node>,
}

/// Columns of one table that come of `repeat`.
const MOST: u64 = 10_000;

/// Puts the columns of every `repeat` among those of its table.
pub(super) fn unroll(root: &mut Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Some(tables) = child(root, "tables") else {
        return problems;
    };
    if let Value::Map(tables) = &mut tables.value {
        for (_, table) in tables {
            problems.extend(unroll_table(table).err());
        }
    }
    problems
}

fn child<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Map(entries) => {
            let mut entries = entries.iter_mut();
            let found = entries.find(|(key, _)| key.name == name);
            found.map(|(_, value)| value)
        }
        _ => None,
    }
}

fn unroll_table(table: &mut Node) -> Result<(), Problem> {
    let Value::Map(entries) = &mut table.value else {
        return Ok(());
    };
    let Some(at) = entries.iter().position(|(key, _)| key.name == "repeat") else {
        return Ok(());
    };
    let (key, node) = entries.remove(at);
    let repeats = match node.value {
        Value::List(items) => items,
        _ => vec![node],
    };
    let mut made = Vec::new();
    for repeat in repeats {
        made.extend(copies(&decode(&repeat)?)?);
    }
    if made.len() as u64 > MOST {
        let found = made.len();
        let message = format!("`repeat` makes {found} columns, more than {MOST}");
        return Err(Problem::new(message).at(&key.place));
    }
    let columns = entries.iter_mut().find(|(key, _)| key.name == "columns");
    match columns {
        Some((
            _,
            Node {
                value: Value::Map(columns),
                ..
            },
        )) => columns.extend(made),
        // Whoever reads the columns says what they should be.
        Some(_) => {}
        None => {
            let place = key.place.clone();
            let name = "columns".to_string();
            let columns = Node {
                place: place.clone(),
                value: Value::Map(made),
            };
            entries.push((MapKey { name, place }, columns));
        }
    }
    doubled(entries)
}

/// No two columns have one name.
fn doubled(entries: &[(MapKey, Node)]) -> Result<(), Problem> {
    let mut names = std::collections::HashSet::new();
    let columns = entries.iter().find(|(key, _)| key.name == "columns");
    let Some((
        _,
        Node {
            value: Value::Map(columns),
            ..
        },
    )) = columns
    else {
        return Ok(());
    };
    match columns.iter().find(|(key, _)| !names.insert(&key.name)) {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!("two columns are called `{}`", key.name);
            let hint = "a name within `repeat` has the number in it: `f_{i}`";
            Err(Problem::new(message).at(&key.place).hint(hint))
        }
    }
}

fn copies(repeat: &Repeat) -> Result<Vec<(MapKey, Node)>, Problem> {
    let Value::Map(columns) = &repeat.columns.value.value else {
        let message = format!(
            "expected columns, found {}",
            repeat.columns.value.describe()
        );
        return Err(Problem::new(message).at(&repeat.columns.place));
    };
    let (count, first) = (
        repeat.count.value.0,
        repeat.first.as_ref().map_or(0, |first| first.value.0),
    );
    if !(1..=MOST).contains(&count) {
        let message = format!("`count` is from 1 to {MOST}, found {count}");
        return Err(Problem::new(message).at(&repeat.count.place));
    }
    let Some(end) = first.checked_add(count) else {
        let message = format!("the numbers of `repeat` end at {}", u64::MAX - 1);
        let place = repeat.first.as_ref().map(|first| first.place.clone());
        return Err(Problem::new(message).at(&place.unwrap_or_else(|| repeat.count.place.clone())));
    };
    if columns.is_empty() {
        return Err(nothing(&repeat.columns.place));
    }
    let mut made = Vec::new();
    for number in first..end {
        for (key, column) in columns {
            let mut column = column.clone();
            fill_all(&mut column, number, false)?;
            let key = MapKey {
                name: filled(&key.name, number, &key.place, false)?
                    .unwrap_or_else(|| key.name.clone()),
                place: key.place.clone(),
            };
            made.push((key, column));
        }
        // A mistake of all of them is told once.
        let wrong = |(_, column): &(MapKey, Node)| decode::<Arc<Column>>(column).is_err();
        if number == first && made.iter().any(wrong) {
            break;
        }
    }
    Ok(made)
}

/// Fills every key and value below a node, which is the text of a `template` or not.
fn fill_all(node: &mut Node, number: u64, template: bool) -> Result<(), Problem> {
    match &mut node.value {
        Value::Scalar {
            text, filled: sums, ..
        } => {
            if let Some(new) = filled(text, number, &node.place, template)? {
                *text = new;
                *sums = true;
            }
        }
        Value::List(items) => {
            for item in items {
                fill_all(item, number, false)?;
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                // `template: { text: … }` is the longer spelling.
                let text = key.name == "template" || template && key.name == "text";
                if let Some(new) = filled(&key.name, number, &key.place, false)? {
                    key.name = new;
                }
                fill_all(value, number, text)?;
            }
        }
        Value::Null => {}
    }
    Ok(())
}

/// The text with the number for `{i}` and `{i:03}`; nothing where there is none. Within a template `{{` is a
/// brace, and what stands behind it is text.
fn filled(
    text: &str,
    number: u64,
    place: &Place,
    template: bool,
) -> Result<Option<String>, Problem> {
    let (mut made, mut rest, mut found) = (String::new(), text, false);
    while let Some(at) = next(rest, template) {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let Some((format, behind)) = after.split_once('}') else {
            break;
        };
        made.push_str(before);
        rest = behind;
        let width = match format.strip_prefix(':') {
            None if format.is_empty() => 0,
            // `{id}` is another one's.
            None => {
                made.push_str(&format!("{{i{format}}}"));
                continue;
            }
            Some(digits) => match digits.strip_prefix('0').map(str::parse::<usize>) {
                Some(Ok(width @ 1..=20)) => width,
                _ => {
                    let message = format!("`{{i:{digits}}}` is no number of digits");
                    return Err(Problem::new(message)
                        .at(place)
                        .hint("write `{i}`, or `{i:03}` for three digits at least"));
                }
            },
        };
        made.push_str(&format!("{number:0width$}"));
        found = true;
    }
    made.push_str(rest);
    Ok(found.then_some(made))
}

/// Where the next `{i` stands that is no escaped brace.
fn next(text: &str, template: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('{')?;
        match &text[at..] {
            rest if template && rest.starts_with("{{") => from = at + 2,
            rest if rest.starts_with("{i") => return Some(at),
            _ => from = at + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{Source, parse};

    fn unrolled(yaml: &str) -> String {
        let mut root = parse(&Arc::new(Source::new("p.yaml", yaml))).unwrap();
        let problems = unroll(&mut root);
        if !problems.is_empty() {
            return problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n\n");
        }
        let mut text = String::new();
        crate::spec::read::write_canonical(&root, &mut text);
        text
    }

    fn table(text: &str) -> String {
        unrolled(&format!("tables:\n  t:\n    rows: 2\n    {text}\n"))
    }

    #[test]
    fn columns_are_there_so_many_times() {
        insta::assert_snapshot!([
            "columns: { id: sequence }\n    repeat: { count: 2, columns: { \"f_{i:03}\": { uniform: { min: \"{i}\", max: 9 } }, \"t{i}\": { template: \"{i}-{id}\" } } }",
            "repeat: [{ count: 1, first: 7, columns: { \"a{i}\": { expr: \"row + {i}\" } } }, { count: 1, columns: { \"b{i}\": sequence } }]",
        ].map(table).join("\n\n"));
    }

    #[test]
    fn a_brace_of_a_template_is_a_brace() {
        for (text, expected) in [
            ("{{i}}{i}", "{{i}}7"),
            ("{{{i}}}", "{{7}}"),
            ("{{{{i}}{i:03}", "{{{{i}}007"),
            ("{id}{{{{{i}", "{id}{{{{7"),
            ("{{", "{{"),
        ] {
            for template in [
                format!("template: \"{text}\""),
                format!("template: {{ text: \"{text}\" }}"),
            ] {
                let repeated = table(&format!(
                    "repeat: {{ count: 1, first: 7, columns: {{ \"x{{i}}\": {{ {template} }} }} }}"
                ));
                let written = template.replace(text, expected);
                let written = table(&format!("columns: {{ \"x7\": {{ {written} }} }}"));
                assert_eq!(repeated, written, "{template}");
            }
        }
        // Elsewhere two braces are two braces, and a number stands between.
        let repeated = |text: &str| {
            table(&format!(
                "repeat: {{ count: 1, first: 7, columns: {{ \"x{{i}}\": {{ choice: [\"{text}\", b] }} }} }}"
            ))
        };
        assert_eq!(repeated("{{i}}"), repeated("{7}"));
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        for (text, message) in [
            (
                "repeat: { count: 0, columns: { \"f{i}\": sequence } }",
                "`count` is from 1 to 10000, found 0",
            ),
            (
                "repeat: { count: 20_000, columns: { \"f{i}\": sequence } }",
                "`count` is from 1 to 10000, found 20000",
            ),
            (
                "repeat: { count: 6_000, columns: { \"f{i}\": sequence, \"g{i}\": sequence } }",
                "`repeat` makes 12000 columns, more than 10000",
            ),
            (
                "columns: { f0: sequence }\n    repeat: { count: 2, columns: { \"f{i}\": sequence } }",
                "two columns are called `f0`",
            ),
            (
                "repeat: { count: 2, first: 18446744073709551614, columns: { \"f{i}\": sequence } }",
                "the numbers of `repeat` end at 18446744073709551614",
            ),
            (
                "repeat: { count: 2, columns: {} }",
                "nothing stands between these brackets",
            ),
            (
                "repeat: { count: 2, columns: { \"f{i:3}\": sequence } }",
                "`{i:3}` is no number of digits",
            ),
        ] {
            let yaml = format!("tables:\n  t:\n    rows: 2\n    {text}\n");
            let mut root = parse(&Arc::new(Source::new("p.yaml", yaml))).unwrap();
            let problems = unroll(&mut root);
            assert_eq!(problems.len(), 1, "{text}");
            assert_eq!(problems[0].message, message);
        }
    }
}
