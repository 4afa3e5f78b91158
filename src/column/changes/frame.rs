//! A program whose rows are changes: its nodes make the rows of the table, and versions of them; the
//! frame says at which of these each is evaluated, and which values a change says.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, DictionaryArray, Int32Array, Int64Array, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Field, Fields};

use super::{ChangePlaces, Changed, ChangedTable};
use crate::column::parent_column::as_rows;
use crate::column::program::{Origin, Program, ProgramNode, Selection};
use crate::column::rows::Rows;
use crate::domain::{Domain, Order, Range};
use crate::error::Result;
use crate::format::Operation;

/// What a node of a table of changes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRole {
    /// Of the change itself: its operation, its number.
    Always,
    /// The key: every change says it.
    Key,
    /// Made anew by updates, which say it.
    Set,
    /// Made by inserts: what updates say of it, if they do, is what it was.
    Once,
}

/// How the rows of a program are changes of those that its nodes make.
#[derive(Debug)]
pub struct ChangeFrame {
    places: Arc<dyn Changed>,
    /// What each node is.
    said: Vec<ChangeRole>,
    /// For each node: the table itself holds no null in it.
    required: Vec<bool>,
    /// The columns that hold keys of other tables: the node, the table and its column.
    references: Vec<(usize, String, String)>,
    /// Updates say all columns, as they leave them.
    whole: bool,
    /// How many changes there are of all tables.
    changes: Option<u64>,
    operations: ArrayRef,
}

impl ChangeFrame {
    /// The columns that come before the table's own.
    pub fn fields() -> Fields {
        Fields::from(vec![
            Field::new("operation", operation_type(), false),
            Field::new("change", DataType::Int64, false),
        ])
    }

    /// A frame of nodes each of which is what `said` says.
    pub(in crate::column) fn new(
        table: &ChangedTable,
        said: Vec<ChangeRole>,
        nodes: &[ProgramNode],
        references: Vec<(usize, String, String)>,
    ) -> Self {
        let required = |(node, said): (&ProgramNode, &ChangeRole)| match said {
            ChangeRole::Key | ChangeRole::Always => true,
            ChangeRole::Set | ChangeRole::Once => !node.field.is_nullable(),
        };
        Self {
            places: table.places.clone(),
            required: nodes.iter().zip(&said).map(required).collect(),
            said,
            references,
            whole: table.whole,
            changes: table.count,
            operations: Arc::new(StringArray::from_iter_values(Operation::NAMES)),
        }
    }

    /// What a node is.
    pub fn said(&self, node: usize) -> ChangeRole {
        self.said[node]
    }

    /// True if updates say it, beside the key.
    pub fn is_updated(&self, node: usize) -> bool {
        match self.said[node] {
            ChangeRole::Set => true,
            ChangeRole::Once => self.whole,
            ChangeRole::Always | ChangeRole::Key => false,
        }
    }

    /// True if the table itself holds no null in it.
    pub fn is_required(&self, node: usize) -> bool {
        self.required[node]
    }

    /// The table and column whose values a node holds, if it holds such.
    pub fn reference(&self, node: usize) -> Option<(&str, &str)> {
        let found = self.references.iter().find(|(own, ..)| *own == node)?;
        Some((&found.1, &found.2))
    }

    /// What the nodes are as columns of changes.
    pub(in crate::column) fn describe(&self, nodes: &mut [ProgramNode]) {
        for (node, said) in nodes.iter_mut().zip(&self.said) {
            match (said, &node.origin) {
                (ChangeRole::Always, Origin::Outer(0)) => {
                    node.domain = Domain::dictionary(&self.operations)
                }
                (ChangeRole::Always, _) => node.domain = self.numbers(),
                (ChangeRole::Key, _) => self.many_times(node, false),
                (ChangeRole::Set | ChangeRole::Once, _) => self.many_times(node, true),
            }
        }
    }

    /// A column that is said once for each change of its row, if it is.
    fn many_times(&self, node: &mut ProgramNode, nulls: bool) {
        node.field.set_nullable(nulls);
        node.domain.nulls = nulls;
        node.domain.unique = false;
        node.domain.order = Order::Unknown;
    }

