//! What an expression says of itself, and that none of it changes a value: natural types, bounds, declared
//! types, dictionaries, batches.

use super::fixture::{ROWS, arrays, columns, compiled};
use crate::expression::{Binding, Expression, NumericBounds, UnknownName, compile};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal64Type, Decimal128Type};

fn type_of(sql: &str) -> String {
    compiled(sql).map_or_else(
        |error| error.message,
        |expression| expression.data_type().to_string(),
    )
}

/// Compiles over columns whose bounds are known.
fn bounded(sql: &str, known: &[(&str, DataType, i128, i128)]) -> Expression {
    let mut resolve = |path: &str| {
        let index = known.iter().position(|(name, ..)| *name == path);
        let index = index.ok_or_else(|| UnknownName::from(format!("unknown column `{path}`")))?;
        let (_, data_type, low, high) = &known[index];
        let range = Some(NumericBounds::new(*low, *high));
        Ok(Binding {
            index,
            data_type: data_type.clone(),
            nullable: false,
            range,
            longest: None,
        })
    };
    compile(sql, &mut resolve).expect(sql)
}

#[test]
fn natural_types_follow_the_operands() {
    for (sql, expected) in [
        ("k + k", "Int16"),
        ("k + i", "Int32"),
        ("i + b", "Int64"),
        ("i / 2", "Int32"),
        ("n", "Int32"),
        ("i * 1.5", "Decimal64(12, 1)"),
        ("d * 2", "Decimal128(19, 6)"),
        ("d + p", "Decimal128(19, 6)"),
        ("d * p", "Decimal128(22, 8)"),
        ("p * p", "Decimal64(8, 4)"),
        ("p / p", "Decimal128(20, 16)"),
        ("w * w", "Decimal128(38, 20)"),
        ("d % 7", "Decimal64(7, 6)"),
        ("-d", "Decimal64(18, 6)"),
        ("round(d, 2)", "Decimal64(15, 2)"),
        ("round(d)", "Decimal64(13, 0)"),
        ("floor(i)", "Float64"),
        ("r + r", "Float32"),
        ("r + i", "Float64"),
        ("sqrt(d)", "Float64"),
        ("c", "Utf8"),
        ("s || i", "Utf8"),
        ("o and q", "Boolean"),
        ("t - t", "Duration(µs)"),
        ("t + v", "Timestamp(µs)"),
        ("z + v", "Timestamp(µs, \"UTC\")"),
        ("e + 1", "Date32"),
        ("e - e", "Int32"),
        ("e + v", "Timestamp(µs)"),
        ("v + v", "Interval(MonthDayNano)"),
        ("extract(day from t)", "Decimal64(2, 0)"),
        ("extract(second from t)", "Decimal64(8, 6)"),
        ("case when o then 1 else 1.25 end", "Decimal64(12, 2)"),
        ("case when o then p else 1 end", "Decimal64(12, 2)"),
        ("coalesce(e, t)", "Timestamp(µs)"),
        ("length(s)", "Int32"),
        ("null", "Null"),
        ("'x'", "Utf8"),
        ("12345678901", "Int64"),
        ("0.965", "Decimal64(3, 3)"),
        ("1e3", "Decimal64(4, 0)"),
        ("t::timestamp(3)", "Timestamp(ms)"),
        ("d::numeric", "Decimal64(18, 6)"),
        ("f::numeric", "Decimal128(38, 16)"),
    ] {
        assert_eq!(type_of(sql), expected, "{sql}");
    }
}

#[test]
fn bounds_are_carried_and_nulls_known() {
    let columns = [
        ("bet", DataType::Decimal64(18, 6), 0, 1_000_000_000),
        ("multiplier", DataType::Decimal64(4, 2), 0, 5000),
        ("row", DataType::Int64, 0, 999),
    ];
    for (sql, low, high) in [
        ("bet * multiplier", 0, 5_000_000_000_000),
        (
            "bet * multiplier - bet",
            -100_000_000_000,
            5_000_000_000_000,
        ),
        ("row % 10", 0, 9),
        ("row / 10 + 1", 0, 101),
        ("case when row > 5 then 3 else row end", 0, 999),
        ("coalesce(nullif(row, 7), -1)", -1, 999),
        ("greatest(row, 5)", 0, 999),
        ("abs(row - 500)", 0, 500),
        ("round(bet, 2)", 0, 100_000),
        ("extract(month from date '2024-05-05' + row::int)", 1, 12),
    ] {
        let expression = bounded(sql, &columns);
        assert_eq!(
            expression.range(),
            Some(NumericBounds::new(low, high)),
            "{sql}"
        );
        assert!(!expression.fallible() || sql.contains("date"), "{sql}");
    }
    assert!(bounded("row / row", &columns).fallible());
    for (sql, nullable) in [
        ("b + k", false),
        ("b + i", true),
        ("i is null", false),
        ("coalesce(i, 1)", false),
        ("coalesce(i, d)", true),
        ("concat(s, i)", false),
        ("s || 'x'", true),
        ("nullif(n, 1)", true),
        ("case when o then 1 end", true),
        ("case when o then 1 else 2 end", false),
        ("greatest(i, n)", false),
        ("null", true),
    ] {
        assert_eq!(
            compiled(sql).map(|expression| expression.nullable()),
            Ok(nullable),
            "{sql}"
        );
    }
}

