//! Tests of `walk`.

use crate::column::before::tests::{SHORT, WHOLE, check_any_rows, with};
use crate::column::generators::normal::below;
use crate::column::testing::{one, problem};
use crate::column::tests::fixture::kolmogorov_smirnov;

const COLUMNS: &str = "    free: { walk: { start: 20.5, step: { normal: { mean: 0, stddev: 0.5 } }WITHIN } }
    price: { type: \"decimal(10,2)\", walk: { start: 100, step: { uniform: { min: -1.50, max: 1.55 } }, min: 90, max: 110WITHIN } }
    level: { type: uint8, walk: { start: 3, step: { choice: { -1: 1, 0: 2, 1: 1 } }, max: 7WITHIN } }
    heat: { type: float32, walk: { start: 0.1, step: { normal: { mean: 0, stddev: 2 } }, min: -5, max: 5WITHIN } }
    climb: { type: int64, walk: { start: 10, step: 3WITHIN } }
";
const NAMES: &[&str] = &["free", "price", "level", "heat", "climb"];

#[test]
fn groups_and_whole_tables_are_the_same_in_any_rows() {
    check_any_rows(COLUMNS, NAMES);
}

#[test]
fn groups_begin_at_the_start_and_stay_between_the_ends() {
    let tables = with(
        SHORT,
        &format!("{COLUMNS}    place: {{ nth: account_id }}\n"),
    );
    let places = tables.integers("moves", "place");
    let starts = [
        ("free", "20.5"),
        ("price", "100.00"),
        ("level", "3"),
        ("heat", "0.1"),
    ];
    for (name, start) in starts {
        let values = tables.texts("moves", name);
        for (place, value) in places.iter().zip(&values) {
            assert!(*place > 1 || value == start, "{name}: {value}");
        }
        assert!(values.iter().any(|value| value != start));
    }
    let climb = tables.integers("moves", "climb");
    assert!(
        climb
            .iter()
            .zip(&places)
            .all(|(value, place)| *value == 7 + 3 * place)
    );
    for (name, low, high) in [
        ("price", 90.0, 110.0),
        ("level", 0.0, 7.0),
        ("heat", -5.0, 5.0),
    ] {
        let values = with(WHOLE, COLUMNS).texts("moves", name);
        let values: Vec<f64> = values.iter().map(|value| value.parse().unwrap()).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!((least, most), (low, high), "{name}");
    }
}

#[test]
fn steps_follow_their_distribution_and_are_independent() {
    let columns = "x: { walk: { start: 0, step: { normal: { mean: 0.25, stddev: 2 } } } }";
    let values = one(200_000, columns).texts("t", "x");
    let values: Vec<f64> = values.iter().map(|value| value.parse().unwrap()).collect();
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let distance = kolmogorov_smirnov(&steps, |step| below((step - 0.25) / 2.0));
    assert!(distance < 2.226, "{distance}");
    let pairs = steps
        .windows(2)
        .map(|pair| (pair[0] - 0.25) * (pair[1] - 0.25));
    let correlation = pairs.sum::<f64>() / (4.0 * steps.len() as f64);
    assert!(correlation.abs() < 4.0 / 447.0, "{correlation}");
    // After n steps the variance is n times that of one: of 2000 distances over 100 steps each.
    let far: Vec<f64> = values.chunks(100).map(|some| some[0]).collect();
    let far: Vec<f64> = far.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let distance = kolmogorov_smirnov(&far, |step| below((step - 25.0) / 20.0));
    assert!(distance < 2.226, "{distance}");
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "walk: { step: 1 }",
        "walk: { start: 1 }",
        "walk: { start: 1, step: 1, min: 2 }",
        "walk: { start: 5, step: 1, max: 4 }",
        "walk: { start: 5, step: 1, min: 9, max: 1 }",
        "walk: { start: 5, step: { pareto: { scale: 1, shape: 0.1 } } }",
        "walk: { start: 5, step: 0.5 }, type: int32",
        "walk: { start: 300, step: 1 }, type: uint8",
        "walk: { start: 5, step: 1 }, type: date",
        "walk: { start: 5, step: 1, within: x }",
        "walk: { start: far, step: 1 }",
        "type: \"decimal(38,2)\", walk: { start: 100000000000000000000, step: 1 }",
        "type: uint64, walk: { start: 10000000000000000000, step: 1 }",
        "type: \"decimal(38,2)\", walk: { start: 0, step: 1, max: 1e30 }",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!(
            "t:\n  rows: 9\n  columns:\n    x: {{ {column} }}\n"
        ))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn the_greatest_numbers_are_exact() {
    let columns = "a: { type: int64, walk: { start: 9007199254740993, step: 2 } }
b: { type: \"decimal(18,2)\", walk: { start: 9007199254740993.01, step: 0.01, max: 9007199254740993.03 } }
";
    let tables = one(4, columns);
    let expected = [993, 995, 997, 999].map(|end| 9_007_199_254_740_000 + end);
    assert_eq!(tables.integers("t", "a"), expected);
    let expected = ["01", "02", "03", "03"].map(|end| format!("9007199254740993.{end}"));
    assert_eq!(tables.texts("t", "b"), expected);
}
