//! `nulls`: values that are null where they should not be.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Number, OneOrMany, Placed, Text};

/// Values that are null.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nulls {
    /// The columns.
    pub columns: OneOrMany<Placed<Text>>,
    /// The share of the values of each, from 0 to 1.
    pub rate: Placed<Number>,
}
