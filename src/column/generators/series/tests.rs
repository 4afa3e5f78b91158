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
fn numbers_of_any_digits_are_held() {
    let tables = one(
        3,
        r#"day: { type: date, sequence: { start: 2026-01-01 } }
far: { type: "decimal(38,2)", expr: "row * -1e20::decimal(38,2)" }
cents: { type: "decimal(38,2)", series: { time: day, base: 1e18, trend: { change: 1e18, every: 1d, from: 2026-01-01 } } }
below: { type: "decimal(38,2)", series: { time: day, base: far } }
whole: { type: uint64, series: { time: day, base: 1e19, trend: { change: 4e18, every: 1d, from: 2026-01-01 } } }
capped: { type: "decimal(38,2)", series: { time: day, base: 1e36, max: 9007199254740993.01 } }
full: { type: "decimal(38,2)", series: { time: day, base: 1e37, min: 0, max: 999999999999999999999999999999999999.99 } }
half: { type: "decimal(38,2)", series: { time: day, base: -1e36, min: -9007199254740993.01, max: 5 } }"#,
    );
    let shown = |name: &str| tables.texts("t", name).join(" ");
    assert_eq!(
        shown("cents"),
        "1000000000000000000.00 2000000000000000000.00 3000000000000000000.00"
    );
    assert_eq!(
        shown("below"),
        "0.00 -100000000000000000000.00 -200000000000000000000.00"
    );
    assert_eq!(
        shown("whole"),
        "10000000000000000000 14000000000000000000 18000000000000000000"
    );
    assert_eq!(shown("capped"), ["9007199254740993.01"; 3].join(" "));
    let full = "999999999999999999999999999999999999.99";
    assert_eq!(shown("full"), [full; 3].join(" "));
    assert_eq!(shown("half"), ["-9007199254740993.01"; 3].join(" "));
    let names = ["cents", "below", "whole", "capped", "full", "half"];
    check_any_split(&tables, "t", &names);
}

#[test]
fn what_no_whole_number_is_names_its_row() {
    let failed = |columns: &str| {
        let base = "base: { expr: \"case when row = 2 then 'NaN'::float8 else 1.5 end\" }";
        let day = "day: { type: date, sequence: { start: 2026-01-01 } }";
        one(4, &format!("{day}\n{base}\nx: {{ {columns} }}")).failure("t", "x")
    };
    insta::assert_snapshot!(
        [
            "type: int32, series: { time: day, base: base }",
            "type: \"decimal(10,2)\", series: { time: day, base: base, min: 0, max: 50 }",
            "type: \"decimal(38,2)\", series: { time: day, base: 1.1e36 }",
            "type: uint64, series: { time: day, base: 1e19, trend: { change: 9e18, every: 1d, from: 2026-01-01 } }",
        ]
        .map(failed)
        .join("\n\n")
    );
    let null = "day: { type: date, sequence: { start: 2026-01-01 } }\nlevel: { expr: \"case when row = 1 then 'NaN'::float8 else 1.5 end\" }\nbase: { expr: \"nullif(level, 'NaN')\" }\nx: { type: int32, series: { time: day, base: base } }\nf: { series: { time: day, base: level } }";
    let tables = one(3, null);
    assert_eq!(tables.texts("t", "x").join(" "), "2 null 2");
    assert_eq!(tables.texts("t", "f").join(" "), "1.5 NaN 1.5");
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
        "type: \"decimal(38,2)\", series: { time: at, base: 1, min: 9007199254740993.02, max: 9007199254740993.01 }",
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
