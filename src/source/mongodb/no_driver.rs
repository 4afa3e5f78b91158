//! In a build without MongoDB nobody connects.

use super::MongoDb;
use crate::client::missing;
use crate::error::Result;
use crate::source::{Asked, Opened};

/// No server can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn open(mongodb: &MongoDb, _asked: &Asked<'_>) -> Result<Opened> {
    Err(missing("MongoDB", "mongodb").at(&mongodb.url.place).into())
}
