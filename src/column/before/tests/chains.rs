//! Tests of columns that look at other rows of columns that do so, too.

use super::{LONG, SHORT, WHOLE, check_any_rows, with};
use crate::column::rows::Rows;
use crate::column::testing::problem;

/// Columns one behind the other, each of one of these kinds.
fn chain(kinds: &[&str], count: usize) -> String {
    let first = "    v0: { type: int32, uniform: { min: -2, max: 2 } }\n".to_string();
    let next = |index: usize| {
        let kind = kinds[index % kinds.len()].replace("BEFORE", &format!("v{index}"));
        format!("    v{}: {{ {kind} }}\n", index + 1)
    };
    first + &(0..count).map(next).collect::<String>()
}

const MIXED: [&str; 3] = [
    "running: { max: BEFOREWITHIN }",
    "next: { column: BEFOREWITHIN }",
    "previous: { column: BEFOREWITHIN }",
];

#[test]
fn a_chain_is_the_same_in_any_rows() {
    check_any_rows(&chain(&MIXED, 6), &["v1", "v4", "v6"]);
}

/// A list of rows was twice the work with each column: with this chain it would take hours.
#[test]
fn a_long_chain_costs_each_column_once() {
    for groups in [SHORT, LONG, WHOLE] {
        for kinds in [&MIXED[..1], &MIXED[..3]] {
            let tables = with(groups, &chain(kinds, 16));
            let total = tables.column("moves", "v16").len() as u64;
            let list: Vec<u64> = (0..300).map(|index| index * 7919 % total).collect();
            let all = tables.column("moves", "v16");
            let some = tables.at("moves", "v16", Rows::List(&list));
            for (at, row) in list.iter().enumerate() {
                assert_eq!(
                    some.slice(at, 1).as_ref(),
                    all.slice(*row as usize, 1).as_ref()
                );
            }
        }
    }
}

#[test]
fn columns_that_look_back_twice_each_time_are_refused() {
    let pairs = |count: usize| {
        let pair = |index: usize| {
            format!(
                "    p{index}: {{ previous: {{ column: v{index} }} }}\n    r{index}: {{ running: {{ max: v{index} }} }}\n    v{}: {{ expr: \"coalesce(p{index}, 0) + r{index}\", type: int32 }}\n",
                index + 1
            )
        };
        let pairs: String = (0..count).map(pair).collect();
        format!("{WHOLE}    v0: {{ type: int32, uniform: {{ min: -2, max: 2 }} }}\n{pairs}")
    };
    let tables = crate::column::testing::tables(&pairs(4)).unwrap();
    let rows = Rows::List(&[70_000, 3, 5000]);
    assert_eq!(tables.at("moves", "v4", rows).len(), 3);
    insta::assert_snapshot!(problem(&pairs(20)));
}
