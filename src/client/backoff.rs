//! How long is waited before something is tried again.

use std::time::Duration;

/// The first wait; a deadlock or a failover of a pool is over by then.
const FIRST: Duration = Duration::from_millis(20);

/// The longest wait: a server that is back is noticed so soon.
const LONGEST: Duration = Duration::from_secs(5);

/// Waits that double, each with a part left to chance: sessions that lost their server together do
/// not come back together.
#[derive(Debug)]
pub struct Backoff {
    tries: u32,
    state: u64,
}

impl Backoff {
    /// Nothing was tried yet.
    pub fn new(seed: u64) -> Self {
        Self {
            tries: 0,
            state: seed,
        }
    }

    /// How often it was tried since something worked.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// How long to wait now: between half of this try's time and all of it.
    pub fn wait(&mut self) -> Duration {
        let most = FIRST.saturating_mul(1 << self.tries.min(16)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        most / 2 + most.mul_f64(self.random() / 2.0)
    }

    /// A number from 0 to 1, by SplitMix64.
    fn random(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_differ_by_seed() {
        let waits = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..12).map(|_| backoff.wait()).collect::<Vec<_>>()
        };
        for (tries, wait) in waits(1).iter().enumerate() {
            let most = (FIRST * (1 << tries)).min(LONGEST);
            assert!(most / 2 <= *wait && *wait <= most, "{wait:?} of {most:?}");
        }
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        let mut backoff = Backoff::new(1);
        let wait = backoff.wait();
        backoff.wait();
        backoff.reset();
        assert_eq!((backoff.tries(), wait <= FIRST), (0, true));
        assert!(backoff.wait() <= FIRST);
    }
}
