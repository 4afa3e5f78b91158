//! When each of the last messages was sent, until its reply comes: as much memory as a window of messages
//! takes, however long the run is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::report::Meter;

/// Messages that may wait for their replies: at 100 000 a second those of 40 seconds.
const MOST: u64 = 1 << 22;

/// When messages were sent, by number.
pub struct Window {
    /// Microseconds since 1970; 0 where nothing waits for a reply.
    slots: Box<[AtomicU64]>,
    first: u64,
    next: AtomicU64,
    meter: Arc<Meter>,
}

/// What a reply's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Its message was sent then, in microseconds since 1970.
    Sent(u64),
    /// It was answered before, or given up.
    Settled,
    /// No message has it.
    Never,
}

impl Window {
    /// Of messages from number `first` on; so many will come, where that is known.
    pub fn new(first: u64, count: Option<u64>, meter: Arc<Meter>) -> Self {
        let room = count.unwrap_or(MOST).clamp(1, MOST).next_power_of_two();
        Self {
            slots: (0..room).map(|_| AtomicU64::new(0)).collect(),
            first,
            next: AtomicU64::new(first),
            meter,
        }
    }

    /// A message is about to be sent.
    pub fn sent(&self, number: u64, micros: u64) {
        self.put(number, micros.max(1));
    }

    /// A message is not sent.
    pub fn skipped(&self, number: u64) {
        self.put(number, 0);
    }

    /// A reply has come.
    pub fn answered(&self, number: u64) -> Known {
        let next = self.next.load(Ordering::Acquire);
        if number < self.first || number >= next {
            return Known::Never;
        }
        if next - number > self.slots.len() as u64 {
            return Known::Settled;
        }
        match self.slot(number).swap(0, Ordering::AcqRel) {
            0 => Known::Settled,
            micros => Known::Sent(micros),
        }
    }

    /// No more replies are waited for.
    pub fn give_up(&self) {
        let next = self.next.load(Ordering::Acquire);
        let first = next.saturating_sub(self.slots.len() as u64).max(self.first);
        for number in first..next {
            if self.slot(number).swap(0, Ordering::AcqRel) != 0 {
                self.meter.clocks().lost(number);
            }
        }
    }

    fn put(&self, number: u64, micros: u64) {
        let room = self.slots.len() as u64;
        let next = self.next.load(Ordering::Relaxed);
        // Rows that were left out have no message, and a message may be tried again.
        let passed = next.min(number)..number;
        for (number, micros) in passed.map(|passed| (passed, 0)).chain([(number, micros)]) {
            let waited = self.slot(number).swap(micros, Ordering::AcqRel) != 0;
            // What has waited for a whole window is given up.
            if waited && number >= next {
                self.meter.clocks().lost(number - room);
            }
        }
        self.next.store(number + 1, Ordering::Release);
    }

    fn slot(&self, number: u64) -> &AtomicU64 {
        // The room is a power of two, so it is within.
        &self.slots[(number & (self.slots.len() as u64 - 1)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Gap, Reason};

    #[test]
    fn numbers_that_are_passed_over_are_no_messages() {
        let meter = Arc::new(Meter::default());
        let window = Window::new(0, Some(4), meter.clone());
        (0..4).for_each(|number| window.sent(number, 1));
        window.sent(6, 5);
        // Refused, and tried again.
        window.sent(6, 7);
        assert_eq!(
            (window.answered(5), window.answered(2)),
            (Known::Settled, Known::Settled)
        );
        assert_eq!(
            (window.answered(6), window.answered(3)),
            (Known::Sent(7), Known::Sent(1))
        );
        window.give_up();
        let read = meter.clocks().read();
        let gap = Gap {
            first: 0,
            last: 2,
            reason: Reason::Lost,
        };
        assert_eq!((read.lost, read.gaps), (3, vec![gap]));
    }

    #[test]
    fn each_message_is_answered_once_or_lost() {
        let meter = Arc::new(Meter::default());
        let window = Window::new(100, Some(8), meter.clone());
        for number in 100..106 {
            window.sent(number, number * 10);
        }
        assert_eq!(window.answered(103), Known::Sent(1030));
        assert_eq!(window.answered(103), Known::Settled);
        assert_eq!(
            (window.answered(99), window.answered(106)),
            (Known::Never, Known::Never)
        );
        window.skipped(106);
        assert_eq!(window.answered(106), Known::Settled);
        window.sent(107, 1);
        // The window moves on over the first two.
        window.sent(108, 1);
        window.sent(109, 1);
        assert_eq!(window.answered(100), Known::Settled);
        assert_eq!(meter.clocks().read().lost, 2);
        assert_eq!(window.answered(109), Known::Sent(1));
        window.give_up();
        let read = meter.clocks().read();
        let gap = |first, last| Gap {
            first,
            last,
            reason: Reason::Lost,
        };
        assert_eq!(read.gaps, [gap(100, 102), gap(104, 105), gap(107, 108)]);
        assert_eq!(read.lost, 7);
    }
}
