//! The rows that are children of rows of another table, and their columns: made stretch by stretch, so that a
//! parent of millions of children takes no more room than any.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::buffer::BooleanBuffer;

use super::generators::{Children, Run};
use super::kin::KnownValues;
use super::program::{Origin, Program, Selection};
use super::program_cell::ProgramRef;
use super::rows::Rows;
use crate::error::{Error, Result};

/// Children that are made at once.
const STRETCH: u64 = 1 << 15;

/// The children of a table's rows in another table.
#[derive(Clone)]
pub(super) struct ChildRows {
    /// The other table.
    pub name: String,
    pub children: Arc<Children>,
    pub program: ProgramRef,
    /// What of the other table's nodes is null where a row has no parent; none if each has one.
    pub parent: Option<usize>,
}

/// Some columns of children.
pub(super) struct ChildColumns {
    rows: ChildRows,
    /// The wanted nodes, and behind them the one that is null without a parent.
    nodes: Vec<usize>,
    selected: OnceLock<Selected>,
}

struct Selected {
    selection: Selection,
    /// Nodes that say whose child a row is, and which one.
    parents: Vec<usize>,
    places: Vec<usize>,
}

/// Children that follow each other, of parents that do.
pub(super) struct Stretch<'a> {
    /// The first parent, by its place among those asked for.
    pub first: usize,
    /// Where each parent's children begin in the stretch, and where the last one's end.
    pub offsets: &'a [usize],
    /// Their row numbers.
    pub rows: Rows<'a>,
    pub columns: &'a [ArrayRef],
    /// Those that have their parent; all where there is none.
    pub valid: Option<BooleanBuffer>,
}

/// Which children are in a stretch.
struct Part {
    first: usize,
    offsets: Vec<usize>,
    runs: Vec<Run>,
    /// The place of the first one among its siblings.
    place: u64,
}

impl ChildColumns {
    pub fn new(rows: ChildRows, mut nodes: Vec<usize>) -> Self {
        nodes.extend(rows.parent);
        Self {
            rows,
            nodes,
            selected: OnceLock::new(),
        }
    }

    /// True for columns of the same children.
    pub fn are_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rows.children, &other.rows.children)
    }

    /// The same children without a column.
    pub fn of_none(&self) -> Self {
        Self::new(self.rows.clone(), Vec::new())
    }

    /// The nodes that are wanted.
    pub fn wanted(&self) -> &[usize] {
        let own = self.nodes.len() - usize::from(self.rows.parent.is_some());
        &self.nodes[..own]
    }

    /// Wants more nodes, none of them twice: where each is among those wanted.
    pub fn add(&mut self, more: &[usize]) -> Vec<usize> {
        let mut nodes = self.wanted().to_vec();
        let mut place = |node: &usize| match nodes.iter().position(|known| known == node) {
            Some(known) => known,
            None => {
                nodes.push(*node);
                nodes.len() - 1
            }
        };
        let places = more.iter().map(&mut place).collect();
        *self = Self::new(self.rows.clone(), nodes);
        places
    }

    /// The child's table.
    pub fn name(&self) -> &str {
        &self.rows.name
    }

    /// Takes the children of `parents`, stretch by stretch; a parent's may come in several.
    ///
    /// # Errors
    /// A value cannot be made, or what `take` fails with.
    pub fn each(
        &self,
        parents: Rows<'_>,
        mut take: impl FnMut(Stretch<'_>) -> Result<()>,
    ) -> Result<()> {
        let runs = self.rows.children.runs(parents);
        // Where nothing is made, there is nothing to find room for.
        let most = if self.nodes.is_empty() {
            u64::MAX
        } else {
            STRETCH
        };
        let (mut parent, mut place) = (0, 0);
        while parent < runs.len() {
            let part = part(&runs, &mut parent, &mut place, most);
            let list;
            // Children of parents that follow each other follow each other, too; generators fill a
            // range faster than a list.
            let rows = match part.range() {
                Some(range) => range,
                None => {
                    list = part.list();
                    Rows::List(&list)
                }
            };
            let mut columns = self.make(&part, parents, rows)?;
            let valid = match self.rows.parent {
                None => None,
                Some(_) => columns.pop().and_then(|parent| {
                    let nulls = parent.nulls().filter(|nulls| nulls.null_count() > 0);
                    nulls.map(|nulls| nulls.inner().clone())
                }),
            };
            take(Stretch {
                first: part.first,
                offsets: &part.offsets,
                rows,
                columns: &columns,
                valid,
            })?;
        }
        Ok(())
    }

    fn make(&self, part: &Part, parents: Rows<'_>, rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
        if self.nodes.is_empty() {
            return Ok(Vec::new());
        }
        let made = self.rows.program.read(|program| {
            let selected = self
                .selected
                .get_or_init(|| Selected::new(program, &self.nodes, &self.rows.children));
            let given = selected.given(part, parents, rows.len());
            program.evaluate_given(&selected.selection, rows, &[], given)
        });
        made.ok_or_else(|| Error::run("a child's column was read before it was built"))?
    }
}

