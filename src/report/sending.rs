//! How long messages were sent for: from the first one to the end of sending, whatever became of the last.

use std::time::Instant;

use super::spread::Spread;

/// When messages were sent, and how.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// When the first message was sent, and the last one was sent or skipped.
    times: Option<(Instant, Instant)>,
    /// Messages that were skipped since the first one was sent.
    skipped: u64,
    /// When one was given up that had waited for room.
    given_up: Option<Instant>,
    pub(super) preparation: Spread,
    pub(super) lateness: Spread,
}

impl Sending {
    /// A message was sent: making it took so long, and it was so late, in nanoseconds.
    pub(super) fn sent(&mut self, preparation: i64, lateness: Option<i64>, now: Instant) {
        let (first, _) = self.times.unwrap_or((now, now));
        self.times = Some((first, now));
        self.preparation.record(preparation);
        if let Some(lateness) = lateness {
            self.lateness.record(lateness);
        }
    }

    /// Counts messages that were not sent when they were due.
    pub(super) fn skipped(&mut self, count: u64, now: Instant) {
        if let Some((first, _)) = self.times {
            self.times = Some((first, now));
            // Skipped messages count as time: the schedule went on though nothing was sent.
            self.skipped += count;
        }
    }

    /// The run has ended while a message waited for room.
    pub(super) fn gave_up(&mut self, now: Instant) {
        self.given_up.get_or_insert(now);
    }

    /// How long so many messages take, sent or skipped: one gap more than there are between them. A
    /// message that waits for room until the end counts with the time that it waited.
    pub(super) fn seconds(&self) -> f64 {
        let Some((first, last)) = self.times else {
            return 0.0;
        };
        let messages = (self.preparation.count() + self.skipped) as f64;
        let seconds = (last - first).as_secs_f64();
        let seconds = match messages > 1.0 {
            // Ten messages at 10 Hz have nine gaps between them, 0.9 s: without one gap more the
            // rate would be 11 Hz.
            true => seconds * messages / (messages - 1.0),
            false => seconds,
        };
        let given_up = self.given_up.map_or(0.0, |end| {
            end.saturating_duration_since(first).as_secs_f64()
        });
        // A producer that stood still at the end would otherwise look as fast as it was before.
        seconds.max(given_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_or_waited_for_takes_its_time() {
        let now = Instant::now();
        let at = |millis| now + std::time::Duration::from_millis(millis);
        let sending = |messages: i64, last, skipped, given_up: Option<u64>| {
            let mut sending = Sending {
                times: Some((now, at(last))),
                skipped,
                given_up: given_up.map(at),
                ..Sending::default()
            };
            (0..messages).for_each(|_| sending.preparation.record(1));
            (sending.seconds() * 1e6).round() / 1e6
        };
        // Ten messages in 0.9 s are those of a second, sent or skipped.
        assert_eq!(sending(10, 900, 0, None), 1.0);
        assert_eq!(sending(2, 900, 8, None), 1.0);
        assert_eq!(sending(1, 900, 9, None), 1.0);
        // A consumer that has stood still to the end.
        assert_eq!(sending(1000, 24, 0, Some(3000)), 3.0);
        assert_eq!(sending(1, 0, 0, Some(3000)), 3.0);
        assert_eq!(sending(10, 900, 0, Some(901)), 1.0);
        assert_eq!(Sending::default().seconds(), 0.0);
    }
}
