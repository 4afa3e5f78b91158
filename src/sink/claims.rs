//! Files that only one run may write at a time: locked until it ends, however it ends.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::sync::lock;

/// What a sink has locked for all of its lanes.
#[derive(Debug, Default)]
pub struct Claims(Mutex<BTreeMap<PathBuf, File>>);

impl Claims {
    /// A file to write, locked until the run ends; none if another run has it. It is made if it is
    /// not there, and what it holds stays.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn claim(&self, path: &Path) -> io::Result<Option<File>> {
        let mut claimed = lock(&self.0);
        if let Some(file) = claimed.get(path) {
            return file.try_clone().map(Some);
        }
        let Some(file) = open_alone(path)? else {
            return Ok(None);
        };
        claimed.insert(path.to_path_buf(), file.try_clone()?);
        Ok(Some(file))
    }
}

fn open_alone(path: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    loop {
        let file = options.open(path)?;
        // A file system without locks is written without.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Ok(None);
        }
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

/// False if who had it before has named or removed it in between.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    let found = path.metadata();
    Ok(found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time_has_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (first, second) = (Claims::default(), Claims::default());
        let is_free = |claims: &Claims| claims.claim(&path).unwrap().is_some();
        assert!(is_free(&first));
        assert!(is_free(&first), "its other lanes may");
        assert!(!is_free(&second));
        drop(first);
        assert!(is_free(&second));
        std::fs::rename(&path, folder.path().join("named")).unwrap();
        assert!(is_free(&Claims::default()), "a new file of that name");
    }
}
