//! Tests of `series`.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use crate::column::generators::normal::below;
use crate::column::testing::{check_any_split, one, problem};
use crate::column::tests::fixture::kolmogorov_smirnov;

const COLUMNS: &str = r#"at: { type: "timestamp(ms, UTC)", event_time: { start: 2026-01-01, rate: 1/min } }
day: { type: date, copy: at }
own: { type: "decimal(6,2)", uniform: { min: 10.00, max: 30.00 }, nulls: 0.1 }
plain: { series: { time: at, base: 20, season: { period: 24h, amplitude: 5, peak: 14h } } }
long: { series: { time: at, base: 20, trend: { change: 7, every: 1d, from: 2026-01-01 }, season: [{ period: 24h, amplitude: 5, peak: 14h }, { period: 7d, amplitude: 2 }], noise: { normal: { mean: 0, stddev: 0.5 } } } }
cents: { type: "decimal(8,2)", series: { time: day, base: own, trend: { change: -1, every: 10d, from: 2026-01-02 }, noise: { uniform: { min: -1, max: 1 } }, min: 0, max: 1000 } }
small: { type: int8, series: { time: at, base: 100, season: { period: 1h, amplitude: 100 }, min: 0, max: 127 } }
"#;

fn floats(rows: u64, column: &str) -> Vec<f64> {
    let values = one(rows, COLUMNS).column("t", column);
    values.as_primitive::<Float64Type>().values().to_vec()
}

#[test]
fn values_are_a_function_of_the_row() {
    check_any_split(
        &one(300, COLUMNS),
        "t",
        &["plain", "long", "cents", "small"],
    );
}

#[test]
fn seasons_are_highest_at_their_peak() {
    let values = floats(2 * 1440, "plain");
    assert_eq!((values[14 * 60], values[2 * 60]), (25.0, 15.0));
    assert!((values[8 * 60] - 20.0).abs() < 1e-12);
    assert_eq!(values[..1440], values[1440..]);
    let small = one(120, COLUMNS).integers("t", "small");
    assert_eq!((small[0], small[30], small[60]), (127, 0, 127));
}

#[test]
fn what_is_added_comes_back() {
    // Eight weeks: least squares by sums of products, which are orthogonal over whole periods.
    let rows = 8 * 7 * 1440;
    let values = floats(rows, "long");
    let at = |row: usize| row as f64 / 1440.0;
    let free: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(row, value)| value - 7.0 * at(row))
        .collect();
    let mean = free.iter().sum::<f64>() / rows as f64;
    assert!(
        (mean - 20.0).abs() < 4.0 * 0.5 / (rows as f64).sqrt(),
        "{mean}"
    );
    let fit = |days: f64, peak: f64| {
        let wave = |row: usize| (std::f64::consts::TAU * (at(row) - peak) / days).cos();
        let product = free
            .iter()
            .enumerate()
            .map(|(row, value)| (value - mean) * wave(row));
        2.0 * product.sum::<f64>() / rows as f64
    };
    let error = 4.0 * 0.5 * (2.0 / rows as f64).sqrt();
    assert!((fit(1.0, 14.0 / 24.0) - 5.0).abs() < error);
    // 2026-01-01 is a Thursday, as 1970-01-01 was: weeks begin with it.
    assert!((fit(7.0, 0.0) - 2.0).abs() < error);
    assert!(fit(1.0, 20.0 / 24.0).abs() < error);
    let rest = |(row, value): (usize, &f64)| {
        let wave = |days: f64, peak: f64| (std::f64::consts::TAU * (at(row) - peak) / days).cos();
        value - 20.0 - 5.0 * wave(1.0, 14.0 / 24.0) - 2.0 * wave(7.0, 0.0)
    };
    let rest: Vec<f64> = free.iter().enumerate().map(rest).collect();
    let distance = kolmogorov_smirnov(&rest, |value| below(value / 0.5));
    assert!(distance < 2.226, "{distance}");
}

#[test]
fn a_base_can_be_a_column_and_null() {
    let tables = one(2000, COLUMNS);
    let (own, cents) = (tables.texts("t", "own"), tables.texts("t", "cents"));
    for (row, (own, cents)) in own.iter().zip(&cents).enumerate() {
        let (Ok(own), Ok(cents)) = (own.parse::<f64>(), cents.parse::<f64>()) else {
            assert_eq!((own.as_str(), cents.as_str()), ("null", "null"));
            continue;
        };
        let trend = -((row / 1440) as f64 - 1.0) / 10.0;
        assert!(
            (cents - own - trend).abs() < 1.006,
            "row {row}: {own} {cents}"
        );
    }
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "series: { base: 1 }",
        "series: { time: at }",
        "series: { time: id, base: 1 }",
        "series: { time: at, base: kind }",
        "series: { time: at, base: bse }",
        "series: { time: at, base: 1, season: { period: 0s, amplitude: 1 } }",
        "series: { time: day, base: 1, season: { period: 12h, amplitude: 1 } }",
        "series: { time: at, base: 1, season: { amplitude: 1 } }",
        "series: { time: at, base: 1, trend: { change: 1, every: 1d } }",
        "series: { time: at, base: 1, noise: { normal: { mean: 0 } } }",
        "series: { time: at, base: 1, min: 3, max: 2 }",
        "series: { time: at, base: 1 }, type: utf8",
        "series: { time: at, base: 1 }, by: id",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!("t:\n  rows: 9\n  columns:\n    id: sequence\n    kind: {{ choice: [a] }}\n    day: {{ type: date, uniform: {{ min: 2026-01-01, max: 2026-01-09 }} }}\n    at: {{ event_time: {{ start: 2026-01-01, rate: 1/s }} }}\n    x: {{ {column} }}\n"))
    });
    let tables = one(
        9,
        "day: { type: date, sequence: { start: 2026-01-01 } }\nx: { type: int8, series: { time: day, base: 126, trend: { change: 1, every: 1d, from: 2026-01-01 } } }",
    );
    insta::assert_snapshot!(format!(
        "{}\n\n{}",
        shown.join("\n\n"),
        tables.failure("t", "x")
    ));
}
