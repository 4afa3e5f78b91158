//! Values made through other tables, which are made through others: each step is a call within a call.

use super::Builder;
use crate::error::Problem;
use crate::place::Place;

/// Steps from table to table: a thread's stack holds some more.
const DEEPEST: usize = 100;

impl Builder {
    /// Through how many tables, one behind the other, a node is made.
    pub(super) fn steps(&self, scope: usize, node: usize) -> usize {
        self.scopes[scope].steps.get(&node).copied().unwrap_or(0)
    }

    /// The steps of what is made of nodes of another table.
    ///
    /// # Errors
    /// They are too many.
    pub(in crate::column) fn step_behind(
        &self,
        scope: usize,
        nodes: &[usize],
        place: &Place,
    ) -> Result<usize, Problem> {
        let before = nodes.iter().map(|node| self.steps(scope, *node)).max();
        let steps = before.unwrap_or(0) + 1;
        match steps > DEEPEST {
            false => Ok(steps),
            true => {
                let message = format!(
                    "more than {DEEPEST} columns read one another from table to table, one behind the other"
                );
                Err(Problem::new(message).at(place))
            }
        }
    }
}
