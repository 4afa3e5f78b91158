//! The steps that make a run's objects seen, as a store takes them: done twice, they are done once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::layout::PathLayout;
use super::super::steps::{PublishStep, PublishSteps};
use super::place::ObjectPlace;
use crate::client::object::{UploadedPart, Version};
use crate::dataset::SUCCESS;
use crate::error::Result;

/// An upload all of whose parts have arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WholeUpload {
    pub id: String,
    pub parts: Vec<UploadedPart>,
    pub bytes: u64,
    /// The version of what had its key before, if anything had.
    pub before: Option<Version>,
}

/// What is decided of an output: it is kept beside it until it is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DecidedObjects {
    /// Of the plan and the seed.
    pub fingerprint: String,
    /// When it was ready, in nanoseconds since 1970: no two decisions are alike.
    ready: u64,
    #[serde(flatten)]
    pub steps: PublishSteps,
    /// What is completed, by its key.
    pub uploads: BTreeMap<String, WholeUpload>,
}

impl DecidedObjects {
    pub(super) fn new(
        fingerprint: &str,
        steps: Vec<PublishStep>,
        uploads: BTreeMap<String, WholeUpload>,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            fingerprint: fingerprint.to_string(),
            ready: now.unwrap_or_default().as_nanos() as u64,
            steps: PublishSteps {
                fsync: false,
                steps,
            },
            uploads,
        }
    }

    /// Takes all steps, those that were taken, too. False where uploads are gone that were not completed:
    /// then nothing behind them was done.
    pub(super) fn take(&self, place: &ObjectPlace, layout: &PathLayout) -> Result<bool> {
        let mut steps = self.steps.steps.iter().peekable();
        while let Some(step) = steps.next() {
            // Steps of one kind that follow each other are taken together: each waits for the store.
            match step {
                PublishStep::Name { path, .. } => {
                    let mut keys = vec![place.key(path)];
                    while let Some(PublishStep::Name { path, .. }) = steps.peek() {
                        keys.push(place.key(path));
                        steps.next();
                    }
                    if !self.complete(place, &keys)? {
                        return Ok(false);
                    }
                }
                PublishStep::Remove { path } | PublishStep::Empty { path } => {
                    let mut keys = vec![place.key(path)];
                    while let Some(PublishStep::Remove { path }) = steps.peek() {
                        keys.push(place.key(path));
                        steps.next();
                    }
                    place.bucket.remove(&keys)?;
                }
                PublishStep::Write { path, text } | PublishStep::Remember { path, text } => {
                    place.bucket.put(&place.key(path), text)?;
                }
                PublishStep::Complete {
                    fingerprint,
                    replaced,
                    ..
                } => {
                    let keys: Vec<String> = replaced.iter().map(|path| place.key(path)).collect();
                    succeed(place, layout, fingerprint, &keys)?;
                }
            }
        }
        Ok(true)
    }

    /// Makes objects of uploads; false where one is gone.
    fn complete(&self, place: &ObjectPlace, keys: &[String]) -> Result<bool> {
        let uploads = keys.iter().filter_map(|key| {
            let upload = self.uploads.get(key)?;
            Some((key.as_str(), &*upload.id, &*upload.parts))
        });
        let uploads: Vec<_> = uploads.collect();
        let completed = place.bucket.complete(&uploads)?;
        for ((key, ..), completed) in uploads.iter().zip(completed) {
            if !completed && !self.is_there(place, key)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An object has come of this upload, and is not the one before.
    fn is_there(&self, place: &ObjectPlace, key: &str) -> Result<bool> {
        let Some(upload) = self.uploads.get(key) else {
            return Ok(true);
        };
        let there = place.bucket.look(key)?;
        Ok(there.is_some_and(|there| {
            let is_before = |before: &Version| before.may_be(&there.version);
            // By length and version, since a store tells no more of an object without reading it.
            there.bytes == upload.bytes && !upload.before.as_ref().is_some_and(is_before)
        }))
    }

    /// What of it is seen already goes, but for what has taken the place of something else. True if
    /// something went.
    pub(super) fn undo(&self, place: &ObjectPlace) -> Result<bool> {
        let mut gone = Vec::new();
        for (key, upload) in &self.uploads {
            // What has replaced an object cannot be taken back: the one before is gone.
            if upload.before.is_none() && place.bucket.look(key)?.is_some() {
                gone.push(key.clone());
            }
        }
        place.bucket.remove(&gone)?;
        Ok(!gone.is_empty())
    }

    /// The same decision: no two are made at once.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.ready, &self.fingerprint) == (other.ready, &other.fingerprint)
    }

    /// Takes all steps for a run that could not, whose uploads are over then. False as `take`.
    pub(super) fn finish(&self, place: &ObjectPlace, layout: &PathLayout) -> Result<bool> {
        let taken = self.take(place, layout)?;
        let keys: Vec<String> = self.uploads.keys().cloned().collect();
        place.forget(&keys)?;
        Ok(taken)
    }

    /// An object has come of it already.
    pub(super) fn is_begun(&self, place: &ObjectPlace) -> Result<bool> {
        for key in self.uploads.keys() {
            if self.is_there(place, key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the steps made is there, and nobody has changed it since.
    pub(super) fn were_taken(&self, place: &ObjectPlace) -> Result<bool> {
        for key in self.uploads.keys() {
            if !self.is_there(place, key)? {
                return Ok(false);
            }
        }
        for step in &self.steps.steps {
            if let PublishStep::Write { path, text } | PublishStep::Remember { path, text } = step
                && place.bucket.text(&place.key(path))?.as_ref() != Some(text)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// If every slice has its part of the dataset now, what the whole of it replaces goes, and `_SUCCESS`
/// appears.
fn succeed(
    place: &ObjectPlace,
    layout: &PathLayout,
    fingerprint: &str,
    replaced: &[String],
) -> Result<()> {
    let PathLayout::Folder(folder) = layout else {
        return Ok(());
    };
    if place.contents(folder, fingerprint)?.0.is_complete {
        place.bucket.remove(replaced)?;
        // Slices that end at the same time say it once.
        place.bucket.put_new(&place.key(Path::new(SUCCESS)), "")?;
    }
    Ok(())
}
