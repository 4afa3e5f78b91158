//! What a dataset's folder has that is rowgen's own: sinks write it, and sources look for it.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::units::hexadecimal;

/// A file is read in pieces of so many bytes.
const PIECE: usize = 1 << 20;

/// The folder of manifests inside of a dataset; engines skip names that begin like this.
pub const FOLDER: &str = "_rowgen";

/// The file that says that a dataset is complete.
pub const SUCCESS: &str = "_SUCCESS";

/// The folder in which a table of Delta Lake has its log.
pub const DELTA_LOG: &str = "_delta_log";

/// What a null (or an empty text, which a folder's name cannot tell from it) is called in a folder's name.
pub const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The partition column and its value that a folder's name says: `day=2026-01-01`.
pub fn partition(name: &str) -> Option<(String, Option<String>)> {
    let (key, value) = name.split_once('=').filter(|(key, _)| !key.is_empty())?;
    let text = |escaped: &str| percent_decode_str(escaped).decode_utf8_lossy().into_owned();
    let value = (value != NULL_PARTITION).then(|| text(value));
    Some((text(key), value))
}

/// True for the folder of a table of Delta Lake on this disk.
pub fn has_delta_log(folder: &Path) -> bool {
    folder.join(DELTA_LOG).is_dir()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_folders_say_keys_and_values() {
        let said = |key: &str, value: Option<&str>| Some((key.into(), value.map(str::to_string)));
        assert_eq!(partition("day=2026-01-01"), said("day", Some("2026-01-01")));
        assert_eq!(partition("a%3Db=50%25 x%2Fy"), said("a=b", Some("50% x/y")));
        assert_eq!(partition("c=__HIVE_DEFAULT_PARTITION__"), said("c", None));
        assert_eq!(partition("c="), said("c", Some("")));
        assert_eq!(partition("c=d=e"), said("c", Some("d=e")));
        assert_eq!(partition("=x"), None);
        assert_eq!(partition("plain"), None);
    }
}
