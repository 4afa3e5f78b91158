//! What gives an output its final names, step by step: done twice, it is done once.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::{PartFolder, draft, hidden};
use super::manifest::{ManifestEntry, looked_at, remove, write_whole};
use super::output::{sync_folder, system};
use crate::error::Result;
use crate::sink::Slice;

/// The steps of one output, in their order. Paths are relative to the output's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PublishSteps {
    pub fsync: bool,
    pub steps: Vec<PublishStep>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PublishStep {
    /// A file of so many bytes gets its final name.
    Name { path: PathBuf, bytes: u64 },
    /// A small file is written whole.
    Write { path: PathBuf, text: String },
    /// A small file that nothing depends on is written: the disk is not waited for.
    Remember { path: PathBuf, text: String },
    /// A file goes, and with it the folder of a partition that has nothing left.
    Remove { path: PathBuf },
    /// A file is emptied and stays: it is locked.
    Empty { path: PathBuf },
    /// If every slice has its part of the dataset now, what the whole of it replaces goes, and
    /// `_SUCCESS` appears.
    Complete {
        fingerprint: String,
        /// Which slice, of how many.
        slice: Option<(u64, u64)>,
        replaced: Vec<PathBuf>,
    },
}

impl PublishSteps {
    /// Takes all steps that have not been taken yet. What cannot be looked at is found out before the first
    /// file gets its name.
    pub(super) fn take(&self, folder: &Path) -> Result<()> {
        let mut waiting = HashSet::new();
        for (path, bytes) in self.names() {
            // Without its hidden file, or with an empty one that only holds a lock, it has its name.
            // Whether a step was taken is read from the folder, not noted: a note could be lost
            // between the step and itself. The length tells the file that waits from the empty one
            // that only holds the lock.
            if length(&hidden(&folder.join(path)))? == Some(bytes) {
                waiting.insert(path);
            }
        }
        // Folders are synced once each, behind all of their files' names: a dataset of a thousand
        // files in one folder would otherwise wait for the disk a thousand times.
        let mut named = BTreeSet::new();
        for step in &self.steps {
            if !matches!(step, PublishStep::Name { .. }) {
                self.sync(&mut named)?;
            }
            let waits = matches!(step, PublishStep::Name { path, .. } if waiting.contains(&**path));
            self.take_one(step, folder, waits, &mut named)?;
        }
        self.sync(&mut named)
    }

    /// Makes the names that files got safe, before anything else changes.
    fn sync(&self, named: &mut BTreeSet<PathBuf>) -> Result<()> {
        let named = std::mem::take(named);
        match self.fsync {
            true => named.iter().try_for_each(|folder| sync_folder(folder)),
            false => Ok(()),
        }
    }

    /// A file `waits` that has not got its name yet.
    fn take_one(
        &self,
        step: &PublishStep,
        base: &Path,
        waits: bool,
        named: &mut BTreeSet<PathBuf>,
    ) -> Result<()> {
        match step {
            PublishStep::Name { path, .. } => {
                let path = base.join(path);
                if waits {
                    fs::rename(hidden(&path), &path)
                        .map_err(|error| system("naming", &path, &error))?;
                }
                named.extend(path.parent().map(Path::to_path_buf));
                Ok(())
            }
            PublishStep::Write { path, text } => {
                let path = base.join(path);
                write_whole(&draft(&path), &path, text, self.fsync)
            }
            // Without a draft and a sync: a half of it that a crash leaves is no manifest, and only
            // costs `skip` its answer.
            PublishStep::Remember { path, text } => {
                let path = base.join(path);
                fs::write(&path, text).map_err(|error| system("writing", &path, &error))
            }
            PublishStep::Remove { path } => remove_part(base, path),
            PublishStep::Empty { path } => empty(&base.join(path)),
            PublishStep::Complete {
                fingerprint,
                slice,
                replaced,
            } => {
                let folder = of_slice(base, *slice);
                // Whichever slice is the last to publish finds all others there, and removes what
                // the whole dataset replaces. Before that, old and new slices stand side by side
                // and no `_SUCCESS` says otherwise.
                if folder.is_complete(fingerprint)? {
                    replaced
                        .iter()
                        .try_for_each(|path| remove_part(base, path))?;
                    folder.succeed(self.fsync)?;
                }
                Ok(())
            }
        }
    }

    /// The files that get names, and their bytes.
    pub(super) fn names(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.steps.iter().filter_map(|step| match step {
            PublishStep::Name { path, bytes } => Some((&**path, *bytes)),
            _ => None,
        })
    }

    /// What a manifest that they write lists of the files that get names.
    pub(super) fn entries(&self, manifest: &Path) -> Vec<ManifestEntry> {
        let texts = self.steps.iter().filter_map(|step| match step {
            PublishStep::Write { path, text } if path == manifest => Some(text),
            _ => None,
        });
        let lines = texts.flat_map(|text| text.lines());
        let mut entries: Vec<ManifestEntry> = lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let names: HashSet<_> = self.names().map(|(name, _)| name.to_str()).collect();
        entries.retain(|entry| names.contains(&entry.path.as_deref()));
        entries
    }

    /// True when what the steps made is there.
    pub(super) fn were_taken(&self, folder: &Path) -> Result<bool> {
        let made = self.steps.iter().all(|step| match step {
            PublishStep::Write { path, text } | PublishStep::Remember { path, text } => {
                // By its text, or a manifest of another run in the same place would count as this
                // one.
                holds(&folder.join(path), text)
            }
            PublishStep::Complete {
                fingerprint, slice, ..
            } => {
                let folder = of_slice(folder, *slice);
                folder.has_success() || folder.is_complete(fingerprint).is_ok_and(|whole| !whole)
            }
            PublishStep::Name { .. } | PublishStep::Remove { .. } | PublishStep::Empty { .. } => {
                true
            }
        });
        Ok(made && self.were_named(folder)?)
    }

