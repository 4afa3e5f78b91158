//! When each of the last messages was sent, and what its name was, until its reply comes: as much memory as
//! a window of messages takes, however long the run is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::names::{ANY, fits};

use crate::report::Meter;

/// Messages that may wait for their replies: at 100 000 a second those of 40 seconds.
// 48 MiB, whatever the run sends.
const MOST: u64 = 1 << 22;

/// In a slot: no message of this number was sent.
const NEVER: u64 = 0;

/// In a slot: its message was answered, or given up.
const SETTLED: u64 = u64::MAX;

/// When messages were sent, by number.
pub struct Window {
    /// When each was sent, in microseconds since 1970; or that nothing waits.
    sent: Box<[AtomicU64]>,
    /// What each is called, in an array of its own: a pair of 8 and 4 bytes takes 16.
    names: Box<[AtomicU32]>,
    first: u64,
    next: AtomicU64,
    meter: Arc<Meter>,
}

/// What a reply's number and its name say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Its message was sent then, in microseconds since 1970.
    Sent(u64),
    /// It was answered before, or given up.
    Settled,
    /// No message of this number was sent, or it has another name.
    Never,
}

impl Window {
    /// Of messages from number `first` on; so many will come, where that is known.
    pub fn new(first: u64, count: Option<u64>, meter: Arc<Meter>) -> Self {
        let room = count.unwrap_or(MOST).clamp(1, MOST).next_power_of_two();
        Self {
            sent: (0..room).map(|_| AtomicU64::new(NEVER)).collect(),
            names: (0..room).map(|_| AtomicU32::new(ANY)).collect(),
            first,
            next: AtomicU64::new(first),
            meter,
        }
    }

    /// A message of this name is about to be sent.
    pub fn sent(&self, number: u64, micros: u64, name: u32) {
        self.put(number, micros.clamp(NEVER + 1, SETTLED - 1), name);
    }

    /// A message is not sent.
    pub fn skipped(&self, number: u64) {
        self.put(number, NEVER, ANY);
    }

    /// A reply has come.
    pub fn answered(&self, number: u64, name: &str) -> Known {
        let next = self.next.load(Ordering::Acquire);
        if number < self.first || number >= next {
            return Known::Never;
        }
        if next - number > self.sent.len() as u64 {
            return Known::Settled;
        }
        let (sent, own) = self.slot(number);
        let micros = sent.load(Ordering::Acquire);
        if micros == NEVER || !fits(own.load(Ordering::Relaxed), name) {
            return Known::Never;
        }
        // Another one may have taken its place meanwhile.
        // An exchange, because the sender may put the next message into this slot at the same
        // moment.
        let settled = sent.compare_exchange(micros, SETTLED, Ordering::AcqRel, Ordering::Relaxed);
        match settled {
            Ok(micros) if micros != SETTLED => Known::Sent(micros),
            _ => Known::Settled,
        }
    }

    /// No more replies are waited for.
    pub fn give_up(&self) {
        let next = self.next.load(Ordering::Acquire);
        let first = next.saturating_sub(self.sent.len() as u64).max(self.first);
        for number in first..next {
            let (sent, _) = self.slot(number);
            if waited(sent.load(Ordering::Acquire)) {
                sent.store(SETTLED, Ordering::Release);
                self.meter.clocks().lost(number);
            }
        }
    }

    fn put(&self, number: u64, micros: u64, name: u32) {
        let room = self.sent.len() as u64;
        let next = self.next.load(Ordering::Relaxed);
        // Rows that were left out have no message, and a message may be tried again.
        let passed = (next.min(number)..number).map(|passed| (passed, NEVER, ANY));
        for (number, micros, name) in passed.chain([(number, micros, name)]) {
            let (sent, own) = self.slot(number);
            // `NEVER` first and the time last: a reply that comes between the two finds no message,
            // and not the name of one with the time of another.
            let before = sent.swap(NEVER, Ordering::AcqRel);
            own.store(name, Ordering::Relaxed);
            sent.store(micros, Ordering::Release);
            // What has waited for a whole window is given up.
            if waited(before) && number >= next {
                self.meter.clocks().lost(number - room);
            }
        }
        // Last: a number below `next` has its slot.
        self.next.store(number + 1, Ordering::Release);
    }

    fn slot(&self, number: u64) -> (&AtomicU64, &AtomicU32) {
        // The room is a power of two, so it is within.
        let place = (number & (self.sent.len() as u64 - 1)) as usize;
        (&self.sent[place], &self.names[place])
    }
}

/// True of what stands in a slot whose message waits for its reply.
fn waited(sent: u64) -> bool {
    sent != NEVER && sent != SETTLED
}

#[cfg(test)]
mod tests {
    use super::super::names::print;
    use super::*;
    use crate::report::{Gap, Reason};

    #[test]
    fn numbers_that_are_passed_over_are_no_messages() {
        let meter = Arc::new(Meter::default());
        let window = Window::new(0, Some(4), meter.clone());
        let answered = |number| window.answered(number, "any");
        (0..4).for_each(|number| window.sent(number, 1, ANY));
        window.sent(6, 5, ANY);
        // Refused, and tried again.
        window.sent(6, 7, ANY);
        // The second one's place is taken.
        assert_eq!((answered(5), answered(2)), (Known::Never, Known::Settled));
        assert_eq!((answered(6), answered(3)), (Known::Sent(7), Known::Sent(1)));
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
        let answered = |number| window.answered(number, "any");
        for number in 100..106 {
            window.sent(number, number * 10, ANY);
        }
        assert_eq!(answered(103), Known::Sent(1030));
        assert_eq!(answered(103), Known::Settled);
        assert_eq!((answered(99), answered(106)), (Known::Never, Known::Never));
        window.skipped(106);
        assert_eq!(answered(106), Known::Never);
        window.sent(107, 1, ANY);
        // The window moves on over the first two.
        window.sent(108, 1, ANY);
        window.sent(109, 1, ANY);
        assert_eq!(answered(100), Known::Settled);
        assert_eq!(meter.clocks().read().lost, 2);
        assert_eq!(answered(109), Known::Sent(1));
        window.give_up();
        assert_eq!(answered(108), Known::Settled);
        let read = meter.clocks().read();
        let gap = |first, last| Gap {
            first,
            last,
            reason: Reason::Lost,
        };
        assert_eq!(read.gaps, [gap(100, 102), gap(104, 105), gap(107, 108)]);
        assert_eq!(read.lost, 7);
    }

    #[test]
    fn a_reply_of_another_name_settles_nothing() {
        let window = Window::new(0, Some(4), Arc::default());
        for (number, name) in [(0, "a"), (1, "b")] {
            window.sent(number, 5, print(name.as_bytes()));
        }
        for wrong in ["b", "", "A", "a "] {
            assert_eq!(window.answered(0, wrong), Known::Never, "{wrong}");
        }
        assert_eq!(window.answered(0, "a"), Known::Sent(5));
        // Answered already, and never of this name.
        assert_eq!(window.answered(0, "a"), Known::Settled);
        assert_eq!(window.answered(0, "b"), Known::Never);
        assert_eq!(window.answered(1, "b"), Known::Sent(5));
    }
}
