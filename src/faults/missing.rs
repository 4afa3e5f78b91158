//! `missing`: rows that are not there.

use schemars::JsonSchema;
use serde::Deserialize;

use super::chance::Chance;
use super::rows::{Fate, RowFault};
use crate::column::hash::Key;
use crate::error::Problem;
use crate::place::{Number, Placed};

/// Rows that are not there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The share of the rows, from 0 to 1.
    pub rate: Placed<Number>,
}

/// Which rows are not there.
struct Gone(Chance);

impl Missing {
    /// What becomes of rows, drawn with `key`.
    ///
    /// # Errors
    /// The rate is no share.
    pub(super) fn fault(&self, key: Key) -> Result<Box<dyn RowFault>, Problem> {
        Ok(Box::new(Gone(Chance::new(key, &self.rate)?)))
    }
}

impl RowFault for Gone {
    fn befall(&self, row: u64, fate: &mut Fate) {
        fate.gone |= self.0.hits(row);
    }
}
