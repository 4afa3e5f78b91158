//! How many messages of each partition wait to be read, for those who watch the run.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use super::fetch::Shared;
use super::member::Member;
use crate::sync::lock;

/// How often it is told.
// A choice; nothing was measured.
const STEP: Duration = Duration::from_secs(1);

/// What a member has told.
#[derive(Default)]
pub struct Lag {
    last: Option<Instant>,
    partitions: Vec<i32>,
}

impl Lag {
    /// Tells it now and then.
    pub fn tell(&mut self, member: &Member, shared: &Shared) {
        if self.last.is_some_and(|last| last.elapsed() < STEP) {
            return;
        }
        self.last = Some(Instant::now());
        let told = tell(member, shared);
        // Whoever has them now tells of them.
        for partition in self.partitions.iter().filter(|one| !told.contains(one)) {
            shared.meter.no_lag(*partition);
        }
        self.partitions = told;
    }
}

/// Of the member's partitions, what lies behind the batches so far; of which that is known.
pub fn tell(member: &Member, shared: &Shared) -> Vec<i32> {
    let turns = member.consumer().context().turns();
    let reading = lock(&shared.reading);
    let mut told = Vec::new();
    for (partition, held) in turns.iter() {
        // Nothing is asked here: each answer to a fetch brings it.
        if let Some(end) = member.end(&shared.topic, *partition) {
            let waiting = end.saturating_sub(reading.next(*partition, held));
            shared
                .meter
                .lag(*partition, u64::try_from(waiting).unwrap_or(0));
            told.push(*partition);
        }
    }
    told
}
