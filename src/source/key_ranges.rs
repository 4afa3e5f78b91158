//! Where each row is in the order of the key: ranges of keys and how many rows each has, so that any
//! rows can be asked for alone.
//!
//! The server counts rows by the upper bits of their keys, all ranges in one pass. Ranges with too many
//! rows are counted again by more bits, those with few are joined: keys may be dense, sparse or both.

use std::ops::RangeInclusive;

/// Ranges are joined up to so many rows. Of the range in which a batch begins the server passes over
/// the rows before it.
const FEW: u64 = 4096;

/// A range with more rows is counted again.
const MANY: u64 = 65_536;

/// So many ranges are counted in one pass, about.
const COUNTED: u64 = 16_384;

/// Keys that have their upper bits in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The smallest key and the largest one that are there.
    pub keys: RangeInclusive<i64>,
    pub rows: u64,
}

impl Group {
    /// Several rows have the only key that is there.
    pub fn is_crowded(&self) -> bool {
        self.rows > 1 && self.keys.start() == self.keys.end()
    }
}

/// Every row by its place in the order of the keys.
#[derive(Debug, Default)]
pub struct Ranges {
    /// By the number of their first row.
    all: Vec<Range>,
    rows: u64,
}

#[derive(Debug)]
struct Range {
    first_row: u64,
    keys: RangeInclusive<i64>,
}

/// What to ask for to have some rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// The keys among which they are.
    pub keys: RangeInclusive<i64>,
    /// How many rows of them come before.
    pub before: u64,
}

/// How many lower bits of the keys do not count, so that those of a group or of several fall into
/// about as many groups as are counted in a pass.
pub fn shift<'g>(groups: impl ExactSizeIterator<Item = &'g RangeInclusive<i64>>) -> u32 {
    // At least two: each pass halves what is too wide, so that there is an end.
    let each = (COUNTED / groups.len().max(1) as u64).max(2);
    let widest = groups.map(|keys| keys.start().abs_diff(*keys.end())).max();
    let bits = u64::BITS - widest.unwrap_or(0).leading_zeros();
    bits.saturating_sub(each.ilog2())
}

/// Splits off the groups that have to be counted again; none of a single key is.
pub fn heavy(groups: Vec<Group>) -> (Vec<Group>, Vec<Group>) {
    let is_heavy = |group: &Group| group.rows > MANY && group.keys.start() < group.keys.end();
    groups.into_iter().partition(is_heavy)
}

impl Ranges {
    pub fn new(mut groups: Vec<Group>) -> Self {
        groups.sort_by_key(|group| *group.keys.start());
        let mut ranges = Self::default();
        let mut open = 0;
        for group in groups {
            match ranges.all.last_mut() {
                Some(last) if open + group.rows <= FEW => {
                    last.keys = *last.keys.start()..=*group.keys.end();
                    open += group.rows;
                }
                _ => {
                    ranges.all.push(Range {
                        first_row: ranges.rows,
                        keys: group.keys,
                    });
                    open = group.rows;
                }
            }
            ranges.rows += group.rows;
        }
        ranges
    }

