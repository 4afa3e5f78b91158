//! What a run has read, looked at once more when it has: a file may have been written meanwhile.

use super::run::OpenRun;
use crate::error::Result;

const GROWN: &str = "a file has grown while it was read: what came behind its end is not in";

impl OpenRun<'_> {
    /// Says which tables' files have grown.
    ///
    /// # Errors
    /// One was written over: rows are of what it was and of what it is, and which ones nobody knows.
    pub(super) fn look_again(&self, group: &[usize]) -> Result<()> {
        for job in group {
            if self.sources[*job].has_grown()? {
                let table = &self.plan.jobs[*job].table;
                tracing::warn!(table, "{GROWN}");
                self.watched.jobs[*job].warn(GROWN.into());
            }
        }
        Ok(())
    }
}
