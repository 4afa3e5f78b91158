//! The decision to publish a run's outputs: a copy of it lies beside each of them before the first one
//! is seen, so that whoever comes next can finish what a killed run began.
//!
//! Copies stay until the run is done, also by the same run again, which decides anew for what it makes and
//! then for what is published already: so that one decision is forgotten, and not a part of two.
//!
//! Copies are written in the order of the outputs and removed in the same order. So a decision stands while
//! the last output has its copy: with all copies, outputs may still have to be published; with some of the
//! others missing, all were. Without the last one nothing was published, or all is over.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::layout::draft;
use super::manifest::{remove, write_whole};
use super::output::system;
use super::steps::PublishSteps;
use crate::dataset::is_nothing;
use crate::error::{Error, Result};
use crate::sink::{Earlier, Record};
use crate::units::hexadecimal;

/// The kind of sink whose records are read here.
const KIND: &str = "file";

/// What the records of objects stand under: they are decided beside objects.
pub(super) const OBJECTS: &str = "objects";

/// One output of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DecidedOutput {
    /// Its folder; in a copy as seen from the copy's own output.
    pub folder: PathBuf,
    /// Its copy of the decision, in its folder.
    pub copy: PathBuf,
    /// What is locked while somebody writes there, in its folder.
    pub lock: PathBuf,
    /// What lists its files, in its folder.
    pub manifest: PathBuf,
    /// Where it is noted that it was published for a run that did not end, in its folder.
    pub note: PathBuf,
    /// When it was ready, in nanoseconds since 1970: no two decisions are alike.
    pub ready: u64,
    /// Of the plan and the seed.
    pub fingerprint: String,
    #[serde(flatten)]
    pub steps: PublishSteps,
}

/// A copy of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DecisionCopy {
    /// Equal in all copies of one decision.
    pub decision: String,
    outputs: Vec<DecidedOutput>,
}

impl DecidedOutput {
    /// As a record tells of the output in this folder, if one does.
    pub(super) fn told_by(self, record: Option<&serde_json::Value>) -> Self {
        let told = record.and_then(|record| serde_json::from_value::<Self>(record.clone()).ok());
        match told {
            Some(told) => Self {
                folder: self.folder,
                ..told
            },
            None => self,
        }
    }

    /// What a later run needs to publish it.
    pub(super) fn record(&self) -> Option<serde_json::Value> {
        let mut output = self.clone();
        output.folder = whole(&self.folder);
        serde_json::to_value(output).ok()
    }

    /// Where its copy lies.
    pub(super) fn copy_path(&self) -> PathBuf {
        self.folder.join(&self.copy)
    }

    /// Keeps the decision beside this output. One file alone gets its name in one step: there is
    /// nothing to keep of it, unless the run goes on.
    pub(super) fn decide(&self, run: &[Record], goes_on: bool) -> Result<()> {
        let is_file =
            |record: &&Record| record.kind == KIND && record.output.get(OBJECTS).is_none();
        let mut outputs = Vec::new();
        for record in run.iter().filter(is_file) {
            let output = serde_json::from_value::<DecidedOutput>(record.output.clone());
            outputs.push(output.map_err(|error| Error::because("keeping what is decided", error))?);
        }
        // A run without end goes on after this, and one whose other output has failed comes again: its retry
        // must know that these rows are there.
        if run.len() == 1 && self.steps.are_one() && !goes_on {
            return Ok(());
        }
        let text = serde_json::to_vec(&outputs).unwrap_or_default();
        let own = whole(&self.folder);
        for output in &mut outputs {
            // Relative, so that all outputs can be moved together and the decision still holds.
            output.folder = from(&own, &output.folder);
        }
        let copy = DecisionCopy {
            decision: hexadecimal(&Sha256::digest(text)),
            outputs,
        };
        let path = self.copy_path();
        let lines = serde_json::to_string(&copy)
            .map_err(|error| Error::because("keeping what is decided", error))?;
        write_whole(&draft(&path), &path, &(lines + "\n"), self.steps.fsync)
    }

    /// The run is over: its decision goes, and not one that somebody else has made since.
    pub(super) fn settle(&self) -> Result<()> {
        let is_own =
            |output: &Self| (output.ready, &output.fingerprint) == (self.ready, &self.fingerprint);
        match read(&self.copy_path())? {
            Some(copy) if !copy.outputs.iter().any(is_own) => Ok(()),
            _ => self.forget(),
        }
    }

    /// Nothing is decided of this output any more.
    pub(super) fn forget(&self) -> Result<()> {
        remove(&self.copy_path())
    }

    /// Tells this output, made of the same plan and seed, from all others.
    pub(super) fn key(&self) -> String {
        let copy = whole(&self.folder).join(&self.copy);
        format!("{} {}", self.fingerprint, copy.display())
    }

    /// As one that is published already, at its place among those of its run.
    pub(super) fn earlier(&self, position: usize) -> Option<Earlier> {
        Some(Earlier {
            output: self.key(),
            position,
            record: self.record()?,
        })
    }
}

impl DecisionCopy {
    /// Its outputs, as seen from where the run is.
    pub(super) fn outputs_from(&self, own: &Path) -> Vec<DecidedOutput> {
        let mut outputs = self.outputs.clone();
        for output in &mut outputs {
            output.folder = match output.folder.as_os_str().is_empty() {
                true => own.to_path_buf(),
                false => whole(own).join(&output.folder),
            };
        }
        outputs
    }
}

/// One that cannot be read is none.
pub(super) fn is_copy(path: &Path, decision: &str) -> bool {
    read(path).is_ok_and(|copy| copy.is_some_and(|copy| copy.decision == decision))
}

/// A copy; nothing where there is none that can be read, because it was never whole.
pub(super) fn read(path: &Path) -> Result<Option<DecisionCopy>> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        // What stands in the way of the output is said when it is looked at.
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(system("reading", path, &error)),
    }
}

/// A folder from the root on, without links.
pub(super) fn whole(folder: &Path) -> PathBuf {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    folder.canonicalize().unwrap_or_else(|_| folder.into())
}

/// The way from one folder to another: it holds when both are moved together.
fn from(own: &Path, other: &Path) -> PathBuf {
    let shared = own.components().zip(other.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    let up = own.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(other.components().skip(shared)).collect()
}
