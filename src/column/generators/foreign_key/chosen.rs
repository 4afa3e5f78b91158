//! Parents by an expression: `row` says which row of the parent's table each row belongs to.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::datatypes::{DataType, Int64Type};

use super::ForeignKey;
use crate::column::build::{Build, Parent};
use crate::column::generators::Generator;
use crate::column::generators::expr::Expr;
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::arrays::plain;
use crate::column::values::types::ColumnType;
use crate::domain::Range;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// The rows that an expression chooses.
pub(super) struct ChosenParents {
    row: Arc<dyn Fill>,
    parents: u64,
    table: String,
    place: Place,
    /// Some rows have no parent.
    pub(super) nulls: bool,
}

/// The rows that the expression under `row` chooses, if there is one.
///
/// # Errors
/// The expression is wrong, it stands beside what picks at random, or it never names a row.
pub(super) fn chosen(
    key: &ForeignKey,
    build: &mut Build<'_>,
    parent: &Parent,
    parents: u64,
) -> Result<Option<ChosenParents>, Problem> {
    let Some(row) = &key.row else {
        return Ok(None);
    };
    if let Some((option, place)) = key.ways().find(|(option, _)| *option != "row") {
        let message = format!("`row` and `{option}` cannot be used together");
        return Err(Problem::new(message)
            .at(place)
            .hint("`row` says the parent of each row: nothing is left to pick"));
    }
    // The type that the column asks for is the key's, not the row number's.
    let wanted = build.wanted.replace(ColumnType::plain(DataType::Int64));
    let made = Expr::of(row.clone()).build(build);
    build.wanted = wanted;
    let made = made?;
    let name = &parent.name;
    if let Some(Range::Integer { min, max }) = made.domain.range
        && (max < 0 || min >= parents.into())
    {
        let message = format!(
            "`row` is {min} to {max}, and `{name}` has the rows from 0 to before {parents}"
        );
        return Err(Problem::new(message).at(&row.place));
    }
    Ok(Some(ChosenParents {
        row: made.fill,
        parents,
        table: name.clone(),
        place: row.place.clone(),
        nulls: made.domain.nulls,
    }))
}

impl Fill for ChosenParents {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let chosen = plain(&self.row.fill(rows, inputs)?)?;
        let chosen = chosen.as_primitive::<Int64Type>();
        let beyond = |index: &usize| {
            let row = chosen.value(*index);
            chosen.is_valid(*index) && (row < 0 || row as u64 >= self.parents)
        };
        if let Some(index) = (0..chosen.len()).find(beyond) {
            let (row, parent) = (rows.at(index), chosen.value(index));
            let (table, parents) = (&self.table, self.parents);
            let message =
                format!("row {row}: `{table}` has no row {parent}: it has {parents}, from 0");
            let problem = Problem::new(message).at(&self.place);
            return Err(Error::run(problem.hint(format!("write `(…) % {parents}`"))));
        }
        Ok(Arc::new(
            chosen.unary::<_, arrow::datatypes::UInt64Type>(|row| row as u64) as UInt64Array,
        ))
    }
}

#[cfg(test)]
mod tests;
