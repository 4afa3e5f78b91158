//! The value of a column in a row before or behind, within a group.

use arrow::array::{ArrayRef, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::compute::{concat, take};
use schemars::JsonSchema;
use serde::Deserialize;

use super::own::OwnColumns;
use super::{Group, Reach};
use crate::column::build::{Build, BuiltColumn};
use crate::column::generators::GeneratorKind;
use crate::column::program::{Fill, MadeAgain, with_valid};
use crate::column::rows::Rows;
use crate::column::values::arrays::plain_type;
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order};
use crate::error::{Problem, Result};
use crate::place::{Count, Placed, Text};

/// A column, how far away, and the rows that belong together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::column) struct Neighbour {
    /// The column, or the field, whose value is taken.
    column: Placed<Text>,
    /// How many rows away (default 1).
    rows: Option<Placed<Count>>,
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
    /// How many rows away.
    far: u64,
}

/// Rows further away are not looked at: all between them would be made.
const FARTHEST: u64 = 100_000;

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
        let (column, far) = self.base(side, build)?;
        let input = build.dictionary_input(&column, &column.place)?;
        let plain = plain_type(&input.data_type);
        if build.data_type(plain.clone()) != *plain {
            let shown = show_type(plain);
            return Err(build.wrong_type(kind, &format!("{shown}, as `{}` is", column.as_str())));
        }
        let group = Group::of(self.within.as_ref(), kind, Reach::Neighbour, build)?;
        let domain = Domain {
            nulls: true,
            states: 0,
            // The last rows of the table have none behind them.
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
            far,
        };
        Ok(BuiltColumn::new(input.data_type, domain, fill))
    }

    fn far(&self) -> Result<u64, Problem> {
        match &self.rows {
            None => Ok(1),
            Some(rows) if (1..=FARTHEST).contains(&rows.value.0) => Ok(rows.value.0),
            Some(rows) => {
                let message = format!("`rows` is 1 to {FARTHEST}, found {}", rows.value.0);
                Err(Problem::new(message).at(&rows.place))
            }
        }
    }

    /// The column behind those that only look at the row before it, and how far it is in all. Each of
    /// them would make a row of its own at the edge of a batch, through all of those below it: twice as
    /// much with each.
    fn base(&self, side: Side, build: &Build<'_>) -> Result<(Placed<Text>, u64), Problem> {
        let (mut at, mut far) = (self, self.far()?);
        let columns = build.around().columns;
        // A circle is told when the column is asked for.
        for _ in 0..columns.len() {
            let named = columns.iter().find(|(name, _)| *name.value == **at.column);
            let Some((_, column)) = named else { break };
            let next = match (&column.generator, side) {
                (GeneratorKind::Previous(next), Side::Before) => next.neighbour(),
                (GeneratorKind::Next(next), Side::Behind) => next.neighbour(),
                _ => break,
            };
            let common = &column.common;
            let plain = common.nulls.is_none() && common.by.is_none() && common.data_type.is_none();
            let same = next.within.as_deref().map(|within| within.as_str())
                == self.within.as_deref().map(|within| within.as_str());
            if !plain || !same || far + next.far()? > FARTHEST {
                break;
            }
            far += next.far()?;
            at = next;
        }
        Ok((at.column.clone(), far))
    }
}

impl NeighbourFill {
    /// Whether each row has a neighbour.
    fn has(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Vec<bool> {
        let within = |row: u64| row + self.far < self.group.end(row);
        match (self.side, rows) {
            (Side::Before, rows) => {
                let places = self.group.places(rows, inputs).into_iter();
                places.map(|place| place >= self.far).collect()
            }
            (Side::Behind, Rows::Range { first, count }) => {
                // Of one group where the place there is as much greater.
                let places = self.group.places(rows, inputs);
                let far = self.far as usize;
                let there = places.iter().zip(places.iter().skip(far));
                let there = there.map(|(here, there)| *there == here + self.far);
                let rest = count.saturating_sub(far)..count;
                there
                    .chain(rest.map(|index| within(first + index as u64)))
                    .collect()
            }
            (Side::Behind, Rows::List(rows)) => rows.iter().map(|row| within(*row)).collect(),
        }
    }

    /// Values of rows that follow each other, but for those at the edge, which the batch has not; nothing
    /// where it has none of them, or not all rows of the edge are there.
    fn shifted(&self, first: u64, has: &[bool], values: &ArrayRef) -> Result<Option<ArrayRef>> {
        let (count, far) = (has.len(), self.far as usize);
        let (edge, start) = match self.side {
            Side::Before => (0..far, first.checked_sub(self.far)),
            Side::Behind => (count.saturating_sub(far)..count, Some(first + count as u64)),
        };
        let Some(start) = start.filter(|_| far < count) else {
            return Ok(None);
        };
        let beyond = match (has[edge.clone()].iter().any(|has| *has), self.side) {
            // Any values do: they are null there.
            (false, _) => values.slice(edge.start, far),
            (true, Side::Behind) if !has[edge.clone()].iter().all(|has| *has) => return Ok(None),
            (true, _) => {
                let (first, count) = (start, far);
                self.own.at(Rows::Range { first, count })?.remove(0)
            }
        };
        let moved = match self.side {
            Side::Before => concat(&[&beyond, &values.slice(0, count - far)])?,
            Side::Behind => concat(&[&values.slice(far, count - far), &beyond])?,
        };
        match has.iter().all(|has| *has) {
            true => Ok(Some(moved)),
            false => with_valid(&moved, &NullBuffer::from(has)).map(Some),
        }
    }

    fn listed(&self, rows: Rows<'_>, has: &[bool]) -> Result<ArrayRef> {
        let neighbour = |row: u64| match self.side {
            Side::Before => row - self.far,
            Side::Behind => row + self.far,
        };
        let of = (0..rows.len()).filter(|index| has[*index]);
        let needed: Vec<u64> = of.map(|index| neighbour(rows.at(index))).collect();
        let values = self.own.at(Rows::List(&needed))?.remove(0);
        let mut next = 0..;
        let index = has.iter().map(|has| has.then(|| next.next()).flatten());
        Ok(take(&values, &index.collect::<UInt64Array>(), None)?)
    }
}

impl Fill for NeighbourFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let has = self.has(rows, inputs);
        let shifted = match rows {
            Rows::Range { first, .. } => self.shifted(first, &has, &inputs[0])?,
            Rows::List(_) => None,
        };
        match shifted {
            Some(shifted) => Ok(shifted),
            None => self.listed(rows, &has),
        }
    }

    fn again(&self) -> Option<MadeAgain<'_>> {
        Some(self.own.again(self.group.places))
    }
}
