//! What a generator may ask about other rows of its own table.

use std::sync::{Arc, Weak};

use super::context::Build;
use crate::column::generators::Children;
use crate::column::program::{Origin, ProgramCell};

impl Build<'_> {
    /// The columns of the table once all of them are built. Its columns hold it weakly: it holds them.
    pub(in crate::column) fn own_program(&self) -> Weak<ProgramCell> {
        Arc::downgrade(&self.tables.program(self.scope))
    }

    /// Whose children the rows are, where an input says which child each of them is.
    pub(in crate::column) fn siblings(&self, input: usize) -> Option<Arc<Children>> {
        let node = self.tables.node(self.scope, self.inputs[input]);
        let Origin::Fill(fill) = &node.origin else {
            return None;
        };
        let part = fill.kin().filter(|part| part.place)?;
        Some(part.children)
    }
}
