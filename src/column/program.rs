//! The columns of one table as nodes in the order of their dependencies, ready to be evaluated
//! at any rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, NullArray, make_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field};

use crate::column::changes::{ChangeFrame, ChangePlaces};
use crate::column::kin::{KinPart, KnownValues};
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::together::{Taker, Together};
use crate::domain::Domain;
use crate::error::{Error, Result};

/// Makes the values of one column: a function of the rows and the inputs alone.
// One object a column, called once a batch: what a dynamic call costs is spread over thousands of
// rows.
pub trait Fill: Send + Sync {
    /// The values at `rows`. `inputs` are the columns asked for while building, at the same rows.
    ///
    /// # Errors
    /// A value that the column's type cannot hold, naming the row.
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef>;

    /// What takes the children of each row, if its values are made of these.
    fn takes_children(&self) -> Option<Taker<'_>> {
        None
    }

    /// Which part of a row's place among its parent's children the values are, if they are one.
    fn kin(&self) -> Option<KinPart> {
        None
    }

    /// What it makes again at other rows than those that are asked for, if it does.
    fn again(&self) -> Option<MadeAgain<'_>> {
        None
    }
}

/// What a column makes again of its own table, at the rows before or behind those that are asked for.
pub struct MadeAgain<'a> {
    /// The nodes that are made again.
    pub nodes: &'a [usize],
    /// The only input that is read where the rows are a list. Were the others made, too, every column would
    /// be made twice for the next one, and of sixteen in a row the first 65 536 times.
    pub listed: Option<usize>,
}

impl<F> Fill for F
where
    F: Fn(Rows<'_>, &[ArrayRef]) -> Result<ArrayRef> + Send + Sync,
{
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        self(rows, inputs)
    }
}

/// Where a node's values come from.
#[derive(Clone)]
pub enum Origin {
    /// Made here.
    Fill(Arc<dyn Fill>),
    /// Given from outside: the outer column of a nested one.
    Outer(usize),
    /// The row's number.
    Row,
    /// The item's place in its list, from 0, when lists have room for so many items.
    Item(u64),
}

/// One column, or something that columns are made from.
#[derive(Clone)]
pub struct ProgramNode {
    /// Its path in the table.
    pub name: String,
    /// Its name, type and nullability as it comes in batches.
    pub field: Field,
    /// What is known of its values.
    pub domain: Domain,
    /// The nodes it reads.
    pub inputs: Vec<usize>,
    /// Where its values come from.
    pub origin: Origin,
    /// Rows whose random number is below the threshold are null; no threshold means all.
    pub nulls: Option<(Key, Option<u64>)>,
    /// Each value is a function of the inputs' values in its row alone.
    pub pointwise: bool,
}

/// The nodes of one table, or of one nested column.
#[derive(Default)]
pub struct Program {
    nodes: Vec<ProgramNode>,
    /// Its rows are changes of those that its nodes make.
    changes: Option<ChangeFrame>,
}

/// Which nodes are wanted, and which must be evaluated for them.
#[derive(Debug, Clone)]
pub struct Selection {
    wanted: Vec<usize>,
    /// Of rows that follow each other.
    ranged: Evaluated,
    /// Of a list of rows.
    listed: Evaluated,
}

/// Nodes that are evaluated, each after those that it reads.
#[derive(Debug, Clone)]
struct Evaluated {
    order: Vec<usize>,
    /// Nodes that are made together.
    together: Arc<[Together]>,
}

/// Fills a column with its first input, as it is.
pub(super) fn first_input(_: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(inputs[0].clone())
}

impl Program {
    /// A program of nodes, each after those it reads.
    pub fn new(nodes: Vec<ProgramNode>) -> Self {
        Self {
            nodes,
            changes: None,
        }
    }

    /// A program whose rows are changes of those that the nodes make.
    pub(super) fn of_changes(mut nodes: Vec<ProgramNode>, frame: ChangeFrame) -> Self {
        frame.describe(&mut nodes);
        Self {
            nodes,
            changes: Some(frame),
        }
    }

    /// What its rows change, where they are changes.
    pub fn changes(&self) -> Option<&ChangeFrame> {
        self.changes.as_ref()
    }

    /// The node at `index`.
    pub fn node(&self, index: usize) -> &ProgramNode {
        &self.nodes[index]
    }

