//! A table as it stands: looked at before the first row, and again for each try of a commit.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use delta_kernel::KernelError;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::snapshot::{Snapshot, SnapshotRef};
use delta_kernel::transaction::UpdateTableOperation;
use futures_util::StreamExt;

use super::added::unescaped;
use super::engine::Engine;
use super::failure;
use super::identity::{self, Identity};
use super::schema::TableColumns;
use crate::client::object::is_no_object;
use crate::client::runtime::block_on;
use crate::dataset::DELTA_LOG;
use crate::error::{Error, Problem, Result};

/// What stands in the history as the writer.
pub(super) const ENGINE: &str = concat!("rowgen/", env!("CARGO_PKG_VERSION"));

/// The place of a table.
pub(super) struct Table {
    pub(super) engine: Engine,
}

impl Table {
    /// The table of a folder; a store of objects is waited for so long.
    ///
    /// # Errors
    /// What the environment says of the store cannot be.
    pub(super) fn open(folder: &Path, patience: Duration) -> Result<Self> {
        Ok(Self {
            engine: Engine::open(folder, patience)?,
        })
    }

    /// Its folder, as messages name it.
    pub(super) fn shown(&self) -> &str {
        &self.engine.shown
    }

    /// The table as it is now; nothing if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn now(&self) -> Result<Option<SnapshotRef>> {
        if !self.has_log()? {
            return Ok(None);
        }
        let snapshot = Snapshot::builder_for(self.engine.url.as_str());
        let snapshot = snapshot.build(&self.engine.kernel);
        snapshot
            .map(Some)
            .map_err(|error| self.failed("reading the log of", &error))
    }

    fn has_log(&self) -> Result<bool> {
        let log = self.engine.path(DELTA_LOG)?;
        let first = block_on(async { self.engine.store.list(Some(&log)).next().await })?;
        match first {
            None => Ok(false),
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) if is_no_object(&error) => Ok(false),
            Some(Err(error)) => Err(self.engine.failed("looking at", "", &error)),
        }
    }

    /// Whether rows of these columns can be added to what is there.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(
        &self,
        table: &SnapshotRef,
        columns: &TableColumns,
        overwrite: bool,
    ) -> Result<()> {
        let parts = table.table_configuration().logical_partition_columns();
        if let Some(problem) = columns.misfit(self.shown(), table, parts) {
            return Err(Error::user(problem));
        }
        if overwrite && table.table_properties().append_only == Some(true) {
            let what = format!(
                "`{}` is a table from which nothing may be removed",
                self.shown()
            );
            let problem = Problem::new(what).cause("its property `delta.appendOnly` is true");
            return Err(Error::user(
                problem.hint("say `mode: append`, or write to another table"),
            ));
        }
        // What else keeps rowgen from writing, the kernel knows.
        let update = table
            .clone()
            .update_table(UpdateTableOperation::Write, ENGINE, true);
        let update = update.build(&self.engine.kernel, Box::new(FileSystemCommitter::new()));
        let state = update.and_then(|update| update.write_state());
        state.map(drop).map_err(|error| {
            let what = format!("`{}` is a table that rowgen cannot write", self.shown());
            Error::user(
                Problem::new(what)
                    .cause(failure::plain(&error))
                    .hint("write to another table"),
            )
        })
    }

    /// Refuses a folder that holds files and is no table.
    ///
    /// # Errors
    /// It does, or it cannot be looked at.
    pub(super) fn check_empty(&self) -> Result<()> {
        let is_strange = |path: &str| {
            let hidden = path.split('/').any(|name| name.starts_with(['.', '_']));
            // Files of a run that has not committed yet, or never will.
            !hidden && !path.rsplit('/').next().is_some_and(identity::is_ours)
        };
        let Some(found) = self.find_file(is_strange)? else {
            return Ok(());
        };
        let what = format!(
            "`{}` holds files and is no table of Delta Lake",
            self.shown()
        );
        let cause = format!("there is `{found}`, and no `{DELTA_LOG}`");
        let hint = "write to another folder, or write files there with the sink `file`";
        Err(Error::user(Problem::new(what).cause(cause).hint(hint)))
    }

    /// The path of the first file in its folder that is it, from there on: every file that lies there is
    /// looked at.
    ///
    /// # Errors
    /// The folder cannot be looked at.
    pub(super) fn find_file(&self, mut is_it: impl FnMut(&str) -> bool) -> Result<Option<String>> {
        let folder = self.engine.path("")?;
        block_on(async {
            let mut listed = self.engine.store.list(Some(&folder));
            while let Some(object) = listed.next().await {
                let path = match object {
                    Ok(object) => object.location,
                    Err(error) if is_no_object(&error) => continue,
                    Err(error) => return Err(self.engine.failed("looking at", "", &error)),
                };
                let inside = path.prefix_match(&folder).into_iter().flatten();
                let names: Vec<String> = inside.map(|part| part.as_ref().to_string()).collect();
                let path = names.join("/");
                if is_it(&path) {
                    return Ok(Some(path));
                }
            }
            Ok(None)
        })?
    }

    /// The version of a transaction that the table has, if it has it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn committed(&self, table: &SnapshotRef, application: &str) -> Result<Option<i64>> {
        let version = table.get_app_id_version(application, &self.engine.kernel);
        version.map_err(|error| self.failed("reading the log of", &error))
    }

    /// The paths of all files that the table has now; nothing where some of their rows were deleted.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn paths(&self, table: &SnapshotRef) -> Result<Option<BTreeSet<String>>> {
        let failed = |error: &KernelError| self.failed("reading the log of", error);
        let scan = table.clone().scan_builder().build();
        let scan = scan.map_err(|error| failed(&error))?;
        let files = scan.scan_metadata(&self.engine.kernel);
        let mut found = (BTreeSet::new(), true);
        for some in files.map_err(|error| failed(&error))? {
            let some = some.map_err(|error| failed(&error))?;
            let visited = some.visit_scan_files(found, |found, file| {
                found.1 &= !file.dv_info.has_vector();
                found.0.insert(unescaped(&file.path));
            });
            found = visited.map_err(|error| failed(&error))?;
        }
        Ok(found.1.then_some(found.0))
    }

    /// True where the table holds exactly the files that this run noted when it replaced all others.
    ///
    /// # Errors
    /// The log or the notes cannot be read.
    pub(super) fn holds_only(&self, table: &SnapshotRef, identity: &Identity) -> Result<bool> {
        let Some(paths) = self.paths(table)? else {
            return Ok(false);
        };
        // The slices that made them may have been others than those of now.
        let made = paths.first().and_then(|path| identity.that_made(path));
        let made = made.as_ref().unwrap_or(identity);
        let Some(noted) = super::notes::all(&self.engine, made)? else {
            return Ok(false);
        };
        let noted: BTreeSet<String> = noted.iter().map(|file| unescaped(&file.path)).collect();
        Ok(paths == noted)
    }

    /// What failed while something was done with the table.
    pub(super) fn failed(&self, doing: &str, error: &KernelError) -> Error {
        failure::told(&self.engine, doing, error)
    }
}
