//! The file sink once it is connected: its lanes are opened, and in the end its files are published.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::decision::DecidedOutput;
use super::describe::about_bytes;
use super::disk::Disk;
use super::layout::{PathLayout, hidden};
use super::output::{busy, claim};
use super::writer::{CheckPartitions, FileStore, LaneFiles, LanePartitions};
use super::{File, FileReport, done, kept, manifest, publish};
use crate::error::{Error, Result};
use crate::format::FileEnds;
use crate::report::Meter;
use crate::sink::claims::Claims;
use crate::sink::{Finished, Lane, Publish, Ready, Record, Sink, Target, lane};

/// What is known of the files before the first row.
pub(super) struct ReadyFiles {
    pub(super) options: File,
    pub(super) layout: PathLayout,
    pub(super) target: Target,
    /// What is locked until the run ends.
    pub(super) claims: Arc<Claims>,
}

/// Whole files, and what is left to do until they are seen.
struct UnpublishedFiles {
    layout: PathLayout,
    files: Vec<FileReport>,
    fingerprint: String,
    /// Nothing for what was written through.
    output: Option<DecidedOutput>,
    /// It is published together with others: the table has an end.
    together: bool,
    meter: Arc<Meter>,
    /// Nobody else writes there until the files are named.
    _claims: Arc<Claims>,
}

/// Opens lane `number` of a sink whose files are made in `store`.
pub(super) fn open_lane(
    options: &File,
    layout: &PathLayout,
    target: &Target,
    store: Arc<dyn FileStore>,
    number: usize,
) -> Result<Arc<dyn Lane>> {
    let encoder = options.format()?.open(&target.shape)?;
    let known = target.lanes.get(number).cloned().unwrap_or_default();
    let rules = options.rules(target, layout, &known);
    // Before the first batch: row groups are cut where files end, and workers encode ahead.
    encoder.plan_files(FileEnds {
        before: rules.before.clone(),
        bytes: rules.bytes,
    });
    let partitions = LanePartitions {
        known,
        check: check_partitions(options, layout, target, store.clone()),
        partitioned: options.partition_by.is_some(),
    };
    let files = LaneFiles::new(encoder.clone(), (layout, store), target, rules, partitions)?;
    lane::start(target, encoder, Box::new(files))
}

/// Looks at partitions that are known once rows are sorted as at those that are known before.
fn check_partitions(
    options: &File,
    layout: &PathLayout,
    target: &Target,
    store: Arc<dyn FileStore>,
) -> CheckPartitions {
    let (options, layout, target) = (options.clone(), layout.clone(), target.clone());
    Box::new(move |partitions| {
        let lanes = vec![partitions.clone()];
        if let Some(problem) = options.check_partitions(&lanes) {
            return Err(Error::user(problem));
        }
        // Where a log says which files there are, others stand in nobody's way.
        if !layout.has_manifest() {
            return Ok(());
        }
        let target = Target {
            lanes,
            late_partitions: false,
            ..target.clone()
        };
        store.check(&options, &layout, &target)
    })
}

impl Ready for ReadyFiles {
    fn folder(&self) -> Option<PathBuf> {
        match &self.layout {
            PathLayout::Through(_) => None,
            PathLayout::One(path) => path.parent().map(Path::to_path_buf),
            PathLayout::Folder(folder) => Some(folder.path.clone()),
        }
    }

    fn about_bytes(&self) -> Option<u64> {
        let format = self.options.format().ok()?;
        about_bytes(&format, &self.target.shape)
    }

    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        let store = Arc::new(Disk {
            claims: self.claims.clone(),
            meter: self.target.meter.clone(),
            fingerprint: self.target.fingerprint.clone(),
        });
        open_lane(&self.options, &self.layout, &self.target, store, lane)
    }

    fn holds_back(&self) -> bool {
        !matches!(self.layout, PathLayout::Through(_))
    }

    fn take_over(&self) -> Result<Finished> {
        let (layout, target) = (&self.layout, &self.target);
        if let Some(output) = publish::place(layout, &target.fingerprint) {
            let lock = output.folder.join(&output.lock);
            claim(&self.claims, &lock, layout.path())?;
            target.meter.leaves(lock);
        }
        // Somebody else may have been here since it was found.
        let files = kept::find(layout, &target.fingerprint);
        // Found before the lock was held: another run may have taken them over, and has removed the
        // note.
        let mut files = files.ok_or_else(|| busy(layout.path()))?;
        let checksums = self.options.rules(target, layout, &[]).checksums;
        for file in &mut files {
            // The note has the checksum of every file. What is remembered of the output has it only where
            // it was asked for: the same bytes, whether a run was cut short before or not.
            if !checksums {
                file.sha256 = None;
            }
            target.meter.leaves(hidden(&file.path));
            target.meter.add(file.rows, file.bytes);
        }
        if let Some(note) = kept::path(layout) {
            target.meter.leaves(note);
        }
        Ok(Finished {
            files,
            ..Finished::default()
        })
    }

    fn prepare(self: Box<Self>, done: &[Finished]) -> Result<Box<dyn Publish>> {
        let files = done.iter().flat_map(|lane| lane.files.iter().cloned());
        let files: Vec<FileReport> = files.collect();
        let rules = self.options.rules(&self.target, &self.layout, &[]);
        let fingerprint = self.target.fingerprint;
        Ok(Box::new(UnpublishedFiles {
            output: publish::output(&self.layout, &files, &rules, &fingerprint)?,
            together: rules.named_at_commit,
            layout: self.layout,
            files,
            fingerprint,
            meter: self.target.meter,
            _claims: self.claims,
        }))
    }
}

