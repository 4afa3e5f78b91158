//! What a dataset's folder has that is rowgen's own: sinks write it, and sources look for it.

use std::io::{Error, ErrorKind};

/// The folder of manifests inside of a dataset; engines skip names that begin like this.
pub const FOLDER: &str = "_rowgen";

/// The file that says that a dataset is complete.
pub const SUCCESS: &str = "_SUCCESS";

/// There is no such file or folder: any other error says nothing of what is there.
pub fn is_nothing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
