//! A table that rows may come to: its files are made, and named in its log.

use std::path::PathBuf;
use std::sync::Arc;

use super::added::{AddedFile, escaped};
use super::commit::Commit;
use super::identity::Identity;
use super::lane::CastLane;
use super::partition;
use super::schema::TableColumns;
use super::table::Table;
use super::{notes, stats};
use crate::error::Result;
use crate::report::FileReport;
use crate::sink::file::TableFiles;
use crate::sink::{Finished, Lane, Publish, Ready, Record, Target};

/// What is known of a table before the first row.
pub(super) struct ReadyTable {
    pub(super) table: Table,
    pub(super) columns: TableColumns,
    pub(super) identity: Identity,
    pub(super) overwrite: bool,
    pub(super) files: TableFiles,
    /// The rows as they come.
    pub(super) target: Target,
}

/// Files that are safe, and wait to be named in the log.
struct UnpublishedTable {
    ready: ReadyTable,
    made: Vec<FileReport>,
    added: Vec<AddedFile>,
}

impl Ready for ReadyTable {
    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        let files = self.files.open(lane)?;
        let written = self.files.schema();
        Ok(match *written == self.target.shape.schema {
            true => files,
            false => Arc::new(CastLane {
                schema: written.clone(),
                files,
            }),
        })
    }

    fn holds_back(&self) -> bool {
        true
    }

    fn folder(&self) -> Option<PathBuf> {
        self.files.folder()
    }

    fn about_bytes(&self) -> Option<u64> {
        self.files.about_bytes()
    }

    fn prepare(self: Box<Self>, done: &[Finished]) -> Result<Box<dyn Publish>> {
        let made = done.iter().flat_map(|lane| lane.files.iter());
        // A file without rows is nothing that a log has to name.
        let (made, empty): (Vec<FileReport>, Vec<FileReport>) =
            made.cloned().partition(|file| file.rows > 0);
        self.files.name(&made)?;
        self.files.remove(&empty)?;
        let added = self.added(&made)?;
        Ok(Box::new(UnpublishedTable {
            ready: *self,
            made,
            added,
        }))
    }
}

impl ReadyTable {
    /// What the log is to say of the files.
    fn added(&self, made: &[FileReport]) -> Result<Vec<AddedFile>> {
        let mut added = Vec::new();
        for file in made {
            let path = self.files.inside(file);
            let (modified, footer) = self.files.footer(file)?;
            added.push(AddedFile {
                partition_values: partition::values(&path, &self.columns.schema),
                path: escaped(&path),
                size: file.bytes,
                modification_time: modified,
                stats: stats::of(&footer)?,
            });
        }
        added.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(added)
    }

    /// The transaction is there, whoever has committed it.
    fn is_committed(&self) -> Result<bool> {
        let Some(now) = self.table.now()? else {
            return Ok(false);
        };
        let application = self.identity.application(self.overwrite);
        let committed = self.table.committed(&now, &application)?;
        Ok(committed.is_some_and(|generation| generation >= self.identity.generation))
    }

    pub(super) fn commit(&self, files: &[AddedFile]) -> Result<()> {
        let commit = Commit {
            table: &self.table,
            columns: &self.columns,
            identity: &self.identity,
            overwrite: self.overwrite,
            files,
            patience: self.target.stall_timeout(),
            run: self.target.run.as_ref(),
        };
        commit.commit()
    }
}

impl Publish for UnpublishedTable {
    fn decide(&self, _run: &[Record], _goes_on: bool) -> Result<()> {
        notes::keep(&self.ready.table.engine, &self.ready.identity, &self.added)
    }

    fn publish(&self) -> Result<()> {
        let ready = &self.ready;
        if !ready.overwrite || ready.identity.slice.is_none() {
            return ready.commit(&self.added);
        }
        // The slice that finds the files of all others noted commits for all.
        match notes::all(&ready.table.engine, &ready.identity)? {
            Some(files) => ready.commit(&files),
            None => Ok(()),
        }
    }

    fn settle(&self) -> Result<()> {
        let ready = &self.ready;
        let engine = &ready.table.engine;
        match ready.overwrite {
            // What the table is to hold: the same run again finds that it does.
            true => notes::forget_earlier(engine, &ready.identity)?,
            false => notes::forget(engine, &ready.identity)?,
        }
        ready.files.settle()
    }

    fn withdraw(self: Box<Self>) -> Result<()> {
        let ready = &self.ready;
        if ready.is_committed()? {
            return Ok(());
        }
        notes::forget(&ready.table.engine, &ready.identity)?;
        ready.files.remove(&self.made)
    }
}