/// What a run before has published here, or has kept for the next one.
pub(super) struct EarlierFiles {
    pub(super) layout: PathLayout,
    pub(super) output: Option<DecidedOutput>,
    /// Nobody else writes there as long as it is kept.
    claims: Claims,
}

impl EarlierFiles {
    pub(super) fn new(layout: PathLayout, output: Option<DecidedOutput>) -> Self {
        let claims = Claims::default();
        Self {
            layout,
            output,
            claims,
        }
    }

    /// It stays as it is until the run ends.
    pub(super) fn hold(&self, meter: &Meter) -> Result<()> {
        let Some(output) = &self.output else {
            return Ok(());
        };
        let lock = output.folder.join(&output.lock);
        claim(&self.claims, &lock, self.layout.path())?;
        meter.leaves(lock);
        meter.leaves(output.copy_path());
        Ok(())
    }
}

impl Publish for EarlierFiles {
    fn record(&self) -> Option<serde_json::Value> {
        self.output.as_ref().and_then(DecidedOutput::record)
    }

    fn decide(&self, run: &[Record], goes_on: bool) -> Result<()> {
        let output = self.output.as_ref();
        output.map_or(Ok(()), |output| output.decide(run, goes_on))
    }

    fn publish(&self) -> Result<()> {
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        let Some(output) = &self.output else {
            return Ok(());
        };
        if let PathLayout::One(_) = &self.layout {
            manifest::remove(&output.folder.join(&output.lock))?;
        }
        settle(&self.layout, output)
    }

    /// The journal of a table without end and what was kept to be taken over stay: they are not this
    /// output's decision.
    fn withdraw(self: Box<Self>) -> Result<()> {
        self.output.as_ref().map_or(Ok(()), DecidedOutput::forget)
    }
}

/// The copy goes last: a run that is killed before that has told nobody that it is done.
fn settle(layout: &PathLayout, output: &DecidedOutput) -> Result<()> {
    if let PathLayout::Folder(_) = layout {
        manifest::remove(&output.folder.join(&output.lock))?;
    }
    if let Some(note) = kept::path(layout).filter(|note| note.exists()) {
        manifest::remove(&note)?;
    }
    done::settle(output)?;
    output.settle()
}

impl Publish for UnpublishedFiles {
    fn record(&self) -> Option<serde_json::Value> {
        let output = self.output.as_ref().filter(|_| self.together);
        output.and_then(DecidedOutput::record)
    }

    fn decide(&self, run: &[Record], goes_on: bool) -> Result<()> {
        let Some(output) = self.output.as_ref().filter(|_| self.together) else {
            return Ok(());
        };
        self.meter.leaves(output.copy_path());
        output.decide(run, goes_on)
    }

    fn publish(&self) -> Result<()> {
        match &self.output {
            Some(output) => output.steps.take(&output.folder),
            None => Ok(()),
        }
    }

    fn settle(&self) -> Result<()> {
        let output = self.output.as_ref();
        output.map_or(Ok(()), |output| settle(&self.layout, output))
    }

    fn keep(&self) -> Result<()> {
        if !self.together {
            return Ok(());
        }
        if let Some(note) = kept::path(&self.layout) {
            self.meter.leaves(note);
        }
        kept::keep(&self.layout, &self.files, &self.fingerprint)
    }

    /// Files keep their hidden names until the next run.
    fn withdraw(self: Box<Self>) -> Result<()> {
        self.output.as_ref().map_or(Ok(()), DecidedOutput::forget)
    }
}
