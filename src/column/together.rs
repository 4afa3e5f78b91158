//! Nodes that are made of the children in one other table: made together, so that these children are made once.

use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;

use super::child_rows::{ChildColumns, Stretch};
use super::program::{Origin, ProgramNode};
use super::rows::Rows;
use crate::error::Result;

/// What takes the children of each row.
pub struct Taker<'a>(pub(super) &'a dyn TakesChildren);

/// What makes values of the children of each row.
pub(super) trait TakesChildren: Send + Sync {
    /// The children's columns that it takes.
    fn columns(&self) -> &ChildColumns;

    /// Nothing of the rows yet.
    fn start<'a>(&'a self, rows: Rows<'a>, inputs: &'a [ArrayRef]) -> Box<dyn Taking + 'a>;
}

/// Values in the making.
pub(super) trait Taking {
    /// Takes the next children.
    fn take(&mut self, stretch: &Stretch<'_>) -> Result<()>;

    /// The values, once all children are taken.
    fn finish(self: Box<Self>) -> Result<ArrayRef>;
}

/// Some of a selection's nodes, all made of the children in one table and of nothing else.
// An order's total, its number of lines and the lines within it are three columns of the same
// children. By itself each would make all of them again.
pub(super) struct Together {
    members: Vec<usize>,
    /// All columns that they take, and where those of each are among them.
    columns: ChildColumns,
    places: Vec<Vec<usize>>,
}

/// The values of one node by itself.
pub(super) fn alone(
    of: &dyn TakesChildren,
    rows: Rows<'_>,
    inputs: &[ArrayRef],
) -> Result<ArrayRef> {
    let mut taking = of.start(rows, inputs);
    of.columns().each(rows, |stretch| taking.take(&stretch))?;
    taking.finish()
}

/// The node as one that takes children, and reads nothing else.
fn takes(node: &ProgramNode) -> Option<&dyn TakesChildren> {
    match &node.origin {
        Origin::Fill(fill) if node.inputs.is_empty() => fill.takes_children().map(|taker| taker.0),
        _ => None,
    }
}

impl Together {
    /// The nodes of a selection that are made together, table by table.
    pub fn of(nodes: &[ProgramNode], order: &[usize]) -> Arc<[Self]> {
        let mut groups: Vec<Self> = Vec::new();
        for index in order {
            let Some(taker) = takes(&nodes[*index]) else {
                continue;
            };
            let columns = taker.columns();
            let known = groups
                .iter()
                .position(|group| group.columns.are_of(columns));
            let group = known.unwrap_or_else(|| {
                groups.push(Self {
                    members: Vec::new(),
                    columns: columns.of_none(),
                    places: Vec::new(),
                });
                groups.len() - 1
            });
            let group = &mut groups[group];
            group.members.push(*index);
            group.places.push(group.columns.add(columns.wanted()));
        }
        // One alone is made as every other node is.
        groups.retain(|group| group.members.len() > 1);
        groups.into()
    }

    /// True for a node that is one of them.
    pub fn has(&self, node: usize) -> bool {
        self.members.contains(&node)
    }

    /// The values of all of them, each with its node.
    pub fn fill(&self, nodes: &[ProgramNode], rows: Rows<'_>) -> Result<Vec<(usize, ArrayRef)>> {
        let named = |index: usize, error: crate::error::Error| {
            error.context(format!("making column `{}`", nodes[index].name))
        };
        let takers = self.members.iter().zip(&self.places);
        let takers = takers.filter_map(|(index, places)| {
            let taking = takes(&nodes[*index])?.start(rows, &[]);
            Some((*index, places, taking))
        });
        let mut takers: Vec<_> = takers.collect();
        self.columns.each(rows, |stretch| {
            for (index, places, taking) in &mut takers {
                let own = places.iter().map(|place| stretch.columns[*place].clone());
                let own: Vec<ArrayRef> = own.collect();
                let taken = taking.take(&Stretch {
                    columns: &own,
                    valid: stretch.valid.clone(),
                    ..stretch
                });
                taken.map_err(|error| named(*index, error))?;
            }
            Ok(())
        })?;
        let finish = |(index, _, taking): (usize, _, Box<dyn Taking + '_>)| {
            let finished = taking.finish();
            let values = finished.map_err(|error| named(index, error))?;
            Ok((index, values))
        };
        takers.into_iter().map(finish).collect()
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "nodes {:?} together", self.members)
    }
}
