//! In a build without MongoDB nobody connects.

use super::MongoDb;
use crate::client::missing;
use crate::error::{Problem, Result};
use crate::source::{Asked, Opened};

/// A server is never found.
///
/// # Errors
/// Always: it names the feature.
pub fn check(mongodb: &MongoDb) -> Result<(), Problem> {
    Err(lacks(mongodb))
}

/// No server can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn open(mongodb: &MongoDb, _asked: &Asked<'_>) -> Result<Opened> {
    Err(lacks(mongodb).into())
}

fn lacks(mongodb: &MongoDb) -> Problem {
    missing("MongoDB", "mongodb").at(&mongodb.url.place)
}
