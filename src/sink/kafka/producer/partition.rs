//! Which partition a message goes to.

use std::fmt::Display;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::array_value_to_string;
use crc_fast::CrcAlgorithm::Crc32IsoHdlc;
use crc_fast::checksum;

use super::bad_rows::RefusedRows;
use super::rows::{BatchRows, RowKeys};
use crate::batch::Batch;
use crate::error::{Error, Result};

/// Which partition a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// By the key, as Java clients do.
    Murmur2,
    /// By the key, as librdkafka does.
    Crc32,
    /// Row by row in turn.
    RoundRobin,
    /// Record batch by record batch in turn.
    Sticky,
}

/// Where dealing in turn goes on.
#[derive(Debug, Default)]
pub struct Deal(AtomicU64);

/// Rows that stand side by side once the rows of a batch are in the order of their partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRun {
    /// Where they go.
    pub partition: i32,
    /// Where they stand in that order.
    pub rows: Range<usize>,
}

impl Deal {
    /// The first turn for `many` things of a batch. A table that is made has it from its rows, so that
    /// any number of threads sends the same: `made`. The batches of a stream may be of any size, leave
    /// rows out, or be empty, each in step with the number of partitions, and go on where the one before
    /// has ended.
    pub fn begin(&self, batch: &Batch, made: u64, many: usize) -> u64 {
        match batch.origin.is_empty() {
            true => made,
            // Round robin by row numbers sent nothing to some partitions where every other row of a
            // stream was left out, or every other batch was empty.
            false => self.0.fetch_add(many as u64, Ordering::Relaxed),
        }
    }
}

/// The partition whose turn it is.
pub fn turn_of(turn: u64, partitions: i32) -> i32 {
    (turn % u64::from(partitions.unsigned_abs())) as i32
}

/// The partition of each key, of so many; none where the key is null: those are dealt in turn.
pub fn by_key(partitioner: Partitioner, keys: &RowKeys, partitions: i32) -> Vec<Option<i32>> {
    let of = |key: &[u8]| match partitioner {
        Partitioner::Crc32 => checksum(Crc32IsoHdlc, key) as u32 % partitions.unsigned_abs(),
        // Java's `toPositive`: the sign bit is cut off. The absolute value would give other
        // partitions.
        _ => (murmur2(key) & 0x7fff_ffff) % partitions.unsigned_abs(),
    };
    let keys = (0..keys.len()).map(|row| keys.get(row));
    keys.map(|key| key.map(|key| of(key).cast_signed()))
        .collect()
}

/// The rows that a column sends to one of so many partitions, and to which; none where it is null.
/// Those that it sends elsewhere are left out where that is asked for.
///
/// # Errors
/// They are the end, or cannot be noted.
pub fn by_column(
    rows: BatchRows,
    column: usize,
    partitions: i32,
    refused: &mut RefusedRows<'_>,
) -> Result<(BatchRows, Vec<Option<i32>>)> {
    let given = rows.batch.column(column).clone();
    let numbers = cast(&given, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let (mut of, mut wrong) = (Vec::with_capacity(numbers.len()), Vec::new());
    let mut refuse = |place: usize, number: &dyn Display| {
        let row = rows.row(place);
        wrong.push(place);
        let error = Error::run(format!(
            "row {row} goes to partition {number}, but the topic has only {partitions}"
        ));
        refused.note(error, row)
    };
    for (place, number) in numbers.iter().enumerate() {
        match number {
            Some(number) if !(0..i64::from(partitions)).contains(&number) => {
                refuse(place, &number)?;
            }
            // A uint64 that no int64 holds is null after the cast, and would be dealt in turn.
            None if !given.is_null(place) => {
                refuse(place, &array_value_to_string(&given, place)?)?;
            }
            number => of.push(number.map(|number| number as i32)),
        }
    }
    match wrong.is_empty() {
        true => Ok((rows, of)),
        false => Ok((rows.without(&wrong)?, of)),
    }
}

/// The rows in the order of their partitions, and the run of each. Rows without a partition are
/// dealt in turn, the first one to `turn`.
pub fn scatter(of: &[Option<i32>], turn: u64, partitions: i32) -> (Vec<u32>, Vec<RowRun>) {
    let count = partitions.unsigned_abs() as usize;
    let mut turns = turn..;
    // A stable bucket sort: rows of one partition keep their order, which is what keys are for.
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (row, partition) in (0..).zip(of) {
        let partition = match partition {
            Some(partition) => *partition as usize,
            None => turn_of(turns.next().unwrap_or_default(), partitions) as usize,
        };
        buckets[partition].push(row);
    }
    let (mut order, mut runs) = (Vec::with_capacity(of.len()), Vec::new());
    for (partition, bucket) in (0..).zip(&mut buckets) {
        let begin = order.len();
        order.append(bucket);
        if begin < order.len() {
            let rows = begin..order.len();
            runs.push(RowRun { partition, rows });
        }
    }
    (order, runs)
}

/// MurmurHash2 of 32 bits with the seed of Kafka's Java clients
/// (`org.apache.kafka.common.utils.Utils.murmur2`).
pub fn murmur2(key: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ key.len() as u32;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            // Java's bytes are signed, and Kafka masks them to 0..255 here: so do ours.
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_their_partitions_in_their_order_and_those_without_in_turn() {
        let of = [Some(1), Some(0), Some(1), None, Some(1), None];
        let (order, runs) = scatter(&of, 5, 2);
        assert_eq!(order, [1, 5, 0, 2, 3, 4]);
        let run = |partition, rows| RowRun { partition, rows };
        assert_eq!(runs, [run(0, 0..2), run(1, 2..6)]);
    }

    #[test]
    fn keys_hash_as_in_kafkas_own_test() {
        // UtilsTest.testMurmur2 of Apache Kafka.
        let known = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }
}
