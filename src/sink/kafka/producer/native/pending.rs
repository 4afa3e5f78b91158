//! What waits to be sent to brokers.

use std::collections::BTreeMap;

use super::super::times::now;
use super::in_flight::{InFlightBatch, Partitions};

/// At most so many bytes in a request, unless one record batch is larger: a broker begins with a small
/// one sooner, and what it has to copy stays in the cache.
pub(super) const REQUEST_BYTES: usize = 1 << 20;

/// What waits to be sent, by partition, in the order in which it was handed over. There may be very
/// many: at a pace parts are small, and a broker may be away for a while.
#[derive(Debug, Default)]
// One list for all partitions was looked through for each request: after twenty seconds without a
// broker, at a pace, that was a hundred thousand small batches, and a few hundred rows a second
// went out until the rest had timed out.
pub struct Pending(BTreeMap<i32, BTreeMap<u64, InFlightBatch>>);

impl Pending {
    /// Puts a part into its place.
    pub fn put(&mut self, part: InFlightBatch) {
        let waiting = self.0.entry(part.partition).or_default();
        waiting.insert(part.order, part);
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that waits.
    pub fn take_all(&mut self) -> impl Iterator<Item = InFlightBatch> {
        let waiting = std::mem::take(&mut self.0).into_values();
        waiting.flat_map(BTreeMap::into_values)
    }

    /// The first one that waits.
    pub fn first(&self) -> Option<&InFlightBatch> {
        self.firsts().min_by_key(|part| part.order)
    }

    /// True when something of this partition waits that was handed over before.
    pub fn has_before(&self, partition: i32, order: u64) -> bool {
        let waiting = self.0.get(&partition);
        waiting.is_some_and(|waiting| waiting.range(..order).next().is_some())
    }

    /// The partitions of what waits.
    pub fn partitions(&self) -> impl Iterator<Item = i32> {
        self.0.keys().copied()
    }

    /// The next request to one broker, of the partitions it leads: one record batch for each, and
    /// of every partition the first that waits.
    pub fn request(
        &mut self,
        leads: impl Fn(i32) -> bool,
        state: &mut Partitions,
    ) -> Vec<InFlightBatch> {
        let firsts = self.firsts();
        let sendable = firsts.filter(|part| leads(part.partition) && state.allows(part));
        let mut chosen: Vec<(u64, i32, usize)> = sendable
            .map(|part| (part.order, part.partition, part.len()))
            .collect();
        // By the order in which they were handed over, so that no partition is left behind.
        chosen.sort_unstable();
        let mut bytes = 0;
        // The others wait for the next request.
        let fits = |(_, _, len): &&(u64, i32, usize)| {
            bytes += len;
            // The first one always fits: a record batch may be larger than a request should be.
            bytes == *len || bytes <= REQUEST_BYTES
        };
        let taken = chosen.iter().take_while(fits);
        let mut parts: Vec<InFlightBatch> = taken
            .filter_map(|(order, partition, _)| self.take(*partition, *order))
            .collect();
        let now = now();
        parts.iter_mut().for_each(|part| state.send(part, now));
        parts
    }

    /// Of each partition the first one that waits.
    fn firsts(&self) -> impl Iterator<Item = &InFlightBatch> {
        self.0
            .values()
            .filter_map(|waiting| waiting.values().next())
    }

    fn take(&mut self, partition: i32, order: u64) -> Option<InFlightBatch> {
        let waiting = self.0.get_mut(&partition)?;
        let part = waiting.remove(&order);
        if waiting.is_empty() {
            self.0.remove(&partition);
        }
        part
    }
}
