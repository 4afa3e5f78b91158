//! Tests of `states`.

use std::collections::HashMap;

use crate::column::before::tests::{SHORT, WHOLE, check_any_rows, with};
use crate::column::testing::problem;
use crate::column::tests::fixture::chi_square;

const COLUMNS: &str = "    page: { states: { start: { home: 5, search: 2 }, transitions: { home: { search: 3, item: 1, home: 1 }, search: { item: 4, home: 1 }, item: { cart: 1, search: 3 }, cart: { paid: 1, home: 2 } }, end: paidWITHIN } }
    load: { type: int32, states: { start: 1, transitions: { 1: { 1: 9, 2: 1 }, 2: { 1: 0.3, 2: 0.7 } }WITHIN } }
    on: { type: boolean, states: { start: true, transitions: { true: { true: 3, false: 1 }, false: true }WITHIN } }
";
const NAMES: &[&str] = &["page", "load", "on"];

#[test]
fn groups_and_whole_tables_are_the_same_in_any_rows() {
    check_any_rows(COLUMNS, NAMES);
}

#[test]
fn groups_begin_with_a_start_and_nothing_follows_an_end() {
    let groups = SHORT
        .replace("rows: 60", "rows: 4000")
        .replace("max: 6", "max: 30");
    let tables = with(&groups, COLUMNS);
    let keys = tables.texts("moves", "account_id");
    let pages = tables.texts("moves", "page");
    let (mut starts, mut pairs) = ([0; 2], HashMap::<(&str, &str), u64>::new());
    for row in 0..pages.len() {
        let page = pages[row].as_str();
        if row == 0 || keys[row] != keys[row - 1] {
            match page {
                "home" => starts[0] += 1,
                "search" => starts[1] += 1,
                other => panic!("{other} at the start"),
            }
            continue;
        }
        *pairs.entry((&pages[row - 1], page)).or_default() += 1;
    }
    assert!(
        chi_square(&starts, &[5.0 / 7.0, 2.0 / 7.0]) < 3.72,
        "{starts:?}"
    );
    let shares: [(&str, &[(&str, f64)]); 5] = [
        ("home", &[("search", 0.6), ("item", 0.2), ("home", 0.2)]),
        ("search", &[("item", 0.8), ("home", 0.2)]),
        ("item", &[("cart", 0.25), ("search", 0.75)]),
        ("cart", &[("paid", 1.0 / 3.0), ("home", 2.0 / 3.0)]),
        ("paid", &[("null", 1.0)]),
    ];
    let mut seen = pairs.get(&("null", "null")).copied().unwrap_or(0);
    for (from, to) in shares {
        let counts: Vec<u64> = to.iter().map(|(to, _)| pairs[&(from, *to)]).collect();
        let weights: Vec<f64> = to.iter().map(|(_, share)| *share).collect();
        if counts.len() > 1 {
            assert!(chi_square(&counts, &weights) < 3.72, "{from}: {counts:?}");
        }
        seen += counts.iter().sum::<u64>();
    }
    assert_eq!(seen, pairs.values().sum::<u64>());
}

#[test]
fn states_that_never_meet_are_the_same_in_any_rows() {
    // The same bits lead all of them one on, or seven on: two that differ stay apart.
    let circle = |states: usize| {
        let follows = |state: usize| {
            let (next, far) = ((state + 1) % states, (state + 7) % states);
            format!("s{state}: {{ s{next}: 3, s{far}: 1 }}")
        };
        let follows: Vec<String> = (0..states).map(follows).collect();
        format!(
            "    s: {{ states: {{ start: s0, transitions: {{ {} }}WITHIN }} }}\n",
            follows.join(", ")
        )
    };
    for states in [9, 254] {
        check_any_rows(&circle(states), &["s"]);
    }
}

#[test]
fn a_long_chain_is_in_each_state_as_often_as_it_must() {
    let loads = with(WHOLE, COLUMNS).integers("moves", "load");
    // In balance 0.1 of 1 go as often as 0.3 of 2: three quarters in 1. Neighbours agree with a
    // correlation of 0.6, which makes the count vary as that of a quarter as many.
    let ones = loads.iter().filter(|load| **load == 1).count() as f64;
    let rows = loads.len() as f64;
    let deviation = (0.75 * 0.25 * rows * 4.0_f64).sqrt();
    assert!((ones - 0.75 * rows).abs() < 4.0 * deviation, "{ones}");
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "states: { start: a }",
        "states: { transitions: { a: b } }",
        "states: { start: a, transitions: { a: b } }",
        "states: { start: open, transitions: { open: { opne: 1, shut: 1 }, shut: open } }",
        "states: { start: a, transitions: { a: b }, end: [a, b] }",
        "states: { start: a, transitions: { a: { b: -1 } }, end: b }",
        "states: { start: a, transitions: { a: {} } }",
        "states: { start: a, transitions: { a: [b, null] }, end: b }",
        "states: { start: a, transitions: { a: b }, end: b, within: x }",
        "type: int32, states: { start: 1, transitions: { 1: b }, end: b }",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!(
            "t:\n  rows: 9\n  columns:\n    x: {{ {column} }}\n"
        ))
    });
    let endless = problem(
        "t:\n  rows: 0\n  columns:\n    x: { states: { start: a, transitions: { a: b }, end: b } }\n",
    );
    insta::assert_snapshot!(format!("{}\n\n{endless}", shown.join("\n\n")));
}
