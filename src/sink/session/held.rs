//! Partitions that a session's connections hold, so that two runs of one load do not do the same work beside
//! each other: the later one waits, and says for whom.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::client::offsets::Holder;
use crate::error::Error;
use crate::sink::applied::SHARDS;

/// The partitions of one session.
#[derive(Debug)]
pub struct Held {
    partitions: Vec<i32>,
    /// The connection that held them last.
    last: AtomicI64,
}

impl Held {
    /// Those of session `number` of so many, where partitions are sessions, or the shards of changes.
    pub fn of(number: usize, sessions: usize, applies: bool) -> Self {
        // Below the number of shards, or of sessions.
        let partitions = match applies {
            true => (number..SHARDS).step_by(sessions.max(1)),
            false => (number..number + 1).step_by(1),
        };
        Self {
            partitions: partitions.map(|one| one as i32).collect(),
            last: AtomicI64::new(-1),
        }
    }

    /// Which they are.
    pub fn partitions(&self) -> &[i32] {
        &self.partitions
    }

    /// A connection of this session holds them now.
    pub fn hold(&self, connection: i64) {
        self.last.store(connection, Ordering::Relaxed);
    }

    /// True if it is a connection of this session that has them still: it was cut off, and the server does
    /// not know yet.
    pub fn is_own(&self, holder: &Holder) -> bool {
        self.last.load(Ordering::Relaxed) == holder.id
    }
}

/// Somebody else has a partition.
pub fn held_by(holder: Option<&Holder>) -> Error {
    let who = holder.map(|holder| format!(": {} has its lock", holder.shown));
    Error::run(format!(
        "another run of this load is at work{}",
        who.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_session() {
        let all = |sessions: usize, applies| {
            let held = (0..sessions).map(|number| Held::of(number, sessions, applies));
            let mut all: Vec<i32> = held.flat_map(|held| held.partitions.clone()).collect();
            all.sort_unstable();
            all
        };
        assert!(all(5, true).into_iter().eq(0..SHARDS as i32));
        assert_eq!(all(3, false), [0, 1, 2]);
    }
}
