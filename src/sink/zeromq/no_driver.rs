//! In a build without ZeroMQ nobody sends.

use super::Zeromq;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No socket can be made.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(zeromq: &Zeromq, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("ZeroMQ", "zeromq").at(&zeromq.bind.place),
    ))
}