    /// What is counted before the first row to know its rows, where that is a column of another table.
    pub fn counted(&self) -> Option<String> {
        let mut fills = self.nodes.iter().filter_map(|node| match &node.origin {
            Origin::Fill(fill) => fill.kin(),
            _ => None,
        });
        fills.find_map(|kin| kin.children.cost())
    }

    /// The most bytes of a row, and of what its values are made of, as far as that is known.
    pub fn most_bytes(&self) -> u64 {
        let bytes = |node: &ProgramNode| node.domain.most_bytes(node.field.data_type());
        self.nodes.iter().map(bytes).fold(0, u64::saturating_add)
    }

    /// What it takes to evaluate the `wanted` nodes.
    pub fn select(&self, wanted: Vec<usize>) -> Selection {
        Selection {
            ranged: self.evaluated(&wanted, false),
            listed: self.evaluated(&wanted, true),
            wanted,
        }
    }

    fn evaluated(&self, wanted: &[usize], listed: bool) -> Evaluated {
        let mut needed = vec![false; self.nodes.len()];
        for index in wanted {
            needed[*index] = true;
        }
        mark_inputs(&self.nodes, &mut needed, listed);
        let order = (0..needed.len()).filter(|index| needed[*index]);
        let order: Vec<usize> = order.collect();
        let together = Together::of(&self.nodes, &order);
        Evaluated { order, together }
    }

    /// The outer columns that a selection reads.
    pub fn outer(&self, selection: &Selection) -> Vec<usize> {
        let order = selection.order().iter();
        let origins = order.map(|node| &self.nodes[*node].origin);
        let mut outer: Vec<usize> = origins
            .filter_map(|origin| match origin {
                Origin::Outer(index) => Some(*index),
                _ => None,
            })
            .collect();
        // Outer columns are numbered in the order in which they were asked for; this is the order
        // of the arrays.
        outer.sort_unstable();
        outer
    }

    /// The wanted columns of `rows` as the table has them: what each change says, where its rows are
    /// changes.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub fn show(
        &self,
        selection: &Selection,
        rows: Rows<'_>,
        outer: &[ArrayRef],
    ) -> Result<Vec<ArrayRef>> {
        match &self.changes {
            None => self.evaluate(selection, rows, outer),
            Some(frame) => frame.show(self, selection, rows),
        }
    }

    /// The wanted columns of rows and versions of them, whole, where the program's rows are changes.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row; or its rows are none.
    pub fn whole(&self, selection: &Selection, places: &ChangePlaces) -> Result<Vec<ArrayRef>> {
        let frame = self.changes.as_ref();
        let frame = frame.ok_or_else(|| Error::run("the rows of this table do not change"))?;
        frame.make(self, selection, places)
    }

    /// The wanted columns at `rows`, which are no changes even where the table's are.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub fn evaluate(
        &self,
        selection: &Selection,
        rows: Rows<'_>,
        outer: &[ArrayRef],
    ) -> Result<Vec<ArrayRef>> {
        self.evaluate_given(selection, rows, outer, KnownValues::default())
    }

    /// As `evaluate`, where the values of some nodes are known already, but for their nulls.
    ///
    /// # Errors
    /// As `evaluate`.
    pub fn evaluate_given(
        &self,
        selection: &Selection,
        rows: Rows<'_>,
        outer: &[ArrayRef],
        given: KnownValues,
    ) -> Result<Vec<ArrayRef>> {
        // Whoever refers to rows that change sees them as they were inserted: what an update made
        // of a row depends on when one looks, and a key must not.
        let born = match &self.changes {
            Some(frame) if !self.outer(selection).is_empty() => frame.born(rows),
            _ => Vec::new(),
        };
        let outer = if born.is_empty() { outer } else { &born };
        // Columns are kept until the batch is done. To drop each behind its last reader was not
        // tried: a batch of columns is small.
        let mut made = vec![None; self.nodes.len()];
        for (index, values) in given.0 {
            made[index] = Some(self.nodes[index].with_nulls(rows, values)?);
        }
        let evaluated = match rows {
            Rows::Range { .. } => &selection.ranged,
            Rows::List(_) => &selection.listed,
        };
        for index in &evaluated.order {
            if made[*index].is_some() {
                continue;
            }
            let mut together = evaluated.together.iter();
            let Some(group) = together.find(|group| group.has(*index)) else {
                self.fill(*index, rows, outer, &mut made)?;
                continue;
            };
            for (node, values) in group.fill(&self.nodes, rows)? {
                made[node] = Some(self.nodes[node].with_nulls(rows, values)?);
            }
        }
        let wanted = selection.wanted.iter();
        Ok(wanted.filter_map(|index| made[*index].clone()).collect())
    }

    /// Makes the values of a node whose inputs are made.
    pub(super) fn fill(
        &self,
        index: usize,
        rows: Rows<'_>,
        outer: &[ArrayRef],
        made: &mut [Option<ArrayRef>],
    ) -> Result<()> {
        let node = &self.nodes[index];
        // An input that is not read has no values, but its place.
        let none = || Arc::new(NullArray::new(0)) as ArrayRef;
        let inputs = node.inputs.iter();
        let inputs = inputs.map(|input| made[*input].clone().unwrap_or_else(none));
        let inputs: Vec<ArrayRef> = inputs.collect();
        let values = node.values(rows, &inputs, outer)?;
        made[index] = Some(node.with_nulls(rows, values)?);
        Ok(())
    }
}

