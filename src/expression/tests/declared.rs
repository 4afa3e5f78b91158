//! Declared types, and inputs that are dictionaries.

use super::fixture::{ROWS, arrays, compiled};
use crate::expression::{Binding, Expression, compile};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Int32Type};
use arrow::util::display::array_value_to_string;
use std::sync::Arc;

fn parsed(data_type: &str) -> DataType {
    data_type
        .parse()
        .unwrap_or_else(|error| panic!("{data_type}: {error}"))
}

fn declared(sql: &str, target: &str) -> Vec<String> {
    let expression = compiled(sql).and_then(|expression| expression.cast_to(&parsed(target)));
    let expression = expression.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert_eq!(expression.data_type(), &parsed(target));
    let array = expression
        .evaluate(&arrays(), ROWS)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert_eq!(array.data_type(), &parsed(target), "{sql}");
    (0..ROWS)
        .map(|row| match array.is_null(row) {
            true => "∅".to_owned(),
            false => array_value_to_string(&array, row).expect("a value"),
        })
        .collect()
}

const DECLARED: &[(&str, &str, &str)] = &[
    ("n", "Int8", "1 2 3 4 5 6"),
    ("n", "UInt8", "1 2 3 4 5 6"),
    ("n", "UInt16", "1 2 3 4 5 6"),
    ("n", "UInt32", "1 2 3 4 5 6"),
    ("n", "UInt64", "1 2 3 4 5 6"),
    (
        "n / n * 18446744073709551615",
        "UInt64",
        "18446744073709551615",
    ),
    ("k", "Int16", "2 -3 7 1 32767 4"),
    ("round(d)", "Int32", "100 -1 12 ∅ 0 100000"),
    (
        "d * p",
        "Decimal64(18, 6)",
        "150.000000 -0.480000 ∅ ∅ 0.000100 1000.000000",
    ),
    (
        "d * p",
        "Decimal128(38, 4)",
        "150.0000 -0.4800 ∅ ∅ 0.0001 1000.0000",
    ),
    ("p", "Decimal32(5, 1)", "1.5 1.0 ∅ 2.4 100.0 0.0"),
    (
        "i / 2.0",
        "Decimal64(18, 1)",
        "3.5 -3.5 0.0 ∅ 1073741823.5 6.0",
    ),
    ("n / 4.0", "Float64", "0.25 0.5 0.75 1.0 1.25 1.5"),
    ("n / 4.0", "Float32", "0.25 0.5 0.75 1.0 1.25 1.5"),
    ("n", "Float16", "1 2 3 4 5 6"),
    ("n % 2 = 0", "Boolean", "false true false true false true"),
    ("u", "LargeUtf8", "lo  ół x , pad"),
    ("u", "Utf8View", "lo  ół x , pad"),
    ("date '2024-02-29'", "Date64", "2024-02-29T00:00:00"),
    (
        "t",
        "Date32",
        "2024-02-29 1999-12-31 2000-01-01 ∅ 2026-07-05 2024-12-30",
    ),
    (
        "date '2024-02-29' - timestamp '2024-02-28 12:00'",
        "Duration(ms)",
        "PT43200S",
    ),
    ("null", "Int32", "∅"),
    ("null", "Utf8", "∅"),
    ("'7'", "Int16", "7"),
    ("'2024-01-31'", "Date32", "2024-01-31"),
    ("5", "Decimal64(4, 2)", "5.00"),
];

#[test]
fn every_declared_type_is_made() {
    for (sql, target, expected) in DECLARED {
        let mut rows = declared(sql, target);
        // Six equal rows are written once.
        if rows.iter().all(|row| *row == rows[0]) {
            rows.truncate(1);
        }
        assert_eq!(rows.join(" "), *expected, "{sql} as {target}");
    }
}

#[test]
fn timestamps_are_declared_with_their_zone() {
    let berlin = "Timestamp(ms, \"Europe/Berlin\")";
    let rows = declared("cast(t as timestamp(3))", berlin);
    assert_eq!(rows[0], "2024-02-29T13:45:59.123+01:00");
    let rows = declared("date_trunc('second', t)", berlin);
    assert_eq!(rows[0], "2024-02-29T13:45:59+01:00");
    let rows = declared("cast(z as timestamp(0))", "Timestamp(s)");
    assert_eq!(rows[0], "2024-03-31T00:30:00");
    assert_eq!(rows[1], "2024-10-27T01:00:00");
    assert_eq!(
        declared("e", "Timestamp(µs, \"Asia/Tokyo\")")[1],
        "1970-01-01T00:00:00+09:00"
    );
}

