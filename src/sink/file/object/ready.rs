//! The sink of objects once it is connected: its lanes are opened, and in the end its uploads are completed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::layout::PathLayout;
use super::super::ready::open_lane;
use super::super::{File, FileReport, publish};
use super::contents::Versions;
use super::decision::{DecisionCopy, ObjectOutput};
use super::steps::{DecidedObjects, WholeUpload};
use super::uploads::Uploads;
use crate::error::{Error, Problem, Result};
use crate::sink::{Finished, Lane, Publish, Ready, Record, Target};

/// What is known of the objects before the first row.
pub(super) struct ReadyObjects {
    pub(super) uploads: Arc<Uploads>,
    pub(super) options: File,
    pub(super) layout: PathLayout,
    pub(super) target: Target,
}

/// Whole uploads, and what is left to do until objects are seen.
struct UnpublishedObjects {
    uploads: Arc<Uploads>,
    layout: PathLayout,
    output: ObjectOutput,
    /// It is published with others: the table has an end.
    together: bool,
}

impl Ready for ReadyObjects {
    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        let claimed = self.uploads.claim();
        claimed.map_err(|error| error.at(&self.options.path.place))?;
        let store = self.uploads.clone();
        open_lane(&self.options, &self.layout, &self.target, store, lane)
    }

    fn holds_back(&self) -> bool {
        true
    }

    fn prepare(self: Box<Self>, done: &[Finished]) -> Result<Box<dyn Publish>> {
        let files = done.iter().flat_map(|lane| lane.files.iter().cloned());
        let files: Vec<FileReport> = files.collect();
        let rules = self.options.rules(&self.target, &self.layout, &[]);
        let (place, fingerprint) = (&self.uploads.place, &self.target.fingerprint);
        let mut uploads = self.uploads.whole();
        let steps = match &self.layout {
            PathLayout::Folder(folder) => {
                let (contents, versions) = place.contents(folder, fingerprint)?;
                self.note_before(&mut uploads, &versions);
                publish::dataset(folder, &contents, &files, &rules, fingerprint)?
            }
            PathLayout::One(path) | PathLayout::Through(path) if rules.named_at_commit => {
                for (key, upload) in &mut uploads {
                    upload.before = place.bucket.look(key)?.map(|there| there.version);
                }
                let remembered = place.remembered(path)?.is_some();
                let one = |file| publish::one(path, remembered, file, &rules, fingerprint);
                files.iter().flat_map(one).collect()
            }
            _ => Vec::new(),
        };
        Ok(Box::new(UnpublishedObjects {
            output: ObjectOutput::new(
                &self.layout,
                DecidedObjects::new(fingerprint, steps, uploads),
            ),
            together: rules.named_at_commit,
            uploads: self.uploads,
            layout: self.layout,
        }))
    }
}

impl ReadyObjects {
    fn note_before(&self, uploads: &mut BTreeMap<String, WholeUpload>, versions: &Versions) {
        let place = &self.uploads.place;
        let base = place.key_of(self.layout.path());
        for (key, upload) in uploads {
            let path = key.strip_prefix(&base).unwrap_or_default();
            upload.before = versions.get(path.trim_start_matches('/')).cloned();
        }
    }
}

impl Publish for UnpublishedObjects {
    fn record(&self) -> Option<serde_json::Value> {
        self.together.then(|| self.output.record())?
    }

    /// One object alone is completed in one step, so that there is nothing to keep of it, unless the run goes
    /// on.
    fn decide(&self, run: &[Record], goes_on: bool) -> Result<()> {
        // Asked at the last moment before anything is decided: a run that stood still for half a
        // minute may have been taken for dead.
        self.uploads.still_holds()?;
        let is_one = run.len() == 1 && self.output.decided.steps.are_one();
        if self.together && (goes_on || !is_one) {
            let place = &self.uploads.place;
            let text = DecisionCopy::of(run)?.text()?;
            place.bucket.put(&place.journal, &text)?;
        }
        // From here on they are the decision's. Ended by this process, they could not be completed
        // by the next one.
        self.uploads.release(self.output.decided.uploads.keys());
        Ok(())
    }

    fn publish(&self) -> Result<()> {
        let place = &self.uploads.place;
        match self.output.decided.take(place, &self.layout)? {
            true => Ok(()),
            false => Err(gone(&self.layout)),
        }
    }

    fn settle(&self) -> Result<()> {
        let place = &self.uploads.place;
        let keys: Vec<String> = self.output.decided.uploads.keys().cloned().collect();
        place.forget(&keys)?;
        place.bucket.remove(std::slice::from_ref(&place.journal))
    }

    fn withdraw(self: Box<Self>) -> Result<()> {
        let (place, decided) = (&self.uploads.place, &self.output.decided);
        // The decision goes first: without it nobody makes objects of what is ended.
        if DecisionCopy::kept(place)?.is_some_and(|copy| copy.lists(decided)) {
            place.bucket.remove(std::slice::from_ref(&place.journal))?;
        }
        let ids = decided.uploads.iter();
        let ids = ids.map(|(key, upload)| (key.clone(), upload.id.clone()));
        self.uploads.release(decided.uploads.keys());
        place.abort(&ids.collect::<Vec<_>>())
    }
}

/// Somebody else has ended the uploads.
fn gone(layout: &PathLayout) -> Error {
    let what = format!("`{}` could not be published", layout.path().display());
    let why = "uploads of this run were ended by another one, or by a rule of the bucket";
    let hint = "let one run at a time write there, and run it again";
    Error::run(Problem::new(what).cause(why).hint(hint))
}
