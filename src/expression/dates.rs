//! `make_date`, and the functions with a format: `to_char`, `to_date`, `to_timestamp`.

use super::error::{Result, RowFailure};
use super::functions::{CallArguments, Function, mismatch};
use super::node::{Kernel, ResultType, TypedNode};
use super::types::{self, Family, family};
use super::value::nulls;
use super::{number_to_text, time_from_text, time_to_text};
use crate::kernel::time::{days_from_civil, days_in_month};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("make_date", "make_date(year, month, day)", 3..=3, make_date),
    Function::new("to_char", "to_char(value, 'format')", 2..=2, to_char),
    Function::new(
        "to_date",
        "to_date(text, 'format')",
        2..=2,
        time_from_text::to_date,
    ),
];

fn to_char(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(1, Family::Text, "text")?;
    let (place, [node, format]) = arguments.exactly::<2>()?;
    if node.is_null() || format.is_null() {
        return Ok(TypedNode::null(DataType::Utf8, place));
    }
    match family(&node.data_type) {
        Family::Date | Family::Timestamp => time_to_text::to_char(node, &format),
        _ if types::is_number(&node.data_type) => number_to_text::to_char(node, &format, place),
        Family::Text if node.quoted_text().is_some() => {
            let error = mismatch("to_char", "a number, a date or a timestamp", &node);
            Err(error.hint("say of which type it is: `date '2026-01-31'`"))
        }
        _ => Err(mismatch(
            "to_char",
            "a number, a date or a timestamp",
            &node,
        )),
    }
}

/// A year, a month and a day as a date. As in PostgreSQL years before Christ are negative.
fn make_date(mut arguments: CallArguments) -> Result<TypedNode> {
    for index in 0..3 {
        arguments.require(index, Family::Integer, "an integer")?;
    }
    (0..3).try_for_each(|index| arguments.cast(index, &DataType::Int32))?;
    let kernel: Kernel = Box::new(|values, evaluation| {
        let [year, month, day] = [0, 1, 2].map(|index| values[index].narrow());
        let nulls = nulls(values);
        let at = |row| civil(year.at(row), month.at(row), day.at(row));
        let failing = evaluation.failing(evaluation.rows, nulls.as_ref(), |row| at(row).is_none());
        if let Some(row) = failing {
            let (year, month, day) = (year.at(row), month.at(row), day.at(row));
            return Err(RowFailure::at(
                row,
                format!("there is no date {year}-{month:02}-{day:02}"),
            ));
        }
        let days: Vec<i64> = (0..evaluation.rows)
            .map(|row| at(row).unwrap_or(0))
            .collect();
        Ok(Arc::new(Int64Array::new(days.into(), nulls)) as ArrayRef)
    });
    arguments.strict(ResultType::of(DataType::Date32).fallible(true), kernel)
}

fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let shown = if year < 0 { year + 1 } else { year };
    let known = year != 0
        // A date counts days in 32 bits, which end in the year 5 881 580.
        && year.abs() < 5_000_000
        && (1..=12).contains(&month)
        && (1..=days_in_month(shown, month)).contains(&day);
    known.then(|| days_from_civil(shown, month, day))
}
