//! A table whose changes are applied, by the columns that it has itself.

use std::sync::Arc;

use arrow::datatypes::Schema;

use super::Applied;
use crate::format::{ChangeColumns, Operation};
use crate::sink::constraints::Constraints;

/// Which columns of its changes a table has, and what becomes of them.
pub struct AppliedColumns {
    columns: Arc<ChangeColumns>,
    /// Its changes.
    pub applied: Arc<Applied>,
    /// Which columns of a batch the table has.
    pub of_table: Vec<usize>,
    /// Of these the key.
    pub key: usize,
    /// Of these those that updates set.
    pub set: Vec<usize>,
}

impl AppliedColumns {
    /// Those of a batch with so many columns.
    pub fn new(columns: &Arc<ChangeColumns>, applied: Arc<Applied>, count: usize) -> Self {
        let of_table = columns.of_table(count);
        let place = |column: usize| of_table.iter().position(|one| *one == column);
        let set = columns.set.iter().filter_map(|column| place(*column));
        Self {
            key: place(columns.key).unwrap_or_default(),
            set: set.collect(),
            of_table: of_table.clone(),
            columns: columns.clone(),
            applied,
        }
    }

    /// The name of the key in a table of these columns.
    pub fn key_of<'s>(&self, schema: &'s Schema) -> &'s str {
        schema.field(self.key).name()
    }

    /// True if rows go.
    pub fn deletes(&self) -> bool {
        self.columns.deletes
    }

    /// What a table of these columns has that is made in a database: the key, what it refers to, what it
    /// needs, by what it is looked through.
    pub fn constraints(&self, schema: &Schema, database: &str) -> Constraints {
        let name = |column: usize| schema.field(column).name().clone();
        let of_batch = |column: usize| self.of_table.iter().position(|one| *one == column);
        let changing = self.applied.changing();
        let (mut references, mut indexed) = (Vec::new(), Vec::new());
        for reference in &self.columns.references {
            let parent = changing.called(database, &reference.table);
            let (Some(parent), Some(column)) = (parent, of_batch(reference.column)) else {
                continue;
            };
            references.push((name(column), parent, reference.key.clone()));
            let goes = changing.table.parent(&reference.table);
            // A server looks through the children for each parent that is deleted: without an index
            // through all of them.
            if goes.is_some_and(|parent| parent.has(Operation::Delete)) {
                indexed.push(name(column));
            }
        }
        let required = self.of_table.iter();
        let required = required.map(|column| self.columns.required[*column]);
        Constraints {
            key: vec![name(self.key)],
            required: Some(required.collect()),
            references,
            indexed,
        }
    }
}
