//! In a build without a database's driver nobody connects.

use super::{SinkDialect, TableSink};
use crate::client::{address, missing};
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Secret};
use crate::sink::{Found, Target};

/// What is wrong with the address, as far as that is seen without a driver.
///
/// # Errors
/// A user in it that ends too early.
pub fn check(url: &Placed<Secret>) -> Result<(), Problem> {
    address::check(url)
}

/// No database can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect<D: SinkDialect>(sink: &TableSink<D>, _target: &Target) -> Result<Found> {
    let missing = missing(D::NAME.0, D::NAME.1);
    Err(Error::user(missing.at(&sink.url.place)))
}
