//! What lies beside a sink's output and is none of it: slices of other runs, files that no manifest lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::existing::beside as beside_file;
use super::layout::{PartFolder, slice_in, sliced};
use super::manifest::{ManifestEntry, files_in, is_manifest, listed_as, read};
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
    /// There are files of the slice that is asked for.
    pub(super) has_own: bool,
}

/// How the runs were sliced that have written into a folder.
#[derive(Debug, Default)]
pub(super) struct Slicings {
    /// One of them was not.
    pub(super) whole: bool,
    /// Of how many slices the others were.
    pub(super) counts: BTreeSet<u64>,
}

/// The most files that one message names.
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

/// The files of all slices of so many, as a pattern: what else stands in the path is what it is.
pub(super) fn pattern(whole: &Path, count: u64) -> PathBuf {
    const FIRST: &str = "00001-of-";
    let folder = whole.parent().unwrap_or(whole).to_string_lossy();
    let first = sliced(whole, Slice { index: 1, count });
    let at = first.rfind(FIRST).unwrap_or_default();
    let (before, behind) = (&first[..at], &first[at + FIRST.len()..]);
    let (before, behind) = (Pattern::escape(before), Pattern::escape(behind));
    Path::new(&Pattern::escape(&folder)).join(format!("{before}?????-of-{behind}"))
}

/// How the runs were sliced whose manifests are in a folder.
pub(super) fn slicings_in(folder: &Path) -> Slicings {
    let mut slicings = Slicings::default();
    for (name, entries) in manifests(folder) {
        match slice_of_manifest(&name) {
            Some(slice) => drop(slicings.counts.insert(slice.count)),
            None => slicings.whole |= !entries.is_empty(),
        }
    }
    slicings
}

/// The slice whose manifest is called so; none for that of a run without slices.
fn slice_of_manifest(name: &str) -> Option<Slice> {
    let slice = name.strip_prefix("manifest-")?.strip_suffix(".jsonl")?;
    let slice = slice_in(slice).filter(|(_, behind)| behind.is_empty());
    slice.map(|(slice, _)| slice)
}

/// The slice that a part of a folder is of; none for that of a run without slices.
fn slice_of_part(path: &Path) -> Option<Slice> {
    let name = path.file_name()?.to_str()?.strip_prefix("part-")?;
    slice_in(name).map(|(slice, _)| slice)
}

/// What has to be said of slices of which there is nothing.
fn absent_slices(count: u64, there: &BTreeSet<u64>) -> Option<String> {
    let missing = (1..=count).filter(|index| !there.contains(index));
    let named: Vec<String> = missing.take(NAMED).map(|index| index.to_string()).collect();
    let all = count - there.range(1..=count).count() as u64;
    let more = match all - named.len() as u64 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = (!named.is_empty()).then(|| named.join(", "))?;
    Some(format!(
        "of {count} slices there are no files of {named}{more}"
    ))
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
    /// What lies beside some files of an output that is one file, or so many slices.
    pub(super) fn of_file(whole: &Path, own: &[PathBuf], count: Option<u64>) -> Self {
        let mut beside = Self::default();
        for path in own {
            let entries = read(&beside_file(path)).ok().flatten();
            let entries = entries.unwrap_or_default();
            beside
                .listed
                .extend(entries.into_iter().map(|entry| listed(path.clone(), entry)));
        }
        for (others, names) in slices(whole) {
            if Some(others) != count {
                beside.notes.push(format!(
                    "slices that lie beside it were not read: {}",
                    some(&names)
                ));
            }
        }
        beside
    }

    /// What lies beside all slices of an output, and which of them are not there.
    pub(super) fn of_slices(whole: &Path, count: u64) -> Self {
        let own = |index| whole.with_file_name(sliced(whole, Slice { index, count }));
        let own: Vec<PathBuf> = (1..=count).map(own).collect();
        let mut beside = Self::of_file(whole, &own, Some(count));
        let names = slices(whole).remove(&count).unwrap_or_default();
        let there = names.iter().filter_map(|name| slice_of(whole, name));
        let there: BTreeSet<u64> = there.map(|slice| slice.index).collect();
        beside.notes.extend(absent_slices(count, &there));
        beside
    }

    /// The slice that was asked for has written nothing of all that is there.
    pub(super) fn note_other(&mut self, slice: Option<Slice>) {
        let Some(Slice { index, count }) = slice else {
            return;
        };
        self.notes.push(format!(
            "there are no files of slice {index}/{count}: its share of what the others have written is compared"
        ));
    }

    /// What the manifests of a folder list, of one slice or of all; files that none of them does, and
    /// slicings that lie there together.
    pub(super) fn in_folder(folder: &Path, slice: Option<Slice>) -> Self {
        // Before the manifests are read: a run that is at work notes a file before it names it.
        let mut there = Vec::new();
        walk(folder, &mut |path| there.push(path.to_path_buf()));
        let own = PartFolder::at(folder, slice);
        let is_own = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            slice.is_none() || name.starts_with(&own.part_prefix())
        };
        let manifests = manifests(folder);
        let mut beside = Self {
            has_own: there.iter().any(is_own),
            notes: several(&manifests).into_iter().collect(),
            ..Self::default()
        };
        if slice.is_none() {
            beside.notes.extend(absent_from(&manifests, &there));
        }
        let mut all = BTreeSet::new();
        for (name, entries) in manifests {
            let entries = entries.into_iter().filter_map(|entry| {
                let path = folder.join(entry.path.as_ref()?);
                Some(listed(path, entry))
            });
            let entries: Vec<Listed> = entries.collect();
            all.extend(entries.iter().map(|one| one.path.clone()));
            if slice.is_none() || name == own.manifest() {
                beside.listed.extend(entries);
            }
        }
        if !all.is_empty() {
            there.retain(|path| !all.contains(path));
            beside.note_unlisted(folder, &mut there);
            there.retain(is_own);
            beside.unlisted = there;
        }
        beside
    }

    fn note_unlisted(&mut self, folder: &Path, unlisted: &mut [PathBuf]) {
        unlisted.sort();
        let shown = |path: &PathBuf| {
            let below = path.strip_prefix(folder).unwrap_or(path);
            below.display().to_string()
        };
        let names: Vec<String> = unlisted.iter().map(shown).collect();
        if !names.is_empty() {
            self.notes
                .push(format!("no manifest lists {}", some(&names)));
        }
    }
}

