//! In a build without MySQL nobody connects.

use super::Mysql;
use crate::client::{address, missing};
use crate::error::{Error, Problem, Result};
use crate::sink::{Found, Target};

/// What is wrong with the address, as far as that is seen without a driver.
///
/// # Errors
/// A user in it that ends too early.
pub fn check(mysql: &Mysql) -> Result<(), Problem> {
    address::check(&mysql.url)
}

/// No database can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(mysql: &Mysql, _target: &Target) -> Result<Found> {
    Err(Error::user(missing("MySQL", "mysql").at(&mysql.url.place)))
}
