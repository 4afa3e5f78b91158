//! Against a naive replay.

mod replay;
mod vectors;

use std::sync::Arc;

use super::{Changes, Operation};

/// What one change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The table's place among those of the load.
    pub table: usize,
    /// What is done.
    pub operation: Operation,
    /// The number of the row to which it is done: the row of insert `key`.
    pub key: u64,
    /// How many changes of its table come before it.
    pub row: u64,
}

impl Changes {
    /// What change `number` does.
    pub fn change(self: &Arc<Self>, number: u64) -> Change {
        let (block, within) = (number / self.block(), number % self.block());
        let plan = &self.plans[self.plan_of(block)];
        // A place within a period: less than the weights together.
        let (index, _) = plan.places[(within % self.period) as usize];
        let table = self.table(index as usize);
        let row = table.before(number);
        let mut change = None;
        table.walk(row..row + 1, |step| {
            change = Some((step.operation, table.key_of(&step)));
        });
        let (operation, key) = change.unwrap_or((Operation::Insert, 0));
        Change {
            table: index as usize,
            operation,
            key,
            row,
        }
    }
}
