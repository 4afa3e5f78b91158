//! The file sink once it is connected: its lanes are opened, and in the end its files are named.

use std::sync::Arc;

use super::existing;
use super::layout::Layout;
use super::writer::{Files, Rules};
use super::{File, FileReport};
use crate::error::Result;
use crate::format::FileEnds;
use crate::sink::claims::Claims;
use crate::sink::{Finished, Lane, Publish, Ready, Target, lane};

/// What is known of the files before the first row.
pub(super) struct ReadyFiles {
    pub(super) options: File,
    pub(super) layout: Layout,
    pub(super) target: Target,
    /// What is locked until the run ends.
    pub(super) claims: Arc<Claims>,
}

/// Whole files, some of which still have hidden names.
struct Whole {
    layout: Layout,
    rules: Rules,
    target: Target,
    files: Vec<FileReport>,
    /// Nobody else writes there until the files are named.
    _claims: Arc<Claims>,
}

impl Ready for ReadyFiles {
    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        let target = &self.target;
        let encoder = self.options.format()?.open(&target.shape)?;
        let partitions = target.lanes.get(lane).cloned().unwrap_or_default();
        let rules = self.options.rules(target, &self.layout, &partitions);
        encoder.plan_files(FileEnds {
            before: rules.before.clone(),
            bytes: rules.bytes,
        });
        let files = Files::new(encoder.clone(), self, rules, partitions)?;
        lane::start(target, encoder, Box::new(files))
    }

    fn prepare(self: Box<Self>, done: &[Finished]) -> Result<Box<dyn Publish>> {
        let files = done.iter().flat_map(|lane| lane.files.iter().cloned());
        Ok(Box::new(Whole {
            files: files.collect(),
            rules: self.options.rules(&self.target, &self.layout, &[]),
            layout: self.layout,
            target: self.target,
            _claims: self.claims,
        }))
    }
}

impl Publish for Whole {
    fn publish(self: Box<Self>, whole: bool) -> Result<()> {
        existing::commit(&self.layout, &self.files, &self.rules, &self.target, whole)
    }

    /// Files keep their hidden names, for inspection.
    fn withdraw(self: Box<Self>) {}
}
