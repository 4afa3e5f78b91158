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
    /// The consumer's clock less this one, twice, in microseconds.
    pub fn twice_offset(&self) -> i64 {
        between(self.sent, self.came) - between(self.done, self.replied)
    }

    /// One way over the network, twice.
    pub fn twice_network(&self) -> i64 {
        self.total() - self.processing()
    }

    /// The consumer's work.
    pub fn processing(&self) -> i64 {
        between(self.came, self.done)
    }

    /// From the send to the reply.
    pub fn total(&self) -> i64 {
        between(self.sent, self.replied)
    }
}

fn between(from: u64, to: u64) -> i64 {
    // What a consumer says may be anything: it is wrong then, and nothing else.
    i64::try_from(i128::from(to) - i128::from(from))
        .unwrap_or(i64::MAX)
        .clamp(-FAR, FAR)
}

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
        assert_eq!((times.total(), times.processing()), (281, 200));
        assert_eq!(
            (times.twice_network(), times.twice_offset()),
            (81, 1030 + 949)
        );
    }
}
