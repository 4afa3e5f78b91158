//! What a generator may ask about other rows of its own table.

use std::sync::Arc;

use super::context::{Build, Parent};
use crate::column::generators::Children;
use crate::column::program::Origin;
use crate::column::program_cell::ProgramRef;

impl Build<'_> {
    /// The columns of the table once all of them are built.
    pub(in crate::column) fn own_program(&self) -> ProgramRef {
        self.tables.program(self.scope)
    }

    /// Whose children the rows are, where an input says which child each of them is.
    pub(in crate::column) fn siblings(&self, input: usize) -> Option<Arc<Children>> {
        self.of_node(self.scope, self.inputs[input])
    }

    /// The same of a column of another table.
    pub(in crate::column) fn parents_siblings(
        &self,
        parent: &Parent,
        node: usize,
    ) -> Option<Arc<Children>> {
        self.of_node(parent.scope, node)
    }

    fn of_node(&self, scope: usize, node: usize) -> Option<Arc<Children>> {
        let Origin::Fill(fill) = &self.tables.node(scope, node).origin else {
            return None;
        };
        let part = fill.kin().filter(|part| part.place)?;
        Some(part.children)
    }
}
