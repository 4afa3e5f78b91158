//! Record batches between the worker that made them and the broker that has them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::record_batch::{RecordBatch, Stamp};

/// At most so many bytes in a request, unless one record batch is larger.
const REQUEST_BYTES: usize = 4 << 20;

/// A record batch on its way.
#[derive(Debug)]
pub struct Part {
    /// Its place among all that were handed over.
    pub order: u64,
    /// The batch of rows it comes from.
    pub number: u64,
    /// What is sent.
    pub partition: i32,
    /// How many messages it has.
    pub rows: u32,
    /// Its bytes, shared with the request that is being written.
    pub bytes: bytes::Bytes,
    /// When it was handed over.
    pub since: Instant,
    /// The number of its first record in the partition, once it has one.
    pub sequence: Option<i32>,
    unstamped: Option<RecordBatch>,
}

/// A request that was sent and not answered.
#[derive(Debug)]
pub struct Request {
    /// Its number on its connection.
    pub number: i32,
    /// What it carries, at most one for each partition.
    pub parts: Vec<Part>,
    /// When it was sent.
    pub sent: Instant,
}

/// What waits to be sent, in the order in which it was handed over.
#[derive(Debug, Default)]
pub struct Pending(BTreeMap<u64, Part>);

/// The numbers that the broker tells a repetition by.
#[derive(Debug)]
pub struct Sequences {
    stamp: Stamp,
    next: HashMap<i32, i32>,
}

impl Part {
    /// A record batch that was handed over now.
    pub fn new(order: u64, number: u64, batch: RecordBatch) -> Self {
        Self {
            order,
            number,
            partition: batch.partition,
            rows: batch.rows,
            bytes: bytes::Bytes::new(),
            since: Instant::now(),
            sequence: None,
            unstamped: Some(batch),
        }
    }

    /// True when a partition whose last record has this number has all of it.
    pub fn is_within(&self, last: i32) -> bool {
        // After the greatest number comes 0; what is less than half of them ahead is later.
        let behind = |sequence: i32| last.wrapping_sub(sequence) & i32::MAX;
        self.sequence.is_some_and(|first| {
            let own = first.wrapping_add(self.rows.cast_signed() - 1) & i32::MAX;
            behind(own) < i32::MAX / 2
        })
    }

    /// Its size.
    pub fn len(&self) -> usize {
        self.unstamped
            .as_ref()
            .map_or(self.bytes.len(), |batch| batch.bytes.len())
    }
}

impl Sequences {
    /// Those of a producer; without idempotence nobody's.
    pub fn new(stamp: Option<Stamp>) -> Self {
        Self {
            stamp: stamp.unwrap_or(Stamp::NONE),
            next: HashMap::new(),
        }
    }

    /// The producer's id.
    pub fn producer_id(&self) -> i64 {
        self.stamp.producer_id
    }

    /// Stamps a part that is sent for the first time; it keeps its number for ever.
    fn stamp(&mut self, part: &mut Part) {
        let Some(mut batch) = part.unstamped.take() else {
            return;
        };
        let mut stamp = self.stamp;
        if stamp != Stamp::NONE {
            let next = self.next.entry(part.partition).or_default();
            stamp.sequence = *next;
            part.sequence = Some(*next);
            // After the greatest number comes 0.
            *next = next.wrapping_add(batch.rows.cast_signed()) & i32::MAX;
        }
        batch.stamp(stamp);
        part.bytes = batch.bytes.into();
    }
}

impl Pending {
    /// Puts a part into its place.
    pub fn put(&mut self, part: Part) {
        self.0.insert(part.order, part);
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that waits.
    pub fn take_all(&mut self) -> impl Iterator<Item = Part> {
        std::mem::take(&mut self.0).into_values()
    }

    /// The first one that waits.
    pub fn first(&self) -> Option<&Part> {
        self.0.values().next()
    }

    /// True when something of this partition waits that was handed over before.
    pub fn has_before(&self, partition: i32, order: u64) -> bool {
        self.0
            .range(..order)
            .any(|(_, part)| part.partition == partition)
    }

    /// The partitions of what waits.
    pub fn partitions(&self) -> HashSet<i32> {
        self.0.values().map(|part| part.partition).collect()
    }

    /// The next request to one broker, of the partitions it leads: one record batch for each, and
    /// of every partition the first that waits.
    pub fn request(&mut self, leads: impl Fn(i32) -> bool, sequences: &mut Sequences) -> Vec<Part> {
        let mut seen = HashSet::new();
        let mut bytes = 0;
        let mut chosen = Vec::new();
        for (order, part) in &self.0 {
            // A second one of a partition comes after the first, so it waits for the next request.
            if !seen.insert(part.partition) || !leads(part.partition) {
                continue;
            }
            if bytes > 0 && bytes + part.len() > REQUEST_BYTES {
                break;
            }
            bytes += part.len();
            chosen.push(*order);
        }
        let taken = chosen.into_iter().filter_map(|order| self.0.remove(&order));
        let mut parts: Vec<Part> = taken.collect();
        parts.iter_mut().for_each(|part| sequences.stamp(part));
        parts
    }
}

/// True when a request under way carries an earlier part of this partition.
pub fn carries_before(requests: &VecDeque<Request>, partition: i32, order: u64) -> bool {
    let mut parts = requests.iter().flat_map(|request| &request.parts);
    parts.any(|part| part.partition == partition && part.order < order)
}
