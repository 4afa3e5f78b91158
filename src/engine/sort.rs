//! Rows that come in another order than that of their table: sorted on all cores, before they are made and
//! in between.

use std::path::PathBuf;

use super::run::OpenRun;
use crate::error::{Error, Result};
use crate::plan::JobOrder;
use crate::report::Times;
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
            let Some(order) = self.order(*job) else {
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

    /// Makes all batches of a group: those that are ready, and then those that sorting makes ready.
    pub(super) fn work_and_sort(&self, group: &[usize]) -> (Times, Option<Error>) {
        let (mut sum, mut failure) = (Times::default(), None);
        loop {
            let (times, failed) = self.work_on(group);
            sum.add(&times);
            failure = failure.or(failed);
            match self.sort_on(group) {
                Ok(true) if failure.is_none() => continue,
                Ok(_) => {}
                Err(error) => failure = failure.or(self.unsorted(error)),
            }
            // The next table may need as much memory.
            group.iter().for_each(|job| self.sources[*job].end());
            return (sum, failure);
        }
    }

    /// Returns the error that ends the run; none where nobody needs the sorted rows any more.
    pub(super) fn unsorted(&self, error: Error) -> Option<Error> {
        let wanted = !self.stop.requested();
        if wanted {
            self.stop.fail();
        }
        wanted.then_some(error)
    }

    /// Makes more batches of sorted jobs ready; true if there are any.
    ///
    /// # Errors
    /// As `sort`.
    fn sort_on(&self, group: &[usize]) -> Result<bool> {
        let mut more = false;
        for job in group {
            let source = &self.sources[*job];
            if self.order(*job).is_some() && !self.stop.requested() {
                more |= self.sorting(*job, |context| source.sort_on(context))?;
                self.gate.go_on(*job, source.ready());
            }
        }
        Ok(more)
    }

    /// The order of a job's rows, if a sink still takes them.
    fn order(&self, job: usize) -> Option<&JobOrder> {
        let order = self.plan.jobs[job].order.as_ref();
        order.filter(|_| self.jobs[job].sinks.iter().any(|sink| sink.live()))
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