fn listed(path: PathBuf, entry: ManifestEntry) -> Listed {
    Listed {
        path,
        rows: entry.rows,
        bytes: entry.bytes,
        sha256: entry.sha256,
        fingerprint: entry.fingerprint,
    }
}

/// Slices of which there is neither a manifest nor a file, where there are others.
fn absent_from(manifests: &[(String, Vec<ManifestEntry>)], files: &[PathBuf]) -> Vec<String> {
    let mut slicings: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let named = manifests.iter();
    for slice in named.filter_map(|(name, _)| slice_of_manifest(name)) {
        slicings.entry(slice.count).or_default().insert(slice.index);
    }
    for slice in files.iter().filter_map(|path| slice_of_part(path)) {
        let there = slicings.get_mut(&slice.count);
        there.map(|there| there.insert(slice.index));
    }
    let absent = slicings.iter();
    let absent = absent.filter_map(|(count, there)| absent_slices(*count, there));
    absent.collect()
}

/// Runs that were sliced in several ways and lie there together.
fn several(manifests: &[(String, Vec<ManifestEntry>)]) -> Option<String> {
    let mut runs: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    for (name, entries) in manifests.iter().filter(|(_, entries)| !entries.is_empty()) {
        let count = slice_of_manifest(name).map(|slice| slice.count);
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
fn manifests(folder: &Path) -> Vec<(String, Vec<ManifestEntry>)> {
    let paths = files_in(&folder.join(FOLDER)).unwrap_or_default();
    let named = paths.iter().map(|path| (listed_as(path), path));
    let mut manifests: Vec<(String, Vec<ManifestEntry>)> = named
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
        let alone = || Beside::of_file(&whole, std::slice::from_ref(&whole), None).notes;
        assert!(slicings(&whole).is_empty() && alone().is_empty());
        write("a-00002-of-00003.csv.gz");
        write("a-00001-of-00003.csv.gz");
        write("a-00004-of-00008.csv.gz");
        assert_eq!(slicings(&whole), [3, 8]);
        let read = folder.path().join("a-?????-of-00003.csv.gz");
        assert_eq!(pattern(&whole, 3), read);
        assert_eq!(
            Beside::of_slices(&whole, 3).notes,
            [
                "slices that lie beside it were not read: a-00004-of-00008.csv.gz",
                "of 3 slices there are no files of 3",
            ]
        );
        assert_eq!(alone().len(), 2);
    }

    #[test]
    fn what_stands_before_the_slice_is_no_pattern() {
        for (whole, read) in [
            ("o[1]/t.csv", "o[[]1[]]/t-?????-of-00002.csv"),
            ("o/a*b?.csv.gz", "o/a[*]b[?]-?????-of-00002.csv.gz"),
            ("00001-of-x.csv", "00001-of-x-?????-of-00002.csv"),
            ("a.x[y]", "a-?????-of-00002.x[[]y[]]"),
        ] {
            assert_eq!(pattern(Path::new(whole), 2), Path::new(read));
        }
    }

    #[test]
    fn manifests_say_their_slice() {
        let slice = |name| slice_of_manifest(name).map(|slice| (slice.index, slice.count));
        assert_eq!(slice("manifest-00002-of-00008.jsonl"), Some((2, 8)));
        assert_eq!(slice("manifest.jsonl"), None);
        let slice = |name| slice_of_part(Path::new(name)).map(|slice| (slice.index, slice.count));
        assert_eq!(slice("o/part-00002-of-00008-00000.csv"), Some((2, 8)));
        assert_eq!(
            (slice("part-00000.csv"), slice("part-zz.csv")),
            (None, None)
        );
    }

    #[test]
    fn slices_that_are_not_there_are_few_words() {
        let absent = |count, there: &[u64]| absent_slices(count, &there.iter().copied().collect());
        assert_eq!(absent(3, &[1, 2, 3]), None);
        let words = "of 9 slices there are no files of 1, 3, 4, 5, 6 and 3 more";
        assert_eq!(absent(9, &[2, 10]).unwrap(), words);
        assert!(absent(u64::MAX, &[]).unwrap().ends_with(" more"));
    }
}
