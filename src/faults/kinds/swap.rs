//! `swap`: two columns that have each other's value.

use arrow::array::ArrayRef;

use super::{Corruption, Replaced};
use crate::error::Result;
use crate::faults::FaultColumn;

/// Two columns that have each other's value.
#[derive(Debug)]
pub(super) struct Swap;

impl Corruption for Swap {
    fn name(&self) -> &'static str {
        "swap"
    }

    fn about(&self) -> &'static str {
        "A row in which two columns of one type have each other's value: the next one of `columns` of the same type."
    }

    /// Whether there is another one of its type is seen where all columns are.
    fn refusal(&self, _: &FaultColumn, _texts: bool) -> Option<String> {
        None
    }

    fn hint(&self) -> &'static str {
        "name two columns of one type in `columns`"
    }

    fn swaps(&self) -> bool {
        true
    }

    fn replace(&self, _: &FaultColumn, values: &ArrayRef, _: &[u64]) -> Result<Replaced> {
        Ok(Replaced::Values(values.clone()))
    }
}
