//! `expr`: a value computed from other columns, in PostgreSQL's expression language.

mod fills;
mod names;
mod rows;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::nullif;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::domain::{Domain, Order, Range};
use crate::error::{Problem, Result};
use crate::expression::{self, Expression, ExpressionError};
use crate::place::{Place, Placed, Text};
use fills::failed_row;
use names::ColumnNames;

/// A value computed from other columns: arithmetic, comparison, `case`, `coalesce`, `concat`, `round`, `cast`, `date_trunc`, `extract` and more, as in PostgreSQL.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Expr(Placed<Text>);

struct Computed {
    expression: Expression,
    /// The inputs that are true for rows without a value.
    failures: Vec<usize>,
    /// Where its text stands, to say so when a row fails.
    place: Place,
}

impl Generator for Expr {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let mut names = ColumnNames {
            build: &mut *build,
            place: &self.0.place,
            domains: Vec::new(),
            failures: Vec::new(),
            inner: None,
        };
        let compiled = expression::compile_with(&self.0, &mut names);
        let ColumnNames {
            domains,
            failures,
            inner,
            ..
        } = names;
        let compiled = compiled.map_err(|error| self.problem(error, inner))?;
        let expression = match build.wanted.clone() {
            Some(wanted) => compiled.cast_to(&wanted.data_type),
            None => {
                let natural = compiled.data_type().clone();
                compiled.cast_to(&natural)
            }
        };
        let mut expression = expression.map_err(|error| self.problem(error, None))?;
        // Aggregates of which one can fail are asked for only where that is to be null.
        let tolerant = build.tolerant && (expression.fallible() || !failures.is_empty());
        if tolerant {
            expression = expression.null_where_it_fails();
        }
        // Few values in, few values out.
        let mut distinct = domains.iter().map(|domain| domain.distinct);
        let distinct = distinct.try_fold(1u64, |all, one| all.checked_mul(one?));
        let rises = expression.rises_with();
        let domain = Domain {
            // What is null in between has no place in an order.
            order: rises.filter(|_| !tolerant).map_or(Order::Unknown, |input| {
                build.input_domain(input).order.min(Order::Ascending)
            }),
            range: expression.range().map(|range| Range::Integer {
                min: range.low,
                max: range.high,
            }),
            nulls: expression.nullable() || !failures.is_empty(),
            distinct,
            longest: expression.longest(),
            bytes: expression.largest() as u64,
            ..Domain::default()
        };
        let data_type = expression.data_type().clone();
        let place = &self.0.place;
        // A condition that fails would be no condition: its row is null as a whole.
        let expression = match tolerant {
            true => expression,
            false => few_valued(expression, place, build),
        };
        let computed = Computed {
            failures,
            ..Computed::new(expression, place)
        };
        Ok(BuiltColumn::pointwise(data_type, domain, computed))
    }
}

/// The expression of few values that it is where columns of many values stand in conditions alone:
/// each condition becomes an input that is true or false.
fn few_valued(expression: Expression, place: &Place, build: &mut Build<'_>) -> Expression {
    let precomputed: Vec<bool> = (0..build.inputs.len())
        .map(|input| build.is_precomputed(input))
        .collect();
    let few = |input: usize| precomputed.get(input).copied().unwrap_or_default();
    let Some(kept) = expression.without_conditions(&few) else {
        return expression;
    };
    let (rest, conditions) = expression.split(&few, &kept);
    let all = build.inputs.clone();
    let mut inputs: Vec<usize> = kept.iter().map(|input| all[*input]).collect();
    for (number, condition) in conditions.into_iter().enumerate() {
        let column = build.name.rsplit('.').next().unwrap_or_default();
        let name = format!("{column} (condition {})", number + 1);
        let domain = Domain {
            nulls: condition.nullable(),
            ..Domain::default()
        };
        let made = BuiltColumn::new(DataType::Boolean, domain, Computed::new(condition, place));
        inputs.push(build.add(&name, made, all.clone()));
    }
    build.inputs = inputs;
    rest
}

impl Expr {
    /// An expression that stands within other options.
    pub(in crate::column) fn of(text: Placed<Text>) -> Self {
        Self(text)
    }

    /// The expression as it is written.
    pub(in crate::column) fn text(&self) -> &str {
        &self.0
    }

    /// The error at its place within the text. One that lies in a column it reads keeps its own place.
    fn problem(&self, error: ExpressionError, inner: Option<Problem>) -> Problem {
        if let Some(inner) =
            inner.filter(|inner| inner.message != error.message || self.is_elsewhere(inner))
        {
            return inner;
        }
        let before = self.0.get(..error.offset).unwrap_or_default();
        let within = self
            .0
            .get(error.offset..error.offset + error.length)
            .unwrap_or_default();
        let (offset, length) = (before.chars().count(), within.chars().count());
        Problem::new(error.message)
            .at(&self.0.place.within_scalar(offset, length))
            .maybe_hint(error.hint)
    }

    fn is_elsewhere(&self, problem: &Problem) -> bool {
        problem
            .place
            .as_ref()
            .is_some_and(|place| place != &self.0.place)
    }
}

impl Computed {
    fn new(expression: Expression, place: &Place) -> Self {
        let place = place.clone();
        Self {
            expression,
            failures: Vec::new(),
            place,
        }
    }
}

impl Fill for Computed {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let made = self.expression.evaluate(inputs, rows.len());
        let made = made.map_err(|error| failed_row(&error, rows, &self.place))?;
        // Not by the null that the aggregate is: `coalesce` would make a value of it.
        let failures = self.failures.iter();
        failures.into_iter().try_fold(made, |made, failure| {
            Ok(nullif(&made, inputs[*failure].as_boolean())?)
        })
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tolerant_tests;
