//! Whether a whole buffer is free of some bytes, in one pass that vectorises.

use crate::dispatched;

/// Bytes that are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Special {
    /// These.
    pub bytes: [u8; 4],
    /// And all below this one.
    pub below: u8,
}

/// Bytes between two questions whether a special one was found: a branch for each byte would keep the loop
/// from being vectorised, and no question at all would read a whole batch to its end.
const CHUNK: usize = 4096;

impl Special {
    /// True when one of the bytes is in the buffer.
    pub fn is_in(self, bytes: &[u8]) -> bool {
        let mut found = false;
        scan(self, bytes, &mut found);
        found
    }
}

dispatched! {
    fn scan(special: Special, bytes: &[u8], found: &mut bool) {
        let Special { bytes: [a, b, c, d], below } = special;
        for chunk in bytes.chunks(CHUNK) {
            let any = chunk.iter().fold(false, |any, byte| {
                any | (*byte == a) | (*byte == b) | (*byte == c) | (*byte == d) | (*byte < below)
            });
            if any {
                *found = true;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_wherever_it_stands() {
        let special = Special {
            bytes: *b"\",\\\xff",
            below: b' ',
        };
        for length in [0, 1, 31, 64, 100, 4096, 5000] {
            let plain = vec![b'x'; length];
            assert!(!special.is_in(&plain));
            for at in (0..length).step_by(61) {
                for byte in 0..=255 {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    let expected = special.bytes.contains(&byte) || byte < special.below;
                    assert_eq!(special.is_in(&bytes), expected);
                }
            }
        }
    }
}
