//! Two lists that should be equal, aligned: what is on both sides in one order, what stands elsewhere, what
//! stands in the place of something else, and what is on one side alone.

use std::collections::HashMap;
use std::hash::Hash;

/// What becomes of a thing that should be there, or that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aligned {
    /// A thing of the first list stands elsewhere in the second.
    Moved(usize, usize),
    /// In the place of a thing of the first list stands another one of the second.
    Replaced(usize, usize),
    /// A thing of the first list is missing in the second.
    Missing(usize),
    /// A thing of the second list is not in the first.
    Extra(usize),
}

/// Longer lists are compared by what they have in common at both ends, and by what each thing is.
// The table of lengths has four bytes for each pair: 16 MiB. A row with more than two thousand
// changes on either side is beyond it, and is compared by its ends alone.
const MOST: usize = 1 << 22;

/// What is not as it should be, in order.
pub(super) fn align<T: Eq + Hash>(expected: &[T], found: &[T]) -> Vec<Aligned> {
    let pairs = || expected.iter().zip(found);
    // Nearly all rows are right but for one change: what is equal at both ends is taken off before
    // the quadratic part.
    let head = pairs().take_while(|(one, other)| one == other).count();
    let rest = (&expected[head..], &found[head..]);
    let backwards = rest.0.iter().rev().zip(rest.1.iter().rev());
    let tail = backwards.take_while(|(one, other)| one == other).count();
    let expected = &rest.0[..rest.0.len() - tail];
    let found = &rest.1[..rest.1.len() - tail];
    let common = match expected.len().saturating_mul(found.len()) <= MOST {
        true => longest(expected, found),
        false => Vec::new(),
    };
    let mut told = Vec::new();
    // A change that is told in another place is one difference and not a missing one beside an
    // extra one.
    let mut moved = strangers(expected, found, &common);
    let mut gone = vec![false; found.len()];
    for to in moved.values() {
        gone[*to] = true;
    }
    let ends = common
        .iter()
        .copied()
        .chain([(expected.len(), found.len())]);
    let mut from = (0, 0);
    for end in ends {
        let one: Vec<usize> = (from.0..end.0).collect();
        let (elsewhere, here): (Vec<usize>, Vec<usize>) =
            one.into_iter().partition(|index| moved.contains_key(index));
        for index in elsewhere {
            if let Some(to) = moved.remove(&index) {
                told.push(Aligned::Moved(head + index, head + to));
            }
        }
        let there: Vec<usize> = (from.1..end.1).filter(|index| !gone[*index]).collect();
        // What stands between the same two neighbours on both sides is taken for the same thing
        // with other values.
        let both = here.len().min(there.len());
        told.extend((0..both).map(|at| Aligned::Replaced(head + here[at], head + there[at])));
        told.extend(
            here[both..]
                .iter()
                .map(|index| Aligned::Missing(head + index)),
        );
        told.extend(
            there[both..]
                .iter()
                .map(|index| Aligned::Extra(head + index)),
        );
        from = (end.0 + 1, end.1 + 1);
    }
    told
}

/// The places of a longest list that both have in order.
fn longest<T: Eq>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    let mut lengths = vec![0u32; (one.len() + 1) * width];
    for a in (0..one.len()).rev() {
        for b in (0..other.len()).rev() {
            // The longest common subsequence by dynamic programming, from the end so that the walk
            // below goes forward.
            lengths[a * width + b] = match one[a] == other[b] {
                true => lengths[(a + 1) * width + b + 1] + 1,
                false => lengths[(a + 1) * width + b].max(lengths[a * width + b + 1]),
            };
        }
    }
    let (mut a, mut b, mut common) = (0, 0, Vec::new());
    while a < one.len() && b < other.len() {
        if one[a] == other[b] {
            common.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if lengths[(a + 1) * width + b] >= lengths[a * width + b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    common
}

/// What stands on both sides but in no common order: where each thing of the first list is in the
/// second.
fn strangers<T: Eq + Hash>(
    expected: &[T],
    found: &[T],
    common: &[(usize, usize)],
) -> HashMap<usize, usize> {
    let mut left: HashMap<&T, Vec<usize>> = HashMap::new();
    let mut of_common = common.iter().map(|(_, other)| *other).peekable();
    for (index, thing) in found.iter().enumerate() {
        if of_common.next_if_eq(&index).is_none() {
            left.entry(thing).or_default().push(index);
        }
    }
    let mut of_common = common.iter().map(|(one, _)| *one).peekable();
    let mut moved = HashMap::new();
    for (index, thing) in expected.iter().enumerate() {
        if of_common.next_if_eq(&index).is_none()
            && let Some(to) = left.get_mut(thing).filter(|places| !places.is_empty())
        {
            moved.insert(index, to.remove(0));
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::Aligned::{Extra, Missing, Moved, Replaced};
    use super::*;

    #[test]
    fn what_is_not_as_it_should_be_is_told_alone() {
        let told = |one: &str, other: &str| align(one.as_bytes(), other.as_bytes());
        for (one, other, expected) in [
            ("abcd", "abcd", vec![]),
            ("abcd", "abd", vec![Missing(2)]),
            (
                "abcd",
                "",
                vec![Missing(0), Missing(1), Missing(2), Missing(3)],
            ),
            ("abcd", "abxd", vec![Replaced(2, 2)]),
            ("abcd", "abcxd", vec![Extra(3)]),
            ("abcd", "acbd", vec![Moved(1, 2)]),
            (
                "abcdefg",
                "abdcfxg",
                vec![Moved(2, 3), Missing(4), Extra(5)],
            ),
            ("abab", "ab", vec![Missing(2), Missing(3)]),
        ] {
            let found = told(one, other);
            let shape = |all: &[Aligned]| all.len();
            assert_eq!(shape(&found), shape(&expected), "{one} {other} {found:?}");
            if one != "abab" {
                assert_eq!(found, expected, "{one} {other}");
            }
        }
    }

    #[test]
    fn long_lists_are_compared_in_little_memory() {
        let one: Vec<u32> = (0..10_000).collect();
        let mut other = one.clone();
        other.remove(7);
        other.remove(9_000);
        let told = align(&one, &other);
        assert!(told.contains(&Missing(7)), "{}", told.len());
    }
}
