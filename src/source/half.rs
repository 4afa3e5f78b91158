//! Datasets that rowgen has published only in part are not read: some of their files have names, others not.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::hive;
use super::set::SetMember;
use crate::dataset::{FOLDER, SUCCESS, is_nothing};
use crate::error::Problem;

/// What is wrong with the first dataset that is half published.
pub fn problem(files: &[SetMember]) -> Option<Problem> {
    let folders: BTreeSet<&Path> = files.iter().map(|file| dataset(&file.path)).collect();
    let mut problems = folders.into_iter().filter_map(|folder| {
        let shown = match folder.as_os_str().is_empty() {
            true => Path::new(".").display(),
            false => folder.display(),
        };
        match is_half(folder) {
            Ok(false) => None,
            Ok(true) => Some(half(&shown.to_string())),
            Err(error) => Some(Problem::new(format!("could not read `{shown}`")).cause(error)),
        }
    });
    problems.next()
}

/// The folder that a file is a part of: the one above those of its partitions.
pub(super) fn dataset(file: &Path) -> &Path {
    let mut above = file.ancestors().skip(1);
    let is_partition = |folder: &&Path| {
        let name = folder.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| hive::key(&name).is_some())
    };
    above.find(|folder| !is_partition(folder)).unwrap_or(file)
}

/// It is decided that a run's files get their names, and not all have them.
fn is_half(folder: &Path) -> io::Result<bool> {
    let notes = match folder.join(FOLDER).read_dir() {
        Ok(notes) => notes,
        Err(error) if is_nothing(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut decided = false;
    for note in notes {
        let name = note?.file_name();
        let name = name.to_string_lossy();
        // The journal of a run is there before its first file is renamed, `_SUCCESS` after its last
        // one: between the two, some files have their names and nobody outside can say which.
        decided |= name.starts_with(".run") && name.ends_with(".jsonl");
    }
    Ok(decided && !folder.join(SUCCESS).try_exists()?)
}

pub(super) fn half(folder: &str) -> Problem {
    let why = "a run is giving its files their names, or was killed while it did";
    let hint = "wait until that run has ended; if it was killed, run it again, which finishes it";
    Problem::new(format!("`{folder}` is only half published"))
        .cause(why)
        .hint(hint)
}
