//! Tests that columns follow their distributions, at fixed seeds. Every bound is passed by one in
//! 10 000 right implementations: 2.226 for Kolmogorov–Smirnov, 3.72 for chi-square (`fixture.rs`).

use super::fixture::{self, chi_square, kolmogorov_smirnov, node};
use crate::column::generators::normal::below;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::{CountSampler, Distribution};
use crate::place::decode;

const ROWS: usize = 200_000;

fn floats(text: &str) -> Vec<f64> {
    fixture::floats(text, ROWS)
}

/// Within the bound of Kolmogorov and Smirnov.
fn follows(text: &str, distribution: impl Fn(f64) -> f64) {
    let distance = kolmogorov_smirnov(&floats(text), distribution);
    assert!(distance < 2.226, "{text}: {distance}");
}

/// Within the bound of chi-square; `shares` are those of `first`, `first + 1`, …
fn counts_follow(text: &str, first: i64, shares: &[f64]) {
    let mut counts = vec![0; shares.len()];
    for value in floats(text) {
        counts[(value as i64 - first) as usize] += 1;
    }
    let statistic = chi_square(&counts, shares);
    assert!(statistic < 3.72, "{text}: {statistic}");
}

fn counts(text: &str, least: u64, most: u64) -> CountSampler {
    let node = node(text);
    let distribution: Distribution = decode(&node).unwrap();
    distribution.counts(&node.place, least, most).unwrap()
}

/// A distribution function, given that the value lies between two others.
fn between(low: f64, high: f64, below: impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    move |x| (below(x) - below(low)) / (below(high) - below(low))
}

#[test]
fn normal() {
    let standard = |x: f64| below((x - 170.0) / 9.0);
    follows("normal: { mean: 170, stddev: 9 }", standard);
    let text = "normal: { mean: 170, stddev: 9, min: 160, max: 175 }";
    follows(text, between(160.0, 175.0, standard));
    let text = "normal: { mean: 170, stddev: 9, max: 165, bounds: truncate }";
    follows(text, between(0.0, 165.0, standard));
}

#[test]
fn normal_far_from_its_mean() {
    // Eight standard deviations out, the exact law is known through the complement alone.
    let more = |x: f64| below(-x);
    let given = |x: f64| 1.0 - more(x) / more(8.0);
    follows("normal: { mean: 0, stddev: 1, min: 8 }", given);
    let below_minus_8 = |x: f64| below(x) / below(-8.0);
    follows("normal: { mean: 0, stddev: 1, max: -8 }", below_minus_8);
}

#[test]
fn normal_in_whole_numbers_decimals_and_times() {
    let share = |low: f64, high: f64| below((high - 5.2) / 2.0) - below((low - 5.2) / 2.0);
    let middle = share(1.5, 9.5);
    let shares: Vec<f64> = (2..=9)
        .map(|n| share(f64::from(n) - 0.5, f64::from(n) + 0.5) / middle)
        .collect();
    let text = "{ type: int8, normal: { mean: 5.2, stddev: 2, min: 2, max: 9 } }";
    counts_follow(text, 2, &shares);
    let text = r#"{ type: "decimal(12,6)", normal: { mean: 5.2, stddev: 2 } }"#;
    follows(text, |x| below((x - 5.2) / 2.0));
    let text = r#"{ type: "timestamp(ns)", normal: { mean: 2025-06-01, stddev: 6h } }"#;
    let mean = 1_748_736_000e9;
    follows(text, |x| below((x - mean) / (6.0 * 3600e9)));
}

#[test]
fn clamping_moves_what_is_outside_to_the_ends() {
    let values = floats("normal: { mean: 0, stddev: 1, min: -1, max: 2, bounds: clamp }");
    let at = |end: f64| values.iter().filter(|value| **value == end).count() as u64;
    let counts = [at(-1.0), values.len() as u64 - at(-1.0) - at(2.0), at(2.0)];
    let shares = [below(-1.0), below(2.0) - below(-1.0), below(-2.0)];
    assert!(chi_square(&counts, &shares) < 3.72, "{counts:?}");
}

