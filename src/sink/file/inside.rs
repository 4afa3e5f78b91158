//! Folders that hold a dataset: nobody else writes in them.

use std::path::Path;

use super::decision::whole;
use super::manifest::{files_in, is_manifest, listed_as};
use crate::dataset::{DELTA_LOG, FOLDER, has_delta_log};
use crate::error::{Error, Problem, Result};

/// Refuses what would lie within the dataset of another output, or within a table of Delta Lake: it would
/// replace a part of it, or be a stranger to its next run.
///
/// # Errors
/// It would, or nobody can tell.
pub fn outside_datasets(path: &Path) -> Result<()> {
    let mut above = path.ancestors().skip(1);
    let there = above.find(|above| above.as_os_str().is_empty() || above.is_dir());
    let there = whole(there.unwrap_or(Path::new(".")));
    for folder in there.ancestors() {
        if has_delta_log(folder) {
            let here = whole(Path::new("."));
            return Err(within_table(
                path,
                folder.strip_prefix(&here).unwrap_or(folder),
            ));
        }
        let files = files_in(&folder.join(FOLDER))?;
        if files.iter().any(|file| is_manifest(&listed_as(file))) {
            let here = whole(Path::new("."));
            return Err(refused(path, folder.strip_prefix(&here).unwrap_or(folder)));
        }
    }
    Ok(())
}

/// Refuses a folder that is a table of Delta Lake: its log says which files it has.
pub(super) fn no_table(folder: &Path) -> Result<()> {
    match has_delta_log(folder) {
        true => Err(table(folder)),
        false => Ok(()),
    }
}

/// What is to be written in `folder` would be files of no table.
pub(super) fn table(folder: &Path) -> Error {
    let what = format!("`{}` is a table of Delta Lake", folder.display());
    of_table(what, folder)
}

/// What is to be written at `path` would lie in the table of `folder`.
pub(super) fn within_table(path: &Path, folder: &Path) -> Error {
    let what = format!(
        "`{}` would lie within a table of Delta Lake",
        path.display()
    );
    of_table(what, shown(folder))
}

fn of_table(what: String, folder: &Path) -> Error {
    let log = folder.join(DELTA_LOG);
    let cause = format!(
        "`{}` says which files are rows of it, and would name none of these",
        log.display()
    );
    let hint = "add rows to it with the sink `delta`, or write to another folder";
    Error::user(Problem::new(what).cause(cause).hint(hint))
}

fn shown(folder: &Path) -> &Path {
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// What is to be written at `path` would lie in the dataset of `folder`.
pub(super) fn refused(path: &Path, folder: &Path) -> Error {
    let folder = shown(folder);
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
