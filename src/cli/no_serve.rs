//! In a build without the feature `serve` nobody listens.

use super::arguments::ServeOptions;
use super::dotenv;
use crate::client::missing;
use crate::error::{Error, Result};

pub(super) fn run(_: &ServeOptions, _: Option<dotenv::Read>) -> Result<u8> {
    Err(Error::user(missing("a service over HTTP", "serve")))
}
