//! Files on a disk: locked while they are written, under hidden names until all of them are safe.

use std::path::Path;
use std::sync::Arc;

use super::layout::{PartFolder, PathLayout, hidden};
use super::output::OutputFile;
use super::writer::{FileRules, FileStore};
use super::{File, existing, publish};
use crate::error::Result;
use crate::report::Meter;
use crate::sink::claims::Claims;
use crate::sink::{FileReport, Target};

/// The disk, as one sink uses it.
pub(super) struct Disk {
    /// What is locked until the run ends.
    pub claims: Arc<Claims>,
    /// Knows what would be left.
    pub meter: Arc<Meter>,
    /// Of the plan and the seed.
    pub fingerprint: String,
}

impl FileStore for Disk {
    fn enter(&self, folder: &PartFolder, rules: &FileRules) -> Result<()> {
        let lock = folder.claim(&self.claims, rules.fsync)?;
        self.meter.leaves(lock);
        Ok(())
    }

    fn create(self: Arc<Self>, path: &Path, alone: bool, rules: &FileRules) -> Result<OutputFile> {
        // Noted before the file is there: whatever ends the process, the report names what it may
        // have left.
        self.meter.leaves(hidden(path));
        match alone {
            true => OutputFile::alone(path, &self.claims, rules.checksums, rules.fsync),
            false => OutputFile::create(path, rules.checksums, rules.fsync),
        }
    }

    fn next_part(&self, folder: &PartFolder, inside: &Path) -> Result<u64> {
        folder.next_part(inside)
    }

    fn name(&self, layout: &PathLayout, report: &FileReport, rules: &FileRules) -> Result<()> {
        publish::at_once(layout, report, rules, &self.fingerprint)?;
        self.meter.named(&hidden(&report.path));
        Ok(())
    }

    fn check(&self, file: &File, layout: &PathLayout, target: &Target) -> Result<()> {
        existing::check(layout, &file.path, file.if_exists(target), target).map(drop)
    }

    fn discard(&self, path: &Path) {
        // Why it was not written is told; the next run removes what cannot be removed now.
        if std::fs::remove_file(hidden(path)).is_ok() {
            self.meter.named(&hidden(path));
        }
    }

    fn waits(&self) -> bool {
        false
    }
}
