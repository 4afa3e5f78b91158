//! `next`: the value of a column in the row behind.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::before::neighbour::{Neighbour, Side};
use crate::column::build::{Build, BuiltColumn};
use crate::error::Problem;

/// The value of a column in the row behind, of the same group; null in the last one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Next(Neighbour);

impl Next {
    /// Whose value it takes.
    pub(in crate::column) fn neighbour(&self) -> &Neighbour {
        &self.0
    }
}

impl Generator for Next {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        self.0.build(Side::Behind, "next", build)
    }

    fn follows_rows(&self) -> bool {
        true
    }
}
