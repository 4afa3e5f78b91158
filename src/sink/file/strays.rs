//! What lies beside a sink's output and is none of it: slices of other runs, files that no manifest lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::existing::beside as beside_file;
use super::layout::{Folder, sliced};
use super::manifest::{Entry, files_in, is_manifest, listed_as, read};
use crate::dataset::FOLDER;
use crate::sink::{Listed, Slice};

/// What lies with a sink's output.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// What manifests say of the files that are read.
    pub(super) listed: Vec<Listed>,
    /// Files that are read and that no manifest lists.
    pub(super) unlisted: Vec<PathBuf>,
    /// What a reader should know of it.
    pub(super) notes: Vec<String>,
}

/// So many files are named.
const NAMED: usize = 5;

/// Of how many slices there are files of an output that is one file, most files first.
pub(super) fn slicings(whole: &Path) -> Vec<u64> {
    let mut slicings: Vec<(usize, u64)> = slices(whole)
        .into_iter()
        .map(|(count, names)| (names.len(), count))
        .collect();
    slicings.sort_by_key(|(files, count)| (std::cmp::Reverse(*files), *count));
    slicings.into_iter().map(|(_, count)| count).collect()
}

/// The files of all slices of so many.
pub(super) fn pattern(whole: &Path, count: u64) -> PathBuf {
    let first = sliced(whole, Slice { index: 1, count });
    let name = first.replacen("00001-of-", "?????-of-", 1);
    whole.with_file_name(name)
}

/// Files of slices by how many slices there are of them.
fn slices(whole: &Path) -> BTreeMap<u64, Vec<String>> {
    let mut slices: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let folder = whole.parent().unwrap_or(whole);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        if let Some(slice) = slice_of(whole, &name) {
            slices.entry(slice.count).or_default().push(name);
        }
    }
    slices
}

/// Which slice of an output a file is.
fn slice_of(whole: &Path, name: &str) -> Option<Slice> {
    let (before, rest) = name.rsplit_once("-of-")?;
    let number = |text: Option<&str>| text?.parse::<u64>().ok();
    let count = number(rest.get(..5))?;
    let index = number(before.get(before.len().checked_sub(5)?..))?;
    let slice = Slice { index, count };
    (sliced(whole, slice) == name).then_some(slice)
}

impl Beside {
    /// What lies beside one file, or beside its slices if it is read as so many.
    pub(super) fn of_file(file: &Path, slicing: Option<u64>) -> Self {
        let mut beside = Self::default();
        let own = |index| match slicing {
            Some(count) => file.with_file_name(sliced(file, Slice { index, count })),
            None => file.to_path_buf(),
        };
        for index in 1..=slicing.unwrap_or(1) {
            let path = own(index);
            let entries = read(&beside_file(&path)).ok().flatten();
            let entries = entries.unwrap_or_default();
            beside
                .listed
                .extend(entries.into_iter().map(|entry| listed(path.clone(), entry)));
        }
        for (count, names) in slices(file) {
            if Some(count) != slicing {
                beside.notes.push(format!(
                    "slices that lie beside it were not read: {}",
                    some(&names)
                ));
                continue;
            }
            let there = names.iter().filter_map(|name| slice_of(file, name));
            let there: BTreeSet<u64> = there.map(|slice| slice.index).collect();
            let missing = (1..=count).filter(|index| !there.contains(index));
            let missing: Vec<String> = missing.map(|index| index.to_string()).collect();
            if !missing.is_empty() {
                let missing = some(&missing);
                beside
                    .notes
                    .push(format!("of {count} slices there are no files of {missing}"));
            }
        }
        beside
    }

