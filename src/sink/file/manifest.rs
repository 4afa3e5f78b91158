//! What a dataset folder says of itself: `_rowgen/manifest.jsonl` and `_SUCCESS`.
//!
//! Files of a table with an end get their names together with the manifest that lists them. A table
//! without one has a hidden journal beside it, in which each file is noted before it gets its name; at
//! the end the journal becomes a part of the manifest. `_SUCCESS` appears when every slice has its
//! manifest.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::{PartFolder, hidden, suffix};
use super::output::{claim, create_folder, publish, sync_folder, system};
use crate::dataset::{FOLDER, SUCCESS, is_nothing};
use crate::error::{Error, Problem, Result};
use crate::sink::claims::Claims;
use crate::sink::{FileReport, Slice};

/// One line of a manifest: a file, or the word of a slice that it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestEntry {
    /// Relative to the dataset's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: Option<String>,
    /// The first and the last row of the table in it, where its rows stand one after the other.
    pub first_row: Option<u64>,
    pub last_row: Option<u64>,
    /// Of the plan and the seed.
    pub fingerprint: String,
}

/// Everything that the manifests of a folder list.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Of the slice that asks: what it committed, if it ever did.
    pub own: Option<Vec<ManifestEntry>>,
    /// What a run of it that did not end has named.
    pub journal: Vec<ManifestEntry>,
    /// What the other slices of the same slicing have named.
    pub siblings: Vec<ManifestEntry>,
    /// What others have named: the whole table, or another slicing of it.
    pub others: Vec<ManifestEntry>,
    /// The manifests of those.
    pub foreign: Vec<PathBuf>,
}

impl ManifestEntry {
    /// The line for a file that stands in `folder`.
    pub(super) fn new(report: &FileReport, folder: &Path, fingerprint: &str) -> Self {
        let path = report.path.strip_prefix(folder).unwrap_or(&report.path);
        let last = |first: u64| (first + report.rows).checked_sub(1);
        Self {
            path: Some(path.to_string_lossy().into_owned()),
            rows: report.rows,
            bytes: report.bytes,
            sha256: report.sha256.clone(),
            first_row: report.first_row.filter(|_| report.rows > 0),
            last_row: report.first_row.filter(|_| report.rows > 0).and_then(last),
            fingerprint: fingerprint.to_string(),
        }
    }

    /// The word of a slice that it has no file.
    pub(super) fn none(fingerprint: &str) -> Self {
        Self {
            path: None,
            rows: 0,
            bytes: 0,
            sha256: None,
            first_row: None,
            last_row: None,
            fingerprint: fingerprint.to_string(),
        }
    }

    /// The folder, relative to the dataset's, in which its file stands.
    pub(super) fn folder(&self) -> &Path {
        let path = Path::new(self.path.as_deref().unwrap_or_default());
        path.parent().unwrap_or(path)
    }
}

impl Listing {
    /// Every file that some manifest or journal lists.
    pub(super) fn paths(&self) -> BTreeSet<&str> {
        let own = self.own.iter().flatten();
        let all = own
            .chain(&self.journal)
            .chain(&self.siblings)
            .chain(&self.others);
        all.filter_map(|entry| entry.path.as_deref()).collect()
    }
}

impl PartFolder {
    pub(super) fn own_manifest(&self) -> PathBuf {
        self.path.join(FOLDER).join(self.manifest())
    }

    /// True once the dataset is said to be complete.
    pub(super) fn has_success(&self) -> bool {
        self.path.join(SUCCESS).exists()
    }

    /// Reads every manifest and journal.
    pub(super) fn listing(&self) -> Result<Listing> {
        let mut listing = Listing::default();
        let folder = self.path.join(FOLDER);
        let own = self.own_manifest();
        listing.own = read(&own)?;
        listing.journal = read(&hidden(&own))?.unwrap_or_default();
        for path in files_in(&folder)? {
            let name = listed_as(&path);
            if name == self.manifest() || !is_manifest(&name) {
                continue;
            }
            let entries = read(&path)?.unwrap_or_default();
            self.add_other(&mut listing, path, entries);
        }
        Ok(listing)
    }

