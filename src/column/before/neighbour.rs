//! The value of a column in the row before or behind, within a group.

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{concat, take};
use schemars::JsonSchema;
use serde::Deserialize;

use super::own::OwnColumns;
use super::{Group, Reach};
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::{Fill, with_valid};
use crate::column::rows::Rows;
use crate::domain::{Domain, Order};
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};

/// A column, and the rows that belong together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::column) struct Neighbour {
    /// The column, or the field, whose value is taken.
    column: Placed<Text>,
    /// The foreign key, with `per_parent`, whose rows belong together (default: the whole table).
    within: Option<Placed<Text>>,
}

/// Which neighbour of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::column) enum Side {
    Before,
    Behind,
}

struct NeighbourFill {
    group: Group,
    own: OwnColumns,
    side: Side,
}

impl Neighbour {
    /// The column of the neighbours' values.
    ///
    /// # Errors
    /// The column is unknown, or the rows do not follow each other.
    pub(in crate::column) fn build(
        &self,
        side: Side,
        kind: &str,
        build: &mut Build<'_>,
    ) -> Result<BuiltColumn, Problem> {
        let input = build.dictionary_input(&self.column, &self.column.place)?;
        let plain = crate::column::values::arrays::plain_type(&input.data_type);
        if build.data_type(plain.clone()) != *plain {
            let shown = crate::column::values::types::show_type(plain);
            return Err(
                build.wrong_type(kind, &format!("{shown}, as `{}` is", self.column.as_str()))
            );
        }
        let group = Group::of(self.within.as_ref(), kind, Reach::Neighbour, build)?;
        let domain = Domain {
            nulls: true,
            states: 0,
            // The last row of the table has none behind it.
            depends_on_rows: input.domain.depends_on_rows
                || side == Side::Behind && group.is_whole(),
            order: match group.is_whole() {
                true => input.domain.order,
                false => Order::Unknown,
            },
            ..input.domain
        };
        let fill = NeighbourFill {
            group,
            own: OwnColumns::first(1, build),
            side,
        };
        Ok(BuiltColumn::new(input.data_type, domain, fill))
    }
}

impl NeighbourFill {
    /// Whether each row has a neighbour.
    fn has(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Vec<bool> {
        if self.side == Side::Before {
            let places = self.group.places(rows, inputs);
            return places.into_iter().map(|place| place > 0).collect();
        }
        match rows {
            Rows::Range { first, count } => {
                // The row behind begins a group where its place is 0.
                let places = self.group.places(rows, inputs);
                let within = places.iter().skip(1).map(|place| *place > 0);
                let last = first + count as u64 - 1;
                within.chain([last + 1 < self.group.end(last)]).collect()
            }
            Rows::List(rows) => {
                let has = |row: &u64| row + 1 < self.group.end(*row);
                rows.iter().map(has).collect()
            }
        }
    }

    /// Values of rows that follow each other, but for one at the edge, which the batch has not.
    fn shifted(&self, first: u64, has: &[bool], values: &ArrayRef) -> Result<ArrayRef> {
        let (count, last) = (has.len(), has.len() - 1);
        let (edge, row) = match self.side {
            Side::Before => (0, first.wrapping_sub(1)),
            Side::Behind => (last, first + count as u64),
        };
        let beyond = match has[edge] {
            true => self
                .own
                .at(Rows::Range {
                    first: row,
                    count: 1,
                })?
                .remove(0),
            // Any value does: it is null there.
            false => values.slice(edge, 1),
        };
        let moved = match self.side {
            Side::Before => concat(&[&beyond, &values.slice(0, last)])?,
            Side::Behind => concat(&[&values.slice(1, last), &beyond])?,
        };
        let valid = BooleanBuffer::collect_bool(count, |index| has[index]);
        match has.iter().all(|has| *has) {
            true => Ok(moved),
            false => with_valid(&moved, &NullBuffer::new(valid)),
        }
    }

    fn listed(&self, rows: &[u64], has: &[bool]) -> Result<ArrayRef> {
        let neighbour = |row: u64| match self.side {
            Side::Before => row - 1,
            Side::Behind => row + 1,
        };
        let of = rows.iter().zip(has).filter(|(_, has)| **has);
        let needed: Vec<u64> = of.map(|(row, _)| neighbour(*row)).collect();
        let values = self.own.at(Rows::List(&needed))?.remove(0);
        let mut next = 0..;
        let index = has.iter().map(|has| has.then(|| next.next()).flatten());
        Ok(take(&values, &index.collect::<UInt64Array>(), None)?)
    }
}

impl Fill for NeighbourFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        if rows.is_empty() {
            return Ok(inputs[0].slice(0, 0));
        }
        let has = self.has(rows, inputs);
        match rows {
            Rows::Range { first, .. } => self.shifted(first, &has, &inputs[0]),
            Rows::List(rows) => self.listed(rows, &has),
        }
    }
}