/// The children that come next, up to `most`.
fn part(runs: &[Run], parent: &mut usize, place: &mut u64, most: u64) -> Part {
    let mut part = Part {
        first: *parent,
        offsets: vec![0],
        runs: Vec::new(),
        place: *place,
    };
    let mut total = 0;
    while *parent < runs.len() && total < most {
        let run = runs[*parent];
        let count = (run.count - *place).min(most - total);
        part.runs.push(Run {
            first: run.first + *place,
            count,
        });
        total += count;
        part.offsets.push(total as usize);
        *place += count;
        if *place < run.count {
            break;
        }
        (*parent, *place) = (*parent + 1, 0);
    }
    part
}

impl Part {
    /// The rows, where each follows the one before.
    fn range(&self) -> Option<Rows<'static>> {
        let mut runs = self.runs.iter().filter(|run| run.count > 0);
        let count = self.offsets.last().copied().unwrap_or(0);
        let first = runs.next().copied().unwrap_or(Run { first: 0, count: 0 });
        let mut end = first.first + first.count;
        for run in runs {
            if run.first != end {
                return None;
            }
            end += run.count;
        }
        Some(Rows::Range {
            first: first.first,
            count,
        })
    }

    fn list(&self) -> Vec<u64> {
        let runs = self.runs.iter();
        runs.flat_map(|run| run.first..run.first + run.count)
            .collect()
    }

    /// A value for each row.
    fn each(&self, count: usize, value: impl Fn(usize, u64) -> u64) -> ArrayRef {
        let mut values = Vec::with_capacity(count);
        for (index, run) in self.runs.iter().enumerate() {
            let before = if index == 0 { self.place } else { 0 };
            values.extend((0..run.count).map(|place| value(self.first + index, before + place)));
        }
        Arc::new(UInt64Array::from(values))
    }
}

impl Selected {
    fn new(program: &Program, nodes: &[usize], children: &Arc<Children>) -> Self {
        let selection = program.select(nodes.to_vec());
        let (mut parents, mut places) = (Vec::new(), Vec::new());
        for index in selection.order() {
            let Origin::Fill(fill) = &program.node(*index).origin else {
                continue;
            };
            match fill.kin() {
                // Another key of the child, to other parents: about those nothing is known here.
                Some(kin) if !Arc::ptr_eq(&kin.children, children) => {}
                Some(kin) if kin.place => places.push(*index),
                Some(_) => parents.push(*index),
                None => {}
            }
        }
        Self {
            selection,
            parents,
            places,
        }
    }

    /// Whose children they are is known, and need not be searched for.
    fn given(&self, part: &Part, parents: Rows<'_>, count: usize) -> KnownValues {
        let mut given = Vec::new();
        if !self.parents.is_empty() {
            let values = part.each(count, |parent, _| parents.at(parent));
            given.extend(self.parents.iter().map(|node| (*node, values.clone())));
        }
        if !self.places.is_empty() {
            let values = part.each(count, |_, place| place);
            given.extend(self.places.iter().map(|node| (*node, values.clone())));
        }
        KnownValues(given)
    }
}
