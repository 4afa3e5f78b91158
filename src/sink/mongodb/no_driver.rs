//! In a build without MongoDB nobody connects.

use super::MongoDb;
use crate::client::{address, missing};
use crate::error::{Error, Problem, Result};
use crate::sink::{Found, Target};

/// What is wrong with the address, as far as that is seen without a driver.
///
/// # Errors
/// A user in it that ends too early.
pub fn check(mongodb: &MongoDb) -> Result<(), Problem> {
    address::check(&mongodb.url)
}

/// No server can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(mongodb: &MongoDb, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("MongoDB", "mongodb").at(&mongodb.url.place),
    ))
}