/// The fixture with every array's own smallest and largest value as its bounds.
fn tight(sql: &str) -> Expression {
    let columns = columns();
    let mut resolve = |path: &str| {
        let index = columns.iter().position(|(name, _)| *name == path);
        let index = index.ok_or_else(|| UnknownName::from(path.to_owned()))?;
        let array = &columns[index].1;
        let values: Vec<i128> = match array.data_type() {
            DataType::Decimal64(..) => array
                .as_primitive::<Decimal64Type>()
                .iter()
                .flatten()
                .map(i128::from)
                .collect(),
            DataType::Decimal128(..) => array
                .as_primitive::<Decimal128Type>()
                .iter()
                .flatten()
                .collect(),
            DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                let wide = cast(array, &DataType::Int64).expect("integers");
                wide.as_any()
                    .downcast_ref::<Int64Array>()
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(i128::from)
                    .collect()
            }
            _ => Vec::new(),
        };
        let range = values
            .iter()
            .min()
            .zip(values.iter().max())
            .map(|(low, high)| NumericBounds::new(*low, *high));
        Ok(Binding {
            index,
            data_type: array.data_type().clone(),
            nullable: array.null_count() > 0,
            range,
            longest: None,
        })
    };
    compile(sql, &mut resolve).expect(sql)
}

/// Every expression that PostgreSQL has answered.
fn everything() -> impl Iterator<Item = &'static str> {
    let cases = [
        include_str!("numbers.txt"),
        include_str!("texts.txt"),
        include_str!("logic.txt"),
        include_str!("times.txt"),
    ];
    cases
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|case| case.split(" => ").next())
}

fn evaluated(expression: &Expression, arrays: &[ArrayRef], rows: usize) -> ArrayRef {
    expression
        .evaluate(arrays, rows)
        .unwrap_or_else(|error| panic!("{expression:?}: {error}"))
}

#[test]
fn bounds_never_change_a_value() {
    for sql in everything() {
        let (wide, narrow) = (compiled(sql).expect(sql), tight(sql));
        assert_eq!(wide.data_type(), narrow.data_type(), "{sql}");
        let array = evaluated(&narrow, &arrays(), ROWS);
        assert_eq!(&evaluated(&wide, &arrays(), ROWS), &array, "{sql}");
        assert_eq!(array.data_type(), narrow.data_type(), "{sql}");
        assert!(
            narrow.nullable() || array.logical_null_count() == 0,
            "{sql}"
        );
        if let (Some(range), DataType::Decimal64(..)) = (narrow.range(), array.data_type()) {
            let values = array.as_primitive::<Decimal64Type>();
            assert!(
                values
                    .iter()
                    .flatten()
                    .all(|value| range.low <= value.into() && i128::from(value) <= range.high),
                "{sql}"
            );
        }
    }
}

#[test]
fn a_row_is_the_same_in_any_batch() {
    for sql in everything() {
        let expression = compiled(sql).expect(sql);
        let whole = evaluated(&expression, &arrays(), ROWS);
        for row in 0..ROWS {
            let sliced: Vec<ArrayRef> = arrays().iter().map(|array| array.slice(row, 1)).collect();
            assert_eq!(
                &evaluated(&expression, &sliced, 1),
                &whole.slice(row, 1),
                "{sql} row {row}"
            );
        }
        let empty: Vec<ArrayRef> = arrays().iter().map(|array| array.slice(0, 0)).collect();
        assert_eq!(evaluated(&expression, &empty, 0).len(), 0, "{sql}");
    }
}

/// Text columns as dictionaries, and the dictionary as plain text.
#[test]
fn an_encoding_never_changes_a_value() {
    let encoded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let recoded: Vec<(&str, ArrayRef)> = columns()
        .into_iter()
        .map(|(name, array)| match array.data_type() {
            DataType::Utf8 => (name, cast(&array, &encoded).expect("a dictionary")),
            DataType::Dictionary(..) => (name, cast(&array, &DataType::LargeUtf8).expect("text")),
            _ => (name, array),
        })
        .collect();
    let arrays: Vec<ArrayRef> = recoded.iter().map(|(_, array)| array.clone()).collect();
    for sql in everything() {
        let mut resolve = |path: &str| {
            let index = recoded.iter().position(|(name, _)| *name == path);
            let index = index.ok_or_else(|| UnknownName::from(path.to_owned()))?;
            Ok(Binding {
                index,
                data_type: recoded[index].1.data_type().clone(),
                nullable: true,
                range: None,
                longest: None,
            })
        };
        let ours = evaluated(&compile(sql, &mut resolve).expect(sql), &arrays, ROWS);
        let plain = compiled(sql).expect(sql);
        assert_eq!(&ours, &evaluated(&plain, &self::arrays(), ROWS), "{sql}");
    }
}

#[test]
fn a_name_is_asked_for_once_and_threads_share_an_expression() {
    let mut asked = Vec::new();
    let mut resolve = |path: &str| {
        asked.push(path.to_owned());
        let input = Binding {
            index: 0,
            data_type: DataType::Int64,
            nullable: false,
            range: None,
            longest: None,
        };
        Ok(input)
    };
    let expression = compile("row % 10 + row + \"Own Name\" + parent.id", &mut resolve);
    assert!(expression.is_ok());
    assert_eq!(asked, ["row", "Own Name", "parent.id"]);
    fn shared<T: Send + Sync>() {}
    shared::<Expression>();
}
