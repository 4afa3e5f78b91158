//! What a stream of messages and their replies took: four times of each, and when it was meant to be sent.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use super::four_times::FourTimes;
use super::sending::Sending;
use super::series::{Series, Step};
use super::spread::{Percentiles, Spread};
use crate::sync::lock;

/// The most ranges of missing messages that are kept; further ones are only counted.
// A choice: memory must not grow with a run that loses every second message.
const MOST_GAPS: usize = 10_000;

/// Nanoseconds in a microsecond.
const NANOS: f64 = 1e3;

/// Counted and measured while messages are sent and replies come.
#[derive(Debug, Default)]
pub struct Clocks {
    sent: AtomicU64,
    warm_up: AtomicU64,
    skipped: AtomicU64,
    lost: AtomicU64,
    answered: AtomicU64,
    repeated: AtomicU64,
    unknown: AtomicU64,
    unreadable: AtomicU64,
    sending: Mutex<Sending>,
    series: Mutex<(Option<Instant>, Series)>,
    answers: Mutex<Answers>,
    gaps: Mutex<Vec<Gap>>,
}

#[derive(Debug, Default)]
struct Answers {
    offset: Spread,
    network: Spread,
    processing: Spread,
    service: Spread,
    response: Spread,
}

/// Messages that nobody has: so many, from one number to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first one's number.
    pub first: u64,
    /// The last one's number.
    pub last: u64,
    /// Why.
    pub reason: Reason,
}

/// Why nobody has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was not sent: there was no room for it when it was due.
    Skipped,
    /// It was sent, and no reply came.
    Lost,
}

/// All of it at one moment; times in microseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ClockReading {
    /// Messages that were sent.
    pub sent: u64,
    /// How many of them only warmed up: no time below is theirs.
    pub warm_up: u64,
    /// Messages that were due and not sent.
    pub skipped: u64,
    /// Messages that were sent and never answered.
    pub lost: u64,
    /// Messages that were answered.
    pub answered: u64,
    /// Replies to what was answered already.
    pub repeated: u64,
    /// Replies to what was never sent, or of another name than what was.
    pub unknown: u64,
    /// Replies that cannot be read.
    pub unreadable: u64,
    /// Seconds from the first send to the end of sending: the last message was sent, skipped or given up, and
    /// one message more. Null in JSON where nothing was measured.
    #[serde(serialize_with = "measured")]
    pub seconds: f64,
    /// Making a message ready.
    pub preparation: Percentiles,
    /// How late messages were sent, against their intended times.
    pub lateness: Percentiles,
    /// The consumer's clock less this one.
    pub clock_offset: Percentiles,
    /// One way over the network.
    pub network_delay: Percentiles,
    /// The consumer's work.
    pub processing_delay: Percentiles,
    /// From the send to the reply: the service time.
    pub total_delay: Percentiles,
    /// From the intended send to the reply: what somebody who sends at this rate waits.
    pub response_time: Percentiles,
    /// Shares of messages and what their service times are at most.
    pub service_curve: Vec<(f64, f64)>,
    /// Shares of messages and what their response times are at most.
    pub response_curve: Vec<(f64, f64)>,
    /// How long a step is.
    #[serde(skip)]
    pub step_seconds: f64,
    /// What happened when, step by step.
    #[serde(skip)]
    pub steps: Vec<Step>,
    /// Which messages nobody has, where they are not too many.
    pub gaps: Vec<Gap>,
}

impl ClockReading {
    /// Messages that were sent and did not only warm up: those of the rate.
    pub fn measured(&self) -> u64 {
        self.sent - self.warm_up.min(self.sent)
    }

    /// Messages a second, without those that warmed up.
    pub fn rate(&self) -> f64 {
        self.measured() as f64 / self.seconds.max(1e-9)
    }
}

/// Null instead of 0 where no time has passed.
fn measured<S: serde::Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Some(*seconds)
        .filter(|seconds| *seconds > 0.0)
        .serialize(serializer)
}

impl Reason {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Lost => "lost",
        }
    }
}

impl Clocks {
    /// A message was sent that only warms up.
    pub fn sent_to_warm_up(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.warm_up.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was sent now: making it took so long, and it was so late, in nanoseconds.
    pub fn sent(&self, preparation: i64, lateness: Option<i64>, now: Instant) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut sending = lock(&self.sending);
        self.step(now, |step| step.sent += 1);
        sending.sent(preparation, lateness, now);
    }

    /// Messages were due, and there was no room for them, or no time.
    pub fn skipped(&self, numbers: Range<u64>) {
        let (count, now) = (numbers.end.saturating_sub(numbers.start), Instant::now());
        self.skipped.fetch_add(count, Ordering::Relaxed);
        lock(&self.sending).skipped(count, now);
        self.step(now, |step| step.skipped += count);
        self.gap(numbers, Reason::Skipped);
    }

    /// The run has ended while a message waited for room.
    pub fn gave_up(&self) {
        lock(&self.sending).gave_up(Instant::now());
    }

