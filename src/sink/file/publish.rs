//! What gives the files of a sink their final names: made when all of them are safe, taken when the
//! run publishes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::IfExists;
use super::contents::Contents;
use super::decision::DecidedOutput;
use super::existing::beside;
use super::layout::{PartFolder, PathLayout, hidden};
use super::manifest::{self, ManifestEntry};
use super::steps::{PublishStep, PublishSteps};
use super::writer::FileRules;
use crate::dataset::{FOLDER, SUCCESS};
use crate::error::Result;
use crate::sink::FileReport;

/// What is there before a dataset is published, and what becomes of it.
#[derive(Debug, Default)]
struct BeforePublish {
    /// Files that go, in the slice's own part of the dataset.
    stale: BTreeSet<String>,
    /// Files and manifests that go once the dataset is whole again.
    replaced: BTreeSet<PathBuf>,
    /// Files that stay, by their paths. A run without end that was killed may have noted one that never got
    /// its name, which the next one gave to another: that one stands later in the journal.
    kept: BTreeMap<String, ManifestEntry>,
}

/// A file of a table without end gets its name as soon as it is whole.
pub(super) fn at_once(
    layout: &PathLayout,
    report: &FileReport,
    rules: &FileRules,
    fingerprint: &str,
) -> Result<()> {
    match layout {
        PathLayout::Through(_) => Ok(()),
        PathLayout::Folder(folder) => folder.publish(report, fingerprint, rules.fsync),
        PathLayout::One(path) => {
            let remembered = beside(path).exists();
            let steps = one(path, remembered, report, rules, fingerprint);
            let fsync = rules.fsync;
            PublishSteps { fsync, steps }.take(folder_of(path))
        }
    }
}

/// All that is left to do for these files, which are safe.
pub(super) fn output(
    layout: &PathLayout,
    files: &[FileReport],
    rules: &FileRules,
    fingerprint: &str,
) -> Result<Option<DecidedOutput>> {
    let Some(mut output) = place(layout, fingerprint) else {
        return Ok(None);
    };
    output.steps.fsync = rules.fsync;
    output.steps.steps = match layout {
        PathLayout::Folder(folder) => {
            let contents = Contents::of(folder, fingerprint)?;
            dataset(folder, &contents, files, rules, fingerprint)?
        }
        PathLayout::One(path) if rules.named_at_commit => {
            let remembered = beside(path).exists();
            let one = |file| one(path, remembered, file, rules, fingerprint);
            files.iter().flat_map(one).collect()
        }
        _ => Vec::new(),
    };
    Ok(Some(output))
}

