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
