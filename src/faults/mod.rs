//! Faults in rows that are otherwise right, and the ledger that names each of them.
//!
//! A fault is a function of (seed, table, row, column), as a value is: each kind draws from a key of its own.
//! So any batch has its faults without those before it, and the ledger is made without the rows that have
//! none. What moves rows moves them by a bounded number of places: a batch looks back so many rows.
//!
//! New kind of wrong value: its file in `kinds/`, its `mod` line and its line in `KINDS`. New fault of whole
//! rows: its file, its `mod` line and its line in `Faults`.

mod chance;
mod clean;
mod columns;
mod duplicates;
mod kinds;
mod late;
mod ledger;
mod merge;
mod missing;
mod nulls;
mod out_of_order;
mod plan;
mod resolve;
mod rows;
mod times;
mod values;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Deserialize;

pub use clean::CleanRows;
pub use columns::FaultColumn;
pub use kinds::Corrupt;
pub use ledger::{domains as ledger_domains, fields as ledger_fields};
pub use plan::{FaultPlan, FaultyRows};
pub use resolve::Around;

use crate::place::{OneOrMany, Placed, Text};
use duplicates::Duplicates;
use late::Late;
use missing::Missing;
use nulls::Nulls;
use out_of_order::OutOfOrder;

impl Faults {
    /// True where none is asked for.
    fn are_none(&self) -> bool {
        let of_rows = self.missing.is_none() && self.late.is_none();
        let of_places = self.out_of_order.is_none() && self.duplicates.is_none();
        of_rows && of_places && self.nulls.is_none() && self.corrupt.is_none()
    }
}

/// Faults in rows that are otherwise right: each with a `rate`, the share of rows or values that it hits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Rows that are not there.
    pub missing: Option<Missing>,
    /// Rows that come later than their place, by up to `delay`, rows or a time: what they say, their time too, is as it was.
    pub late: Option<Late>,
    /// Rows that change places with those near them.
    pub out_of_order: Option<OutOfOrder>,
    /// Rows that come more than once.
    pub duplicates: Option<Duplicates>,
    /// Values that are null.
    pub nulls: Option<OneOrMany<Nulls>>,
    /// Values that are wrong.
    pub corrupt: Option<OneOrMany<Corrupt>>,
    /// The columns that the ledger names a row by (default: the first one whose values are unique).
    pub key: Option<OneOrMany<Placed<Text>>>,
}
