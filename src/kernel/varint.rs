//! Zigzag varints, as Avro and Kafka's records have them, without a branch for each byte.

/// The most bytes of a number, and the room that `put` needs.
pub const LONG: usize = 10;

/// Writes a zigzag varint at `at`; says where it ends.
#[inline(always)]
pub fn put_long(out: &mut [u8], at: usize, value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    // Eight groups of seven bits fill one word; greater numbers take the loop.
    if zigzag >> 56 != 0 {
        return put_wide(out, at, zigzag);
    }
    // Groups of 28, 14 and 7 bits move apart, until each byte has seven.
    let spread = (zigzag & 0x0fff_ffff) | (zigzag & 0x00ff_ffff_f000_0000) << 4;
    let spread = (spread & 0x0000_3fff_0000_3fff) | (spread & 0x0fff_c000_0fff_c000) << 2;
    let spread = (spread & 0x007f_007f_007f_007f) | (spread & 0x3f80_3f80_3f80_3f80) << 1;
    let last = (63 - (spread | 1).leading_zeros() as usize) / 8;
    let more = 0x8080_8080_8080_8080 & ((1 << (8 * last)) - 1);
    out[at..at + 8].copy_from_slice(&(spread | more).to_le_bytes());
    at + last + 1
}

fn put_wide(out: &mut [u8], mut at: usize, mut rest: u64) -> usize {
    while rest >= 0x80 {
        out[at] = rest as u8 | 0x80;
        at += 1;
        rest >>= 7;
    }
    out[at] = rest as u8;
    at + 1
}

/// A length and bytes.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_long(out, bytes.len() as i64);
    out.extend_from_slice(bytes);
}

/// A zigzag varint.
pub fn write_long(out: &mut Vec<u8>, value: i64) {
    let mut room = [0; LONG];
    let end = put_long(&mut room, 0, value);
    out.extend_from_slice(&room[..end]);
}

/// A zigzag varint off the front; nothing where it does not end.
pub fn read_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut zigzag = 0_u64;
    // Ten bytes at most: whatever the input is, reading ends.
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        zigzag |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_those_of_the_loop() {
        let powers = (0..64).flat_map(|bit| [-1, 0, 1].map(|by| (1_i64 << bit).wrapping_add(by)));
        for value in powers.flat_map(|value| [value, value.wrapping_neg()]) {
            let (mut fast, mut plain) = ([0; LONG], [0; LONG]);
            let end = put_long(&mut fast, 0, value);
            let zigzag = ((value << 1) ^ (value >> 63)) as u64;
            assert_eq!(end, put_wide(&mut plain, 0, zigzag));
            assert_eq!(fast[..end], plain[..end], "{value}");
            let mut written = &fast[..end];
            assert_eq!((read_long(&mut written), written), (Some(value), &[][..]));
        }
    }
}
