//! In a build without MongoDB nobody connects.

use super::MongoDb;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No server can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(mongodb: &MongoDb, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("MongoDB", "mongodb").at(&mongodb.url.place),
    ))
}
