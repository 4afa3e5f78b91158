//! Bloom filters: values are hashed by the workers, bits set when the row group ends.

use parquet::bloom_filter::Sbbf;
use twox_hash::XxHash64;

use super::values::PageValues;
use crate::error::{Error, Result};

/// What the format multiplies a hash with to find its bit in each word of a block.
// Parquet's "Bloom Filter" specification: split block filters, with XXH64 and the seed 0.
const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

const BLOCK_BYTES: usize = 32;

/// How large the filter of a chunk is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BloomSize {
    /// Distinct values at most.
    pub distinct: u64,
    /// How many of the values that are not there seem to be.
    pub wrong: f64,
}

/// The hash of a value.
pub(super) fn hash(value: &[u8]) -> u64 {
    XxHash64::oneshot(0, value)
}

/// Adds the hashes of values.
pub(super) fn hashes(values: &PageValues<'_>, out: &mut Vec<u64>) {
    match values {
        PageValues::Int32(values) => {
            out.extend(values.iter().map(|value| hash(&value.to_le_bytes())))
        }
        PageValues::Int64(values) => {
            out.extend(values.iter().map(|value| hash(&value.to_le_bytes())))
        }
        PageValues::Text { offsets, bytes } => {
            let text = |ends: &[i32]| hash(&bytes[ends[0] as usize..ends[1] as usize]);
            out.extend(offsets.windows(2).map(text));
        }
        PageValues::Fixed(bytes, width) => out.extend(bytes.chunks_exact(*width).map(hash)),
        _ => out.extend((0..values.len()).map(|place| hash(&values.value(place)))),
    }
}

/// The filter of what has these hashes, no larger than it must be.
pub(super) fn filter<'a>(
    figures: &BloomSize,
    hashes: impl Iterator<Item = &'a u64>,
) -> Result<Sbbf> {
    let empty = Sbbf::new_with_ndv_fpp(figures.distinct, figures.wrong)
        .map_err(|error| Error::because("sizing a Bloom filter", error))?;
    let blocks = empty.num_blocks();
    let mut bits = vec![0_u8; blocks * BLOCK_BYTES];
    for hash in hashes {
        let block = (((hash >> 32) * blocks as u64) >> 32) as usize;
        let words = bits[block * BLOCK_BYTES..].as_chunks_mut::<4>().0;
        for (word, salt) in words.iter_mut().zip(SALT) {
            let bit = (*hash as u32).wrapping_mul(salt) >> 27;
            word[bit as usize / 8] |= 1 << (bit % 8);
        }
    }
    let mut filter = Sbbf::new(&bits);
    // The size follows from what is known of the column before the first row; a filter that came
    // out emptier is halved until it is as full as it may be.
    filter.fold_to_target_fpp(figures.wrong);
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_those_of_the_library() {
        let figures = BloomSize {
            distinct: 2000,
            wrong: 0.01,
        };
        let numbers: Vec<i64> = (0..1000).map(|n| n * n - 7).collect();
        let mut twin = Sbbf::new_with_ndv_fpp(2000, 0.01).unwrap();
        numbers.iter().for_each(|number| twin.insert(number));
        twin.fold_to_target_fpp(0.01);
        let mut found = Vec::new();
        hashes(&PageValues::Int64(&numbers), &mut found);
        let ours = filter(&figures, found.iter()).unwrap();
        let bytes = |filter: &Sbbf| {
            let mut out = Vec::new();
            filter.write(&mut out).unwrap();
            out
        };
        assert_eq!(bytes(&ours), bytes(&twin));
        assert!(numbers.iter().all(|number| ours.check(number)));
    }
}