#[test]
fn lognormal() {
    let sigma = libm::log(900.0 / 40.0) / 2.326_347_874_040_841;
    let sampler = |x: f64| below((libm::log(x) - libm::log(40.0)) / sigma);
    assert!((sampler(40.0) - 0.5).abs() < 1e-12 && (sampler(900.0) - 0.99).abs() < 1e-12);
    follows("lognormal: { median: 40, p99: 900 }", sampler);
    let text = r#"{ type: "decimal(10,2)", lognormal: { median: 40, p99: 900, min: 1, max: 5000, bounds: truncate } }"#;
    follows(text, between(0.995, 5000.005, sampler));
    let text = "lognormal: { mu: 0, sigma: 0.5, min: 20 }";
    let more = |x: f64| below(-libm::log(x) / 0.5);
    follows(text, |x| 1.0 - more(x) / more(20.0));
}

#[test]
fn exponential() {
    let sampler = |x: f64| 1.0 - libm::exp(-x / 12.5);
    follows("exponential: { mean: 12.5 }", sampler);
    follows("exponential: { rate: 0.08 }", sampler);
    let text = "exponential: { mean: 12.5, min: 5, max: 30 }";
    follows(text, between(5.0, 30.0, sampler));
    // Without memory: beyond 10 000 it begins anew.
    let text = "exponential: { mean: 12.5, min: 8000 }";
    follows(text, |x| sampler(x - 8000.0));
}

#[test]
fn pareto() {
    let sampler = |x: f64| 1.0 - libm::pow(2.0 / x, 1.16);
    follows("pareto: { scale: 2, shape: 1.16 }", sampler);
    let text = "pareto: { scale: 2, shape: 1.16, min: 10, max: 1000 }";
    follows(text, between(10.0, 1000.0, sampler));
    let text = "pareto: { scale: 2, shape: 1.16, min: 1e9 }";
    follows(text, |x| 1.0 - libm::pow(1e9 / x, 1.16));
}

