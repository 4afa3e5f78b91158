//! `duplicates`: rows that come more than once.

use schemars::JsonSchema;
use serde::Deserialize;

use super::chance::Chance;
use super::rows::{Fate, RowFault, reach};
use crate::column::hash::{Key, below};
use crate::error::Problem;
use crate::place::{Count, Number, Placed};

/// The most copies of a row.
const MOST_COPIES: u64 = 1000;

/// Rows that come more than once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    /// The share of the rows, from 0 to 1.
    pub rate: Placed<Number>,
    /// How many copies of such a row follow it (default 1).
    pub copies: Option<Placed<Count>>,
    /// Each copy comes up to so many rows behind its row's place (default: right behind it).
    pub within: Option<Placed<Count>>,
}

/// Which rows have copies, and where those stand.
struct Copied {
    chance: Chance,
    share: f64,
    /// What the place of each copy is drawn with.
    copies: Vec<Key>,
    within: u64,
}

impl Duplicates {
    /// What becomes of rows, drawn with `key`.
    ///
    /// # Errors
    /// A number that cannot be meant.
    pub(super) fn fault(&self, key: Key) -> Result<Box<dyn RowFault>, Problem> {
        let copies = self.copies.as_ref().map_or(1, |copies| copies.value.0);
        if let Some(said) = self
            .copies
            .as_ref()
            .filter(|_| !(1..=MOST_COPIES).contains(&copies))
        {
            let problem = Problem::new(format!("`copies` is from 1 to {MOST_COPIES}"));
            return Err(problem
                .at(&said.place)
                .hint("`copies: 1` is a row that comes twice"));
        }
        let within = match &self.within {
            Some(within) => reach(within, "within")?,
            None => 0,
        };
        Ok(Box::new(Copied {
            chance: Chance::new(key, &self.rate)?,
            share: self.rate.value.0,
            copies: (1..=copies)
                .map(|copy| key.child(&format!("copy {copy}")))
                .collect(),
            within,
        }))
    }
}

impl RowFault for Copied {
    fn reach(&self) -> u64 {
        self.within
    }

    fn repeats(&self) -> bool {
        true
    }

    fn more(&self) -> f64 {
        self.share * self.copies.len() as f64
    }

    fn befall(&self, row: u64, fate: &mut Fate) {
        if self.chance.hits(row) {
            let behind = |key: &Key| match self.within {
                0 => 0,
                within => 1 + below(key.at(row), within),
            };
            fate.copies.extend(self.copies.iter().map(behind));
        }
    }
}
