//! In a build without PostgreSQL nobody connects.

use super::{Postgres, Relation};
use crate::client::missing;
use crate::error::{Problem, Result};
use crate::source::{Asked, Opened};

/// No database can be read.
///
/// # Errors
/// Always: it names the feature.
pub fn check(postgres: &Postgres) -> Result<(), Problem> {
    Err(lacks(postgres))
}

/// As `check`.
///
/// # Errors
/// Always.
pub fn open(postgres: &Postgres, _relation: Relation, _asked: &Asked<'_>) -> Result<Opened> {
    Err(lacks(postgres).into())
}

fn lacks(postgres: &Postgres) -> Problem {
    missing("PostgreSQL", "postgres").at(&postgres.url.place)
}