#[test]
fn zones_of_a_fixed_offset_count_east() {
    let local = compiled("(z at time zone '+02:00')::text").expect("compiles");
    let local = local.evaluate(&arrays(), ROWS).expect("evaluates");
    assert_eq!(local.as_string::<i32>().value(0), "2024-03-31 02:30:00");
}

/// Compiles over one dictionary column `c`.
fn over_codes(sql: &str) -> Expression {
    let encoded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut resolve = |_: &str| {
        Ok(Binding {
            index: 0,
            data_type: encoded.clone(),
            nullable: true,
            range: None,
            longest: None,
        })
    };
    compile(sql, &mut resolve).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn codes(values: &[&str], keys: &[Option<i32>]) -> ArrayRef {
    let values = Arc::new(StringArray::from(values.to_vec()));
    Arc::new(DictionaryArray::<Int32Type>::new(
        Int32Array::from(keys.to_vec()),
        values,
    ))
}

fn row_texts(array: &ArrayRef) -> Vec<String> {
    let text = |row| match array
        .logical_nulls()
        .is_some_and(|nulls| nulls.is_null(row))
    {
        true => "∅".to_owned(),
        false => array_value_to_string(array, row).unwrap_or_else(|error| error.to_string()),
    };
    (0..array.len()).map(text).collect()
}

#[test]
fn a_function_of_a_dictionary_is_that_of_its_texts() {
    let array = codes(&["BTC", "ETH"], &[Some(0), None, Some(1), Some(0)]);
    for (sql, expected) in [
        (
            "concat('EXT-', lower(c))",
            ["EXT-btc", "EXT-", "EXT-eth", "EXT-btc"],
        ),
        ("c || '!'", ["BTC!", "∅", "ETH!", "BTC!"]),
        ("coalesce(c, 'none')", ["BTC", "none", "ETH", "BTC"]),
        ("c", ["BTC", "∅", "ETH", "BTC"]),
    ] {
        let expression = over_codes(sql);
        let plain = expression
            .evaluate(std::slice::from_ref(&array), 4)
            .expect(sql);
        assert_eq!(row_texts(&plain), expected, "{sql}");
    }
}

#[test]
fn a_dictionary_value_that_fails_counts_only_where_a_row_has_it() {
    let expression = over_codes("c::int + 1");
    let used = codes(&["1", "x", "3"], &[Some(0), Some(2), None]);
    let sums = expression
        .evaluate(std::slice::from_ref(&used), 3)
        .expect("no row has x");
    assert_eq!(row_texts(&sums), ["2", "4", "∅"]);
    let failing = codes(&["1", "x", "3"], &[Some(0), Some(2), Some(1)]);
    let error = expression.evaluate(&[failing], 3).expect_err("row 2 has x");
    assert_eq!(
        error.to_string(),
        "row 2 of the batch: `x` is not a valid int32 in `c::int`"
    );
}

#[test]
fn dictionaries_of_any_size_and_without_values() {
    let expression = over_codes("length(c)");
    let many: Vec<String> = (0..5000).map(|number| "x".repeat(number % 7)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for _ in 0..3 {
        let array = codes(&many, &[Some(6), Some(4999), None]);
        let lengths = expression.evaluate(&[array], 3).expect("evaluates");
        assert_eq!(row_texts(&lengths), ["6", "1", "∅"]);
    }
    let array = codes(&[], &[None, None]);
    let lengths = expression.evaluate(&[array], 2).expect("evaluates");
    assert_eq!(row_texts(&lengths), ["∅", "∅"]);
}

#[test]
fn a_wrong_input_is_an_error() {
    let expression = compiled("i + 1").expect("compiles");
    let wrong: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let error = expression
        .evaluate(&[wrong.clone(), wrong], 1)
        .expect_err("text for an integer");
    assert_eq!(
        error.message,
        "an input is text, which its type did not say"
    );
    let error = expression.evaluate(&[], 1).expect_err("nothing");
    assert_eq!(error.message, "input 1 is missing");
}
