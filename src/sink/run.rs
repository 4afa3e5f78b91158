//! A run as its sinks see it, and how long they are waited for.

use std::time::Duration;

use super::Target;

/// A sink of a finite table that takes nothing for so long is given up, unless something else is said:
/// longer than a broker or a disk that comes back needs.
const STALL_TIMEOUT: Duration = Duration::from_secs(120);

/// When a sink that takes nothing is given up, of which a pipeline says `said`. A run without end waits
/// for its server, however long that takes, unless something is said.
pub fn stall_timeout(said: Option<Duration>, rows: Option<u64>) -> Option<Duration> {
    said.or(rows.map(|_| STALL_TIMEOUT))
}

impl Target {
    /// When this sink is given up because it takes nothing.
    pub fn stall_timeout(&self) -> Option<Duration> {
        stall_timeout(self.run.stall_timeout(), self.shape.rows)
    }
}

/// A run as its sinks see it.
pub trait RunHandle: Send + Sync {
    /// Told after `accepted` or `durable` moved, or the lane failed: wakes workers that wait.
    fn moved(&self);

    /// The run ends before its rows do: what is held back for a pace is not waited for.
    fn stopping(&self) -> bool {
        false
    }

    /// Somebody wants the run to end, and not because its time is over: what is on its way is waited for
    /// shortly.
    fn interrupted(&self) -> bool {
        self.stopping()
    }

    /// How long whoever takes nothing is waited for, where the run says it.
    fn stall_timeout(&self) -> Option<Duration> {
        None
    }

    /// A number of this run alone: no other run has it, not of the same pipeline either.
    fn number(&self) -> u128 {
        0
    }
}

/// A run of nothing, for checks.
impl RunHandle for () {
    fn moved(&self) {}
}
