//! The order of the files of a set: as people count, so that `part-10` stands behind `part-9`.

use std::cmp::Ordering;
use std::path::Path;

/// Folder by folder; runs of digits by their number, everything else by its bytes.
pub fn natural(one: &Path, other: &Path) -> Ordering {
    let names = |path: &Path| -> Vec<Vec<u8>> {
        let names = path.components();
        names
            .map(|name| name.as_os_str().as_encoded_bytes().to_vec())
            .collect()
    };
    let (ones, others) = (names(one), names(other));
    for (one, other) in ones.iter().zip(&others) {
        let order = name(one, other);
        if order != Ordering::Equal {
            return order;
        }
    }
    ones.len().cmp(&others.len())
}

fn name(one: &[u8], other: &[u8]) -> Ordering {
    let (mut left, mut right) = (one, other);
    while let (Some(first), Some(second)) = (left.first(), right.first()) {
        let order = match first.is_ascii_digit() && second.is_ascii_digit() {
            true => number(&mut left, &mut right),
            false => {
                (left, right) = (&left[1..], &right[1..]);
                first.cmp(second)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    // `1` and `01` are one number, and two names.
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

fn number(one: &mut &[u8], other: &mut &[u8]) -> Ordering {
    let (one, other) = (digits(one), digits(other));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// The digits that the text begins with, without zeros before them; it goes on behind them.
fn digits<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    *text = rest;
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count() {
        let mut names = [
            "part-10.csv",
            "part-9.csv",
            "part-00011.csv",
            "a/z",
            "a",
            "b",
            "part-9a.csv",
            "day=2026-01-02/x",
            "day=2026-01-01/y",
            "part-1000000.csv",
            "part-99999.csv",
        ]
        .map(Path::new);
        names.sort_by(|one, other| natural(one, other));
        let expected = [
            "a",
            "a/z",
            "b",
            "day=2026-01-01/y",
            "day=2026-01-02/x",
            "part-9.csv",
            "part-9a.csv",
            "part-10.csv",
            "part-00011.csv",
            "part-99999.csv",
            "part-1000000.csv",
        ]
        .map(Path::new);
        assert_eq!(names, expected);
        assert_eq!(natural(Path::new("1"), Path::new("01")), Ordering::Greater);
        assert_eq!(natural(Path::new("x1"), Path::new("x1")), Ordering::Equal);
    }
}
