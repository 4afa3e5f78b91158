//! `by`: columns that are functions of another column's value instead of the row.
//!
//! The value is hashed, and the hash is the row number that the generator sees. So equal values have
//! equal attributes wherever they stand, and no table of them is kept.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;

use crate::column::build::{Build, BuiltColumn, Column};
use crate::column::program::{Fill, nulled, with_valid};
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::row_of::{can_be_row, mix_in};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order};
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};

/// Values that are made at the row numbers that other values give.
struct Keyed {
    made: Arc<dyn Fill>,
    /// The inputs that are the generator's own.
    own: usize,
    /// The inputs whose values decide.
    by: Vec<usize>,
    nulls: Option<(Key, Option<u64>)>,
}

/// What was made, as a function of the columns named under `by`, if there are any.
///
/// # Errors
/// The values of the generator follow the rows or have nothing random; or `by` names what decides nothing.
pub(super) fn keyed(
    mut made: BuiltColumn,
    column: &Column,
    nulls: Option<(Key, Option<u64>)>,
    build: &mut Build<'_>,
) -> Result<BuiltColumn, Problem> {
    let Some(by) = &column.common.by else {
        return Ok(made);
    };
    refuse(&made, column, build).map_err(|problem| problem.at(&by.place))?;
    let own = build.inputs.len();
    let (mut inputs, mut distinct, mut absent) = (Vec::new(), Some(1u64), false);
    for path in &by.value.0 {
        let (index, domain) = decides(path, build)?;
        inputs.push(index);
        absent |= domain.nulls;
        distinct = distinct
            .zip(domain.distinct)
            .and_then(|(all, one)| all.checked_mul(one));
        made.domain.depend_on(&domain);
    }
    // A function has no more values than there are arguments.
    let known = made.domain.distinct.into_iter().chain(distinct).min();
    made.domain = Domain {
        order: Order::Unknown,
        unique: false,
        nulls: made.domain.nulls || absent || nulls.is_some(),
        // What is read besides may differ from row to row.
        distinct: if own == 0 {
            known
        } else {
            made.domain.distinct
        },
        ..made.domain
    };
    let keyed = |fill: &Arc<dyn Fill>| -> Arc<dyn Fill> {
        Arc::new(Keyed {
            made: fill.clone(),
            own,
            by: inputs.clone(),
            nulls,
        })
    };
    match &mut made.pick {
        Some(pick) => {
            pick.fill = keyed(&pick.fill);
            pick.pointwise = true;
            pick.nulls |= absent || nulls.is_some();
        }
        None => {
            made.fill = keyed(&made.fill);
            made.pointwise = true;
        }
    }
    Ok(made)
}

/// Why no value can decide, if none can.
fn refuse(made: &BuiltColumn, column: &Column, build: &Build<'_>) -> Result<(), Problem> {
    let kind = column.generator.kind();
    let changing = build.changes().is_some() && column.generator.refers_to().is_some();
    if column.generator.follows_rows() || changing {
        let message =
            format!("the values of `{kind}` follow the rows: no other value decides them");
        return Err(
            Problem::new(message).hint("draw them, such as `uniform: { min: 1, max: 1_000_000 }`")
        );
    }
    let fixed = made
        .pick
        .as_ref()
        .map_or(made.pointwise, |pick| pick.pointwise);
    if fixed {
        let message = format!("`by` changes nothing here: `{kind}` draws nothing at random");
        return Err(
            Problem::new(message).hint("leave it out; what the column reads decides already")
        );
    }
    Ok(())
}

/// The input whose value decides.
fn decides(path: &Placed<Text>, build: &mut Build<'_>) -> Result<(usize, Domain), Problem> {
    let input = build.dictionary_input(path, &path.place)?;
    match can_be_row(&input.data_type) {
        true => Ok((input.index, input.domain)),
        false => {
            let (name, shown) = (path.as_str(), show_type(&input.data_type));
            let message = format!("`{name}` is {shown}, whose values cannot decide others");
            Err(Problem::new(message)
                .at(&path.place)
                .hint("name a field of it, or a column of numbers, texts, dates or times"))
        }
    }
}

impl Fill for Keyed {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let mut hashes = vec![0; rows.len()];
        let mut valid: Option<NullBuffer> = None;
        for by in &self.by {
            mix_in(&inputs[*by], &mut hashes)?;
            valid = NullBuffer::union(valid.as_ref(), inputs[*by].logical_nulls().as_ref());
        }
        let rows = Rows::List(&hashes);
        let mut made = self.made.fill(rows, &inputs[..self.own])?;
        if let Some((key, threshold)) = &self.nulls {
            made = nulled(&made, key, *threshold, rows)?;
        }
        // Nobody's attributes are unknown, as in a join: a null decides nothing.
        match valid.filter(|valid| valid.null_count() > 0) {
            Some(valid) => with_valid(&made, &valid),
            None => Ok(made),
        }
    }
}

#[cfg(test)]
mod tests;
