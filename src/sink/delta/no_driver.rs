//! In a build without Delta Lake no table is read or written.

use std::path::Path;

use super::Delta;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, HeldFiles, Recovered, Slice, Standing, Target};

/// No table can be found.
///
/// # Errors
/// Always: it names the feature.
pub(super) fn connect(delta: &Delta, _target: &Target) -> Result<Found> {
    Err(refused(delta))
}

/// No table can be read back.
///
/// # Errors
/// As `connect`.
pub(super) fn held(
    delta: &Delta,
    _out: &Path,
    _slice: Option<Slice>,
    _fingerprint: &str,
) -> Result<HeldFiles> {
    Err(refused(delta))
}

/// No table can be looked at.
///
/// # Errors
/// As `connect`.
pub(super) fn standing(delta: &Delta, _target: &Target) -> Result<Standing> {
    Err(refused(delta))
}

/// Nothing is left to do.
///
/// # Errors
/// As `connect`.
pub(super) fn recover(delta: &Delta, _target: &Target, _only_look: bool) -> Result<Recovered> {
    Err(refused(delta))
}

fn refused(delta: &Delta) -> Error {
    Error::user(missing("Delta Lake", "delta").at(&delta.path.place))
}
