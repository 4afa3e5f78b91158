//! Where the objects of a sink lie, and what rowgen keeps beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::existing::{self, Existing, beside};
use super::super::layout::PathLayout;
use super::super::manifest::{self, ManifestEntry, is_manifest, listed_as};
use super::super::{File, inside};
use crate::client::object::{Bucket, LOOK, ObjectUrl};
use crate::dataset::{DELTA_LOG, FOLDER};
use crate::error::{Error, Problem, Result};
use crate::sink::Target;

/// Files of which the log of a table has one at least: the first commit, until it is cleaned away behind a
/// checkpoint.
const LOG_FILES: [&str; 2] = ["00000000000000000000.json", "_last_checkpoint"];

/// A folder of objects, or one object.
#[derive(Clone)]
pub(super) struct ObjectPlace {
    pub(super) bucket: Bucket,
    /// The URL of the folder, from which paths of steps start.
    pub(super) base: PathBuf,
    /// The key of the steps of a run that publishes.
    pub(super) journal: String,
    /// What the keys of records of uploads begin with.
    pub(super) records: String,
    /// Below it stands who writes there.
    pub(super) leases: String,
    /// What is written and removed, to find out whether that may be.
    trial: String,
    url: ObjectUrl,
}

/// It has a bucket, and is no name of a store alone.
fn in_bucket(folder: &&Path) -> bool {
    ObjectUrl::of(folder).is_some_and(|url| !url.bucket.is_empty())
}

impl ObjectPlace {
    /// A place that is waited for so long.
    pub(super) fn new(layout: &PathLayout, patience: Duration) -> Result<Self> {
        let path = layout.path();
        let whole = match layout {
            PathLayout::Folder(folder) => Some(&*folder.path),
            PathLayout::One(path) | PathLayout::Through(path) => path.parent(),
        };
        let base = whole.unwrap_or(path).to_path_buf();
        let own = |kind| layout.own(kind).unwrap_or_default();
        let url = ObjectUrl::of(path);
        let url = url.ok_or_else(|| Error::user(Problem::new("this is no URL of objects")))?;
        let mut place = Self {
            bucket: Bucket::open(&url, patience)?,
            base,
            journal: String::new(),
            records: String::new(),
            leases: String::new(),
            trial: String::new(),
            url,
        };
        place.journal = place.key(&own("run"));
        place.trial = place.key(&own("trial"));
        place.records = place.key(&own("uploads").with_extension("")) + "/";
        place.leases = place.key(&own("lease").with_extension(""));
        Ok(place)
    }

    /// May the rows of `target` be written here?
    pub(super) fn existing(
        &self,
        file: &File,
        layout: &PathLayout,
        target: &Target,
    ) -> Result<Existing> {
        let if_exists = file.if_exists(target);
        let path = match layout {
            PathLayout::Folder(folder) => {
                let (contents, _) = self.contents(folder, &target.fingerprint)?;
                self.outside_tables(&folder.path, folder.path.ancestors())?;
                return existing::check_folder(folder, &contents, if_exists, target);
            }
            PathLayout::One(path) | PathLayout::Through(path) => path,
        };
        let there = self.bucket.look(&self.key_of(path))?;
        self.outside_tables(path, path.ancestors().skip(1))?;
        let Some(there) = there else {
            return Ok(Existing::Nothing);
        };
        let listed = || self.remembered(path);
        existing::check_one(path, there.bytes, listed, if_exists, target)
    }

    /// The same place for what is only tidied: it is not waited for long.
    pub(super) fn shortly(&self) -> Result<Self> {
        Ok(Self {
            bucket: Bucket::open(&self.url, LOOK)?,
            ..self.clone()
        })
    }

    /// The key of a path from the folder on.
    pub(super) fn key(&self, path: &Path) -> String {
        self.key_of(&self.base.join(path))
    }

    /// The key of a URL.
    pub(super) fn key_of(&self, path: &Path) -> String {
        let text = path.to_string_lossy();
        let root = self.url.url("");
        text.strip_prefix(&root).unwrap_or_default().to_string()
    }

    /// The URL of a key.
    pub(super) fn shown(&self, key: &str) -> String {
        self.url.url(key)
    }

    /// The URL of the steps: no other place has it.
    pub(super) fn journal_url(&self) -> String {
        self.shown(&self.journal)
    }

    /// Tells an output of this plan and seed from all others.
    pub(super) fn output(&self, fingerprint: &str) -> String {
        format!("{fingerprint} {}", self.journal_url())
    }

    /// The folder, or the one object.
    pub(super) fn path(&self) -> PathBuf {
        self.url.url(&self.url.key).into()
    }

    /// What time it is in the store, in seconds since 1970.
    pub(super) fn now(&self) -> Result<i64> {
        self.bucket.put(&self.trial, "")?;
        let there = self.bucket.look(&self.trial)?;
        self.bucket.remove(std::slice::from_ref(&self.trial))?;
        Ok(there.map_or(0, |there| there.version.seconds))
    }

    /// What is remembered of one object.
    pub(super) fn remembered(&self, path: &Path) -> Result<Option<Vec<ManifestEntry>>> {
        let beside = beside(path);
        let text = self.bucket.text(&self.key_of(&beside))?;
        text.map(|text| manifest::parse(&text, &beside)).transpose()
    }

    /// Refuses what would lie within the dataset of another output.
    pub(super) fn outside_datasets(&self, path: &Path) -> Result<()> {
        for folder in path.ancestors().skip(1).take_while(in_bucket) {
            let notes = self.key_of(&folder.join(FOLDER));
            let listed = self.bucket.list(&notes)?;
            let is_list = |key: &str| is_manifest(&listed_as(Path::new(key)));
            if listed.iter().any(|object| is_list(&object.key)) {
                return Err(inside::refused(path, folder));
            }
        }
        Ok(())
    }

    /// Refuses what would lie in a table of Delta Lake: in one of these folders, of which each holds the one
    /// before.
    pub(super) fn outside_tables<'f>(
        &self,
        path: &Path,
        folders: impl Iterator<Item = &'f Path>,
    ) -> Result<()> {
        let folders: Vec<&Path> = folders.take_while(in_bucket).collect();
        let logs = folders.iter().flat_map(|folder| {
            let key = |name| self.key_of(&folder.join(DELTA_LOG).join(name));
            LOG_FILES.map(key)
        });
        match self.bucket.first_of(&logs.collect::<Vec<_>>())? {
            None => Ok(()),
            Some(at) if folders[at / LOG_FILES.len()] == path => Err(inside::table(path)),
            Some(at) => Err(inside::within_table(path, folders[at / LOG_FILES.len()])),
        }
    }

    /// A hidden object can be written and removed.
    pub(super) fn check_writable(&self) -> Result<()> {
        let shown = |mut error: Error| {
            for problem in &mut error.problems {
                problem.message = format!("writing to `{}`", self.base.display());
            }
            error
        };
        self.bucket.put(&self.trial, "").map_err(shown)?;
        let trial = std::slice::from_ref(&self.trial);
        self.bucket.remove(trial).map_err(shown)
    }
}
