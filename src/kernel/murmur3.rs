//! Murmur3 of 32 bits with the seed 0, as Apache Iceberg hashes what it puts into buckets.

/// The hash of some bytes.
// Constants and steps are those of Austin Appleby's MurmurHash3_x86_32; Iceberg's specification,
// appendix B, asks for it, and other engines must find the rows in the buckets that we name.
pub fn murmur3(bytes: &[u8]) -> u32 {
    let mixed = |block: u32| {
        block
            .wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let mut hash = 0u32;
    let (blocks, rest) = bytes.as_chunks::<4>();
    for block in blocks {
        hash ^= mixed(u32::from_le_bytes(*block));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    if !rest.is_empty() {
        hash ^= mixed(u32::from_le_bytes(last));
    }
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::murmur3;

    /// The values that the specification of Iceberg gives in its appendix B.
    #[test]
    fn it_is_as_the_specification_says() {
        assert_eq!(murmur3(&34i64.to_le_bytes()), 2_017_239_379);
        assert_eq!(murmur3("iceberg".as_bytes()), 1_210_000_089);
        assert_eq!(murmur3(&[0, 1, 2, 3]), (-188_683_207i32) as u32);
        assert_eq!(murmur3(&17_486i64.to_le_bytes()), (-653_330_422i32) as u32);
        assert_eq!(murmur3(&[]), 0);
    }
}