    /// True when every file that they name has its name.
    pub(super) fn were_named(&self, folder: &Path) -> Result<bool> {
        for (path, bytes) in self.names() {
            if !is_named(&folder.join(path), bytes)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True if a run that is killed on the way leaves nothing that must be finished: one file gets its
    /// name, or does not.
    pub(super) fn are_one(&self) -> bool {
        let needed = |step: &&PublishStep| {
            !matches!(
                step,
                PublishStep::Remember { .. } | PublishStep::Remove { .. }
            )
        };
        let mut needed = self.steps.iter().filter(needed);
        matches!(
            (needed.next(), needed.next()),
            // A rename is whole or not there: no decision has to be kept for one file, and no fsync
            // waited for.
            (Some(PublishStep::Name { .. }), None)
        )
    }

    /// True when every file that is to be named is there, under one name or the other.
    pub(super) fn can_be_taken(&self, folder: &Path) -> Result<bool> {
        for (path, bytes) in self.names() {
            let path = folder.join(path);
            if length(&hidden(&path))? != Some(bytes) && length(&path)? != Some(bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True when a file has got its name already. An empty one may be the one before.
    pub(super) fn were_begun(&self, folder: &Path) -> Result<bool> {
        for (path, bytes) in self.names().filter(|(_, bytes)| *bytes > 0) {
            if is_named(&folder.join(path), bytes)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A dataset's folder as its slice sees it.
fn of_slice(folder: &Path, slice: Option<(u64, u64)>) -> PartFolder {
    let slice = slice.map(|(index, count)| Slice { index, count });
    PartFolder::at(folder, slice)
}

/// A file has its name, and is not an older one of equal size: then the new one still waits. Of two empty
/// ones it does not matter which it is.
pub(super) fn is_named(path: &Path, bytes: u64) -> Result<bool> {
    let named = length(path)? == Some(bytes);
    Ok(named && (bytes == 0 || length(&hidden(path))? != Some(bytes)))
}

/// Nobody has changed since what the steps wrote.
fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|found| found == text.as_bytes())
}

fn length(path: &Path) -> Result<Option<u64>> {
    Ok(looked_at(path)?.map(|found| found.len()))
}

fn remove_part(base: &Path, path: &Path) -> Result<()> {
    let path = base.join(path);
    remove(&path)?;
    // One that has something stays.
    if let Some(folder) = path.parent().filter(|folder| *folder != base) {
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn empty(path: &Path) -> Result<()> {
    let emptied = File::options().write(true).open(path);
    match emptied.and_then(|file| file.set_len(0)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(system("writing", path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, bytes: u64) -> PublishStep {
        let path = path.into();
        PublishStep::Name { path, bytes }
    }

    #[test]
    fn steps_that_were_taken_are_not_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        fs::create_dir(base.join("d")).unwrap();
        for (file, text) in [(".a.partial", "new"), ("a", "old"), ("d/stale", "")] {
            fs::write(base.join(file), text).unwrap();
        }
        let (path, text) = ("m".into(), "m\n".into());
        let steps = PublishSteps {
            fsync: true,
            steps: vec![
                name("a", 3),
                PublishStep::Write { path, text },
                PublishStep::Remove {
                    path: "d/stale".into(),
                },
            ],
        };
        for _ in 0..2 {
            assert!(steps.can_be_taken(base).unwrap());
            steps.take(base).unwrap();
            assert!(steps.were_taken(base).unwrap());
            let read = |name: &str| fs::read_to_string(base.join(name)).unwrap();
            assert_eq!((read("a"), read("m")), ("new".into(), "m\n".into()));
            assert_eq!(fs::read_dir(base).unwrap().count(), 2);
        }
        // A lock on the hidden name is an empty file.
        fs::write(base.join(".a.partial"), "").unwrap();
        steps.take(base).unwrap();
        assert_eq!(fs::read(base.join("a")).unwrap(), b"new");
    }

    #[test]
    fn an_older_file_of_equal_size_is_not_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        for (file, text) in [(".a.partial", "new"), ("a", "old"), ("b", "new")] {
            fs::write(base.join(file), text).unwrap();
        }
        let (path, text) = ("m".into(), "m\n".into());
        let remember = PublishStep::Remember { path, text };
        let steps = |steps| PublishSteps {
            fsync: false,
            steps,
        };
        assert!(!steps(vec![name("a", 3)]).were_taken(base).unwrap());
        assert!(steps(vec![name("b", 3)]).were_taken(base).unwrap());
        assert!(!steps(vec![remember.clone()]).were_taken(base).unwrap());
        let all = steps(vec![name("a", 3), remember]);
        all.take(base).unwrap();
        assert!(all.were_taken(base).unwrap());
        assert_eq!(fs::read(base.join("a")).unwrap(), b"new");
    }

    #[test]
    fn what_is_gone_cannot_be_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".a.partial"), "cut").unwrap();
        let steps = |bytes| PublishSteps {
            fsync: false,
            steps: vec![name("a", bytes)],
        };
        assert!(steps(3).can_be_taken(folder.path()).unwrap());
        assert!(!steps(4).can_be_taken(folder.path()).unwrap());
    }
}