    /// All keys between two, each of one row.
    pub fn dense(keys: RangeInclusive<i64>) -> Self {
        let (least, most) = keys.into_inner();
        let rows = most.abs_diff(least) + 1;
        let range = |first_row: u64| {
            let last = (first_row + FEW - 1).min(rows - 1);
            Range {
                first_row,
                keys: least.wrapping_add_unsigned(first_row)..=least.wrapping_add_unsigned(last),
            }
        };
        let all = (0..rows).step_by(FEW as usize).map(range).collect();
        Self { all, rows }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Where `count` rows from row `first` on are; nothing of rows that are not there.
    pub fn cut(&self, first: u64, count: usize) -> Option<Cut> {
        let of_row = |row: u64| {
            let after = self.all.partition_point(|range| range.first_row <= row);
            self.all.get(after.checked_sub(1)?)
        };
        let last = (first + count as u64).checked_sub(1)?;
        let (from, to) = (of_row(first)?, of_row(last.min(self.rows))?);
        Some(Cut {
            keys: *from.keys.start()..=*to.keys.end(),
            before: first - from.first_row,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the server answers of these keys, all passes of it.
    fn counted(keys: &[i64]) -> (Vec<Group>, u32) {
        let pass = |keys: &mut dyn Iterator<Item = i64>, shift: u32| {
            let mut groups = std::collections::BTreeMap::new();
            for key in keys {
                let group = groups.entry(key >> shift).or_insert(Group {
                    keys: key..=key,
                    rows: 0,
                });
                group.keys = key.min(*group.keys.start())..=key.max(*group.keys.end());
                group.rows += 1;
            }
            groups.into_values().collect::<Vec<Group>>()
        };
        let (Some(least), Some(most)) = (keys.iter().min(), keys.iter().max()) else {
            return (Vec::new(), 0);
        };
        let (mut done, mut passes) = (Vec::new(), 0);
        let mut again = vec![*least..=*most];
        while !again.is_empty() {
            passes += 1;
            let shift = shift(again.iter());
            let mut among = keys
                .iter()
                .copied()
                .filter(|key| again.iter().any(|keys| keys.contains(key)));
            let (many, few) = heavy(pass(&mut among, shift));
            done.extend(few);
            again = many.into_iter().map(|group| group.keys).collect();
        }
        (done, passes)
    }

    fn check(keys: &[i64], first: u64, count: usize) {
        let (groups, _) = counted(keys);
        let ranges = Ranges::new(groups);
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        assert_eq!(ranges.rows(), keys.len() as u64);
        let cut = ranges.cut(first, count).unwrap();
        let among = sorted.iter().filter(|key| cut.keys.contains(key));
        let found: Vec<i64> = among
            .skip(cut.before as usize)
            .take(count)
            .copied()
            .collect();
        let first = first as usize;
        assert_eq!(found, sorted[first..first + count]);
        assert!(cut.before <= MANY);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_rows_are_found(
            keys in prop::collection::hash_set(prop_oneof![any::<i64>(), -50_i64..50, 1_000_000..1_020_000_i64], 1..6000),
            place in 0.0..1.0,
            count in 1_usize..3000,
        ) {
            let keys: Vec<i64> = keys.into_iter().collect();
            let first = (keys.len() as f64 * place) as usize;
            check(&keys, first as u64, count.min(keys.len() - first));
        }
    }

    #[test]
    fn keys_at_the_ends_and_in_heaps_are_found() {
        let mut keys: Vec<i64> = (0..200_000).map(|key| 5_000_000_000 + key).collect();
        keys.extend([i64::MIN, -1, 0, i64::MAX]);
        for (first, count) in [(0, 1), (0, 200_004), (150_000, 16_384), (200_003, 1)] {
            check(&keys, first, count);
        }
        // All keys, then those from 0 to the heap, then the heap.
        assert_eq!(counted(&keys).1, 3);
        let dense: Vec<i64> = (1..=500_000).collect();
        assert_eq!(counted(&dense).1, 1);
    }

    #[test]
    fn keys_without_gaps_are_found_without_counting_them() {
        for (least, rows) in [(1, 1), (-5, 4096), (7, 4097), (i64::MAX - 9999, 10_000)] {
            let most = least + (rows - 1);
            let (dense, rows) = (Ranges::dense(least..=most), rows as u64);
            assert_eq!(dense.rows(), rows);
            for (first, count) in [(0, 1), (rows / 2, rows - rows / 2), (rows - 1, 1)] {
                let cut = dense.cut(first, count as usize).unwrap();
                let row = |key: i64| key.abs_diff(least);
                assert_eq!(row(*cut.keys.start()) + cut.before, first);
                assert!(row(*cut.keys.end()) >= first + count - 1 && *cut.keys.end() <= most);
                assert!(cut.before < FEW);
            }
        }
    }

    #[test]
    fn no_rows_are_nowhere() {
        let none = Ranges::new(Vec::new());
        assert_eq!((none.rows(), none.cut(0, 1)), (0, None));
    }
}
