//! In a build without object stores nothing is sent to one.

use super::File;
use super::layout::PathLayout;
use crate::client::missing;
use crate::client::object::ObjectUrl;
use crate::error::{Error, Result};
use crate::format::FormatKind;
use crate::sink::{Found, Holds, Publish, Recovered, Slice, Standing, Target};

/// Nothing can be found.
///
/// # Errors
/// Always: it names the feature.
pub(super) fn connect(file: &File, layout: PathLayout, _target: &Target) -> Result<Found> {
    Err(refused(file, &layout))
}

/// Nothing can be looked at.
///
/// # Errors
/// As `connect`.
pub(super) fn recover(
    file: &File,
    layout: &PathLayout,
    _target: &Target,
    _only_look: bool,
) -> Result<Recovered> {
    Err(refused(file, layout))
}

/// As `recover`.
///
/// # Errors
/// As `connect`.
pub(super) fn standing(file: &File, layout: &PathLayout, _target: &Target) -> Result<Standing> {
    Err(refused(file, layout))
}

/// As `recover`.
///
/// # Errors
/// As `connect`.
pub(super) fn earlier(
    file: &File,
    layout: &PathLayout,
    _target: &Target,
    _record: Option<&serde_json::Value>,
) -> Result<Box<dyn Publish>> {
    Err(refused(file, layout))
}

/// Nothing that could be read.
pub(super) fn held(_options: &File, _format: FormatKind, _slice: Option<Slice>) -> Holds<'static> {
    Holds::Nothing("this rowgen was built without object stores")
}

fn refused(file: &File, layout: &PathLayout) -> Error {
    let url = ObjectUrl::of(layout.path());
    let error = url.and_then(|url| url.driver().err());
    let error = error.unwrap_or_else(|| Error::user(missing("object stores", "s3")));
    error.at(&file.path.place)
}
