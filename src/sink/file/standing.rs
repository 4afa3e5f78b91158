//! Whether the output of a slot is there already, read from nothing but the output itself.

use std::fs;
use std::path::Path;

use super::contents::Contents;
use super::existing::{Existing, beside, check_folder, written};
use super::layout::{PartFolder, PathLayout};
use super::manifest::{self, ManifestEntry, looked_at};
use super::{File, IfExists, object};
use crate::error::{Problem, Result};
use crate::sink::{Sink, SlotsBy, Standing, Target};

/// How this sink keeps the outputs of slots apart, or why it cannot be asked for them.
pub(super) fn slots(options: &File) -> Result<SlotsBy, Problem> {
    let asked = options.if_exists.as_ref();
    match asked.map(|asked| asked.value) {
        Some(IfExists::Skip) => Ok(SlotsBy::Path(options.path.clone())),
        Some(IfExists::ReplacePartitions) => Ok(SlotsBy::Partition(options.path.clone())),
        other => {
            let (said, why) = match other {
                None | Some(IfExists::Error) => ("error", "a slot that is run again would fail"),
                Some(IfExists::Append) => (
                    "append",
                    "a slot that is run again would add its rows once more",
                ),
                _ => (
                    "replace",
                    "it makes anew what is there, so nobody knows what is done",
                ),
            };
            let what = format!("`if_exists: {said}` cannot be scheduled: {why}");
            let place = asked.map_or(&options.path.place, |asked| &asked.place);
            let hint = "say `if_exists: skip` with `${run_date}` or `${slot}` in the path; or `replace_partitions`";
            Err(Problem::new(what).at(place).hint(hint))
        }
    }
}

/// What is there of the output that `target` would write.
pub(super) fn standing(options: &File, layout: &PathLayout, target: &Target) -> Result<Standing> {
    let standing = match options.path.is_object() {
        true => object::standing(options, layout, target)?,
        false => on_disk(options, layout, target)?,
    };
    // A run that was killed while it published has named some of its files, and what it had decided lies
    // beside them: it looks like the work of another plan, and is finished by the next run.
    let is_there = !matches!(standing, Standing::Absent);
    match is_there && !options.recover(target, true)?.lines.is_empty() {
        true => Ok(Standing::Absent),
        false => Ok(standing),
    }
}

fn on_disk(options: &File, layout: &PathLayout, target: &Target) -> Result<Standing> {
    match layout {
        PathLayout::Through(_) => Ok(Standing::Absent),
        PathLayout::One(file) => {
            let Some(found) = looked_at(file)? else {
                return Ok(Standing::Absent);
            };
            let entries = manifest::read(&beside(file))?.unwrap_or_default();
            Ok(one(file, found.len(), &entries, target))
        }
        PathLayout::Folder(folder) => match options.if_exists(target) {
            IfExists::ReplacePartitions => {
                let own = manifest::read(&folder.own_manifest())?.unwrap_or_default();
                let bytes = |path: &str| Some(fs::metadata(folder.path.join(path)).ok()?.len());
                Ok(partitions(folder, &own, bytes, target))
            }
            _ if !folder.has_success() && !folder.own_manifest().exists() => Ok(Standing::Absent),
            _ => Ok(match Contents::of(folder, &target.fingerprint) {
                Ok(contents) => whole(folder, &contents, target),
                Err(_) => unknown(folder, folder.has_success()),
            }),
        },
    }
}

/// One file of so many bytes, of which this is remembered.
pub(super) fn one(file: &Path, bytes: u64, entries: &[ManifestEntry], target: &Target) -> Standing {
    let same =
        |entry: &ManifestEntry| entry.fingerprint == target.fingerprint && entry.bytes == bytes;
    match entries.iter().any(same) {
        true => Standing::Same,
        false => Standing::Other(file.to_path_buf()),
    }
}

/// A folder that is a slot's own.
pub(super) fn whole(folder: &PartFolder, contents: &Contents, target: &Target) -> Standing {
    if !contents.has_success && contents.listing.own.is_none() {
        return Standing::Absent;
    }
    match check_folder(folder, contents, IfExists::Skip, target) {
        Ok(Existing::Same) => Standing::Same,
        Err(_) => unknown(folder, contents.has_success),
        Ok(_) => Standing::Absent,
    }
}

/// Only a dataset that is said to be whole is one of another plan: all else is left of a run that did not end,
/// which the next run looks after.
fn unknown(folder: &PartFolder, is_whole: bool) -> Standing {
    match is_whole {
        true => Standing::Other(folder.path.clone()),
        false => Standing::Absent,
    }
}

/// A slot's partitions in a folder that all slots share: what the manifest lists, and how large its files are.
pub(super) fn partitions(
    folder: &PartFolder,
    own: &[ManifestEntry],
    bytes: impl Fn(&str) -> Option<u64>,
    target: &Target,
) -> Standing {
    let stands = |entry: &&ManifestEntry| match &entry.path {
        Some(path) => bytes(path) == Some(entry.bytes),
        None => true,
    };
    let mine = |entry: &&ManifestEntry| entry.fingerprint == target.fingerprint;
    let (mine, others): (Vec<_>, Vec<_>) = own.iter().partition(mine);
    if !mine.is_empty() && mine.iter().all(stands) {
        return Standing::Same;
    }
    let written = written(folder, target);
    let there = |entry: &&ManifestEntry| written.contains(&folder.path.join(entry.folder()));
    match others.iter().copied().find(there) {
        Some(entry) if mine.is_empty() => Standing::Other(folder.path.join(entry.folder())),
        _ => Standing::Absent,
    }
}
