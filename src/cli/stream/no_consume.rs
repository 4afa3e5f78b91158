//! In a build without ZeroMQ nobody consumes.

use super::StreamOptions;
use crate::client::missing;
use crate::error::{Error, Result};

pub(super) fn run(_: &StreamOptions) -> Result<u8> {
    Err(Error::user(missing("ZeroMQ", "zeromq")))
}
