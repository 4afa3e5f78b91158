//! Folders that hold a dataset: nobody else writes in them.

use std::path::Path;

use super::decision::whole;
use super::manifest::{files_in, is_manifest, listed_as};
use crate::dataset::FOLDER;
use crate::error::{Error, Problem, Result};

/// Refuses what would lie within the dataset of another output: it would replace a part of it, or be a
/// stranger to its next run.
///
/// # Errors
/// It would, or nobody can tell.
pub fn outside_datasets(path: &Path) -> Result<()> {
    let mut above = path.ancestors().skip(1);
    let there = above.find(|above| above.as_os_str().is_empty() || above.is_dir());
    let there = whole(there.unwrap_or(Path::new(".")));
    for folder in there.ancestors() {
        let files = files_in(&folder.join(FOLDER))?;
        if files.iter().any(|file| is_manifest(&listed_as(file))) {
            let here = whole(Path::new("."));
            return Err(refused(path, folder.strip_prefix(&here).unwrap_or(folder)));
        }
    }
    Ok(())
}

/// What is to be written at `path` would lie in the dataset of `folder`.
pub(super) fn refused(path: &Path, folder: &Path) -> Error {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let what = format!("`{}` would lie within a dataset", path.display());
    let notes = folder.join(FOLDER);
    let cause = format!(
        "`{}` lists the files of `{}`, which another sink has written or is writing",
        notes.display(),
        folder.display()
    );
    let hint = format!(
        "write to another folder; if that dataset is not wanted any more, remove `{}` and its files",
        notes.display()
    );
    Error::user(Problem::new(what).cause(cause).hint(hint))
}
