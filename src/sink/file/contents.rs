//! What is in the folder of a dataset before a run writes there, on a disk or in a store of objects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::layout::{PartFolder, slice_in};
use super::manifest::{Listing, entries_in, looked_at};
use crate::dataset::FOLDER;
use crate::error::Result;

/// What was found.
#[derive(Debug)]
pub(super) struct Contents {
    /// The files that an engine would read, relative to the folder.
    pub visible: Vec<String>,
    /// What its manifests list.
    pub listing: Listing,
    /// It is said to be complete.
    pub has_success: bool,
    /// A run has been here.
    pub has_notes: bool,
    /// Every slice has committed the plan of whoever asks, and none is at work.
    pub is_complete: bool,
    /// How large its files are.
    pub sizes: Sizes,
}

/// How large files are.
#[derive(Debug)]
pub(super) enum Sizes {
    /// They are looked up in this folder.
    In(PathBuf),
    /// They were listed, relative to the folder.
    #[cfg_attr(
        not(feature = "object"),
        expect(dead_code, reason = "only stores of objects list them")
    )]
    Known(BTreeMap<String, u64>),
}

impl Contents {
    /// Looks at a folder on the disk.
    pub(super) fn of(folder: &PartFolder, fingerprint: &str) -> Result<Self> {
        // The files are looked for before the manifests are read: a slice that is at work notes a file
        // before it names it, so none is taken for a stranger.
        let visible = visible_files(&folder.path)?;
        Ok(Self {
            visible,
            listing: folder.listing()?,
            has_success: folder.has_success(),
            has_notes: folder.path.join(FOLDER).is_dir(),
            is_complete: folder.is_complete(fingerprint)?,
            sizes: Sizes::In(folder.path.clone()),
        })
    }

    /// How large a file is; nothing if there is none.
    pub(super) fn bytes(&self, path: &str) -> Result<Option<u64>> {
        match &self.sizes {
            Sizes::In(folder) => Ok(looked_at(&folder.join(path))?.map(|found| found.len())),
            Sizes::Known(sizes) => Ok(sizes.get(path).copied()),
        }
    }

    /// What an engine would read and no manifest lists.
    // A part of another slice is that slice's to look after: while it publishes, files have their names
    // a moment before its manifest lists them, and slices that begin then are not to be refused.
    pub(super) fn unlisted<'c>(
        &'c self,
        folder: &'c PartFolder,
    ) -> impl Iterator<Item = &'c String> {
        let known = self.listing.paths();
        self.visible.iter().filter(move |path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_sibling = self.has_notes && is_of_sibling(folder, name);
            !known.contains(path.as_str()) && !is_sibling
        })
    }

    /// A part that no manifest lists, in a dataset that is not whole: what is left of a run that was killed
    /// while it published, and that nobody can finish any more.
    pub(super) fn is_leftover(&self, folder: &PartFolder, path: &str) -> bool {
        self.is_part(folder, path) && !self.has_success
    }

    /// A part by its name, where a run has been: no manifest need list it, where one was cut short.
    pub(super) fn is_part(&self, folder: &PartFolder, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        folder.is_part(name) && self.has_notes
    }

    /// Those that go when the dataset is replaced.
    pub(super) fn leftovers(&self, folder: &PartFolder) -> Vec<String> {
        let known = self.listing.paths();
        let files = self.visible.iter();
        let left =
            files.filter(|path| !known.contains(path.as_str()) && self.is_part(folder, path));
        left.cloned().collect()
    }
}

/// True for the name of a part of another slice of the same dataset.
fn is_of_sibling(folder: &PartFolder, name: &str) -> bool {
    let written = name.strip_prefix("part-").and_then(slice_in);
    let (Some(own), Some((other, _))) = (folder.slice, written) else {
        return false;
    };
    let is_sibling = other.count == own.count && other.index != own.index;
    is_sibling && PartFolder::at(&folder.path, Some(other)).is_part(name)
}

/// The files below a folder that an engine would read, relative to it.
fn visible_files(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inside) = folders.pop() {
        for entry in entries_in(&inside)? {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(['.', '_']) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(path) = path.strip_prefix(folder) {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Slice;

    #[test]
    fn parts_of_other_slices_are_known_by_their_names() {
        let slice = Slice { index: 2, count: 8 };
        let sliced = PartFolder::at(Path::new("out"), Some(slice));
        for (name, expected) in [
            ("part-00001-of-00008-00000.parquet", true),
            ("part-00002-of-00008-00000.parquet", false),
            ("part-00001-of-00004-00000.parquet", false),
            ("part-00001.parquet", false),
            ("part-1-of-8-0.parquet", false),
        ] {
            assert_eq!(is_of_sibling(&sliced, name), expected, "{name}");
            let whole = PartFolder::at(Path::new("out"), None);
            assert!(!is_of_sibling(&whole, name));
        }
    }
}