/// All that marked nodes are made of is marked, too: for rows that follow each other, or for a list of rows.
pub(super) fn mark_inputs(nodes: &[ProgramNode], marked: &mut [bool], listed: bool) {
    // Nodes stand behind those that they read: once backwards marks everything below.
    for (index, node) in nodes.iter().enumerate().rev() {
        if !marked[index] {
            continue;
        }
        for (at, input) in node.inputs.iter().enumerate() {
            marked[*input] |= !listed || node.again().is_none_or(|again| again.listed == Some(at));
        }
    }
}

impl Selection {
    /// The nodes that are evaluated, in order.
    pub(super) fn order(&self) -> &[usize] {
        &self.ranged.order
    }

    /// The nodes that are wanted.
    pub(super) fn wanted(&self) -> &[usize] {
        &self.wanted
    }
}

impl ProgramNode {
    /// What it makes again at other rows, if it does.
    pub(super) fn again(&self) -> Option<MadeAgain<'_>> {
        match &self.origin {
            Origin::Fill(fill) => fill.again(),
            _ => None,
        }
    }

    /// A node of which nothing is known but its type, without nulls.
    pub fn new(name: &str, data_type: DataType, inputs: Vec<usize>, origin: Origin) -> Self {
        Self {
            name: name.to_string(),
            field: Field::new(name, data_type, false),
            domain: Domain::default(),
            inputs,
            origin,
            nulls: None,
            pointwise: false,
        }
    }

    fn values(&self, rows: Rows<'_>, inputs: &[ArrayRef], outer: &[ArrayRef]) -> Result<ArrayRef> {
        match &self.origin {
            Origin::Fill(fill) => fill
                .fill(rows, inputs)
                .map_err(|error| error.context(format!("making column `{}`", self.name))),
            Origin::Outer(index) => Ok(outer[*index].clone()),
            Origin::Row => Ok(numbers(rows, |row| row as i64)),
            Origin::Item(width) => Ok(numbers(rows, |row| (row % width) as i64)),
        }
    }

    fn with_nulls(&self, rows: Rows<'_>, values: ArrayRef) -> Result<ArrayRef> {
        let Some((key, threshold)) = &self.nulls else {
            return Ok(values);
        };
        nulled(&values, key, *threshold, rows)
    }
}

/// The values, null in those of the `rows` whose random number is below the threshold; in all without one.
pub(super) fn nulled(
    values: &ArrayRef,
    key: &Key,
    threshold: Option<u64>,
    rows: Rows<'_>,
) -> Result<ArrayRef> {
    // Nulls have a key of their own: a column with `nulls: 0.1` has the same values in its
    // other rows as one without.
    let random = key.fill(rows);
    let valid = BooleanBuffer::collect_bool(random.len(), |index| match threshold {
        Some(threshold) => random[index] >= threshold,
        None => false,
    });
    with_valid(values, &NullBuffer::new(valid))
}

/// The values, null also where they are not valid.
pub(super) fn with_valid(values: &ArrayRef, valid: &NullBuffer) -> Result<ArrayRef> {
    let nulls = NullBuffer::union(values.nulls(), Some(valid));
    let data = values.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

fn numbers(rows: Rows<'_>, number: impl Fn(u64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from(rows.map(number)))
}
