//! Which partition a message goes to.

use super::messages::Bytes;

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

/// The partition of each key, of so many; none where the key is null: those are dealt in turn.
pub fn by_key(partitioner: Partitioner, keys: &Bytes, partitions: i32, out: &mut Vec<Option<i32>>) {
    let of = |key: &[u8]| match partitioner {
        Partitioner::Crc32 => crc32fast::hash(key) % partitions.unsigned_abs(),
        _ => (murmur2(key) & 0x7fff_ffff) % partitions.unsigned_abs(),
    };
    out.extend((0..keys.len()).map(|row| keys.get(row).map(|key| of(key).cast_signed())));
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
