//! The commit: once for each identity, whoever else commits meanwhile.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use delta_kernel::KernelError;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::expressions::ColumnName;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::{
    CommitResult, CommittedTransaction, Transaction, TransactionBuilder, TransactionType,
    UpdateTableOperation,
};

use super::added::{self, AddedFile};
use super::failure::plain;
use super::identity::Identity;
use super::schema::TableColumns;
use super::table::{ENGINE, Table};
use crate::client::backoff::Backoff;
use crate::error::{Error, Problem, Result};
use crate::sink::RunHandle;

/// A checkpoint is written after so many commits where the table does not say, so that readers do not
/// read thousands of small files.
const CHECKPOINT: u64 = 10;

/// All that is committed.
pub(super) struct Commit<'c> {
    pub(super) table: &'c Table,
    pub(super) columns: &'c TableColumns,
    pub(super) identity: &'c Identity,
    pub(super) overwrite: bool,
    pub(super) files: &'c [AddedFile],
    /// Others are waited for so long.
    pub(super) patience: Option<Duration>,
    pub(super) run: &'c dyn RunHandle,
}

/// What became of a try.
enum Tried {
    /// The transaction is there.
    Done(Option<Box<CommittedTransaction>>),
    /// Somebody else was faster, or nobody knows.
    Again(Option<KernelError>),
}