    /// Adds what a manifest or a journal lists that is not this slice's own.
    pub(super) fn add_other(
        &self,
        listing: &mut Listing,
        path: PathBuf,
        entries: Vec<ManifestEntry>,
    ) {
        let name = listed_as(&path);
        // Slices of one slicing share a dataset; a run with another number of slices wrote another
        // one there.
        let sibling = self.slice.is_some_and(|slice| {
            name.starts_with("manifest-")
                && name.ends_with(&format!("-of-{:05}.jsonl", slice.count))
        });
        if entries.is_empty() {
            // The journal of a run that has named nothing yet.
        } else if sibling {
            listing.siblings.extend(entries);
        } else {
            listing.others.extend(entries);
            listing.foreign.push(path);
        }
    }

    /// From here on until the run ends no other run writes here, but for other slices. What is locked.
    pub(super) fn claim(&self, claims: &Claims, fsync: bool) -> Result<PathBuf> {
        // The journal is what is locked: it is there as long as anybody works, and each slice has
        // its own.
        create_folder(&self.path.join(FOLDER), fsync)?;
        let journal = hidden(&self.own_manifest());
        claim(claims, &journal, &self.path)?;
        Ok(journal)
    }

    /// Notes a file of a table without end and gives it its final name. The dataset is no longer
    /// complete then.
    pub(super) fn publish(
        &self,
        report: &FileReport,
        fingerprint: &str,
        fsync: bool,
    ) -> Result<()> {
        let entry = ManifestEntry::new(report, &self.path, fingerprint);
        let journal = hidden(&self.own_manifest());
        // Noted before it is named: a file with a name that nothing lists is nobody's, and the next
        // run would remove it, though the offsets of its rows are committed.
        let noted = note(&journal, &line(&entry), fsync);
        noted.map_err(|error| system("writing", &journal, &error))?;
        // Between the two: readers that look for `_SUCCESS` see no file that the manifest lacks.
        remove(&self.path.join(SUCCESS))?;
        publish(&report.path, fsync)
    }

    /// Says that the dataset is complete.
    pub(super) fn succeed(&self, fsync: bool) -> Result<()> {
        let draft = self.path.join(self.success_draft());
        write_whole(&draft, &self.path.join(SUCCESS), "", fsync)
    }

    /// Slices that end at the same time each have a draft of their own.
    pub(super) fn success_draft(&self) -> String {
        match self.slice {
            Some(slice) => format!(".{SUCCESS}-{}.new", suffix(slice)),
            None => format!(".{SUCCESS}.new"),
        }
    }

    /// True when every slice has committed the same plan and none is at work.
    pub(super) fn is_complete(&self, fingerprint: &str) -> Result<bool> {
        is_complete(self.slice, fingerprint, |path| {
            Ok(read(&self.path.join(path))?.map(Cow::Owned))
        })
    }
}

/// The same, by what is `listed` at a path from the dataset's folder on.
pub(super) fn is_complete<'l>(
    slice: Option<Slice>,
    fingerprint: &str,
    listed: impl Fn(&Path) -> Result<Option<Cow<'l, [ManifestEntry]>>>,
) -> Result<bool> {
    let count = slice.map_or(0, |slice| slice.count);
    for index in 1..=count {
        let name = format!("manifest-{}.jsonl", suffix(Slice { index, count }));
        let manifest = Path::new(FOLDER).join(name);
        let same = |entries: Cow<'_, [ManifestEntry]>| {
            entries.iter().all(|entry| entry.fingerprint == fingerprint)
        };
        // A journal with lines is one of a run that is at work, or was killed.
        let named = listed(&hidden(&manifest))?.is_some_and(|journal| !journal.is_empty());
        if named || !listed(&manifest)?.is_some_and(same) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the system knows of a file; nothing if there is none.
pub(super) fn looked_at(path: &Path) -> Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(system("reading", path, &error)),
    }
}

/// The lines of a manifest or a journal; nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<ManifestEntry>>> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path).map(Some),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(system("reading", path, &error)),
    }
}

