//! Output that is already there, looked at before the first row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::contents::Contents;
use super::layout::{PartFolder, PathLayout};
use super::manifest::{self, Listing, ManifestEntry, looked_at};
use super::output::system;
use super::{IfExists, inside};
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, Placed};
use crate::sink::Target;

const REPLACE: &str = "`if_exists: replace` or `--overwrite` replaces it, `if_exists: skip` keeps it when it is the same";

/// A dataset in partitions: whoever adds to it each day wants the others kept.
const REPLACE_PARTITIONS: &str = "`if_exists: replace_partitions` replaces the partitions of this run, `append` adds to them, `replace` or `--overwrite` removes all others, too";

/// Nothing is known of where it comes from, or something else.
const REPLACE_OTHER: &str = "`if_exists: replace` or `--overwrite` replaces it";

/// What is there before the first row, where that does not stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing, or nothing that matters.
    Nothing,
    /// What will be replaced.
    Replaced,
    /// The same output.
    Same,
}

/// May the rows of `target` be written there?
pub(super) fn check(
    layout: &PathLayout,
    path: &Placed<FilePath>,
    if_exists: IfExists,
    target: &Target,
) -> Result<Existing> {
    let answer = match layout {
        PathLayout::Through(_) => Ok(Existing::Nothing),
        PathLayout::One(file) => check_way(file)
            .and_then(|()| inside::outside_datasets(file))
            .and_then(|()| check_file(file, if_exists, target)),
        PathLayout::Folder(folder) => check_way(&folder.path)
            .and_then(|()| inside::outside_datasets(&folder.path))
            .and_then(|()| check_is_folder(folder))
            .and_then(|()| inside::no_table(&folder.path))
            .and_then(|()| Contents::of(folder, &target.fingerprint))
            .and_then(|contents| check_folder(folder, &contents, if_exists, target)),
    };
    let answer = answer.and_then(|found| match (&found, layout) {
        (Existing::Same, _) | (_, PathLayout::Through(_)) => Ok(found),
        (_, PathLayout::One(file)) => check_writable(file, false).map(|()| found),
        (_, PathLayout::Folder(folder)) => check_writable(&folder.path, true).map(|()| found),
    });
    answer.map_err(|error| error.at(&path.place))
}

/// Every folder above can be one.
pub(super) fn check_way(path: &Path) -> Result<()> {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    match above {
        Some(above) if !above.is_dir() => Err(Error::user(Problem::new(format!(
            "`{}` is a file, so nothing can be written in it",
            above.display()
        )))),
        _ => Ok(()),
    }
}

/// A new name can be given in the folder that is there: asked of the system, which is told to do nothing.
/// What is written there may be a file, or a folder itself.
fn check_writable(path: &Path, folder: bool) -> Result<()> {
    let above = path.ancestors().skip(usize::from(!folder));
    let there = above.filter(|above| !above.as_os_str().is_empty());
    let there = there.into_iter().find(|above| above.is_dir());
    let there = there.unwrap_or(Path::new("."));
    let asked = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK);
    // `access` is only a forecast: the folder can be changed until the file is made, which then
    // tells it again. It is here to fail before an hour of work and not after it.
    asked.map_err(|error| system("creating", path, &error.into()))
}

fn check_file(file: &Path, if_exists: IfExists, target: &Target) -> Result<Existing> {
    let Some(found) = looked_at(file)? else {
        return Ok(Existing::Nothing);
    };
    if found.is_dir() {
        return Err(refused(format!("`{}` is a folder", file.display())));
    }
    let listed = || manifest::read(&beside(file));
    check_one(file, found.len(), listed, if_exists, target)
}

/// May the rows of `target` take the place of a file of so many bytes? `listed` is what is remembered of
/// it.
pub(super) fn check_one(
    file: &Path,
    bytes: u64,
    listed: impl FnOnce() -> Result<Option<Vec<ManifestEntry>>>,
    if_exists: IfExists,
    target: &Target,
) -> Result<Existing> {
    let shown = file.display();
    match if_exists {
        IfExists::Replace | IfExists::ReplacePartitions => Ok(Existing::Replaced),
        IfExists::Error | IfExists::Append => {
            let known = listed().is_ok_and(|entries| entries.is_some());
            let hint = if known { REPLACE } else { REPLACE_OTHER };
            Err(refused(format!("`{shown}` is there already")).hint(hint))
        }
        IfExists::Skip => {
            let entries = listed()?.unwrap_or_default();
            let same = |entry: &ManifestEntry| {
                // The length, too: a file that somebody has cut short or appended to is not the
                // same output any more.
                entry.fingerprint == target.fingerprint && entry.bytes == bytes
            };
            if entries.iter().any(same) {
                return Ok(Existing::Same);
            }
            Err(other_output(&shown.to_string()))
        }
    }
}

