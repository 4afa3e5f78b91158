//! What a run made whole and could not publish, because something else failed or a signal came: noted
//! beside it with checksums, so that the next run of the same plan and seed takes it over.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{PathLayout, hidden};
use super::manifest::{self, ManifestEntry};
use super::output::system;
use crate::dataset::checksum;
use crate::error::Result;
use crate::sink::FileReport;

/// Files without a checksum are read once more to get it, up to so many bytes: whoever has asked for the
/// end waits for that, and more is made again as fast as it is read.
// No measurement is behind 1 GiB.
const MOST_READ: u64 = 1 << 30;

/// Where the note lies; nothing for what is written through.
pub(super) fn path(layout: &PathLayout) -> Option<PathBuf> {
    Some(base(layout).join(layout.own("kept")?))
}

/// The folder that names are relative to.
fn base(layout: &PathLayout) -> &Path {
    match layout {
        PathLayout::Through(path) | PathLayout::One(path) => path.parent().unwrap_or(path),
        PathLayout::Folder(folder) => &folder.path,
    }
}

/// Notes files that are whole under their hidden names. Nothing is noted where there is nothing in
/// them, or too much to be read again.
pub(super) fn keep(layout: &PathLayout, files: &[FileReport], fingerprint: &str) -> Result<()> {
    let unknown = files.iter().filter(|file| file.sha256.is_none());
    let read: u64 = unknown.map(|file| file.bytes).sum();
    let empty = files.is_empty() || files.iter().any(|file| file.bytes == 0);
    let Some(note) = path(layout).filter(|_| !empty && read <= MOST_READ) else {
        return Ok(());
    };
    let mut lines = String::new();
    for file in files {
        let mut file = file.clone();
        // Files may have been lost with the machine's cache since they were written: only a
        // checksum says that they are whole when the next run takes them over.
        if file.sha256.is_none() {
            let hidden = hidden(&file.path);
            let sum = checksum(&hidden).map_err(|error| system("reading", &hidden, &error))?;
            file.sha256 = Some(sum);
        }
        lines += &manifest::line(&ManifestEntry::new(&file, base(layout), fingerprint));
    }
    // Not waited for: what the disk lost of it is found out by its checksums.
    fs::write(&note, lines).map_err(|error| {
        let _ = fs::remove_file(&note);
        system("writing", &note, &error)
    })
}

/// What the last run kept, if it is of this plan and seed and all of it is there; not read yet.
pub(super) fn find(layout: &PathLayout, fingerprint: &str) -> Option<Vec<FileReport>> {
    // A note that cannot be read is none: what it lists is removed.
    let entries = manifest::read(&path(layout)?).ok().flatten()?;
    let file = |entry: ManifestEntry| {
        let same = entry.fingerprint == fingerprint && entry.sha256.is_some() && entry.bytes > 0;
        let path = base(layout).join(entry.path.filter(|_| same)?);
        // By its length at first, which costs nothing; the bytes are read only when it is taken
        // over.
        let there = fs::metadata(hidden(&path)).is_ok_and(|found| found.len() == entry.bytes);
        there.then_some(FileReport {
            path,
            rows: entry.rows,
            bytes: entry.bytes,
            sha256: entry.sha256,
            first_row: entry.first_row,
        })
    };
    let files: Vec<FileReport> = entries.into_iter().map(file).collect::<Option<_>>()?;
    (!files.is_empty()).then_some(files)
}

/// The first of the files whose bytes are not those that were written.
pub(super) fn spoiled(files: &[FileReport]) -> Option<PathBuf> {
    let paths = files.iter().map(|file| (hidden(&file.path), &file.sha256));
    let is_other = |path: &Path, sha256: &Option<String>| checksum(path).ok() != *sha256;
    let mut others = paths.filter(|(path, sha256)| is_other(path, sha256));
    others.next().map(|(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> FileReport {
        let path = folder.join(name);
        fs::write(hidden(&path), text).unwrap();
        FileReport {
            path,
            rows: 1,
            bytes: text.len() as u64,
            sha256: None,
            first_row: Some(0),
        }
    }

    #[test]
    fn what_was_kept_is_found_by_its_own_plan_alone() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path(), "t.csv", "1\n");
        let layout = PathLayout::One(one.path.clone());
        keep(&layout, std::slice::from_ref(&one), "plan").unwrap();
        let found = find(&layout, "plan").unwrap();
        assert_eq!((found.len(), found[0].rows, found[0].bytes), (1, 1, 2));
        assert_eq!(spoiled(&found), None);
        assert!(find(&layout, "another").is_none());
        // As long, and not the same.
        fs::write(hidden(&one.path), "2\n").unwrap();
        let found = find(&layout, "plan").unwrap();
        assert_eq!(spoiled(&found), Some(hidden(&one.path)));
        fs::write(hidden(&one.path), "1\n2\n").unwrap();
        assert!(find(&layout, "plan").is_none());
    }

    #[test]
    fn what_is_empty_or_torn_is_not_taken_for_whole() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path(), "t.csv", "");
        let layout = PathLayout::One(one.path.clone());
        keep(&layout, &[one], "plan").unwrap();
        assert!(find(&layout, "plan").is_none());
        for text in ["", "{", "{\"path\":\"t.csv\"}\n", "\0\0\0\n"] {
            fs::write(path(&layout).unwrap(), text).unwrap();
            assert!(find(&layout, "plan").is_none(), "{text:?}");
        }
    }
}