impl Commit<'_> {
    /// Commits, unless the transaction is there already.
    ///
    /// # Errors
    /// The table does not take it, or the store is not there.
    pub(super) fn commit(&self) -> Result<()> {
        let began = Instant::now();
        let mut backoff = Backoff::new(seed());
        loop {
            let last = match self.try_once()? {
                Tried::Done(committed) => {
                    committed
                        .iter()
                        .for_each(|committed| self.checkpoint(committed));
                    return Ok(());
                }
                Tried::Again(error) => error,
            };
            let over = self
                .patience
                .is_some_and(|patience| began.elapsed() >= patience);
            if over || self.run.interrupted() {
                return Err(match last {
                    Some(error) => self.table.failed("committing to", &error),
                    None => self.outrun(),
                });
            }
            std::thread::sleep(backoff.wait());
        }
    }

    fn outrun(&self) -> Error {
        let what = format!("committing to `{}`", self.table.shown());
        let cause = "other writers were faster each time";
        Error::run(Problem::new(what).cause(cause).hint("run it again"))
    }

    fn try_once(&self) -> Result<Tried> {
        let tried = match self.table.now()? {
            None => self.create(),
            Some(table) => {
                let application = self.identity.application(self.overwrite);
                let committed = self.table.committed(&table, &application)?;
                if committed.is_some_and(|version| version >= self.identity.generation) {
                    return Ok(Tried::Done(None));
                }
                // Somebody may have made another table of it since it was looked at.
                self.table.check(&table, self.columns, self.overwrite)?;
                self.update(&table)
            }
        };
        match tried {
            Ok(tried) => Ok(tried),
            Err(Failed::Kernel(error)) if may_be_there(&error) => Ok(Tried::Again(None)),
            // What a disk refuses it refuses again.
            Err(Failed::Kernel(error)) if self.table.engine.is_remote() && may_pass(&error) => {
                Ok(Tried::Again(Some(error)))
            }
            Err(Failed::Kernel(error)) => Err(self.table.failed("committing to", &error)),
            Err(Failed::Own(error)) => Err(error),
        }
    }

    fn create(&self) -> Result<Tried, Failed> {
        let path = self.table.engine.url.as_str();
        let mut new = create_table(path, self.columns.schema.clone(), ENGINE, true);
        let parts = &self.columns.partition_by;
        if !parts.is_empty() {
            new = new.with_data_layout(DataLayout::Partitioned {
                columns: parts.iter().map(|name| ColumnName::new([name])).collect(),
            });
        }
        let kernel = &self.table.engine.kernel;
        let new = self.told(new);
        let mut transaction = new.build(kernel, Box::new(FileSystemCommitter::new()))?;
        self.add(&mut transaction)?;
        Ok(tried(transaction.commit(kernel)?))
    }

    fn update(&self, table: &SnapshotRef) -> Result<Tried, Failed> {
        let kernel = &self.table.engine.kernel;
        let update = table
            .clone()
            .update_table(UpdateTableOperation::Write, ENGINE, true);
        let update = match self.overwrite {
            true => update,
            false => update.with_blind_append(),
        };
        let update = self.told(update);
        let mut transaction = update.build(kernel, Box::new(FileSystemCommitter::new()))?;
        if self.overwrite {
            let scan = table.clone().scan_builder().build()?;
            for some in scan.scan_metadata(kernel)? {
                transaction.remove_files(some?.scan_files);
            }
        }
        self.add(&mut transaction)?;
        Ok(tried(transaction.commit(kernel)?))
    }

    /// What stands in the history, and what tells this commit from all others.
    fn told<T: TransactionType>(&self, builder: TransactionBuilder<T>) -> TransactionBuilder<T> {
        let mode = if self.overwrite {
            "Overwrite"
        } else {
            "Append"
        };
        let parts = serde_json::Value::from(self.columns.partition_by.clone());
        let rows: u64 = self.files.iter().map(|file| file.stats.num_records).sum();
        let bytes: u64 = self.files.iter().map(|file| file.size).sum();
        let application = self.identity.application(self.overwrite);
        builder
            .with_transaction_id(application, self.identity.generation)
            .with_operation_parameters([
                ("mode", Some(mode.to_string())),
                ("partitionBy", Some(parts.to_string())),
            ])
            .with_operation_metrics([
                ("numFiles", Some(self.files.len().to_string())),
                ("numOutputRows", Some(rows.to_string())),
                ("numOutputBytes", Some(bytes.to_string())),
            ])
    }

    fn add<S>(&self, transaction: &mut Transaction<S>) -> Result<(), Failed> {
        if self.files.is_empty() {
            return Ok(());
        }
        let stats = transaction.stats_schema()?;
        let files = added::batch(self.files, transaction.add_files_schema(), stats);
        transaction.add_files(files.map_err(Failed::Own)?);
        Ok(())
    }

    /// A log without checkpoints is slow to read, and right: that one fails is no failure of the run.
    fn checkpoint(&self, committed: &CommittedTransaction) {
        let Some(table) = committed.post_commit_snapshot() else {
            return;
        };
        let interval = table.table_properties().checkpoint_interval;
        let interval = interval.map_or(CHECKPOINT, std::num::NonZero::get);
        if committed.post_commit_stats().commits_since_checkpoint < interval {
            return;
        }
        if let Err(error) = table.checkpoint(&self.table.engine.kernel, None) {
            tracing::debug!("no checkpoint of `{}`: {error}", self.table.shown());
        }
    }
}

/// Why a try failed.
enum Failed {
    Kernel(KernelError),
    Own(Error),
}

impl From<KernelError> for Failed {
    fn from(error: KernelError) -> Self {
        Self::Kernel(error)
    }
}

fn tried<S>(result: CommitResult<S>) -> Tried {
    match result {
        CommitResult::Committed(committed) => Tried::Done(Some(Box::new(committed))),
        CommitResult::Conflicted(_) => Tried::Again(None),
        CommitResult::Retryable(again) => Tried::Again(Some(again.error)),
    }
}

/// The table has appeared meanwhile.
fn may_be_there(error: &KernelError) -> bool {
    matches!(
        plain(error),
        KernelError::TableAlreadyExistsAtPath(_) | KernelError::FileAlreadyExists(_)
    )
}

/// A store that was not there may be there again; whether it has the commit, the log will say.
fn may_pass(error: &KernelError) -> bool {
    use object_store::Error as StoreError;
    matches!(
        plain(error),
        KernelError::ObjectStore(StoreError::Generic { .. } | StoreError::JoinError { .. })
    )
}

/// Writers that met once do not meet again after the same pause.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::from(now.unwrap_or_default().subsec_nanos()) ^ u64::from(std::process::id())
}
