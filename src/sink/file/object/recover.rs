//! What runs before left where objects are to be written: steps that were decided are taken, uploads that
//! were not are ended.

use serde::{Deserialize, Serialize};

use super::super::existing::doubled_in;
use super::super::layout::PathLayout;
use super::super::{File, IfExists};
use super::LOOK;
use super::place::ObjectPlace;
use super::steps::DecidedObjects;
use crate::error::{Error, Result};
use crate::sink::{Earlier, Publish, Recovered, Target};

/// A record of an upload.
#[derive(Debug, Serialize, Deserialize)]
struct UploadRecord {
    key: String,
    upload: String,
}

impl ObjectPlace {
    fn record_key(&self, key: &str) -> String {
        // Its name is that of the object from the folder on, with what no name has for `/`.
        let base = self.key_of(&self.base);
        let inside = key.strip_prefix(&base).unwrap_or(key);
        let name = inside.trim_start_matches('/').replace('/', "\\");
        format!("{}{name}.json", self.records)
    }

    /// Records an upload.
    pub(super) fn record(&self, key: &str, id: &str) -> Result<()> {
        let (key, upload) = (key.to_string(), id.to_string());
        let at = self.record_key(&key);
        let text = serde_json::to_string(&UploadRecord { key, upload });
        let text = text.map_err(|error| Error::because("recording an upload", error))?;
        self.bucket.put(&at, &text)
    }

    /// The uploads of these objects are over: nobody has to end them.
    pub(super) fn forget(&self, keys: &[String]) -> Result<()> {
        let records: Vec<String> = keys.iter().map(|key| self.record_key(key)).collect();
        self.bucket.remove(&records)
    }

    /// Ends uploads, and forgets them.
    pub(super) fn abort(&self, uploads: &[(String, String)]) -> Result<()> {
        self.bucket.abort(uploads)?;
        let keys: Vec<String> = uploads.iter().map(|(key, _)| key.clone()).collect();
        self.forget(&keys)
    }

    /// The uploads that runs before have begun and not ended, by what they have recorded.
    pub(super) fn recorded(&self) -> Result<Vec<(String, String)>> {
        let mut uploads = Vec::new();
        for object in self.bucket.list(self.records.trim_end_matches('/'))? {
            let text = self.bucket.text(&object.key)?;
            let record = text.and_then(|text| serde_json::from_str::<UploadRecord>(&text).ok());
            uploads.extend(record.map(|record| (record.key, record.upload)));
        }
        Ok(uploads)
    }

    /// Tells an output of this plan and seed from all others.
    fn output(&self, fingerprint: &str) -> String {
        format!("{fingerprint} {}", self.shown(&self.journal))
    }

    fn published(&self, fingerprint: &str) -> Earlier {
        Earlier {
            output: self.output(fingerprint),
            position: 0,
            record: serde_json::Value::Null,
        }
    }
}

/// Does what is to be done, or with `only_look` says what the next run will do.
///
/// # Errors
/// The store refuses or is not there.
pub(in super::super) fn recover(
    file: &File,
    layout: &PathLayout,
    target: &Target,
    only_look: bool,
) -> Result<Recovered> {
    let recovered = recovered(file, layout, target, only_look);
    recovered.map_err(|error| error.at(&file.path.place))
}

fn recovered(
    file: &File,
    layout: &PathLayout,
    target: &Target,
    only_look: bool,
) -> Result<Recovered> {
    let place = ObjectPlace::new(layout, LOOK)?;
    let mut recovered = Recovered {
        output: place.output(&target.fingerprint),
        ..Recovered::default()
    };
    // It is the first that is asked of the store: what is wrong is not the hidden object.
    let first = |mut error: Error| {
        for problem in &mut error.problems {
            problem.message = format!("looking at `{}`", layout.path().display());
        }
        error
    };
    let kept = DecidedObjects::kept(&place).map_err(first)?;
    let mut left = place.recorded().map_err(first)?;
    match kept {
        Some(decided) => {
            finish(&place, layout, target, &decided, &mut recovered, only_look)?;
            left.retain(|(key, _)| !decided.uploads.contains_key(key));
        }
        None if file.if_exists(target) == IfExists::Append => {
            recovered.lines.extend(doubled(&place, layout, target)?);
        }
        None => {}
    }
    for (key, _) in &left {
        let shown = place.shown(key);
        recovered.lines.push(match only_look {
            true => format!(
                "`{shown}`: a run that did not end, or is at work, has begun an upload; the next run ends it"
            ),
            false => format!("`{shown}`: the upload of a run that did not end is ended"),
        });
    }
    if !only_look {
        place.abort(&left)?;
    }
    Ok(recovered)
}

/// Takes the steps that a run before has decided.
fn finish(
    place: &ObjectPlace,
    layout: &PathLayout,
    target: &Target,
    decided: &DecidedObjects,
    recovered: &mut Recovered,
    only_look: bool,
) -> Result<()> {
    let shown = layout.path().display();
    let is_own = decided.fingerprint == target.fingerprint;
    if only_look {
        let line = "a run that did not end had this ready; the next run publishes it";
        recovered.lines.push(format!("`{shown}`: {line}"));
        return Ok(());
    }
    let taken = decided.take(place, layout)?;
    let keys: Vec<String> = decided.uploads.keys().cloned().collect();
    place.forget(&keys)?;
    if taken {
        let line = "what a run that did not end had ready is published";
        recovered.lines.push(format!("`{shown}`: {line}"));
    } else if decided.undo(place)? {
        let line = "a run was killed while it published this, and some of what it had made is gone: the rest is removed";
        recovered.lines.push(format!("`{shown}`: {line}"));
    }
    // What is decided stays as long as it is the same run that is here.
    if taken && is_own {
        recovered
            .published
            .push(place.published(&target.fingerprint));
        return Ok(());
    }
    place.bucket.remove(std::slice::from_ref(&place.journal))
}

fn doubled(place: &ObjectPlace, layout: &PathLayout, target: &Target) -> Result<Option<String>> {
    let PathLayout::Folder(folder) = layout else {
        return Ok(None);
    };
    let (contents, _) = place.contents(folder, &target.fingerprint)?;
    Ok(doubled_in(folder, contents.listing.own.as_deref(), target))
}

/// What a run before has published here.
struct EarlierObjects {
    place: ObjectPlace,
    fingerprint: String,
}

/// What runs before have decided at this place.
///
/// # Errors
/// The store refuses or is not there.
pub(in super::super) fn earlier(
    file: &File,
    layout: &PathLayout,
    target: &Target,
) -> Result<Box<dyn Publish>> {
    let place = ObjectPlace::new(layout, LOOK);
    Ok(Box::new(EarlierObjects {
        place: place.map_err(|error| error.at(&file.path.place))?,
        fingerprint: target.fingerprint.clone(),
    }))
}

impl EarlierObjects {
    fn forget(&self) -> Result<()> {
        match DecidedObjects::kept(&self.place)? {
            Some(decided) if decided.fingerprint == self.fingerprint => {
                let journal = std::slice::from_ref(&self.place.journal);
                self.place.bucket.remove(journal)
            }
            _ => Ok(()),
        }
    }
}

impl Publish for EarlierObjects {
    fn publish(&self) -> Result<()> {
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        self.forget()
    }

    fn withdraw(self: Box<Self>) -> Result<()> {
        self.forget()
    }
}