    /// What the manifests of a folder list, of one slice or of all; files that none of them does, and
    /// slicings that lie there together.
    pub(super) fn in_folder(folder: &Path, slice: Option<Slice>) -> Self {
        // Before the manifests are read: a run that is at work notes a file before it names it.
        let mut there = Vec::new();
        if slice.is_none() {
            walk(folder, &mut |path| there.push(path.to_path_buf()));
        }
        let own = Folder::at(folder, slice).manifest();
        let mut manifests = manifests(folder);
        manifests.retain(|(name, _)| slice.is_none() || *name == own);
        let mut beside = Self::default();
        if slice.is_none() {
            beside.notes.extend(several(&manifests));
        }
        let entries = manifests.into_iter().flat_map(|(_, entries)| entries);
        let entries = entries.filter_map(|entry| {
            let path = folder.join(entry.path.as_ref()?);
            Some(listed(path, entry))
        });
        beside.listed = entries.collect();
        if !beside.listed.is_empty() {
            beside.note_unlisted(folder, there);
        }
        beside
    }

    fn note_unlisted(&mut self, folder: &Path, mut there: Vec<PathBuf>) {
        let listed: BTreeSet<&Path> = self.listed.iter().map(|one| one.path.as_path()).collect();
        there.retain(|path| !listed.contains(path.as_path()));
        there.sort();
        let shown = |path: &PathBuf| {
            let below = path.strip_prefix(folder).unwrap_or(path);
            below.display().to_string()
        };
        let names: Vec<String> = there.iter().map(shown).collect();
        if !names.is_empty() {
            self.notes
                .push(format!("no manifest lists {}", some(&names)));
        }
        self.unlisted = there;
    }
}

fn listed(path: PathBuf, entry: Entry) -> Listed {
    Listed {
        path,
        rows: entry.rows,
        bytes: entry.bytes,
        sha256: entry.sha256,
        fingerprint: entry.fingerprint,
    }
}

/// Runs that were sliced in several ways and lie there together.
fn several(manifests: &[(String, Vec<Entry>)]) -> Option<String> {
    let mut runs: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    for (name, entries) in manifests.iter().filter(|(_, entries)| !entries.is_empty()) {
        let count = name.trim_end_matches(".jsonl").rsplit_once("-of-");
        let count = count.and_then(|(_, count)| count.parse().ok());
        *runs.entry(count).or_default() += entries.len();
    }
    let shown = |(count, files): (&Option<u64>, &usize)| match count {
        Some(count) => format!("{files} files of a run in {count} slices"),
        None => format!("{files} files of a run without slices"),
    };
    let runs: Vec<String> = runs.iter().map(shown).collect();
    (runs.len() > 1).then(|| format!("several runs lie there together: {}", runs.join(", ")))
}

/// The manifests of a folder, and what each lists; none of what cannot be read.
fn manifests(folder: &Path) -> Vec<(String, Vec<Entry>)> {
    let paths = files_in(&folder.join(FOLDER)).unwrap_or_default();
    let named = paths.iter().map(|path| (listed_as(path), path));
    let mut manifests: Vec<(String, Vec<Entry>)> = named
        .filter(|(name, _)| is_manifest(name))
        .map(|(name, path)| (name, read(path).ok().flatten().unwrap_or_default()))
        .collect();
    manifests.sort_by(|one, other| one.0.cmp(&other.0));
    manifests
}

/// Every file below a folder that is not hidden.
fn walk(folder: &Path, found: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with(['.', '_']) {
            continue;
        }
        match path.is_dir() {
            true => walk(&path, found),
            false => found(&path),
        }
    }
}

/// The first of them, and how many more there are.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_a_file_are_found_and_those_of_others_named() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("a.csv.gz");
        let write = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        for name in [
            "b-00001-of-00003.csv.gz",
            "a-00001-of-00003.csv",
            "a-x.csv.gz",
        ] {
            write(name);
        }
        let notes = |slicing| Beside::of_file(&whole, slicing).notes;
        assert!(slicings(&whole).is_empty() && notes(None).is_empty());
        write("a-00002-of-00003.csv.gz");
        write("a-00001-of-00003.csv.gz");
        write("a-00004-of-00008.csv.gz");
        assert_eq!(slicings(&whole), [3, 8]);
        let read = folder.path().join("a-?????-of-00003.csv.gz");
        assert_eq!(pattern(&whole, 3), read);
        assert_eq!(
            notes(Some(3)),
            [
                "of 3 slices there are no files of 3",
                "slices that lie beside it were not read: a-00004-of-00008.csv.gz",
            ]
        );
        assert_eq!(notes(None).len(), 2);
    }
}
