//! `sequence`: whole numbers that rise by a step from row to row.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::permutation::row_numbers;
use crate::column::rows::Rows;
use crate::column::values::arrays::{from_i64, low_bits};
use crate::column::values::scalar::{integer, is_integral, limits, show_integer};
use crate::column::values::step::{one, step};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order, Range};
use crate::error::{Problem, Result};
use crate::kernel::divide::Slope;
use crate::place::Scalar;

/// Numbers (or dates, times, decimals) that rise by `step` from row to row, from `start` on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The first value (default 1).
    start: Option<Scalar>,
    /// What each row adds (default 1): for dates in days, for timestamps in the type's unit.
    step: Option<Scalar>,
}

struct SequenceFill {
    data_type: DataType,
    start: i64,
    step: i64,
}

impl Generator for Sequence {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Int64);
        if !is_integral(&data_type) || matches!(data_type, DataType::Decimal128(..)) {
            return Err(build.wrong_type(
                "sequence",
                "whole numbers, decimals of up to 18 digits, dates and times",
            ));
        }
        let start = match &self.start {
            Some(start) => integer(start, &data_type)?,
            None => one(&data_type),
        };
        let step = match &self.step {
            Some(written) => step(written, &data_type, &data_type)?,
            None => one(&data_type),
        };
        let last = last(build, &data_type, start, step)?;
        Ok(BuiltColumn::new(
            data_type.clone(),
            domain(start, step, last),
            SequenceFill {
                data_type,
                start: low_bits(start),
                step: low_bits(step),
            },
        ))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

/// The value of the last row, which the type must hold; nothing for a table without end.
fn last(
    build: &mut Build<'_>,
    data_type: &DataType,
    start: i128,
    step: i128,
) -> Result<Option<i128>, Problem> {
    let Some(rows) = row_numbers(build)? else {
        return match bits(data_type) {
            // At a million rows a second, a step of 1 takes 300 000 years to leave 64 bits.
            64.. => Ok(None),
            _ => Err(without_end(build, data_type)),
        };
    };
    let last = start + step * i128::from(rows.saturating_sub(1));
    let (least, most) = limits(data_type);
    if (least..=most).contains(&last) {
        return Ok(Some(last));
    }
    let (last, data_type) = (show_integer(last, data_type), show_type(data_type));
    let message = format!("the sequence ends at {last}, which does not fit in {data_type}");
    Err(Problem::new(message).at(&build.place))
}

fn without_end(build: &Build<'_>, data_type: &DataType) -> Problem {
    let data_type = show_type(data_type);
    let message = format!("a sequence without end does not fit in {data_type}");
    Problem::new(message)
        .at(&build.place)
        .hint("give it a type of 64 bits")
}

/// What the formats may count on.
fn domain(start: i128, step: i128, last: Option<i128>) -> Domain {
    Domain {
        range: last.map(|last| Range::Integer {
            min: start.min(last),
            max: start.max(last),
        }),
        order: match step {
            1.. => Order::StrictlyAscending,
            0 => Order::Ascending,
            _ => Order::Unknown,
        },
        unique: step != 0,
        ..Domain::default()
    }
}

/// Bits of the integers that hold the type's values.
fn bits(data_type: &DataType) -> usize {
    data_type.primitive_width().map_or(64, |bytes| bytes * 8)
}

impl Fill for SequenceFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let value = |row: u64| self.start.wrapping_add(self.step.wrapping_mul(row as i64));
        let values = match rows {
            Rows::Range { first, count } => Slope::whole(value(first), self.step).numbers(count),
            Rows::List(_) => rows.map(value),
        };
        Ok(from_i64(&self.data_type, values))
    }
}