    /// A message was never answered.
    pub fn lost(&self, number: u64) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.gap(number..number + 1, Reason::Lost);
    }

    /// A message that only warms up was answered.
    pub fn answered_to_warm_up(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was answered, so many nanoseconds after it was meant to be sent.
    pub fn answered(&self, times: &FourTimes, response: i64) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let mut answers = lock(&self.answers);
        // The offset of two clocks may be hours; three digits of five hours are eighteen seconds.
        answers.offset.record_near_first(times.offset());
        answers.network.record(times.network());
        answers.processing.record(times.processing());
        answers.service.record(times.total());
        answers.response.record(response);
        let micros = response as f64 / NANOS;
        self.step(Instant::now(), |step| step.answer(micros));
    }

    /// A reply to what was answered already.
    pub fn repeated(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }

    /// A reply to what was never sent, or of another name.
    pub fn unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    /// A reply that is none.
    pub fn unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were sent and answered or given up.
    pub fn settled(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.sent), load(&self.answered) + load(&self.lost))
    }

    fn step(&self, now: Instant, count: impl FnOnce(&mut Step)) {
        let (first, series) = &mut *lock(&self.series);
        let first = *first.get_or_insert(now);
        count(series.at(now.saturating_duration_since(first)));
    }

    fn gap(&self, numbers: Range<u64>, reason: Reason) {
        if numbers.is_empty() {
            return;
        }
        let (first, last) = (numbers.start, numbers.end - 1);
        let mut gaps = lock(&self.gaps);
        let follows =
            |gap: &&mut Gap| gap.reason == reason && gap.last.checked_add(1) == Some(first);
        // Only the last two ranges are looked at: numbers of each kind come in order, and the two
        // kinds alternate.
        if let Some(gap) = gaps.iter_mut().rev().take(2).find(follows) {
            gap.last = last;
        } else if gaps.len() < MOST_GAPS {
            gaps.push(Gap {
                first,
                last,
                reason,
            });
        }
    }

    /// All of it now.
    pub fn read(&self) -> ClockReading {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut gaps = lock(&self.gaps).clone();
        // Lost messages are known only once the wait for their replies is over, long after later
        // ones were skipped.
        gaps.sort_by_key(|gap| (gap.first, gap.reason));
        let sending = lock(&self.sending);
        let answers = lock(&self.answers);
        let (step_seconds, steps) = lock(&self.series).1.read();
        ClockReading {
            sent: load(&self.sent),
            warm_up: load(&self.warm_up),
            skipped: load(&self.skipped),
            lost: load(&self.lost),
            answered: load(&self.answered),
            repeated: load(&self.repeated),
            unknown: load(&self.unknown),
            unreadable: load(&self.unreadable),
            seconds: sending.seconds(),
            preparation: sending.preparation.percentiles(),
            lateness: sending.lateness.percentiles(),
            clock_offset: answers.offset.percentiles(),
            network_delay: answers.network.percentiles(),
            processing_delay: answers.processing.percentiles(),
            total_delay: answers.service.percentiles(),
            response_time: answers.response.percentiles(),
            service_curve: answers.service.curve(),
            response_curve: answers.response.curve(),
            step_seconds,
            steps,
            gaps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_measured_from_its_four_times() {
        // The consumer's clock is 1000 µs ahead; 30 µs there, 200 µs of work, 51 µs back.
        let times = FourTimes {
            sent: 5_000,
            came: 6_030,
            done: 6_230,
            replied: 5_281,
        };
        let clocks = Clocks::default();
        clocks.answered(&times, 400_000);
        let read = clocks.read();
        assert!((read.network_delay.mean - 40.5).abs() < 1e-9);
        assert!((read.clock_offset.mean - 989.5).abs() < 1e-9);
        assert_eq!(
            (read.total_delay.max, read.response_time.max),
            (281.0, 400.0)
        );
    }

    #[test]
    fn nonsense_of_a_consumer_overflows_nothing() {
        let (least, most) = (0, u64::MAX);
        for [sent, came, done, replied] in [
            [most, least, most, least],
            [least, most, least, most],
            [least, most, most, least],
        ] {
            let clocks = Clocks::default();
            clocks.answered(
                &FourTimes {
                    sent,
                    came,
                    done,
                    replied,
                },
                0,
            );
            assert_eq!(clocks.read().answered, 1);
        }
    }

    #[test]
    fn skipped_messages_count_from_the_first_send_on() {
        let clocks = Clocks::default();
        clocks.skipped(0..2);
        assert_eq!(clocks.read().seconds, 0.0);
        clocks.sent(1, None, Instant::now());
        std::thread::sleep(std::time::Duration::from_millis(20));
        clocks.skipped(3..4);
        let once = clocks.read().seconds;
        assert!(once >= 0.04, "{once}");
        std::thread::sleep(std::time::Duration::from_millis(60));
        clocks.gave_up();
        clocks.gave_up();
        assert!(clocks.read().seconds >= 0.08);
        assert!(serde_json::to_value(Clocks::default().read()).unwrap()["seconds"].is_null());
    }

    #[test]
    fn gaps_are_ranges_of_one_kind() {
        let clocks = Clocks::default();
        for numbers in [3..4, 4..5, 8..10, 10..11, 20..20] {
            clocks.skipped(numbers);
        }
        [1, 2, 11]
            .into_iter()
            .for_each(|number| clocks.lost(number));
        let gap = |first, last, reason| Gap {
            first,
            last,
            reason,
        };
        let read = clocks.read();
        let expected = [
            (1, 2, Reason::Lost),
            (3, 4, Reason::Skipped),
            (8, 10, Reason::Skipped),
            (11, 11, Reason::Lost),
        ];
        assert_eq!(
            read.gaps,
            expected.map(|(first, last, reason)| gap(first, last, reason))
        );
        assert_eq!((read.skipped, read.lost), (5, 3));
    }
}
