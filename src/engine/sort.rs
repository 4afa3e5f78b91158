//! Rows that come in another order than that of their table: sorted on all cores, before they are made and
//! in between.

use std::path::PathBuf;

use super::run::OpenRun;
use crate::error::Result;
use crate::sink::Partition;
use crate::source::{SortContext, SortedFolder};

impl OpenRun<'_> {
    /// Sorts the rows of the jobs of a group that come in an order of their own, and tells their sinks
    /// which folders come.
    ///
    /// # Errors
    /// A value that cannot be made, or a file that cannot be written.
    pub(super) fn sort(&self, group: &[usize]) -> Result<()> {
        for job in group {
            let wanted = self.jobs[*job].sinks.iter().any(|sink| sink.live());
            let Some(order) = self.plan.jobs[*job].order.as_ref().filter(|_| wanted) else {
                continue;
            };
            let source = &self.sources[*job];
            let folders = self.sorting(*job, |context| source.sort(context))?;
            let partition = |folder: SortedFolder| Partition {
                first_batch: folder.first_batch,
                first_row: None,
                values: order.folders.iter().cloned().zip(folder.values).collect(),
            };
            let partitions: Vec<Partition> = folders.into_iter().map(partition).collect();
            if order.folders.is_empty() {
                continue;
            }
            for sink in self.jobs[*job].sinks.iter().filter(|sink| sink.live()) {
                for lane in &sink.lanes {
                    lane.announce(partitions.clone())?;
                }
            }
        }
        Ok(())
    }

    /// Makes more batches of sorted jobs ready; true if there are any.
    ///
    /// # Errors
    /// As `sort`.
    pub(super) fn sort_on(&self, group: &[usize]) -> Result<bool> {
        let mut more = false;
        for job in group {
            let source = &self.sources[*job];
            if self.plan.jobs[*job].order.is_some() && !self.stop.requested() {
                more |= self.sorting(*job, |context| source.sort_on(context))?;
                self.gate.go_on(*job, source.ready());
            }
        }
        Ok(more)
    }

    /// Sorts on all workers; what has no room in memory goes beside the output.
    fn sorting<T: Send>(
        &self,
        job: usize,
        work: impl FnOnce(&SortContext<'_>) -> Result<T> + Send,
    ) -> Result<T> {
        let sink = self.plan.jobs[job].sinks.first();
        let path = sink.and_then(|sink| sink.path());
        let folder = match path {
            Some(path) => {
                let path = self.out.join(path.as_str());
                path.parent().map_or(PathBuf::from("."), PathBuf::from)
            }
            None => std::env::temp_dir(),
        };
        let context = SortContext {
            stopping: &|| {
                self.gate.check_deadline();
                self.stop.requested()
            },
            folder: &folder,
        };
        self.pool.install(|| work(&context))
    }
}
