//! Columns of the own table at other rows than those that are made.

use std::sync::OnceLock;

use arrow::array::ArrayRef;

use crate::column::build::Build;
use crate::column::program::{MadeAgain, Selection};
use crate::column::program_cell::ProgramRef;
use crate::column::rows::Rows;
use crate::error::{Error, Result};

/// The nodes of a table that one of its columns reads, at any rows.
pub(in crate::column) struct OwnColumns {
    program: ProgramRef,
    nodes: Vec<usize>,
    selection: OnceLock<Selection>,
}

impl OwnColumns {
    /// The first `count` inputs of the column that is built.
    pub(in crate::column) fn first(count: usize, build: &Build<'_>) -> Self {
        Self {
            program: build.own_program(),
            nodes: build.inputs[..count].to_vec(),
            selection: OnceLock::new(),
        }
    }

    /// What they are to the program.
    pub(in crate::column) fn again(&self, listed: Option<usize>) -> MadeAgain<'_> {
        let nodes = &self.nodes;
        MadeAgain { nodes, listed }
    }

    /// Their values at `rows`.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row.
    pub(in crate::column) fn at(&self, rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
        if self.nodes.is_empty() {
            return Ok(Vec::new());
        }
        let unfinished = || Error::run("a column was read before its table was built");
        let made = self.program.read(|program| {
            let selection = self
                .selection
                .get_or_init(|| program.select(self.nodes.clone()));
            program.evaluate(selection, rows, &[])
        });
        made.ok_or_else(unfinished)?
    }
}
