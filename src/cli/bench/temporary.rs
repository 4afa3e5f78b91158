//! A folder that is removed in the end, whatever happens: what a measurement writes is of no use,
//! and what is there already is somebody's.

use std::path::{Path, PathBuf};

use crate::error::{Error, Problem, Result};

pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    pub(super) fn within(folder: &Path) -> Result<Self> {
        // Hidden, so that no engine reads it, and with the process's id, so that two of them do not
        // meet.
        let path = folder.join(format!(".rowgen-bench-{}", std::process::id()));
        // `create_dir` for the last step: a folder that is there already is somebody's, and would
        // be removed in the end.
        let made = std::fs::create_dir_all(folder).and_then(|()| std::fs::create_dir(&path));
        match made {
            Ok(()) => Ok(Self(path)),
            Err(cause) => {
                let message = format!("could not make the temporary folder `{}`", path.display());
                let hint = "`--out` says where it is made";
                Err(Error::run(Problem::new(message).cause(cause).hint(hint)))
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A folder that stays harms nobody, and there is nobody left to tell.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