    fn numbers(&self) -> Domain {
        let last = self.changes.map(|count| count.saturating_sub(1).into());
        Domain {
            range: last.map(|max| Range::Integer { min: 0, max }),
            order: Order::StrictlyAscending,
            unique: true,
            ..Domain::default()
        }
    }

    /// What stands for operation and number where rows are no changes: each was inserted.
    pub(in crate::column) fn born(&self, rows: Rows<'_>) -> Vec<ArrayRef> {
        let numbers = self.places.numbers(rows);
        let numbers = numbers.into_iter().map(|number| number as i64).collect();
        self.outer(vec![Operation::Insert as i32; rows.len()], numbers)
    }

    fn outer(&self, operations: Vec<i32>, numbers: Vec<i64>) -> Vec<ArrayRef> {
        let keys = Int32Array::from(operations);
        // All keys are of operations.
        let operations = DictionaryArray::new(keys, self.operations.clone());
        vec![Arc::new(operations), Arc::new(Int64Array::from(numbers))]
    }

    /// What the changes `rows` say in the wanted columns; null where they say nothing.
    pub(in crate::column) fn show(
        &self,
        program: &Program,
        selection: &Selection,
        rows: Rows<'_>,
    ) -> Result<Vec<ArrayRef>> {
        let places = self.places.places(rows);
        let made = self.make(program, selection, &places)?;
        let is_insert = |operation| operation == Operation::Insert as i32;
        let is_delete = |operation| operation == Operation::Delete as i32;
        let no_inserts = which(&places, |operation| !is_insert(operation));
        let deletes = which(&places, is_delete);
        let wanted = selection.wanted().iter().zip(made);
        let said = wanted.map(|(index, values)| {
            Ok(match self.said[*index] {
                ChangeRole::Always | ChangeRole::Key => values,
                ChangeRole::Set | ChangeRole::Once if self.is_updated(*index) => {
                    nullif(&values, &deletes)?
                }
                ChangeRole::Set | ChangeRole::Once => nullif(&values, &no_inserts)?,
            })
        });
        said.collect()
    }

    /// The rows and versions of some places, whole.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub(in crate::column) fn make(
        &self,
        program: &Program,
        selection: &Selection,
        places: &ChangePlaces,
    ) -> Result<Vec<ArrayRef>> {
        let mut made = vec![None; self.said.len()];
        let (order, said) = (selection.order(), &self.said);
        // Changes of one table mostly insert rows that follow one another: as a range they are
        // filled faster.
        let rows = as_rows(&places.keys);
        let once = |index: &&usize| !matches!(said[**index], ChangeRole::Always | ChangeRole::Set);
        let of_change = |index: &usize| said[*index] == ChangeRole::Always;
        let reads = |index: &usize| program.node(*index).inputs.iter().any(of_change);
        // A row's own columns know of the change that inserted it.
        if order.iter().filter(once).any(reads) {
            let born = self.born(rows);
            for index in order.iter().filter(|index| of_change(index)) {
                program.fill(*index, rows, &born, &mut made)?;
            }
        }
        for index in order.iter().filter(once) {
            program.fill(*index, rows, &[], &mut made)?;
        }
        let outer = self.outer(places.operations.clone(), places.numbers.clone());
        let versions = Rows::List(&places.versions);
        for index in order.iter().filter(|index| !once(index)) {
            program.fill(*index, versions, &outer, &mut made)?;
        }
        let wanted = selection.wanted().iter();
        Ok(wanted.filter_map(|index| made[*index].clone()).collect())
    }
}

/// True for the places with such an operation.
fn which(places: &ChangePlaces, operation: impl Fn(i32) -> bool) -> BooleanArray {
    let operations = &places.operations;
    let which = BooleanBuffer::collect_bool(operations.len(), |index| operation(operations[index]));
    BooleanArray::from(which)
}

/// The type of the column of operations.
fn operation_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}
