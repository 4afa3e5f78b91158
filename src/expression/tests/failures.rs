//! Every message whole: mistakes in the text under their caret, failures of rows by their row.

use super::fixture::{ROWS, arrays, compiled};
use crate::expression::ExpressionError;
use arrow::datatypes::DataType;

/// The error as a diagnostic draws it.
fn drawn(sql: &str, error: &ExpressionError) -> String {
    let column = sql[..error.offset].chars().count();
    let carets = sql[error.offset..error.offset + error.length]
        .chars()
        .count()
        .max(1);
    let hint = error
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!("\nhint: {hint}"));
    format!(
        "{sql}\n{}{} {}{hint}",
        " ".repeat(column),
        "^".repeat(carets),
        error.message
    )
}

/// `mistakes.txt`: an expression, its error under it, perhaps a hint; an empty line between.
#[test]
fn mistakes_stand_under_their_caret() {
    for expected in include_str!("mistakes.txt").trim_end().split("\n\n") {
        let sql = expected.lines().next().expect("an expression");
        let ours = match compiled(sql) {
            Ok(expression) => format!("{sql}\n{}", expression.data_type()),
            Err(error) => drawn(sql, &error),
        };
        assert_eq!(ours, expected);
    }
}

fn failure(sql: &str, target: &str) -> String {
    let expression = compiled(sql).and_then(|expression| match target.parse::<DataType>() {
        Ok(target) => expression.cast_to(&target),
        Err(_) => Ok(expression),
    });
    match expression.map(|expression| expression.evaluate(&arrays(), ROWS)) {
        Ok(Ok(array)) => format!("{array:?}"),
        Ok(Err(error)) => error.to_string(),
        Err(error) => drawn(sql, &error),
    }
}

/// `failures.txt`: `expression [-> type] => failure`.
#[test]
fn rows_that_fail_are_named() {
    for case in include_str!("failures.txt").lines() {
        let (left, expected) = case
            .split_once(" => ")
            .expect("an expression and its failure");
        let (sql, target) = left.split_once(" -> ").unwrap_or((left, ""));
        assert_eq!(failure(sql, target), expected, "{sql}");
    }
}

#[test]
fn places_are_bytes_whatever_the_lines_and_letters() {
    for (sql, offset, length) in [
        ("'é' || nope", 8, 4),
        ("d +\n  nope", 6, 4),
        ("\"ü\" + 1", 0, 4),
        ("d +", 3, 0),
    ] {
        let error = compiled(sql).expect_err(sql);
        assert_eq!((error.offset, error.length), (offset, length), "{sql}");
    }
}

#[test]
fn long_chains_and_deep_nests_are_refused_not_overflown() {
    let chain = |links| vec!["n"; links].join(" + ");
    let nest = |depth| format!("{}n{}", "abs(".repeat(depth), ")".repeat(depth));
    let message = |sql: &str| compiled(sql).map_or_else(|error| error.message, |_| String::new());
    let (deep, long) = (
        "more than 256 parts stand one within the other",
        "more than 8192 words and signs",
    );
    for (sql, expected) in [
        (chain(200_000), long),
        (chain(2000), deep),
        (chain(250), ""),
        (nest(5000), long),
        (nest(1000), deep),
        (nest(80), ""),
        (format!("n in ({})", vec!["1"; 2000].join(",")), ""),
    ] {
        assert_eq!(message(&sql), expected, "{} bytes", sql.len());
    }
}
