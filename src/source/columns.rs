//! The chosen columns of a table, made at any of its rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::column::changes::ChangePlaces;
use crate::column::kin::{Kin, KnownValues};
use crate::column::rows::Rows;
use crate::column::{Program, ProgramCell, Selection};
use crate::error::{Error, Result};

/// The chosen columns of a table, however its rows come.
#[derive(Clone)]
pub struct TableColumns {
    program: Arc<ProgramCell>,
    selection: Selection,
    schema: SchemaRef,
}

impl TableColumns {
    /// These columns of the table whose program is in `cell`.
    pub fn new(cell: &Arc<ProgramCell>, program: &Program, nodes: &[usize]) -> Self {
        let field = |node: &usize| program.node(*node).field.clone();
        let fields: Vec<Field> = nodes.iter().map(field).collect();
        Self {
            program: cell.clone(),
            selection: program.select(nodes.to_vec()),
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// Their names and types.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The source's columns that they are made from.
    pub(super) fn used(&self, program: &Program) -> Vec<usize> {
        program.outer(&self.selection)
    }

    /// Their values at `rows`, of what was read there.
    pub(super) fn evaluate(&self, rows: Rows<'_>, read: &[ArrayRef]) -> Result<RecordBatch> {
        let made = self.program()?.show(&self.selection, rows, read)?;
        self.batch(made, rows.len())
    }

    /// What of them follows from whose child a row is.
    pub(super) fn kin(&self) -> Option<Kin> {
        Kin::of(self.program.get()?, &self.selection)
    }

    /// Their values at `rows` of which some are known already.
    pub(super) fn evaluate_given(&self, rows: Rows<'_>, given: KnownValues) -> Result<RecordBatch> {
        let made = self
            .program()?
            .evaluate_given(&self.selection, rows, &[], given)?;
        self.batch(made, rows.len())
    }

    /// Their values in rows that change, and in versions of them.
    pub(super) fn versions(&self, places: &ChangePlaces) -> Result<RecordBatch> {
        let made = self.program()?.whole(&self.selection, places)?;
        self.batch(made, places.keys.len())
    }

    fn program(&self) -> Result<&Program> {
        let program = self.program.get();
        program.ok_or_else(|| Error::run("the table is not built"))
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        // Said, as a batch without columns has rows, too.
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = self.schema.clone();
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }
}
