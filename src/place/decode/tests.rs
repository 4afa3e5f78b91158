//! What is decoded, and how mistakes are shown.

use super::*;
use crate::place::{Placed, Source, parse};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Sequence {
    #[serde(default)]
    start: i64,
}
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)]
enum Generator {
    Sequence(Sequence),
}
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Table {
    rows: Placed<u64>,
    #[serde(default)]
    hidden: bool,
    id: Generator,
}

fn check(text: &str) -> String {
    let source = std::sync::Arc::new(Source::new("p.yaml", text));
    let node = parse(&source).unwrap();
    match decode::<Table>(&node) {
        Ok(table) => format!("{} {:?}", table.rows.value, table.id),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn a_bare_kind_means_its_defaults() {
    assert_eq!(
        check("rows: 1_000\nid: sequence\n"),
        "1000 Sequence(Sequence { start: 0 })"
    );
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    insta::assert_snapshot!(
        [
            "rows: ten\nid: sequence\n",
            "row: 1\nid: sequence\n",
            "rows: 1\nid: { sequence: { strat: 1 } }\n",
            "rows: 1\nid: { sequense: {} }\n",
            "rows: 1\nid: { sequence: {}, hidden: true }\n",
            "rows: 1\nid: sequence\nhidden: yes\n",
            "rows: [1]\nid: sequence\n",
            "rows: 1\n",
        ]
        .map(check)
        .join("\n\n")
    );
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Lists {
    one: Option<crate::place::OneOrMany<String>>,
    list: Option<Vec<String>>,
    each: Option<crate::place::EachItem<String>>,
    named: Option<crate::place::NamedItems<String>>,
    map: Option<std::collections::BTreeMap<String, String>>,
    options: Option<Sequence>,
}

#[test]
fn an_empty_list_says_nothing() {
    let told = |text: &str| {
        let source = std::sync::Arc::new(Source::new("p.yaml", text));
        match decode::<Lists>(&parse(&source).unwrap()) {
            Ok(_) => "taken".to_string(),
            Err(problem) => problem.to_string(),
        }
    };
    for (text, brackets) in [("one: []", "[]"), ("list: []", "[]"), ("each: []", "[]")] {
        let at = text.find(brackets).unwrap();
        let expected = format!(
            "error: nothing stands between these brackets\n --> p.yaml:1:{}\n  |\n1 | {text}\n  | {}^\n  hint: write what belongs there, or leave out its key",
            at + 1,
            " ".repeat(at)
        );
        assert_eq!(told(text), expected);
    }
    // What is left open is as a key that is not there, and an empty map says that there are none.
    for text in [
        "one:",
        "list:",
        "each:",
        "named:",
        "map:",
        "named: {}",
        "map: {}",
        "options: {}",
        "{}",
        "one: a",
        "one: [a]",
    ] {
        assert_eq!(told(text), "taken", "{text}");
    }
}