fn poisson_shares(mean: f64, first: u32, last: u32) -> Vec<f64> {
    let weight = |k: u32| {
        let k = f64::from(k);
        libm::exp(k * libm::log(mean) - mean - libm::lgamma(k + 1.0))
    };
    let weights: Vec<f64> = (first..=last).map(weight).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

#[test]
fn poisson() {
    counts_follow("poisson: { mean: 3.5 }", 0, &poisson_shares(3.5, 0, 40));
    let text = "{ type: uint8, poisson: { mean: 3.5, min: 2, max: 6 } }";
    counts_follow(text, 2, &poisson_shares(3.5, 2, 6));
    let text = "poisson: { mean: 40_000 }";
    counts_follow(text, 38_000, &poisson_shares(40_000.0, 38_000, 42_000));
    // Far from the mean the neighbours' ratio is all that counts.
    let text = "poisson: { mean: 3.5, min: 60, max: 80 }";
    counts_follow(text, 60, &poisson_shares(3.5, 60, 80));
}

#[test]
fn zipf_of_few_numbers() {
    let total: f64 = (1..=500).map(|rank| libm::pow(f64::from(rank), -0.8)).sum();
    let shares: Vec<f64> = (1..=500)
        .map(|rank| libm::pow(f64::from(rank), -0.8) / total)
        .collect();
    counts_follow("zipf: { exponent: 0.8, min: 10, max: 509 }", 10, &shares);
}

/// Ten million draws; cells are the ranks to 2048 and then ever wider ranges of them.
fn zipf_of(exponent: f64, count: u64) -> f64 {
    let sampler = counts(&format!("zipf: {{ exponent: {exponent} }}"), 0, count - 1);
    let mut ends: Vec<u64> = (1..=2048).collect();
    while ends.last() < Some(&count) {
        let last = ends[ends.len() - 1];
        ends.push((last + last / 8).min(count));
    }
    let weights = weights_up_to(exponent, &ends);
    let total: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
    let mut found = vec![0; ends.len()];
    let key = Key::new("zipf");
    let mut ranks = vec![0; 10_000];
    for first in (0..10_000_000).step_by(10_000) {
        sampler.fill(
            &key.fill(Rows::Range {
                first,
                count: 10_000,
            }),
            &mut ranks,
        );
        for rank in &ranks {
            found[ends.partition_point(|end| *end < rank + 1)] += 1;
        }
    }
    chi_square(&found, &shares)
}

/// The weights of the ranks above each end's predecessor, up to it: sums up to 10 million ranks,
/// beyond them the sum of Euler and Maclaurin.
fn weights_up_to(exponent: f64, ends: &[u64]) -> Vec<f64> {
    let power = |x: f64| libm::pow(x, -exponent);
    let integral = |low: f64, high: f64| match exponent {
        1.0 => libm::log(high / low),
        _ => (high * power(high) - low * power(low)) / (1.0 - exponent),
    };
    let mut last = 0;
    let mut weight = |end: &u64| {
        let (low, high) = (last as f64, *end as f64);
        let sum = match *end {
            ..=10_000_000 => (last + 1..=*end).map(|rank| power(rank as f64)).sum(),
            _ => integral(low, high) + (power(high) - power(low)) / 2.0,
        };
        last = *end;
        sum
    };
    ends.iter().map(&mut weight).collect()
}

#[test]
fn zipf_of_a_milliard_numbers() {
    for exponent in [0.5, 1.0, 1.1, 2.5] {
        let statistic = zipf_of(exponent, 1_000_000_000);
        assert!(statistic < 3.72, "{exponent}: {statistic}");
    }
}

#[test]
fn zipf_of_some_thousand_numbers() {
    for exponent in [0.7, 1.0, 1.3] {
        let statistic = zipf_of(exponent, 5000);
        assert!(statistic < 3.72, "{exponent}: {statistic}");
    }
}

#[test]
fn histogram() {
    let text = "histogram: { edges: [18, 25, 40, 65], weights: [2, 5, 3] }";
    let share = |age: i32| match age {
        18..25 => 0.2 / 7.0,
        25..40 => 0.5 / 15.0,
        _ => 0.3 / 26.0,
    };
    let shares: Vec<f64> = (18..=65).map(share).collect();
    counts_follow(text, 18, &shares);
    let sampler = |x: f64| match x {
        ..0.5 => x / 0.5 * 0.25,
        _ => 0.25 + (x - 0.5) / 2.0 * 0.75,
    };
    follows(
        "histogram: { edges: [0, 0.5, 2.5], weights: [1, 3] }",
        sampler,
    );
}

#[test]
fn bool() {
    for (text, truth) in [
        ("bool", 0.5),
        ("bool: 0.3", 0.3),
        ("bool: { true: 0.001 }", 0.001),
    ] {
        let values = floats(text);
        let found = values.iter().sum::<f64>() as u64;
        let counts = [found, values.len() as u64 - found];
        assert!(
            chi_square(&counts, &[truth, 1.0 - truth]) < 3.72,
            "{text}: {found}"
        );
    }
    assert!(floats("bool: 1").iter().all(|value| *value == 1.0));
    assert!(floats("bool: 0").iter().all(|value| *value == 0.0));
}

#[test]
fn means_are_those_of_the_numbers() {
    for (text, mean) in [
        ("3", 3.0),
        ("uniform: { min: 1, max: 6 }", 3.5),
        ("choice: { 1: 3, 5: 1 }", 2.0),
        ("poisson: { mean: 3.5 }", 3.5),
        ("normal: { mean: 50, stddev: 4 }", 50.0),
        ("exponential: { mean: 100 }", 100.0),
        ("histogram: { edges: [0, 9, 19], weights: [1, 1] }", 9.0),
        ("zipf: { exponent: 2, min: 1, max: 2 }", 1.2),
        // (n^1.5 - 1) / 1.5 over (n^0.5 - 1) / 0.5, and the rest of Euler and Maclaurin's sums.
        ("zipf: { exponent: 0.5, min: 1, max: 1_000_000 }", 333_577.0),
    ] {
        let found = counts(text, 0, u64::MAX).mean();
        assert!((found - mean).abs() < mean * 1e-3, "{text}: {found}");
    }
}

/// Run with `ROWGEN_SIMD=baseline` and `avx2` too: the bits are the same at every level.
#[test]
fn values_are_frozen() {
    let hash = |text: &str| {
        let bits = fixture::floats(text, 3000).into_iter().map(f64::to_bits);
        bits.fold(0_u64, |hash, bits| {
            (hash.rotate_left(5) ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    };
    let texts = [
        "normal: { mean: 0, stddev: 1 }",
        "lognormal: { mu: 0, sigma: 1 }",
        "exponential: { mean: 1 }",
        "pareto: { scale: 1, shape: 1.16 }",
        "poisson: { mean: 3.5 }",
        "zipf: { exponent: 1.1, max: 1_000_000_000 }",
        "zipf: { exponent: 1, max: 1_000_000_000 }",
        "histogram: { edges: [0, 0.5, 2.5], weights: [1, 3] }",
        "bool: 0.3",
    ];
    insta::assert_debug_snapshot!(texts.map(|text| (text, hash(text))));
}
