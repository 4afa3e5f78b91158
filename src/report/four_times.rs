//! The four times of a message and its reply, and what follows from them.

/// When a message was sent, came, was done, and its reply came: microseconds since 1970, the two in the
/// middle by the consumer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FourTimes {
    /// When it was sent.
    pub sent: u64,
    /// When it came.
    pub came: u64,
    /// When it was done.
    pub done: u64,
    /// When its reply came.
    pub replied: u64,
}

impl FourTimes {
    /// The consumer's clock less this one, in nanoseconds as all that follows: half a microsecond counts.
    pub fn offset(&self) -> i64 {
        // The formulas of NTP (RFC 5905): offset ((t2−t1)+(t3−t4))/2, delay ((t4−t1)−(t3−t2)), of
        // which one way is half. They assume that both ways take the same time.
        half(micros(self.sent, self.came) - micros(self.done, self.replied))
    }

    /// One way over the network.
    pub fn network(&self) -> i64 {
        half(micros(self.sent, self.replied) - micros(self.came, self.done))
    }

    /// The consumer's work.
    pub fn processing(&self) -> i64 {
        micros(self.came, self.done).saturating_mul(NANOS)
    }

    /// From the send to the reply.
    pub fn total(&self) -> i64 {
        micros(self.sent, self.replied).saturating_mul(NANOS)
    }
}

/// Half of so many microseconds, in nanoseconds.
fn half(micros: i64) -> i64 {
    micros.saturating_mul(NANOS / 2)
}

/// Microseconds from one time to another.
fn micros(from: u64, to: u64) -> i64 {
    // A consumer may say any number: the figures are wrong then, but nothing overflows.
    i64::try_from(i128::from(to) - i128::from(from))
        .unwrap_or(i64::MAX)
        .clamp(-FAR, FAR)
}

/// Nanoseconds in a microsecond.
const NANOS: i64 = 1_000;

/// Microseconds in a thousand years: no difference of clocks is larger.
const FAR: i64 = 31_556_952_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_times_give_offset_and_delays() {
        // The consumer's clock is 1000 µs ahead; 30 µs there, 200 µs of work, 51 µs back.
        let times = FourTimes {
            sent: 5_000,
            came: 6_030,
            done: 6_230,
            replied: 5_281,
        };
        assert_eq!((times.total(), times.processing()), (281_000, 200_000));
        assert_eq!((times.network(), times.offset()), (40_500, 989_500));
    }
}
