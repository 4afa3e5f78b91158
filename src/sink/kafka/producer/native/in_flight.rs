//! Record batches between the worker that made them and the broker that has them.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::record_batch::{RecordBatch, Stamp};

/// A record batch on its way.
#[derive(Debug)]
pub struct InFlightBatch {
    /// Its place among all that were handed over.
    pub order: u64,
    /// The batch of rows it comes from.
    pub number: u64,
    /// What is sent.
    pub partition: i32,
    /// How many messages it has.
    pub rows: u32,
    /// Bytes of their keys and values.
    pub payload: usize,
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
pub struct RequestInFlight {
    /// Its number on its connection.
    pub number: i32,
    /// What it carries, at most one for each partition.
    pub parts: Vec<InFlightBatch>,
    /// When it was sent.
    pub sent: Instant,
}

/// What is known of each partition: the numbers that the broker tells a repetition by, and how much
/// may be under way.
#[derive(Debug)]
pub struct Partitions {
    stamp: Stamp,
    all: HashMap<i32, ProducerPartition>,
}

/// One partition of an idempotent producer.
#[derive(Debug, Default)]
struct ProducerPartition {
    /// The number of the next record.
    next: i32,
    /// Parts under way.
    in_flight: usize,
    /// The broker has something of this producer, so it refuses what does not follow it. Before, it
    /// takes whatever comes first, even when an earlier part has to be sent again.
    proven: bool,
    /// What is under way was sent before.
    again: bool,
}

impl InFlightBatch {
    /// A record batch that was handed over now.
    pub fn new(order: u64, number: u64, batch: RecordBatch) -> Self {
        Self {
            order,
            number,
            partition: batch.partition,
            rows: batch.rows,
            payload: batch.payload,
            bytes: bytes::Bytes::new(),
            since: Instant::now(),
            sequence: None,
            unstamped: Some(batch),
        }
    }

