//! What the sinks of a run are told of it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;
use crate::sink::RunHandle;

/// A run as its sinks see it.
pub(super) struct Facts {
    gate: Arc<Gate>,
    stall_timeout: Option<Duration>,
    number: u128,
}

impl Facts {
    /// The facts of a run that begins now.
    pub(super) fn new(gate: Arc<Gate>, stall_timeout: Option<Duration>) -> Self {
        Self {
            gate,
            stall_timeout,
            number: random(),
        }
    }
}

/// What is known of a run that is only looked at.
pub(super) struct NoRun {
    /// How long servers are waited for, where the plan says it.
    pub(super) stall_timeout: Option<Duration>,
}

impl RunHandle for NoRun {
    fn moved(&self) {
        // Nobody waits for it.
    }

    fn stall_timeout(&self) -> Option<Duration> {
        self.stall_timeout
    }
}

impl RunHandle for Facts {
    fn moved(&self) {
        self.gate.moved();
    }

    fn stopping(&self) -> bool {
        self.gate.stopping()
    }

    fn interrupted(&self) -> bool {
        self.gate.interrupted()
    }

    fn stall_timeout(&self) -> Option<Duration> {
        self.stall_timeout
    }

    fn number(&self) -> u128 {
        self.number
    }
}

/// 128 bits of the system's randomness, by the keys that hash maps are given.
fn random() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn no_number_comes_twice() {
        let numbers: std::collections::BTreeSet<u128> = (0..1000).map(|_| random()).collect();
        assert_eq!(numbers.len(), 1000);
        let halves = numbers.iter().map(|number| number >> 64);
        assert_eq!(
            halves.collect::<std::collections::BTreeSet<_>>().len(),
            1000
        );
    }
}
