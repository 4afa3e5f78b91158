//! The processor's time of one thread: what others do on the machine meanwhile does not count.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::Times;

/// How long the calling thread has had a processor so far.
fn cpu_time() -> Duration {
    // The thread's own time, not the wall's: what others do on the machine does not count, and a
    // writer that waits for the disk is told from one that works.
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// A thread's processor time, cut into laps.
#[derive(Debug)]
pub struct Lap(Duration);

impl Lap {
    /// The first lap begins.
    pub fn start() -> Self {
        Self(cpu_time())
    }

    /// How long the lap took that ends here; the next one begins.
    pub fn end(&mut self) -> Duration {
        let now = cpu_time();
        now.saturating_sub(std::mem::replace(&mut self.0, now))
    }
}

/// A worker's time: where it went, and since when the worker does what it does.
#[derive(Debug)]
pub struct Clock {
    /// Where it went.
    pub times: Times,
    /// What the worker does now.
    pub lap: Lap,
}

impl Clock {
    /// The worker begins.
    pub fn start() -> Self {
        Self {
            times: Times::default(),
            lap: Lap::start(),
        }
    }

    /// A batch was made; how long that took.
    pub fn made(&mut self) -> Duration {
        let spent = self.lap.end();
        self.times.making += spent;
        spent
    }

    /// A batch was encoded; how long that took.
    pub fn encoded(&mut self) -> Duration {
        let spent = self.lap.end();
        self.times.encoding += spent;
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_does_not_count_and_work_does() {
        let start = cpu_time();
        std::thread::sleep(Duration::from_millis(100));
        assert!(cpu_time() - start < Duration::from_millis(50));
        while cpu_time() - start < Duration::from_millis(60) {
            std::hint::black_box((0..1000).sum::<u64>());
        }
    }
}
