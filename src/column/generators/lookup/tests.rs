//! Tests of `lookup`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::column::reference_data::Reference;
use crate::column::testing::{Tables, check_any_split, tables_with};

fn reference(name: &str, columns: Vec<(&str, ArrayRef)>) -> Reference {
    Reference {
        name: name.into(),
        path: format!("data/{name}.json"),
        rows: RecordBatch::try_from_iter(columns).unwrap(),
    }
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// 2026-01-15T00:00:00Z is 1768435200; rates change at 00:00:10 and 00:00:20.
fn rates() -> Vec<Reference> {
    let from = ["USD", "EUR", "USD", "EUR", "USD", "BTC", "USD"];
    let to = ["USDT", "USDT", "USDT", "USDT", "USDT", "USDT", "EUR"];
    let rate = vec![1.5, 1.2, 1.25, 1.3, 1.75, 100.0, 9.0];
    let time = [
        0,
        0,
        1_768_435_220,
        1_768_435_210,
        1_768_435_210,
        1_768_435_212,
        0,
    ];
    let rates = vec![
        ("currency_from", texts(&from)),
        ("currency_to", texts(&to)),
        ("rate", Arc::new(Float64Array::from(rate)) as ArrayRef),
        ("effective_from", integers(&time)),
        ("id", integers(&[1, 2, 3, 4, 5, 6, 7])),
    ];
    let levels = vec![
        ("level", integers(&[1, 2, 4])),
        ("name", texts(&["low", "middle", "high"])),
    ];
    vec![reference("rates", rates), reference("levels", levels)]
}

const COLUMNS: &str = r#"code: { choice: [USD, EUR, BTC, JPY] }
usdt: { constant: USDT, hidden: true }
at: { type: "timestamp(us, UTC)", sequence: { start: 2026-01-15T00:00:00Z, step: 500_000 } }
row_rate: { lookup: { from: rates, match: { currency_from: code, currency_to: usdt }, as_of: { effective_from: at } }, hidden: true }
rate: { copy: row_rate.rate }
id: { copy: row_rate.id }
known: { type: "decimal(18,6)", lookup: { from: rates, match: { currency_from: code, currency_to: usdt }, as_of: { effective_from: at }, field: rate, default: 1 } }
level: { uniform: { min: 1, max: 5 } }
name: { lookup: { from: levels, match: { level: level }, field: name } }
near: { lookup: { from: levels, as_of: { level: level }, field: name } }
"#;

fn table(rows: u64) -> Tables {
    let yaml = format!(
        "t:\n  rows: {rows}\n  columns:\n    {}\n",
        COLUMNS.replace('\n', "\n    ")
    );
    tables_with(&yaml, rates()).unwrap()
}

#[test]
fn the_rate_in_force_is_found() {
    let tables = table(60);
    let codes = tables.texts("t", "code");
    for (row, code) in codes.iter().enumerate() {
        let second = row / 2;
        let expected = match (code.as_str(), second) {
            ("USD", 0..10) => "1.5",
            ("USD", 10..20) => "1.75",
            ("USD", _) => "1.25",
            ("EUR", 0..10) => "1.2",
            ("EUR", _) => "1.3",
            ("BTC", 12..) => "100.0",
            _ => "null",
        };
        assert_eq!(tables.texts("t", "rate")[row], expected, "{row} {code}");
        let filled = match expected {
            "null" => 1.0,
            rate => rate.parse().unwrap(),
        };
        assert_eq!(tables.texts("t", "known")[row], format!("{filled:.6}"));
    }
}

#[test]
fn numbers_match_and_their_gaps_are_null() {
    let tables = table(100);
    let levels = tables.integers("t", "level");
    let names = tables.texts("t", "name");
    let near = tables.texts("t", "near");
    for ((level, name), near) in levels.iter().zip(names).zip(near) {
        let (exact, latest) = match level {
            1 => ("low", "low"),
            2 => ("middle", "middle"),
            3 => ("null", "middle"),
            4 => ("high", "high"),
            _ => ("null", "high"),
        };
        assert_eq!((name.as_str(), near.as_str()), (exact, latest), "{level}");
    }
}

#[test]
fn values_are_a_function_of_the_row() {
    check_any_split(&table(200), "t", &["rate", "id", "known", "name", "near"]);
}

#[test]
fn nulls_are_ruled_out_when_every_value_is_found() {
    let tables = table(60);
    let nulls = |column: &str| tables.domain("t", column).nulls;
    assert!(nulls("rate"));
    assert!(!nulls("known"));
    assert!(nulls("name"));
    assert!(!nulls("near"));
    let yaml = "t:\n  rows: 9\n  columns:\n    code: { choice: [USD, EUR] }\n    to: { constant: USDT }\n    at: { type: \"timestamp(us, UTC)\", sequence: { start: 2026-01-15 } }\n    rate: { lookup: { from: rates, match: { currency_from: code, currency_to: to }, as_of: { effective_from: at }, field: rate } }\n";
    assert!(
        !tables_with(yaml, rates())
            .unwrap()
            .domain("t", "rate")
            .nulls
    );
}

#[test]
fn many_rows_are_found_by_hash() {
    let count = 100_000i64;
    let keys: Vec<i64> = (0..count).map(|row| row * 7_919).collect();
    let names: Vec<String> = (0..count).map(|row| format!("n{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wide = reference(
        "wide",
        vec![
            ("key", integers(&keys)),
            ("name", texts(&names)),
            ("row", integers(&(0..count).collect::<Vec<_>>())),
        ],
    );
    let yaml = "t:\n  rows: 1000\n  columns:\n    key: { uniform: { min: 0, max: 791_892_081, step: 7919 } }\n    name: { lookup: { from: wide, match: { key: key }, field: name } }\n    row: { lookup: { from: wide, match: { name: name, key: key }, field: row } }\n";
    let tables = tables_with(yaml, vec![wide]).unwrap();
    let (keys, rows) = (tables.integers("t", "key"), tables.integers("t", "row"));
    for (row, name) in tables.texts("t", "name").iter().enumerate() {
        let expected = keys[row] / 7_919;
        assert_eq!(
            (name.as_str(), rows[row]),
            (format!("n{expected}").as_str(), expected)
        );
    }
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "{ from: rate, match: { currency_from: code }, field: rate }",
        "{ from: rates, match: { currency: code }, field: rate }",
        "{ from: rates, match: { currency_from: cod }, field: rate }",
        "{ from: rates, match: { currency_from: code }, field: rates }",
        "{ from: rates, match: { currency_from: code }, field: rate }",
        "{ from: rates, field: rate }",
        "{ from: rates, match: { rate: half }, field: rate }",
        "{ from: rates, match: { currency_from: code }, as_of: { currency_to: at }, field: rate }",
        "{ from: rates, match: { currency_from: code }, as_of: { effective_from: half }, field: rate }",
        "{ from: rates, match: code, field: rate }",
        "{ from: rates, match: { currency_from: code }, as_of: { id: at, rate: at }, field: rate }",
        "{ from: rates, match: { id: at }, field: currency_to, default: { a: 1 } }",
        "{ from: rates, match: { id: at } }",
    ];
    let shown = mistakes.map(|lookup| {
        let yaml = format!("t:\n  rows: 9\n  columns:\n    code: {{ choice: [USD] }}\n    at: {{ type: date, sequence: {{ start: 2026-01-15 }} }}\n    half: {{ uniform: {{ min: 0.5, max: 1.5 }} }}\n    x: {{ lookup: {lookup} }}\n");
        match tables_with(&yaml, rates()) {
            Ok(_) => "no problem".to_string(),
            Err(problem) => problem.to_string(),
        }
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
