//! What came before a row, within a parent or the whole table, for any row alone.
//!
//! The rows of a parent follow each other, so a row's group begins at a row that is known: what came
//! before within it is made again from there (`carried`), and within a batch carried on. In long groups
//! and whole tables the states between blocks are kept (`blocks`), which are made in parallel when they
//! are first needed.

mod ancestors;
mod blocks;
pub(super) mod carried;
pub(super) mod neighbour;
pub(super) mod own;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::UInt64Type;

pub(in crate::column) use blocks::BLOCK;

use self::ancestors::Ancestors;
use super::build::Build;
use super::generators::{Children, GeneratorKind, NTH};
use super::rows::Rows;
use crate::error::Problem;
use crate::place::{Placed, Text};

/// Which rows belong together, and follow each other.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The input that has each row's place in its group; none where the whole table is one.
    places: Option<usize>,
    children: Option<Arc<Children>>,
    /// Of a parent's parent.
    ancestors: Option<Ancestors>,
    /// How many rows the table has; none without end.
    rows: Option<u64>,
}

/// Whether something needs states of all rows before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It reads the neighbour of a row.
    Neighbour,
    /// It follows from all rows before.
    All,
}

impl Group {
    /// The rows that `within` says belong together; of the whole table without it.
    ///
    /// # Errors
    /// They do not follow each other, or no row of the table can be made again.
    pub(super) fn of(
        within: Option<&Placed<Text>>,
        kind: &str,
        reach: Reach,
        build: &mut Build<'_>,
    ) -> Result<Self, Problem> {
        refuse_table(kind, build)?;
        let Some(within) = within else {
            let rows = build.rows()?;
            if rows.is_none() && reach == Reach::All {
                let name = build.around().name;
                let message =
                    format!("`{kind}` follows from all rows before, and `{name}` is endless");
                return Err(Problem::new(message).at(&build.place).hint(format!(
                    "give `{name}` a row count, or a foreign key with `per_parent` and name it with `within`"
                )));
            }
            return Ok(Self {
                places: None,
                children: None,
                ancestors: None,
                rows,
            });
        };
        if let Some(ancestors) = Ancestors::of(within, build)? {
            return Ok(Self {
                places: None,
                children: None,
                rows: Some(ancestors.rows()),
                ancestors: Some(ancestors),
            });
        }
        refuse_scattered(within, kind, build)?;
        let input = build.input(&format!("{}.{NTH}", within.as_str()), &within.place)?;
        let children = build.siblings(input.index);
        let children = children.ok_or_else(|| scattered(within, kind, build))?;
        Ok(Self {
            places: Some(input.index),
            rows: Some(children.total()),
            children: Some(children),
            ancestors: None,
        })
    }

    /// Each row's place in its group, from 0.
    pub(super) fn places(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Vec<u64> {
        if let Some(ancestors) = &self.ancestors {
            return ancestors.places(rows);
        }
        match self.places {
            Some(input) => inputs[input].as_primitive::<UInt64Type>().values().to_vec(),
            None => rows.numbers(),
        }
    }

    /// The first row behind the group that `row` is in.
    pub(super) fn end(&self, row: u64) -> u64 {
        match (&self.children, &self.ancestors) {
            (Some(children), _) => children.end(row),
            (None, Some(ancestors)) => ancestors.end(row),
            (None, None) => self.rows.unwrap_or(u64::MAX),
        }
    }

    /// The most rows that a group can have, if that is known.
    pub(super) fn most(&self) -> Option<u64> {
        match (&self.children, &self.ancestors) {
            (Some(children), _) => Some(children.most()),
            (None, Some(ancestors)) => Some(ancestors.most()),
            (None, None) => self.rows,
        }
    }

    /// The most states that are kept, of groups that are longer than so many rows.
    fn blocks(&self, direct: u64) -> u64 {
        let (Some(most), Some(rows)) = (self.most(), self.rows) else {
            return 0;
        };
        match most > direct {
            true => most / BLOCK * rows.div_ceil(most).min(blocks::GROUPS as u64),
            false => 0,
        }
    }

    /// The whole table is one group.
    pub(super) fn is_whole(&self) -> bool {
        self.children.is_none() && self.ancestors.is_none()
    }
}

/// Tables whose rows have none before them that could be made.
fn refuse_table(kind: &str, build: &Build<'_>) -> Result<(), Problem> {
    let around = build.around();
    let problem = |message: String| Problem::new(message).at(&build.place);
    if around.outer.is_some() {
        let message =
            format!("`{kind}` reads other rows of a table: it cannot stand within a column");
        return Err(
            problem(message).hint("make it a column of its own, hidden or not, and `copy` it")
        );
    }
    if build.changes().is_some() {
        let message = format!(
            "the rows of `{}` come and go under `changes`: `{kind}` has no order to follow",
            around.name
        );
        return Err(problem(message).hint("take the table out of the `mix`"));
    }
    if around.read {
        let message = format!(
            "table `{}` is read: its rows cannot be made again for `{kind}`",
            around.name
        );
        return Err(
            problem(message).hint("say it in the query or the program that writes the rows")
        );
    }
    Ok(())
}

/// The rows of a key must follow each other.
fn refuse_scattered(
    within: &Placed<Text>,
    kind: &str,
    build: &mut Build<'_>,
) -> Result<(), Problem> {
    let columns = build.around().columns;
    let named = columns
        .iter()
        .find(|(name, _)| name.value == within.as_str());
    match named.map(|(_, column)| &column.generator) {
        Some(GeneratorKind::ForeignKey(key)) if key.is_clustered() => Ok(()),
        Some(_) => Err(scattered(within, kind, build)),
        None => {
            // What is no column at all is told as such.
            build.input(within, &within.place)?;
            Err(scattered(within, kind, build))
        }
    }
}

fn scattered(within: &Placed<Text>, kind: &str, build: &Build<'_>) -> Problem {
    let (column, table) = (within.as_str(), build.around().name);
    Problem::new(format!(
        "rows of `{table}` with the same `{column}` do not follow each other: `{kind}` cannot go through them"
    ))
    .at(&within.place)
    .hint("`within` names a foreign key with `per_parent`, which keeps the rows of a parent together, or such a key of that parent: `order_id.customer_id`")
}

#[cfg(test)]
pub(super) mod tests;
