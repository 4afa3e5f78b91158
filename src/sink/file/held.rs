//! Where the files are that a sink has written: whole, or as slices.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{Folder, is_folder, is_through, sliced};
use crate::format::FormatKind;
use crate::place::{LocalPath, Placed};
use crate::sink::{HeldFiles, Holds, Slice};

/// The files at a path: those of the slice where there are any, else all of them.
pub(super) fn held(
    path: &Placed<LocalPath>,
    format: FormatKind,
    out: &Path,
    slice: Option<Slice>,
) -> Holds<'static> {
    let whole = out.join(path.as_str());
    if is_through(&whole) {
        return Holds::Nothing("what was written through a pipe is gone");
    }
    let whole = std::path::absolute(&whole).unwrap_or(whole);
    let of_slice = match is_folder(path) {
        true => slice.and_then(|slice| parts(&whole, slice)),
        false => slice
            .map(|slice| whole.with_file_name(sliced(&whole, slice)))
            .filter(|path| path.exists()),
    };
    let is_slice = of_slice.is_some();
    let slices = || slices(&whole).filter(|_| !is_folder(path) && !whole.exists());
    Holds::Files(Box::new(HeldFiles {
        path: of_slice.or_else(slices).unwrap_or(whole),
        place: path.place.clone(),
        format,
        of_slice: is_slice,
    }))
}

/// The parts of a folder that a slice has written; nothing if it has none.
fn parts(folder: &Path, slice: Slice) -> Option<PathBuf> {
    let own = Folder::at(folder, Some(slice));
    let prefix = own.part_prefix();
    own.own_manifest()
        .exists()
        .then(|| folder.join("**").join(format!("{prefix}*")))
}

/// The files of all slices of one that is not there as a whole.
fn slices(whole: &Path) -> Option<PathBuf> {
    let folder = whole.parent()?;
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.find_map(|name| {
        let count = count(&name)?;
        let first = Slice { index: 1, count };
        let first = sliced(whole, first);
        let pattern = first.replacen("00001-of-", "?????-of-", 1);
        let fits = name.len() == first.len() && sliced_like(&name, &first);
        fits.then(|| folder.join(pattern))
    })
}

/// Of how many slices a file is one.
fn count(name: &str) -> Option<u64> {
    let (_, rest) = name.rsplit_once("-of-")?;
    rest.get(..5)?.parse().ok()
}

/// Both are slices of one file.
fn sliced_like(name: &str, first: &str) -> bool {
    let Some((before, after)) = first.split_once("00001-of-") else {
        return false;
    };
    name.starts_with(before) && name.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_a_file_are_found_where_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("a.csv.gz");
        assert_eq!(slices(&whole), None);
        for name in [
            "b-00001-of-00003.csv.gz",
            "a-00001-of-00003.csv",
            "a-x.csv.gz",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(slices(&whole), None);
        fs::write(folder.path().join("a-00002-of-00003.csv.gz"), "").unwrap();
        let pattern = folder.path().join("a-?????-of-00003.csv.gz");
        assert_eq!(slices(&whole), Some(pattern));
    }
}
