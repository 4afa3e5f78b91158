//! In a build without object stores none is read.

use std::convert::Infallible;
use std::io::Result as IoResult;
use std::path::Path;
use std::time::Duration;

use super::Asked;
use super::set::SetMember;
use crate::client::missing;
use crate::client::object::{Object, ObjectUrl};
use crate::error::Problem;
use crate::place::{FilePath, Placed};

/// An object, of which there is none.
#[derive(Debug)]
pub struct RemoteFile(Infallible);

/// Nothing is found.
///
/// # Errors
/// Always: it names the feature.
pub fn find(
    said: &Placed<FilePath>,
    _asked: &Asked<'_>,
    _files: &mut Vec<SetMember>,
) -> Result<bool, Problem> {
    Err(refused(Path::new(said.as_str())))
}

fn refused(path: &Path) -> Problem {
    let driver = ObjectUrl::of(path).map(|url| url.driver());
    let problem = driver.and_then(|driver| driver.err()?.problems.into_iter().next());
    problem.unwrap_or_else(|| missing("object stores", "s3"))
}

impl RemoteFile {
    /// Nothing is opened.
    ///
    /// # Errors
    /// Always.
    pub fn new(
        path: &Path,
        _object: &Object,
        _patience: Option<Duration>,
    ) -> Result<Self, Problem> {
        Err(refused(path))
    }

    pub fn path(&self) -> &Path {
        match self.0 {}
    }

    pub fn identity(&self) -> (u64, u64) {
        match self.0 {}
    }

    pub fn read_at(&self, _buffer: &mut [u8], _at: u64) -> IoResult<usize> {
        match self.0 {}
    }

    pub fn read_exact_at(&self, _buffer: &mut [u8], _at: u64) -> IoResult<()> {
        match self.0 {}
    }

    pub fn is_still(&self) -> IoResult<bool> {
        match self.0 {}
    }
}