fn check_is_folder(folder: &PartFolder) -> Result<()> {
    if folder.path.is_file() {
        let what = format!("`{}` is a file", folder.path.display());
        let hint = "a path without an extension, or with `/` at its end, is a folder";
        return Err(refused(what).hint(hint));
    }
    Ok(())
}

/// May the rows of `target` be written in a folder that has this?
pub(super) fn check_folder(
    folder: &PartFolder,
    contents: &Contents,
    if_exists: IfExists,
    target: &Target,
) -> Result<Existing> {
    let shown = folder.path.display().to_string();
    let listing = &contents.listing;
    let replaces = if_exists == IfExists::Replace;
    if folder.slice.is_some() && !listing.foreign.is_empty() && !replaces {
        let what = format!("`{shown}` holds this dataset in other slices, or as a whole");
        return Err(refused(what).hint("`if_exists: replace` or `--overwrite` replaces it once every slice is there; or write to another folder"));
    }
    let own = listing.own.is_some() || !listing.journal.is_empty();
    let dataset = own || !listing.others.is_empty();
    let written = written(folder, target);
    let stranger = stranger(folder, contents, if_exists, &written);
    // Which partitions stay is not known before those that come are: it is asked again then.
    let asks = if_exists != IfExists::ReplacePartitions || !target.late_partitions;
    let mixed = asks.then(|| mixed(folder, contents, if_exists, &written));
    if let Some(path) = mixed.transpose()?.flatten() {
        return Err(is_mixed(&shown, &path));
    }
    match if_exists {
        IfExists::Skip if is_same(folder, contents, target) => Ok(Existing::Same),
        IfExists::Skip if stranger.is_none() && is_mine(listing, target) => Ok(Existing::Nothing),
        IfExists::Skip => Err(other_output(&shown)),
        IfExists::Error if dataset => {
            let mut partitions = target.lanes.iter().flat_map(|lane| lane.iter());
            let known = partitions.any(|partition| !partition.values.is_empty());
            let hint = match known || target.late_partitions {
                true => REPLACE_PARTITIONS,
                false => REPLACE,
            };
            Err(refused(format!("`{shown}` holds a dataset already")).hint(hint))
        }
        _ => match stranger {
            None if dataset && if_exists != IfExists::Append => Ok(Existing::Replaced),
            None => Ok(Existing::Nothing),
            Some(stranger) if contents.is_leftover(folder, &stranger) => {
                Err(leftover(&shown, &stranger))
            }
            Some(stranger) if contents.is_part(folder, &stranger) => {
                Err(unlisted(&shown, &stranger))
            }
            Some(stranger) => {
                let what = format!("`{shown}` holds files that are no part of this dataset");
                let hint = "write to another folder, or remove them";
                let problem = Problem::new(what).cause(format!("`{stranger}` is one of them"));
                Err(Error::user(problem.hint(hint)))
            }
        },
    }
}

/// The folders of the partitions that come.
pub(super) fn written(folder: &PartFolder, target: &Target) -> BTreeSet<PathBuf> {
    let partitions = target.lanes.iter().flat_map(|partitions| partitions.iter());
    partitions
        .map(|partition| folder.of_partition(partition))
        .collect()
}

/// A file that no run of this dataset is known to have written, where it would be in the way.
fn stranger(
    folder: &PartFolder,
    contents: &Contents,
    if_exists: IfExists,
    written: &BTreeSet<PathBuf>,
) -> Option<String> {
    let in_the_way = |path: &String| {
        let whole = folder.path.join(path);
        if_exists != IfExists::ReplacePartitions
            || whole
                .parent()
                .is_some_and(|parent| written.contains(parent))
    };
    let replaces = matches!(if_exists, IfExists::Replace | IfExists::ReplacePartitions);
    let mut strangers = contents
        .unlisted(folder)
        .filter(|path| in_the_way(path) && !(replaces && contents.is_part(folder, path)));
    strangers.next().cloned()
}

fn leftover(shown: &str, path: &str) -> Error {
    let what = format!("`{shown}` holds files of a run that was killed while it published them");
    let cause = format!(
        "no manifest lists `{path}`, and what that run needs to be finished is not there any more"
    );
    let hint = format!("`--overwrite` replaces all that is there, or remove `{path}`");
    Error::user(Problem::new(what).cause(cause).hint(hint))
}

