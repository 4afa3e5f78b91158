//! Tests of what a wrong distribution is told, as whole texts.

use super::fixture::node;
use crate::column::Distribution;
use crate::column::testing::problem;
use crate::error::Problem;
use crate::place::decode;

fn option(text: &str, least: u64, most: u64) -> String {
    let node = node(text);
    let place = node.place.clone();
    let read = || -> Result<(), Problem> {
        let distribution: Distribution = decode(&node)?;
        distribution.counts(&place, least, most)?;
        Ok(())
    };
    read().map_or_else(|problem| problem.to_string(), |()| "fine".into())
}

fn column(text: &str) -> String {
    problem(&format!("t:\n  rows: 9\n  columns:\n    c: {text}\n"))
}

fn together(texts: &[String]) -> String {
    texts.join("\n\n")
}

#[test]
fn wrong_options_are_shown_where_they_stand() {
    insta::assert_snapshot!(together(
        &[
            "{ normal: { mean: 5 } }",
            "{ normal: { mean: five, stddev: 1 } }",
            "{ normal: { mean: 5, stddev: 0 } }",
            "{ normal: { mean: 5, stddev: 1, min: 7, max: 6 } }",
            "{ normal: { mean: 5, stddev: 1, bounds: clamp } }",
            "{ normal: { mean: 5, stddev: 1, min: 0, bounds: cut } }",
            "{ normal: { mean: 5, stddev: 1, min: 99 } }",
            "{ lognormal: { median: 40, sigma: 1 } }",
            "{ lognormal: { median: 40, p99: 30 } }",
            "{ lognormal: { mu: 1, sigma: -1 } }",
            "{ exponential: { mean: 1, rate: 1 } }",
            "{ exponential: { rate: 0 } }",
            "{ pareto: { scale: 1, shape: -1 } }",
            "{ pareto: { scale: 1, shape: 0.01 } }",
            "{ poisson: { mean: 1e10 } }",
            "{ poisson: { mean: 0 } }",
            "{ type: float64, poisson: { mean: 1, min: 1.2, max: 1.7 } }",
            "{ zipf: { exponent: 1.1 } }",
            "{ zipf: { exponent: 1.1, min: 3, max: 2 } }",
            "{ zipf: { exponent: 0, max: 2 } }",
            "{ zipf: { exponent: 1, max: 1e15 } }",
            "{ zipf: { exponent: 1, max: 100_000_000_000_000_000 } }",
            "{ histogram: { edges: [1, 2, 2], weights: [1, 1] } }",
            "{ histogram: { edges: [1, 2], weights: [1, 1] } }",
            "{ histogram: { edges: [], weights: [] } }",
            "{ histogram: { edges: [1, 2, 3], weights: [0, 0] } }",
            "{ bool: 1.5 }",
            "{ bool: { false: 0.5 } }",
            "{ bool: half }",
        ]
        .map(column)
    ));
}

#[test]
fn types_that_cannot_honour_a_distribution_are_named() {
    insta::assert_snapshot!(together(
        &[
            "{ type: utf8, normal: { mean: 5, stddev: 1 } }",
            "{ type: date, poisson: { mean: 5 } }",
            "{ type: boolean, histogram: { edges: [1, 2], weights: [1] } }",
            "{ type: int32, bool: 0.5 }",
            "{ type: int8, normal: { mean: 100, stddev: 10 } }",
            "{ type: uint8, normal: { mean: 5, stddev: 1 } }",
            "{ type: int8, normal: { mean: 0, stddev: 1, max: 200 } }",
            "{ type: int8, normal: { mean: 0, stddev: 1, min: 0.5 } }",
            r#"{ type: "decimal(5,2)", lognormal: { median: 40, p99: 900 } }"#,
            r#"{ type: "decimal(5,2)", pareto: { scale: 1, shape: 1, max: 99.999 } }"#,
            r#"{ type: "timestamp(us)", normal: { mean: 5, stddev: 1d } }"#,
            r#"{ type: "timestamp(us)", normal: { mean: 2025-01-01, stddev: 30 } }"#,
            r#"{ type: "time(us)", normal: { mean: "12:00", stddev: 4h } }"#,
            "{ type: date, normal: { mean: 2025-01-01, stddev: 1000000000d } }",
            "{ type: float32, exponential: { mean: 1e38 } }",
        ]
        .map(column)
    ));
}

#[test]
fn numbers_outside_what_is_possible_are_refused() {
    insta::assert_snapshot!(together(&[
        option("17", 0, 16),
        option("2.5", 0, 16),
        option("normal: { mean: 3, stddev: 1 }", 0, 16),
        option("normal: { mean: 3, stddev: 1, min: 0 }", 0, 16),
        option("uniform: { min: 0, max: 7 }", 1, 16),
        option("uniform: { min: 7, max: 1 }", 1, 16),
        option("choice: { 1: 5, 20: 1 }", 0, 16),
        option("choice: { one: 5 }", 0, 16),
        option("choice: []", 0, 16),
        option("choice: [1, 2]", 0, 16),
        option("poisson: { mean: 3 }", 1, u64::MAX),
        option("zipf: { exponent: 1 }", 0, u64::MAX),
        option("zipfian: { exponent: 1 }", 0, 16),
        option("many", 0, 16),
        option("[1, 2]", 0, 16),
        option("pareto: { scale: 1, shape: 0.01, max: 9 }", 0, 16),
    ]));
}
