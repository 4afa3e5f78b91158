//! Whether the brokers are there, for those who watch the run.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use super::fetch::Shared;
use super::member::Member;

/// How often brokers that were away are asked, and for how long they may think.
// Choices. The answer is waited for by the thread that fetches, hence half a second only.
const ASK: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(500));

/// What a member knows of its brokers.
pub struct Presence {
    member: usize,
    asked: Option<Instant>,
}

impl Presence {
    /// Nothing bad is known yet.
    pub fn of(member: usize) -> Self {
        Self {
            member,
            asked: None,
        }
    }

    /// Tells when they go, and when they are back.
    pub fn tell(&mut self, member: &Member, shared: &Shared) {
        let consumer = member.consumer();
        let events = &consumer.context().events;
        if !events.away() || self.asked.is_some_and(|asked| asked.elapsed() < ASK.0) {
            return;
        }
        if self.asked.is_none() {
            let cause = events.last().unwrap_or_default();
            let trouble = format!("no broker can be reached: {cause}");
            shared.meter.trouble(self.member, Some(trouble));
        }
        self.asked = Some(Instant::now());
        // Nothing else tells that they are back while a topic is quiet.
        if consumer.fetch_metadata(Some(&shared.topic), ASK.1).is_ok() {
            events.back();
            shared.meter.trouble(self.member, None);
            self.asked = None;
        }
    }
}
