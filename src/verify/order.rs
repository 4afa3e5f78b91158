//! Whether messages of a partition stand in the order of their rows.

use std::collections::BTreeMap;

/// Where a row is read: its piece, and its place in the piece. Pieces of a table follow its rows, and those
/// of a partition its offsets.
pub(super) type At = (u32, u32);

/// Where rows were found, and where they come from, by partition.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<i32, Vec<(At, At)>>);

impl Found {
    /// One more row.
    pub(super) fn add(&mut self, partition: i32, found: At, expected: At) {
        self.0.entry(partition).or_default().push((found, expected));
    }

    /// The fewest rows without which all others are in order.
    pub(super) fn out_of_order(self) -> Vec<(At, At)> {
        let mut all = Vec::new();
        for mut rows in self.0.into_values() {
            rows.sort_unstable();
            if !rows.is_sorted_by_key(|(_, expected)| *expected) {
                let rising = longest_rise(&rows);
                let others = rows.iter().zip(rising).filter(|(_, rising)| !rising);
                all.extend(others.map(|(row, _)| *row));
            }
        }
        all
    }
}

/// Which rows are of the longest sequence that does not fall: for each length, the row with which the
/// lowest one of it ends; and for each row the one before it.
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
