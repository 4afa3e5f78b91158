//! In a build without MySQL nobody connects.

use super::{Mysql, Relation};
use crate::client::missing;
use crate::error::{Problem, Result};
use crate::source::{Asked, Opened};

/// No database can be read.
///
/// # Errors
/// Always: it names the feature.
pub fn check(mysql: &Mysql) -> Result<(), Problem> {
    Err(lacks(mysql))
}

/// As `check`.
///
/// # Errors
/// Always.
pub fn open(mysql: &Mysql, _relation: Relation, _asked: &Asked<'_>) -> Result<Opened> {
    Err(lacks(mysql).into())
}

fn lacks(mysql: &Mysql) -> Problem {
    missing("MySQL", "mysql").at(&mysql.url.place)
}
