//! What a dataset's folder has that is rowgen's own: sinks write it, and sources look for it.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::units::hexadecimal;

/// A file is read in pieces of so many bytes.
const PIECE: usize = 1 << 20;

/// The folder of manifests inside of a dataset; engines skip names that begin like this.
pub const FOLDER: &str = "_rowgen";

/// The file that says that a dataset is complete.
pub const SUCCESS: &str = "_SUCCESS";

/// The SHA-256 of a file's bytes.
///
/// # Errors
/// It cannot be read.
pub fn checksum(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

/// There is no such file or folder: any other error says nothing of what is there.
pub fn is_nothing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
