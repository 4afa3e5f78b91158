//! In a build without a database's driver nobody connects.

use super::database::{SourceDialect, TableSource};
use super::relation::Relation;
use super::{Asked, Opened};
use crate::client::missing;
use crate::error::{Problem, Result};

/// No database can be read.
///
/// # Errors
/// Always: it names the feature.
pub fn check<D: SourceDialect>(source: &TableSource<D>) -> Result<(), Problem> {
    Err(missing(D::NAME.0, D::NAME.1).at(&source.url.place))
}

/// As `check`.
///
/// # Errors
/// Always.
pub fn open<D: SourceDialect>(
    source: &TableSource<D>,
    _relation: Relation<D>,
    _asked: &Asked<'_>,
) -> Result<Opened> {
    Err(missing(D::NAME.0, D::NAME.1).at(&source.url.place).into())
}
