//! MongoDB: where the server is, and how to be let in.

#[cfg(feature = "mongodb")]
mod driver;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{LocalPath, Placed};
#[cfg(feature = "mongodb")]
pub use driver::*;

/// Encrypted connections to the server; its certificate is always checked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate authority's file, PEM (default: those that browsers trust).
    pub ca: Option<Placed<LocalPath>>,
}
