//! `late`: rows that come later than their place.

use schemars::JsonSchema;
use serde::Deserialize;

use super::chance::Chance;
use super::rows::{Fate, RowFault, reach};
use crate::column::hash::{Key, below};
use crate::error::Problem;
use crate::place::{Count, Number, Placed};

/// Rows that come later than their place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// The share of the rows, from 0 to 1.
    pub rate: Placed<Number>,
    /// The most rows that come before it and should not: it is 1 to `delay` rows late.
    pub delay: Placed<Count>,
}

/// Which rows are late, and by how many rows.
struct Delayed {
    chance: Chance,
    by: Key,
    most: u64,
}

impl Late {
    /// What becomes of rows, drawn with `key`.
    ///
    /// # Errors
    /// A number that cannot be meant.
    pub(super) fn fault(&self, key: Key) -> Result<Box<dyn RowFault>, Problem> {
        Ok(Box::new(Delayed {
            chance: Chance::new(key, &self.rate)?,
            by: key.child("delay"),
            most: reach(&self.delay, "delay")?,
        }))
    }
}

impl RowFault for Delayed {
    fn reach(&self) -> u64 {
        self.most
    }

    fn befall(&self, row: u64, fate: &mut Fate) {
        if self.chance.hits(row) {
            fate.moved = Some(("late", 1 + below(self.by.at(row), self.most)));
        }
    }
}