fn unlisted(shown: &str, path: &str) -> Error {
    let what = format!("`{shown}` holds files that its manifest does not list");
    let cause =
        format!("`{path}` is one of them: the manifest was cut short, or the file was put there");
    let hint = format!("`--overwrite` replaces all that is there, or remove `{path}`");
    Error::user(Problem::new(what).cause(cause).hint(hint))
}

/// A file that stays and is not the one that the manifest lists: a run that was to replace it has not
/// ended. Whoever adds to such a mix would make it one dataset.
fn mixed(
    folder: &PartFolder,
    contents: &Contents,
    if_exists: IfExists,
    written: &BTreeSet<PathBuf>,
) -> Result<Option<String>> {
    if !matches!(if_exists, IfExists::Append | IfExists::ReplacePartitions) {
        return Ok(None);
    }
    let stays = |entry: &&ManifestEntry| {
        if_exists == IfExists::Append || !written.contains(&folder.path.join(entry.folder()))
    };
    let listing = &contents.listing;
    let named = listing.journal.iter();
    let named: BTreeMap<_, _> = named.map(|entry| (entry.path.as_deref(), entry)).collect();
    let own = listing.own.iter().flatten();
    for entry in own.chain(&listing.others).filter(stays) {
        let Some(path) = entry.path.as_deref() else {
            continue;
        };
        let found = contents.bytes(path)?;
        let other_bytes = found.is_some_and(|found| found != entry.bytes);
        if other_bytes || named.get(&Some(path)).is_some_and(|named| *named != entry) {
            return Ok(Some(path.to_string()));
        }
    }
    Ok(None)
}

fn is_mixed(shown: &str, path: &str) -> Error {
    let what = format!(
        "`{shown}` holds files of two runs, of which one was to replace the other and did not end"
    );
    let cause = format!("`{path}` is not the file that the manifest lists");
    let hint = "`if_exists: replace` or `--overwrite` replaces all that is there";
    Error::user(Problem::new(what).cause(cause).hint(hint))
}

/// Complete, and of the same plan and seed.
fn is_same(folder: &PartFolder, contents: &Contents, target: &Target) -> bool {
    let listing = &contents.listing;
    let stands = |entry: &ManifestEntry| match &entry.path {
        Some(path) => matches!(contents.bytes(path), Ok(Some(found)) if found == entry.bytes),
        None => true,
    };
    let same = |entry: &ManifestEntry| entry.fingerprint == target.fingerprint && stands(entry);
    let committed = listing.own.as_ref();
    let whole = listing.journal.is_empty() && committed.is_some_and(|own| own.iter().all(same));
    // A manifest that was cut short lists too little.
    let is_cut = contents.unlisted(folder).next().is_some()
        || committed.is_some_and(Vec::is_empty) && target.shape.rows.is_some_and(|rows| rows > 0);
    // A run that was killed right before `_SUCCESS` is run again.
    whole && !is_cut && (contents.has_success || !contents.is_complete)
}

/// Nothing is there, or what a killed run of the same plan and seed left.
fn is_mine(listing: &Listing, target: &Target) -> bool {
    let mine = |entry: &ManifestEntry| entry.fingerprint == target.fingerprint;
    listing.others.is_empty()
        && listing
            .own
            .iter()
            .flatten()
            .chain(&listing.journal)
            .all(mine)
}

/// What a second append of the same plan and seed does.
pub(super) fn doubled(layout: &PathLayout, target: &Target) -> Result<Option<String>> {
    let PathLayout::Folder(folder) = layout else {
        return Ok(None);
    };
    let own = manifest::read(&folder.own_manifest())?;
    Ok(doubled_in(folder, own.as_deref(), target))
}

/// The same, where the manifest is known; a stream's rows are others each time.
pub(super) fn doubled_in(
    folder: &PartFolder,
    own: Option<&[ManifestEntry]>,
    target: &Target,
) -> Option<String> {
    let is_same = |entry: &ManifestEntry| entry.fingerprint == target.fingerprint;
    let same = own.is_some_and(|own| own.iter().any(is_same)) && !target.is_stream;
    let shown = folder.path.display();
    same.then(|| {
        format!(
            "`{shown}` holds the rows of this plan and seed already, and they are added once more: `--seed` makes other ones"
        )
    })
}

/// The hidden file beside a single one that remembers its fingerprint for `if_exists: skip`.
pub(super) fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.manifest.jsonl"))
}

fn refused(what: String) -> Error {
    Error::user(Problem::new(what))
}

fn other_output(shown: &str) -> Error {
    refused(format!(
        "`{shown}` is there already and is not known to be the same"
    ))
    .hint(REPLACE_OTHER)
}
