//! The uploads of a sink: begun by its lanes, completed when it publishes, ended when it does not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::super::layout::{PartFolder, PathLayout, hidden};
use super::super::manifest::{self, ManifestEntry};
use super::super::output::OutputFile;
use super::super::parts::IN_FLIGHT;
use super::super::writer::{FileRules, FileStore};
use super::super::{File, FileReport, publish};
use super::lease::Lease;
use super::place::ObjectPlace;
use super::steps::{DecidedObjects, WholeUpload};
use super::upload::ObjectUpload;
use crate::dataset::SUCCESS;
use crate::error::Result;
use crate::sink::{RunHandle, Target};
use crate::sync::lock;

/// What the lanes of a sink share.
pub(super) struct Uploads {
    pub(super) place: ObjectPlace,
    /// Bytes of a part, before a file gets too many of them.
    pub(super) part_bytes: u64,
    pub(super) in_flight: Arc<Semaphore>,
    pub(super) run: Arc<dyn RunHandle>,
    /// Of the plan and the seed.
    fingerprint: String,
    /// Keeps other runs away, once a lane is open.
    lease: Mutex<Option<Lease>>,
    /// By their keys.
    begun: Mutex<BTreeMap<String, BegunUpload>>,
    /// What a table without end has named so far, with what runs before had.
    named: Mutex<Option<Vec<ManifestEntry>>>,
}

/// An upload that nobody has completed.
struct BegunUpload {
    id: String,
    whole: Option<WholeUpload>,
}

impl Uploads {
    pub(super) fn new(place: ObjectPlace, part_bytes: u64, target: &Target) -> Self {
        Self {
            place,
            part_bytes,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            run: target.run.clone(),
            fingerprint: target.fingerprint.clone(),
            lease: Mutex::default(),
            begun: Mutex::default(),
            named: Mutex::default(),
        }
    }

    /// From here on until the run ends no other run writes here, but for other slices.
    pub(super) fn claim(&self) -> Result<()> {
        let mut lease = lock(&self.lease);
        if lease.is_none() {
            *lease = Some(Lease::take(&self.place, &*self.run)?);
        }
        Ok(())
    }

    /// Nobody has taken the place of this run: the store is asked.
    pub(super) fn still_holds(&self) -> Result<()> {
        lock(&self.lease)
            .as_ref()
            .map_or(Ok(()), Lease::still_holds)
    }

    /// Begins the upload of an object. It is recorded before anything of it is sent: the next run ends it,
    /// if this one cannot.
    pub(super) fn begin(&self, key: &str) -> Result<String> {
        lock(&self.lease).as_ref().map_or(Ok(()), Lease::holds)?;
        let id = self.place.bucket.begin(key)?;
        let begun = BegunUpload {
            id: id.clone(),
            whole: None,
        };
        // Before it is recorded: if that fails, `abort` ends the upload.
        lock(&self.begun).insert(key.to_string(), begun);
        self.place.record(key, &id)?;
        Ok(id)
    }

    /// All of an object has arrived.
    pub(super) fn arrived(&self, key: &str, whole: WholeUpload) {
        if let Some(begun) = lock(&self.begun).get_mut(key) {
            begun.whole = Some(whole);
        }
    }

    /// The uploads that are whole, by their keys.
    pub(super) fn whole(&self) -> BTreeMap<String, WholeUpload> {
        let begun = lock(&self.begun);
        let whole = begun.iter();
        let whole = whole.filter_map(|(key, begun)| Some((key.clone(), begun.whole.clone()?)));
        whole.collect()
    }

    /// These are decided: whoever comes next completes them, and nobody ends them here.
    pub(super) fn release<'k>(&self, keys: impl IntoIterator<Item = &'k String>) {
        let mut begun = lock(&self.begun);
        for key in keys {
            begun.remove(key);
        }
    }

    /// Ends all that nobody has completed.
    pub(super) fn abort(&self) -> Result<()> {
        let begun = std::mem::take(&mut *lock(&self.begun));
        if begun.is_empty() {
            return Ok(());
        }
        let ids = begun.into_iter().map(|(key, begun)| (key, begun.id));
        self.place.shortly()?.abort(&ids.collect::<Vec<_>>())
    }

    /// An object is noted as one of its dataset, and gets its name.
    fn name_part(&self, folder: &PartFolder, report: &FileReport, fingerprint: &str) -> Result<()> {
        let mut named = lock(&self.named);
        let named = match &mut *named {
            Some(named) => named,
            none => none.insert(self.place.contents(folder, fingerprint)?.0.listing.journal),
        };
        named.push(ManifestEntry::new(report, &folder.path, fingerprint));
        let journal = self.place.key_of(&hidden(&folder.own_manifest()));
        let text: String = named.iter().map(manifest::line).collect();
        // An object cannot be added to, so that the journal is written whole each time.
        self.place.bucket.put(&journal, &text)?;
        let success = self.place.key(Path::new(SUCCESS));
        self.place.bucket.remove(&[success])
    }
}

/// What was begun and is not decided is not left behind: a run that fails, or is told to end, drops it.
impl Drop for Uploads {
    fn drop(&mut self) {
        if let Err(error) = self.abort() {
            tracing::debug!(%error, "uploads are ended by the next run");
        }
    }
}

impl FileStore for Uploads {
    /// The sink has claimed it when its first lane was opened.
    fn enter(&self, _: &PartFolder, _: &FileRules) -> Result<()> {
        Ok(())
    }

    fn create(self: Arc<Self>, path: &Path, _: bool, rules: &FileRules) -> Result<OutputFile> {
        let key = self.place.key_of(path);
        let upload = ObjectUpload::new(self, key);
        Ok(OutputFile::upload(Box::new(upload), rules.checksums))
    }

    fn next_part(&self, folder: &PartFolder, inside: &Path) -> Result<u64> {
        let listed = self.place.bucket.list(&self.place.key_of(inside))?;
        let paths = listed.iter().map(|object| Path::new(&object.key));
        Ok(folder.next_after(paths))
    }

    fn name(&self, layout: &PathLayout, report: &FileReport, rules: &FileRules) -> Result<()> {
        let fingerprint = &self.fingerprint;
        let steps = match layout {
            PathLayout::Folder(folder) => {
                self.name_part(folder, report, fingerprint)?;
                vec![publish::named(report, &folder.path)]
            }
            PathLayout::One(path) | PathLayout::Through(path) => {
                let remembered = self.place.remembered(path)?.is_some();
                publish::one(path, remembered, report, rules, fingerprint)
            }
        };
        let key = self.place.key_of(&report.path);
        let mut uploads = self.whole();
        uploads.retain(|whole, _| *whole == key);
        let decided = DecidedObjects::new(fingerprint, steps, uploads);
        decided.take(&self.place, layout)?;
        self.release([&key]);
        self.place.forget(&[key])
    }

    fn check(&self, file: &File, layout: &PathLayout, target: &Target) -> Result<()> {
        self.place.existing(file, layout, target).map(drop)
    }

    /// An upload that is given up is ended.
    fn discard(&self, _: &Path) {}

    fn waits(&self) -> bool {
        true
    }
}
