//! One number of all that a sink has written.

use sha2::{Digest, Sha256};

use crate::units::hexadecimal;

/// One number of all files of a sink, wherever they lie and however they are called: the SHA-256 of their
/// own, a line each, sorted. None where one of them is not known.
pub fn digest<'s>(sums: impl Iterator<Item = Option<&'s str>>) -> Option<String> {
    let mut sums: Vec<&str> = sums.collect::<Option<_>>()?;
    if sums.is_empty() {
        return None;
    }
    // Sorted: neither names nor the order of files matter, so that a copy in another place has the
    // same number.
    sums.sort_unstable();
    let mut hash = Sha256::new();
    for sum in sums {
        hash.update(sum);
        hash.update("\n");
    }
    Some(hexadecimal(&hash.finalize()))
}
