//! What a replay of all rows, one after the other, gives.

use super::{LONG, SHORT, WHOLE, with};
use crate::column::testing::Tables;

/// A whole column as numbers, with its nulls.
fn numbers(tables: &Tables, column: &str) -> Vec<Option<f64>> {
    let texts = tables.texts("moves", column).into_iter();
    texts
        .map(|text| (text != "null").then(|| text.parse().unwrap()))
        .collect()
}

/// Goes through the rows of each group.
fn replayed<T: Clone>(
    keys: &[String],
    values: &[Option<f64>],
    mut next: impl FnMut(Option<T>, Option<f64>) -> Option<T>,
) -> Vec<Option<T>> {
    let mut state: Option<T> = None;
    (0..keys.len())
        .map(|row| {
            if row > 0 && keys[row] != keys[row - 1] {
                state = None;
            }
            state = next(state.clone(), values[row]);
            state.clone()
        })
        .collect()
}

#[test]
fn totals_are_those_of_a_replay() {
    for groups in [SHORT, LONG, WHOLE] {
        let tables = with(
            groups,
            "    sum: { running: { sum: amountWITHIN } }\n    count: { running: { count: amountWITHIN } }\n    min: { running: { min: amountWITHIN } }\n    sizes: { running: { sum: sizeWITHIN } }\n",
        );
        let mut keys = tables.texts("moves", "account_id");
        if groups == WHOLE {
            keys.fill("one".into());
        }
        let amounts = numbers(&tables, "amount");
        // Cents, so that the replay is exact.
        let cents: Vec<Option<f64>> = amounts
            .iter()
            .map(|one| one.map(|one| (one * 100.0).round()))
            .collect();
        let sums = numbers(&tables, "sum");
        let sums: Vec<Option<i64>> = sums
            .iter()
            .map(|one| one.map(|one| (one * 100.0).round() as i64))
            .collect();
        let added = |sum: Option<i64>, value: Option<f64>| match value {
            Some(value) => Some(sum.unwrap_or(0) + value as i64),
            None => sum,
        };
        assert_eq!(sums, replayed(&keys, &cents, added));
        let counts = numbers(&tables, "count");
        let counted = |count: Option<f64>, value: Option<f64>| {
            Some(count.unwrap_or(0.0) + f64::from(value.is_some()))
        };
        assert_eq!(counts, replayed(&keys, &amounts, counted));
        let least = |least: Option<f64>, value: Option<f64>| match (least, value) {
            (Some(least), Some(value)) => Some(f64::min(least, value)),
            (least, value) => least.or(value),
        };
        assert_eq!(numbers(&tables, "min"), replayed(&keys, &amounts, least));
        let added =
            |sum: Option<f64>, value: Option<f64>| Some(sum.unwrap_or(0.0) + value.unwrap());
        let expected = replayed(&keys, &numbers(&tables, "size"), added);
        for (row, (made, expected)) in numbers(&tables, "sizes").iter().zip(expected).enumerate() {
            let (made, expected) = (made.unwrap(), expected.unwrap());
            assert!(
                (made / expected - 1.0).abs() < 1e-12,
                "row {row}: {made} {expected}"
            );
        }
    }
}

#[test]
fn neighbours_are_those_of_the_group() {
    for groups in [SHORT, LONG, WHOLE] {
        let tables = with(
            groups,
            "    before: { previous: { column: kindWITHIN } }\n    behind: { next: { column: kindWITHIN } }\n    third: { previous: { column: secondWITHIN } }\n    second: { previous: { column: kind, rows: 2WITHIN } }\n",
        );
        let keys = tables.texts("moves", "account_id");
        let kinds = tables.texts("moves", "kind");
        let (before, behind) = (
            tables.texts("moves", "before"),
            tables.texts("moves", "behind"),
        );
        let third = tables.texts("moves", "third");
        let same = |one: usize, other: usize| groups == WHOLE || keys[one] == keys[other];
        for row in 0..keys.len() {
            let expected = match row > 0 && same(row, row - 1) {
                true => kinds[row - 1].as_str(),
                false => "null",
            };
            assert_eq!(before[row], expected, "row {row}");
            let expected = match row > 2 && same(row, row - 3) {
                true => kinds[row - 3].as_str(),
                false => "null",
            };
            assert_eq!(third[row], expected, "row {row}");
            let expected = match row + 1 < keys.len() && same(row, row + 1) {
                true => kinds[row + 1].as_str(),
                false => "null",
            };
            assert_eq!(behind[row], expected, "row {row}");
        }
    }
}
