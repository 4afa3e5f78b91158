//! Values made through other tables, which are made through others: each step is a call within a call. And
//! values made of other rows, which are made of others.

use super::Builder;
use crate::column::program::mark_inputs;
use crate::error::Problem;
use crate::place::Place;

/// Steps from table to table: a thread's stack holds some more.
const DEEPEST: usize = 100;

/// How often rows are made again for a row of one column. Two columns that look back at one that looks back
/// double it: ten such pairs, one behind the other, would take minutes for a batch.
const MOST_AGAIN: u64 = 1000;

impl Builder {
    /// Counts how often rows are made again for a row of a node that looks at others.
    ///
    /// # Errors
    /// They are too many.
    pub(super) fn count_again(
        &mut self,
        scope: usize,
        node: usize,
        place: &Place,
    ) -> Result<(), Problem> {
        let parts = &mut self.scopes[scope];
        let Some(again) = parts.nodes[node].again() else {
            return Ok(());
        };
        let mut marked = vec![false; parts.nodes.len()];
        again.nodes.iter().for_each(|own| marked[*own] = true);
        mark_inputs(&parts.nodes, &mut marked, true);
        let looks = (0..marked.len()).filter(|index| marked[*index]);
        let below = looks.filter_map(|index| parts.made_again.get(&index));
        let count = below.fold(1, |sum: u64, count| sum.saturating_add(*count));
        parts.made_again.insert(node, count);
        match count > MOST_AGAIN {
            false => Ok(()),
            true => {
                let message = format!(
                    "columns look at other rows of columns that do so, too: a row of this one takes {count} looks, of {MOST_AGAIN} at most"
                );
                Err(Problem::new(message).at(place).hint("let fewer of them stand one behind the other, or write the table and read it for the next ones"))
            }
        }
    }

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
