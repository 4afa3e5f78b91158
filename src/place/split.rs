//! What YAML takes apart, or leaves together, otherwise than it is meant: `{ type: decimal(10,2) }`,
//! `{ min:1 }`, `file:{ path: a.csv }`.

use super::{MapKey, Node, Value};
use crate::error::Problem;

/// `type: decimal(10,2)` in `{ … }`: to YAML the comma ends the value, and a second key begins.
///
/// All of them, as each would be told as something else later.
pub fn split_values(node: &Node) -> Vec<Problem> {
    let mut found = Vec::new();
    match &node.value {
        Value::List(items) => found.extend(items.iter().flat_map(split_values)),
        Value::Map(entries) => {
            found.extend(entries.iter().filter_map(|(key, value)| glued(key, value)));
            let pairs = entries.iter().zip(entries.iter().skip(1));
            found.extend(pairs.filter_map(|((_, value), (key, rest))| split_at(value, key, rest)));
            found.extend(entries.iter().flat_map(|(_, value)| split_values(value)));
        }
        _ => {}
    }
    found
}

/// `min:1` and `file:{ path: …`: to YAML, without the blank, all of it is one name.
fn glued(key: &MapKey, value: &Node) -> Option<Problem> {
    if key.place.is_quoted() {
        return None;
    }
    let name = key.name.as_str();
    let (first, rest) = name.split_once(':').unwrap_or((name, ""));
    let opens = rest.starts_with(['{', '[']);
    let alone = matches!(value.value, Value::Null) && !rest.is_empty();
    if !first.is_empty() && (opens || alone) && !rest.starts_with(['/', ':', ' ']) {
        let hint = format!("write `{first}: {rest}{}`", if opens { "…" } else { "" });
        let problem = Problem::new("a space is missing after the colon");
        return Some(problem.at(&key.place).hint(hint));
    }
    None
}

fn split_at(value: &Node, key: &MapKey, rest: &Node) -> Option<Problem> {
    let (
        Value::Scalar {
            text, plain: true, ..
        },
        Value::Null,
    ) = (&value.value, &rest.value)
    else {
        return None;
    };
    let opens = text.contains('(') && !text.contains(')');
    let closes = key.name.ends_with(')') && !key.name.contains('(');
    let same_line = value.place.line() == key.place.line();
    (opens && closes && same_line).then(|| {
        let after = value.place.column() + text.chars().count() + 1;
        let blank = if key.place.column() > after { " " } else { "" };
        let whole = format!("{text},{blank}{}", key.name);
        Problem::new(format!("the comma ends the value here: it is `{text}`"))
            .at(&value.place)
            .hint(format!("within `{{ … }}` it must be quoted: \"{whole}\""))
    })
}
