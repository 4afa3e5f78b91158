//! The decision to publish the objects of a run: a copy of it lies beside each of its outputs before the first
//! one is seen, as it does beside files of a disk (`../decision.rs` says what follows from which copies there
//! are), so that whoever comes next can finish what a killed run began.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::decision::OBJECTS;
use super::super::layout::{PartFolder, PathLayout};
use super::place::ObjectPlace;
use super::steps::DecidedObjects;
use crate::client::object::LOOK;
use crate::error::{Error, Result};
use crate::sink::{Earlier, Record, Slice};
use crate::units::hexadecimal;

/// One output of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ObjectOutput {
    /// The URL of the folder, or of the one object.
    url: PathBuf,
    folder: bool,
    /// Which slice, of how many.
    slice: Option<(u64, u64)>,
    pub decided: DecidedObjects,
}

/// A copy of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DecisionCopy {
    /// Equal in all copies of one decision.
    decision: String,
    pub outputs: Vec<ObjectOutput>,
}

impl ObjectOutput {
    pub(super) fn new(layout: &PathLayout, decided: DecidedObjects) -> Self {
        let slice = match layout {
            PathLayout::Folder(folder) => folder.slice,
            PathLayout::One(_) | PathLayout::Through(_) => None,
        };
        Self {
            url: layout.path().to_path_buf(),
            folder: matches!(layout, PathLayout::Folder(_)),
            slice: slice.map(|slice| (slice.index, slice.count)),
            decided,
        }
    }

    pub(super) fn layout(&self) -> PathLayout {
        let slice = self.slice.map(|(index, count)| Slice { index, count });
        match self.folder {
            true => PathLayout::Folder(PartFolder::at(&self.url, slice)),
            false => PathLayout::One(self.url.clone()),
        }
    }

    /// What a later run needs to publish it, or to know that it is.
    pub(super) fn record(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({ OBJECTS: serde_json::to_value(self).ok()? }))
    }

    pub(super) fn of(record: &serde_json::Value) -> Option<Self> {
        serde_json::from_value(record.get(OBJECTS)?.clone()).ok()
    }

    /// Tells this output, made of the same plan and seed, from all others.
    pub(super) fn key(&self, place: &ObjectPlace) -> String {
        place.output(&self.decided.fingerprint)
    }

    /// As one that is published already, at its place among those of its run.
    pub(super) fn earlier(&self, place: &ObjectPlace, position: usize) -> Option<Earlier> {
        Some(Earlier {
            output: self.key(place),
            position,
            record: self.record()?,
        })
    }
}

impl DecisionCopy {
    /// The decision for the objects of a run.
    pub(super) fn of(run: &[Record]) -> Result<Self> {
        let outputs = run
            .iter()
            .filter_map(|record| ObjectOutput::of(&record.output));
        let outputs: Vec<ObjectOutput> = outputs.collect();
        let text = serde_json::to_vec(&outputs).map_err(unkept)?;
        Ok(Self {
            decision: hexadecimal(&Sha256::digest(text)),
            outputs,
        })
    }

    /// As it is kept.
    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(unkept)
    }

    /// What is kept at a place; nothing where that is none, or none that can be read.
    pub(super) fn kept(place: &ObjectPlace) -> Result<Option<Self>> {
        let text = place.bucket.text(&place.journal)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Its outputs with their places, and whether each has its copy.
    pub(super) fn places(&self) -> Result<Vec<(&ObjectOutput, ObjectPlace, bool)>> {
        let place = |output| {
            let place = ObjectPlace::new(&ObjectOutput::layout(output), LOOK)?;
            let copy = Self::kept(&place)?;
            let has_copy = copy.is_some_and(|copy| copy.decision == self.decision);
            Ok((output, place, has_copy))
        };
        self.outputs.iter().map(place).collect()
    }

    /// It makes an object of this upload.
    pub(super) fn has_upload(&self, key: &str, id: &str) -> bool {
        let uploads = self.outputs.iter().map(|output| &output.decided.uploads);
        let mut found = uploads.filter_map(|uploads| uploads.get(key));
        found.any(|upload| upload.id == id)
    }

    /// It lists what was decided of this output.
    pub(super) fn lists(&self, decided: &DecidedObjects) -> bool {
        self.outputs.iter().any(|output| output.decided.is(decided))
    }
}

/// The last output has its copy, or some object is there already, which none is before that.
pub(super) fn stands(places: &[(&ObjectOutput, ObjectPlace, bool)]) -> Result<bool> {
    if places.last().is_some_and(|(_, _, has_copy)| *has_copy) {
        return Ok(true);
    }
    for (output, place, _) in places.iter().filter(|(_, _, has_copy)| *has_copy) {
        if output.decided.is_begun(place)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unkept(error: serde_json::Error) -> Error {
    Error::because("keeping what is decided", error)
}