/// The lines of a manifest or a journal that stands at this path.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<ManifestEntry>> {
    // A line without its end is what a killed run was writing: its file has no final name yet.
    let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let entries = whole.lines().enumerate().map(|(index, line)| {
        serde_json::from_str(line).map_err(|error| {
            let what = format!(
                "line {} of `{}` is no line of a manifest",
                index + 1,
                path.display()
            );
            // What its dataset holds nobody knows any more, so nothing is replaced unseen.
            let dataset = path.parent().and_then(Path::parent).unwrap_or(path);
            let hint = format!(
                "put the manifest back from a copy, or remove `{}` with all that is in it and make it anew",
                dataset.display()
            );
            Error::user(Problem::new(what).cause(error).hint(hint))
        })
    });
    entries.collect()
}

/// The name of a manifest, also that of its journal.
pub(super) fn listed_as(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_start_matches('.').trim_end_matches(".partial");
    name.to_string()
}

/// A manifest or a journal, and nothing else that lies beside them.
pub(super) fn is_manifest(name: &str) -> bool {
    name.starts_with("manifest") && name.ends_with(".jsonl")
}

/// Appends a line to a journal. What a killed run has left of one goes, or both would be one that
/// nobody can read.
pub(super) fn note(journal: &Path, line: &str, fsync: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).read(true).append(true).open(journal)?;
    let mut last = *b"\n";
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        // Only after a kill: the journal is read whole to find where its last line ends.
        let text = fs::read(journal)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        file.set_len(whole.map_or(0, |end| end as u64 + 1))?;
    }
    file.write_all(line.as_bytes())?;
    if fsync { file.sync_all() } else { Ok(()) }
}

/// Writes a small file so that it is there whole or not at all.
pub(super) fn write_whole(draft: &Path, path: &Path, text: &str, fsync: bool) -> Result<()> {
    // The text is synced before it has its name; the other order could leave the name with an empty
    // file behind a crash.
    let written = fs::File::create(draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if fsync { file.sync_all() } else { Ok(()) }
    });
    let written = written.map_err(|error| system("writing", draft, &error));
    let named = written
        .and_then(|()| fs::rename(draft, path).map_err(|error| system("naming", path, &error)));
    if let Err(error) = named {
        // Nobody needs it, and the error is what counts.
        let _ = fs::remove_file(draft);
        return Err(error);
    }
    match path.parent() {
        Some(folder) if fsync => sync_folder(folder),
        _ => Ok(()),
    }
}

/// One line of JSON.
pub(super) fn line(entry: &ManifestEntry) -> String {
    // Strings and numbers only: there is nothing that JSON cannot say.
    serde_json::to_string(entry).unwrap_or_default() + "\n"
}

/// Removes a file that may have gone already.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        // On a read-only disk, what is not there cannot be removed either.
        Err(_) if !exists(path) => Ok(()),
        Err(error) if is_nothing(&error) => Ok(()),
        Err(error) => Err(system("removing", path, &error)),
    }
}

fn exists(path: &Path) -> bool {
    !path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// What is in a folder, in no order; nothing if there is none.
pub(super) fn entries_in(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    let unread = |error| system("reading", folder, &error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map_err(unread)).collect(),
        Err(error) if is_nothing(&error) => Ok(Vec::new()),
        Err(error) => Err(unread(error)),
    }
}

/// The paths of that, sorted.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = entries_in(folder)?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_of_a_line_goes_when_the_next_one_comes() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        for (left, then) in [
            ("", "next\n"),
            ("one\n", "one\nnext\n"),
            ("one\ntw", "one\nnext\n"),
            ("on", "next\n"),
        ] {
            fs::write(&journal, left).unwrap();
            note(&journal, "next\n", false).unwrap();
            assert_eq!(fs::read_to_string(&journal).unwrap(), then);
        }
        fs::remove_file(&journal).unwrap();
        note(&journal, "first\n", true).unwrap();
        assert_eq!(fs::read_to_string(&journal).unwrap(), "first\n");
    }
}
