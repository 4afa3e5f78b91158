//! What pipelines say alike of every database that is reached: encryption, connections.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Problem;
use crate::place::{Count, FilePath, Placed};

/// Encrypted connections to the database; its certificate is always checked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate authority's file, PEM (default: those that browsers trust).
    pub ca: Option<Placed<FilePath>>,
}

/// PostgreSQL's own default is 100 connections for everybody, MySQL's 151.
const MOST_CONNECTIONS: u64 = 128;

/// Nobody asked for more, and more seldom help.
// A choice; nothing was measured.
const USUAL_CONNECTIONS: usize = 8;

/// What is wrong with a number of connections.
pub fn check_connections(asked: Option<&Placed<Count>>) -> Option<Problem> {
    let wrong = |count: &&Placed<Count>| !(1..=MOST_CONNECTIONS).contains(&count.value.0);
    let message = format!("`connections` is 1 to {MOST_CONNECTIONS}");
    asked
        .filter(wrong)
        .map(|count| Problem::new(message).at(&count.place))
}

/// How many connections there are: as many as cores, at most 8, unless so many are asked for.
pub fn connections(asked: Option<&Placed<Count>>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // At most `MOST_CONNECTIONS`, which was checked.
    let asked = asked.map(|count| count.value.0 as usize);
    asked.unwrap_or_else(|| cores().min(USUAL_CONNECTIONS))
}