    /// True when a partition whose last record has this number has all of it.
    pub fn is_within(&self, last: i32) -> bool {
        // After the greatest number comes 0; what is less than half of them ahead is later.
        // Sequence numbers are of 31 bits and begin again at 0, so that "before" is only a matter
        // of distance.
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

impl Partitions {
    /// Those of a producer; without idempotence nobody's.
    pub fn new(stamp: Option<Stamp>) -> Self {
        Self {
            stamp: stamp.unwrap_or(Stamp::NONE),
            all: HashMap::new(),
        }
    }

    /// The producer's id.
    pub fn producer_id(&self) -> i64 {
        self.stamp.producer_id
    }

    /// True when this part may be sent now: alone, while the broker has nothing of this producer or
    /// something is sent again; behind others otherwise.
    pub fn allows(&self, part: &InFlightBatch) -> bool {
        if self.stamp == Stamp::NONE {
            return true;
        }
        let Some(partition) = self.all.get(&part.partition) else {
            return true;
        };
        // A broker that knows nothing of this producer takes whatever comes first as its beginning:
        // had an earlier part been lost on the way, a later one would stand in its place and the
        // earlier one be refused as a repetition. Rows were lost that way before this rule.
        partition.in_flight == 0
            || (partition.proven && !partition.again && part.unstamped.is_some())
    }

    /// A part is sent now. One that is sent for the first time gets its number and its time, which it
    /// keeps for ever.
    pub fn send(&mut self, part: &mut InFlightBatch, now: i64) {
        let partition = self.all.entry(part.partition).or_default();
        partition.in_flight += 1;
        let Some(mut batch) = part.unstamped.take() else {
            partition.again = true;
            return;
        };
        let mut stamp = self.stamp;
        if stamp != Stamp::NONE {
            stamp.sequence = partition.next;
            part.sequence = Some(partition.next);
            // After the greatest number comes 0.
            partition.next = partition.next.wrapping_add(batch.rows.cast_signed()) & i32::MAX;
        }
        batch.stamp(stamp, now);
        // The number and the time are given once, at the first sending: a repetition has to be the
        // same bytes, or the broker does not know it for one.
        part.bytes = batch.bytes.into();
    }

    /// A part is not under way any more.
    pub fn back(&mut self, part: &InFlightBatch) {
        if let Some(partition) = self.all.get_mut(&part.partition) {
            partition.in_flight -= 1;
            // Until all of them are back nothing new may overtake what is sent again.
            partition.again &= partition.in_flight > 0;
        }
    }

    /// The broker has something of this producer.
    pub fn proven(&mut self, part: &InFlightBatch) {
        self.all.entry(part.partition).or_default().proven = true;
    }
}

/// True when a request under way carries an earlier part of this partition.
pub fn carries_before(requests: &VecDeque<RequestInFlight>, partition: i32, order: u64) -> bool {
    let mut parts = requests.iter().flat_map(|request| &request.parts);
    parts.any(|part| part.partition == partition && part.order < order)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::options::Codec;
    use super::super::super::messages::{ByteStrings, MessageBatch, MessageGroup};
    use super::super::compress::Compressor;
    use super::super::pending::{Pending, REQUEST_BYTES};
    use super::super::record_batch::encode;
    use super::*;

    fn part(order: u64, partition: i32) -> InFlightBatch {
        let mut values = ByteStrings::default();
        for _ in 0..3 {
            values.cells.end();
        }
        let messages = MessageBatch {
            values,
            ..MessageBatch::default()
        };
        let group = MessageGroup {
            partition,
            rows: 0..3,
            first_row: 0,
            bytes: 0,
        };
        InFlightBatch::new(
            order,
            order,
            encode(
                &messages,
                &group,
                0,
                &mut Compressor::new(Codec::None).unwrap(),
            )
            .unwrap(),
        )
    }

    fn partitions() -> Partitions {
        Partitions::new(Some(Stamp {
            producer_id: 1,
            epoch: 0,
            sequence: 0,
        }))
    }

    fn orders(parts: &[InFlightBatch]) -> Vec<u64> {
        parts.iter().map(|part| part.order).collect()
    }

    #[test]
    fn the_first_part_of_a_partition_is_sent_alone_until_the_broker_has_it() {
        let (mut pending, mut state) = (Pending::default(), partitions());
        for (order, partition) in [(0, 7), (1, 7), (2, 8), (3, 7), (4, 7)] {
            pending.put(part(order, partition));
        }
        let mut first = pending.request(|_| true, &mut state);
        assert_eq!(orders(&first), [0, 2]);
        assert!(pending.request(|_| true, &mut state).is_empty());
        // It failed and is sent again, still alone, with the number that it has.
        let again = first.remove(0);
        state.back(&again);
        pending.put(again);
        let mut second = pending.request(|_| true, &mut state);
        assert_eq!(orders(&second), [0]);
        assert_eq!(second[0].sequence, Some(0));
        assert!(pending.request(|_| true, &mut state).is_empty());
        let done = second.remove(0);
        state.back(&done);
        state.proven(&done);
        // Now the others follow each other, each in a request of its own.
        let third = pending.request(|_| true, &mut state);
        let fourth = pending.request(|_| true, &mut state);
        assert_eq!((orders(&third), orders(&fourth)), (vec![1], vec![3]));
        assert_eq!(fourth[0].sequence, Some(6));
    }

    #[test]
    fn nothing_overtakes_a_part_that_is_sent_again() {
        let (mut pending, mut state) = (Pending::default(), partitions());
        state.proven(&part(0, 7));
        for order in 0..4 {
            pending.put(part(order, 7));
        }
        let first = pending.request(|_| true, &mut state);
        let second = pending.request(|_| true, &mut state);
        for part in first.into_iter().chain(second) {
            state.back(&part);
            pending.put(part);
        }
        let again = pending.request(|_| true, &mut state);
        assert_eq!(orders(&again), [0]);
        assert!(pending.request(|_| true, &mut state).is_empty());
        state.back(&again[0]);
        assert_eq!(orders(&pending.request(|_| true, &mut state)), [1]);
    }

    /// A broker that was away for a while finds very many.
    #[test]
    fn a_request_costs_the_same_however_much_waits() {
        let (mut pending, mut state) = (Pending::default(), partitions());
        let like = part(0, 0);
        let (count, partitions) = (100_000, 20);
        for order in 0..count {
            let partition = (order % partitions) as i32;
            let unstamped = None;
            pending.put(InFlightBatch {
                order,
                partition,
                unstamped,
                bytes: like.bytes.clone(),
                ..part(order, partition)
            });
        }
        let begun = Instant::now();
        let mut next = 0;
        while !pending.is_empty() {
            assert_eq!(pending.first().map(|part| part.order), Some(next));
            let parts = pending.request(|_| true, &mut state);
            assert!(orders(&parts).into_iter().eq(next..next + partitions));
            parts.iter().for_each(|part| state.back(part));
            next += partitions;
        }
        assert_eq!(next, count);
        // To look at all of them for each request took minutes.
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_request_has_its_size_and_others_wait() {
        let (mut pending, mut state) = (Pending::default(), partitions());
        for (order, partition) in [(0, 3), (1, 1), (2, 2)] {
            pending.put(InFlightBatch {
                bytes: vec![0; REQUEST_BYTES / 2 + 1].into(),
                unstamped: None,
                ..part(order, partition)
            });
        }
        assert!(pending.has_before(1, 2) && !pending.has_before(1, 1) && !pending.has_before(7, 9));
        // One that is larger than a request goes alone.
        for order in 0..3 {
            assert_eq!(orders(&pending.request(|_| true, &mut state)), [order]);
        }
        assert!(pending.is_empty());
    }

    #[test]
    fn numbers_go_on_from_0_after_the_greatest() {
        let mut part = part(0, 7);
        part.sequence = Some(i32::MAX - 1);
        assert!(!part.is_within(i32::MAX - 2));
        assert!(!part.is_within(i32::MAX));
        assert!(part.is_within(0));
        assert!(part.is_within(5));
    }
}
