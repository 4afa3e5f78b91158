//! The table that the tests compute with: six rows of every type, with nulls and extremes.

use crate::column::expression::{Expression, ExpressionError, Input, UnknownName, compile};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal64Array, Decimal128Array,
    DictionaryArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int32Type, IntervalMonthDayNano};
use std::sync::Arc;

pub const ROWS: usize = 6;

/// 2024-01-01 00:00:00 in microseconds, minus the days and seconds that a test adds.
fn at(days: i64, seconds: i64, microseconds: i64) -> Option<i64> {
    Some((days * 86_400 + seconds) * 1_000_000 + microseconds)
}

fn timestamps(values: [Option<i64>; ROWS], zone: Option<&str>) -> ArrayRef {
    let array = TimestampMicrosecondArray::from(values.to_vec());
    Arc::new(array.with_timezone_opt(zone))
}

fn decimal(values: [Option<i64>; ROWS], precision: u8, scale: i8) -> ArrayRef {
    let array = Decimal64Array::from(values.to_vec());
    Arc::new(
        array
            .with_precision_and_scale(precision, scale)
            .expect("a decimal type"),
    )
}

fn wide() -> ArrayRef {
    let values = vec![
        Some(123_456_789_012_345_678_901_234_567_890),
        Some(-1),
        Some(50_000_000_000),
        None,
        Some(33_333_333_333),
        Some(-75_000_000_000),
    ];
    let array = Decimal128Array::from(values);
    Arc::new(
        array
            .with_precision_and_scale(38, 10)
            .expect("a decimal type"),
    )
}

fn intervals() -> ArrayRef {
    let interval = IntervalMonthDayNano::new;
    let second = 1_000_000_000;
    Arc::new(IntervalMonthDayNanoArray::from(vec![
        Some(interval(0, 3, 0)),
        Some(interval(1, 0, 7200 * second)),
        Some(interval(0, -1, 5400 * second)),
        None,
        Some(interval(10, 0, second / 4)),
        Some(interval(0, 0, second)),
    ]))
}

/// Every column by its name.
pub fn columns() -> Vec<(&'static str, ArrayRef)> {
    let text =
        |values: [Option<&str>; ROWS]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let codes = [
        Some("BTC"),
        Some("ETH"),
        Some("USDT"),
        None,
        Some("BTC"),
        Some("JPY"),
    ];
    let codes: DictionaryArray<Int32Type> = codes.into_iter().collect();
    let none = None;
    vec![
        ("n", Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5, 6]))),
        (
            "i",
            Arc::new(Int32Array::from(vec![
                Some(7),
                Some(-7),
                Some(0),
                none,
                Some(i32::MAX),
                Some(12),
            ])),
        ),
        (
            "b",
            Arc::new(Int64Array::from(vec![3, -2, 5, 4, i64::MAX, -8])),
        ),
        (
            "k",
            Arc::new(Int16Array::from(vec![2, -3, 7, 1, i16::MAX, 4])),
        ),
        (
            "d",
            decimal(
                [
                    Some(100_000_000),
                    Some(-500_000),
                    Some(12_345_678),
                    None,
                    Some(1),
                    Some(99_999_999_999),
                ],
                18,
                6,
            ),
        ),
        (
            "p",
            decimal(
                [Some(150), Some(96), None, Some(238), Some(9999), Some(1)],
                4,
                2,
            ),
        ),
        ("w", wide()),
        (
            "f",
            Arc::new(Float64Array::from(vec![
                Some(1.5),
                Some(-2.5),
                Some(0.1),
                None,
                Some(1e10),
                Some(3.14159),
            ])),
        ),
        (
            "r",
            Arc::new(Float32Array::from(vec![
                Some(0.1),
                Some(1.5),
                Some(-7.25),
                None,
                Some(3e10),
                Some(2.5),
            ])),
        ),
        (
            "s",
            text([
                Some("Hello"),
                Some(""),
                Some("żółw"),
                None,
                Some("a,b,c"),
                Some(" pad "),
            ]),
        ),
        (
            "u",
            text([
                Some("lo"),
                Some(""),
                Some("ół"),
                Some("x"),
                Some(","),
                Some("pad"),
            ]),
        ),
        ("c", Arc::new(codes)),
        (
            "t",
            timestamps(
                [
                    at(19_782, 49_559, 123_456),
                    at(10_956, 86_399, 0),
                    at(10_957, 0, 0),
                    None,
                    at(20_639, 22_028, 900_000),
                    at(20_087, 0, 0),
                ],
                None,
            ),
        ),
        (
            "z",
            timestamps(
                [
                    at(19_813, 1800, 0),
                    at(20_023, 3599, 500_000),
                    at(18_793, 45_015, 0),
                    None,
                    at(-1, 86_399, 0),
                    at(20_454, 0, 0),
                ],
                Some("UTC"),
            ),
        ),
        (
            "y",
            timestamps(
                [
                    at(19_723, 0, 0),
                    at(18_321, 43_200, 0),
                    None,
                    at(18_793, 45_015, 0),
                    at(0, 0, 0),
                    at(20_453, 86_399, 999_999),
                ],
                Some("UTC"),
            ),
        ),
        (
            "e",
            Arc::new(Date32Array::from(vec![
                Some(19_782),
                Some(0),
                Some(19_722),
                None,
                Some(18_321),
                Some(18_630),
            ])),
        ),
        (
            "o",
            Arc::new(BooleanArray::from(vec![
                Some(true),
                Some(false),
                None,
                Some(true),
                Some(false),
                Some(true),
            ])),
        ),
        (
            "q",
            Arc::new(BooleanArray::from(vec![
                Some(true),
                Some(true),
                Some(false),
                None,
                None,
                Some(false),
            ])),
        ),
        ("v", intervals()),
    ]
}

pub fn arrays() -> Vec<ArrayRef> {
    columns().into_iter().map(|(_, array)| array).collect()
}

/// Compiles over the fixture's columns.
pub fn compiled(sql: &str) -> Result<Expression, ExpressionError> {
    let columns = columns();
    let mut resolve = |path: &str| {
        let index = columns.iter().position(|(name, _)| *name == path);
        let index = index.ok_or_else(|| UnknownName {
            message: format!("unknown column `{path}`"),
            hint: Some("the hint of the caller".to_owned()),
        })?;
        let array = &columns[index].1;
        Ok(Input {
            index,
            data_type: array.data_type().clone(),
            nullable: array.is_nullable(),
            range: None,
        })
    };
    compile(sql, &mut resolve)
}

/// Every row as text, `∅` for null.
pub fn texts(sql: &str) -> Result<Vec<String>, String> {
    let expression = compiled(sql).and_then(|expression| expression.cast_to(&DataType::Utf8));
    let expression = expression
        .map_err(|error| format!("{}..{}: {}", error.offset, error.length, error.message))?;
    let array = expression
        .evaluate(&arrays(), ROWS)
        .map_err(|error| error.to_string())?;
    let array = array.as_string::<i32>();
    Ok(array
        .iter()
        .map(|value| value.unwrap_or("∅").to_owned())
        .collect())
}
