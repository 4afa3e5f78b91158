//! The table that the tests compute with: six rows of every type, with nulls and extremes.

use crate::expression::{Binding, Expression, ExpressionError, UnknownName, compile};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal64Array, Decimal128Array,
    DictionaryArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int32Type, IntervalMonthDayNano};
use std::sync::Arc;

pub const ROWS: usize = 6;

/// Stands for null among numbers.
const NULL: i64 = i64::MIN;

/// Days, seconds and microseconds since 1970.
fn timestamps(values: [(i64, i64, i64); ROWS], zone: Option<&str>) -> ArrayRef {
    let at = |(days, seconds, microseconds)| {
        (microseconds != NULL).then(|| (days * 86_400 + seconds) * 1_000_000 + microseconds)
    };
    let array: TimestampMicrosecondArray = values.into_iter().map(at).collect();
    Arc::new(array.with_timezone_opt(zone))
}

fn decimal(values: [i64; ROWS], precision: u8, scale: i8) -> ArrayRef {
    let array: Decimal64Array = values
        .map(|value| (value != NULL).then_some(value))
        .into_iter()
        .collect();
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
    [numbers(), texts_and_truths(), times()].concat()
}

fn numbers() -> Vec<(&'static str, ArrayRef)> {
    let i = vec![Some(7), Some(-7), Some(0), None, Some(i32::MAX), Some(12)];
    let d = [100_000_000, -500_000, 12_345_678, NULL, 1, 99_999_999_999];
    let f = vec![
        Some(1.5),
        Some(-2.5),
        Some(0.1),
        None,
        Some(1e10),
        Some(3.25),
    ];
    let r = vec![
        Some(0.1),
        Some(1.5),
        Some(-7.25),
        None,
        Some(3e10),
        Some(2.5),
    ];
    vec![
        ("n", Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5, 6]))),
        ("i", Arc::new(Int32Array::from(i))),
        (
            "b",
            Arc::new(Int64Array::from(vec![3, -2, 5, 4, i64::MAX, -8])),
        ),
        (
            "k",
            Arc::new(Int16Array::from(vec![2, -3, 7, 1, i16::MAX, 4])),
        ),
        ("d", decimal(d, 18, 6)),
        ("p", decimal([150, 96, NULL, 238, 9999, 1], 4, 2)),
        ("w", wide()),
        ("f", Arc::new(Float64Array::from(f))),
        ("r", Arc::new(Float32Array::from(r))),
    ]
}

fn texts_and_truths() -> Vec<(&'static str, ArrayRef)> {
    let s = vec![
        Some("Hello"),
        Some(""),
        Some("żółw"),
        None,
        Some("a,b,c"),
        Some(" pad "),
    ];
    let c = [
        Some("BTC"),
        Some("ETH"),
        Some("USDT"),
        None,
        Some("BTC"),
        Some("JPY"),
    ];
    let c: DictionaryArray<Int32Type> = c.into_iter().collect();
    let o = vec![
        Some(true),
        Some(false),
        None,
        Some(true),
        Some(false),
        Some(true),
    ];
    let q = vec![Some(true), Some(true), Some(false), None, None, Some(false)];
    vec![
        ("s", Arc::new(StringArray::from(s))),
        (
            "u",
            Arc::new(StringArray::from(vec!["lo", "", "ół", "x", ",", "pad"])),
        ),
        ("c", Arc::new(c)),
        ("o", Arc::new(BooleanArray::from(o))),
        ("q", Arc::new(BooleanArray::from(q))),
    ]
}

fn times() -> Vec<(&'static str, ArrayRef)> {
    let null = (0, 0, NULL);
    let day = 86_399;
    let t = [
        (19_782, 49_559, 123_456),
        (10_956, day, 0),
        (10_957, 0, 0),
        null,
        (20_639, 22_028, 900_000),
        (20_087, 0, 0),
    ];
    let z = [
        (19_813, 1800, 0),
        (20_023, 3599, 500_000),
        (18_793, 45_015, 0),
        null,
        (-1, day, 0),
        (20_454, 0, 0),
    ];
    let y = [
        (19_723, 0, 0),
        (18_321, 43_200, 0),
        null,
        (18_793, 45_015, 0),
        (0, 0, 0),
        (20_453, day, 999_999),
    ];
    let e = vec![
        Some(19_782),
        Some(0),
        Some(19_722),
        None,
        Some(18_321),
        Some(18_630),
    ];
    vec![
        ("t", timestamps(t, None)),
        ("z", timestamps(z, Some("UTC"))),
        ("y", timestamps(y, Some("UTC"))),
        ("e", Arc::new(Date32Array::from(e))),
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
        Ok(Binding {
            index,
            data_type: array.data_type().clone(),
            nullable: array.is_nullable(),
            range: None,
            longest: None,
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
