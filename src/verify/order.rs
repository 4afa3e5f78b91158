//! Whether messages of a partition stand in the order of their rows.

use std::collections::BTreeMap;
use std::sync::Mutex;

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;

use super::keyed::Hashed;
use super::side::ComparedRows;
use crate::sync::lock;

/// The base of the polynomial that a partition's order is hashed with, modulo 2^128. Odd, so that
/// no row is ever multiplied away, and with no low power near one, so that rows a few places apart
/// cannot exchange places unseen.
const STEP: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// Where a row is read: its piece, and its place in the piece. Pieces of a table follow its rows, and those
/// of a partition its offsets.
pub(super) type At = (u32, u32);

/// Where rows were found, and where they come from, by partition.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<i32, Vec<(At, At)>>);

/// Rows of a partition and what they add up to: another order adds up to something else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Link {
    rows: u64,
    sum: u128,
}

/// Joins the hashes of a side's pieces in their order, partition by partition, in whichever order
/// they are done.
#[derive(Debug, Default)]
pub(super) struct Chains(Mutex<Chained>);

#[derive(Debug, Default)]
struct Chained {
    next: u64,
    waiting: BTreeMap<u64, BTreeMap<i32, Link>>,
    ended: BTreeMap<i32, Link>,
}

impl Link {
    /// One more row.
    pub(super) fn add(&mut self, row: u128) {
        self.rows += 1;
        // A polynomial of the rows, unlike the sum of a bucket: pieces are hashed apart by any
        // worker and joined afterwards, for which the sum before is multiplied by the power of as
        // many rows as come behind it.
        self.sum = self.sum.wrapping_mul(STEP).wrapping_add(row);
    }

    fn then(self, next: Self) -> Self {
        // Square and multiply: a piece has thousands of rows.
        let mut power = STEP;
        let (mut left, mut sum) = (next.rows, self.sum);
        while left > 0 {
            if left % 2 == 1 {
                sum = sum.wrapping_mul(power);
            }
            power = power.wrapping_mul(power);
            left /= 2;
        }
        Self {
            rows: self.rows + next.rows,
            sum: sum.wrapping_add(next.sum),
        }
    }
}

impl Chains {
    /// A piece, of which each has to come.
    pub(super) fn add(&self, piece: u64, links: BTreeMap<i32, Link>) {
        let mut chained = lock(&self.0);
        chained.waiting.insert(piece, links);
        let mut next = chained.next;
        // Joining depends on the order, and pieces end in any, so that early ones wait.
        while let Some(links) = chained.waiting.remove(&next) {
            for (partition, link) in links {
                let ended = chained.ended.entry(partition).or_default();
                *ended = ended.then(link);
            }
            next += 1;
        }
        chained.next = next;
    }

    /// What all of them add up to.
    pub(super) fn end(&self) -> BTreeMap<i32, Link> {
        lock(&self.0).ended.clone()
    }
}

impl Found {
    /// One more row.
    pub(super) fn add(&mut self, partition: i32, found: At, expected: At) {
        self.0.entry(partition).or_default().push((found, expected));
    }

    /// The fewest rows without which all others are in order.
    pub(super) fn out_of_order(self) -> Vec<(At, At)> {
        let mut all = Vec::new();
        for mut rows in self.0.into_values() {
            // Only where something is wrong: the polynomial has said before that a partition is in
            // order, so that a topic that is as it should be is read once and keeps nothing of its
            // rows.
            rows.sort_unstable();
            if !rows.is_sorted_by_key(|(_, expected)| *expected) {
                // The fewest rows: one message that is late by a thousand places makes one line and
                // not a thousand.
                let rising = longest_rise(&rows);
                let others = rows.iter().zip(rising).filter(|(_, rising)| !rising);
                all.extend(others.map(|(row, _)| *row));
            }
        }
        all
    }
}

/// What the rows of a piece add up to, partition by partition.
pub(super) fn links(rows: &ComparedRows, column: usize, hashed: &Hashed) -> BTreeMap<i32, Link> {
    let mut links = BTreeMap::<i32, Link>::new();
    let partitions = rows.columns[column].as_primitive::<Int32Type>();
    for (row, bucket) in hashed.buckets.iter().enumerate() {
        if bucket.is_some() {
            let link = links.entry(partitions.value(row)).or_default();
            link.add(hashed.rows[row]);
        }
    }
    links
}

/// Which rows belong to the longest sequence that does not fall, by patience sorting in O(n log n):
/// for each length the row that ends the sequence with the lowest end, and for each row the one
/// before it.
fn longest_rise(rows: &[(At, At)]) -> Vec<bool> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before = Vec::with_capacity(rows.len());
    for (index, (_, row)) in rows.iter().enumerate() {
        let at = ends.partition_point(|end| rows[*end].1 <= *row);
        before.push(at.checked_sub(1).map(|at| ends[at]));
        match ends.get_mut(at) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut rising = vec![false; rows.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        rising[index] = true;
        next = before[index];
    }
    rising
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_in_their_order() {
        let ended = |pieces: &[(u64, &[(i32, u128)])]| {
            let chains = Chains::default();
            for (piece, rows) in pieces {
                let mut links = BTreeMap::<i32, Link>::new();
                rows.iter()
                    .for_each(|(partition, row)| links.entry(*partition).or_default().add(*row));
                chains.add(*piece, links);
            }
            chains.end()
        };
        let whole = ended(&[(0, &[(0, 7), (1, 8), (0, 9), (1, 10), (0, 11)])]);
        let parts: [(u64, &[(i32, u128)]); 3] = [
            (2, &[(1, 10), (0, 11)]),
            (0, &[(1, 8), (0, 7)]),
            (1, &[(0, 9)]),
        ];
        assert_eq!(ended(&parts), whole);
        let moved = ended(&[(0, &[(0, 7), (1, 10), (0, 9), (1, 8), (0, 11)])]);
        assert!(moved[&0] == whole[&0] && moved[&1] != whole[&1]);
        let fewer = ended(&[(0, &[(0, 9), (0, 11), (1, 0), (1, 8), (1, 10)])]);
        assert!(fewer[&0] != whole[&0] && fewer[&1] != whole[&1]);
    }

    #[test]
    fn the_fewest_rows_are_out_of_order() {
        let rows = |rows: &[u32]| {
            let mut found = Found::default();
            let rows = (0..).zip(rows);
            rows.for_each(|(offset, row)| found.add(3, (0, offset), (*row / 3, *row % 3)));
            found.add(4, (7, 0), (0, 0));
            let outside = found.out_of_order().into_iter();
            let rows = outside.map(|(_, (piece, index))| piece * 3 + index);
            rows.collect::<Vec<_>>()
        };
        assert_eq!(rows(&[]), [0; 0]);
        assert_eq!(rows(&[1, 2, 2, 9]), [0; 0]);
        assert_eq!(rows(&[2, 1, 3, 4]).len(), 1);
        assert_eq!(rows(&[4, 1, 2, 3]), [4]);
        assert_eq!(rows(&[2, 3, 4, 1]), [1]);
        assert_eq!(rows(&[1, 2, 9, 3, 4, 0, 5]), [9, 0]);
        assert_eq!(rows(&[4, 3, 2, 1]).len(), 3);
    }
}
