//! `out_of_order`: rows that change places with those near them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::chance::Chance;
use super::rows::{Fate, RowFault, Shift, reach};
use crate::column::hash::{Key, below};
use crate::error::Problem;
use crate::place::{Count, Number, Placed};

/// Rows that change places with those near them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutOfOrder {
    /// A row stands less than so many rows behind its place: at least 2.
    pub window: Placed<Count>,
    /// The share of the rows that may move, from 0 to 1 (default 1).
    pub rate: Option<Placed<Number>>,
}

/// Which rows move, and by how many rows.
struct Mixed {
    chance: Chance,
    by: Key,
    window: u64,
}

impl OutOfOrder {
    /// What becomes of rows, drawn with `key`.
    ///
    /// # Errors
    /// A number that cannot be meant.
    pub(super) fn fault(&self, key: Key) -> Result<Box<dyn RowFault>, Problem> {
        let window = reach(&self.window, "window")?;
        if window < 2 {
            let problem = Problem::new("rows of a `window` of 1 stay where they are");
            return Err(problem
                .at(&self.window.place)
                .hint("the least window is 2: neighbours change places"));
        }
        Ok(Box::new(Mixed {
            chance: match &self.rate {
                Some(rate) => Chance::new(key, rate)?,
                None => Chance::always(key),
            },
            by: key.child("window"),
            window,
        }))
    }
}

impl RowFault for Mixed {
    fn reach(&self) -> u64 {
        self.window - 1
    }

    fn befall(&self, row: u64, fate: &mut Fate) {
        // What is late is not out of order, too: the ledger has one place for it.
        if fate.moved.is_none() && self.chance.hits(row) {
            let by = below(self.by.at(row), self.window);
            fate.moved = (by > 0).then_some(("out_of_order", Shift::Rows(by)));
        }
    }
}
