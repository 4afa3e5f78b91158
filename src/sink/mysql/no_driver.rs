//! In a build without MySQL nobody connects.

use super::Mysql;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No database can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(mysql: &Mysql, _target: &Target) -> Result<Found> {
    Err(Error::user(missing("MySQL", "mysql").at(&mysql.url.place)))
}
