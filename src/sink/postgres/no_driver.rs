//! In a build without PostgreSQL nobody connects.

use super::Postgres;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No database can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(postgres: &Postgres, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("PostgreSQL", "postgres").at(&postgres.url.place),
    ))
}