/// Where an output's decision lies, and what is locked; nothing for what is written through.
pub(super) fn place(layout: &PathLayout, fingerprint: &str) -> Option<DecidedOutput> {
    let (folder, lock, manifest) = match layout {
        PathLayout::Through(_) => return None,
        PathLayout::One(path) => {
            let name = path.file_name().map_or(path.as_path(), Path::new);
            (folder_of(path), hidden(name), layout.own("manifest")?)
        }
        PathLayout::Folder(folder) => {
            let lists = Path::new(FOLDER).join(folder.manifest());
            (&*folder.path, hidden(&lists), lists)
        }
    };
    // Tells this decision from a later one of the same plan (`DecidedOutput::settle`), and says to
    // people how old one is that was left behind.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Some(DecidedOutput {
        folder: folder.to_path_buf(),
        copy: layout.own("run")?,
        lock,
        manifest,
        note: layout.own("done")?,
        ready: now.unwrap_or_default().as_nanos() as u64,
        fingerprint: fingerprint.to_string(),
        steps: PublishSteps::default(),
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// A single file gets its name, and what it comes from is remembered for `if_exists: skip`. Where that
/// option is used, a run that is killed in between must find both.
pub(super) fn one(
    path: &Path,
    remembered: bool,
    report: &FileReport,
    rules: &FileRules,
    fingerprint: &str,
) -> Vec<PublishStep> {
    let folder = folder_of(path);
    let beside = beside(path);
    let relative = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let mut steps = Vec::new();
    // What is remembered of the file before goes first: a run that is killed between the two must
    // not leave the new rows beside the old fingerprint, or `skip` would keep them as the old ones.
    if remembered {
        let path = relative(&beside);
        steps.push(PublishStep::Remove { path });
    }
    steps.push(named(report, folder));
    let path = relative(&beside);
    let text = manifest::line(&ManifestEntry::new(report, folder, fingerprint));
    match rules.if_exists {
        IfExists::Skip => steps.push(PublishStep::Write { path, text }),
        // A table without end is never the same again.
        _ if rules.named_at_commit => steps.push(PublishStep::Remember { path, text }),
        _ => {}
    }
    steps
}

/// A file in a folder gets its name.
pub(super) fn named(report: &FileReport, folder: &Path) -> PublishStep {
    let path = report.path.strip_prefix(folder).unwrap_or(&report.path);
    PublishStep::Name {
        path: path.to_path_buf(),
        bytes: report.bytes,
    }
}

/// Files get their names with the manifest that lists them, and what they replace goes.
pub(super) fn dataset(
    folder: &PartFolder,
    contents: &Contents,
    files: &[FileReport],
    rules: &FileRules,
    fingerprint: &str,
) -> Result<Vec<PublishStep>> {
    let mut entries: Vec<ManifestEntry> = files
        .iter()
        .map(|file| ManifestEntry::new(file, &folder.path, fingerprint))
        .collect();
    // `_SUCCESS` goes before anything changes: readers that look for it never see half of a
    // dataset.
    let path = SUCCESS.into();
    let mut steps = vec![PublishStep::Remove { path }];
    if rules.named_at_commit {
        steps.extend(files.iter().map(|file| named(file, &folder.path)));
    }
    let before = before(folder, contents, &entries, rules)?;
    // The manifest lists what stays, too: what it does not list is nobody's, and refused or
    // removed.
    entries.extend(before.kept.into_values());
    // The manifest is the same whichever lane was ready first.
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let stale = before.stale.into_iter().map(PathBuf::from);
    steps.extend(stale.map(|path| PublishStep::Remove { path }));
    let inside = Path::new(FOLDER);
    let manifest = inside.join(folder.manifest());
    steps.push(PublishStep::Write {
        path: manifest.clone(),
        text: match &*entries {
            // A slice without rows says so: without its line the dataset would wait for it for
            // ever.
            [] => manifest::line(&ManifestEntry::none(fingerprint)),
            entries => entries.iter().map(manifest::line).collect(),
        },
    });
    // The journal is emptied only once the manifest lists what it held.
    let path = hidden(&manifest);
    steps.push(PublishStep::Empty { path });
    // Last, after the manifest: `_SUCCESS` is the word that all of it is there.
    steps.push(PublishStep::Complete {
        fingerprint: fingerprint.to_string(),
        slice: folder.slice.map(|slice| (slice.index, slice.count)),
        replaced: before.replaced.into_iter().collect(),
    });
    Ok(steps)
}

/// Sorts what is there into what goes and what stays.
fn before(
    folder: &PartFolder,
    contents: &Contents,
    written: &[ManifestEntry],
    rules: &FileRules,
) -> Result<BeforePublish> {
    let listing = &contents.listing;
    let paths: BTreeSet<&str> = written.iter().filter_map(|e| e.path.as_deref()).collect();
    let folders: BTreeSet<&Path> = written.iter().map(ManifestEntry::folder).collect();
    let goes = |entry: &ManifestEntry| match rules.if_exists {
        IfExists::Append => false,
        IfExists::ReplacePartitions => folders.contains(entry.folder()),
        _ => true,
    };
    let mut left = match rules.if_exists {
        IfExists::Replace | IfExists::ReplacePartitions => contents.leftovers(folder),
        _ => Vec::new(),
    };
    if rules.if_exists == IfExists::ReplacePartitions {
        left.retain(|path| {
            Path::new(path)
                .parent()
                .is_some_and(|inside| folders.contains(inside))
        });
    }
    let mut before = BeforePublish::default();
    let own = listing.own.iter().flatten().chain(&listing.journal);
    let others = listing.others.iter();
    let all = own.map(|own| (own, true)).chain(others.map(|e| (e, false)));
    for (entry, own) in all {
        match &entry.path {
            Some(path) if paths.contains(path.as_str()) => {}
            Some(path) if goes(entry) && (own || folder.slice.is_none()) => {
                before.stale.insert(path.clone());
            }
            Some(path) if goes(entry) => {
                before.replaced.insert(path.into());
            }
            // A line of the journal may be of a file that never got its name; listed, it would be
            // missing.
            Some(path) if contents.bytes(path)?.is_some() => {
                before.kept.insert(path.clone(), entry.clone());
            }
            _ => {}
        }
    }
    left.retain(|path| !paths.contains(path.as_str()));
    before.stale.extend(left);
    let foreign = listing.foreign.iter();
    let foreign = foreign.filter_map(|path| path.strip_prefix(&folder.path).ok());
    before.replaced.extend(foreign.map(Path::to_path_buf));
    Ok(before)
}
