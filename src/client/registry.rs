//! Schema registries: what a pipeline file says of one.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Placed, Secret, Text};

/// A server of the Schema Registry API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Where it answers: `http://localhost:8081`.
    pub url: Placed<Text>,
    /// The user's name, if it asks for one.
    pub user: Option<Text>,
    /// The user's password.
    pub password: Option<Secret>,
}
