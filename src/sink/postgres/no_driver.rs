//! In a build without PostgreSQL nobody connects.

use super::Postgres;
use crate::client::{address, missing};
use crate::error::{Error, Problem, Result};
use crate::sink::{Found, Target};

/// What is wrong with the address, as far as that is seen without a driver.
///
/// # Errors
/// A user in it that ends too early.
pub fn check(postgres: &Postgres) -> Result<(), Problem> {
    address::check(&postgres.url)
}

/// No database can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(postgres: &Postgres, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("PostgreSQL", "postgres").at(&postgres.url.place),
    ))
}
