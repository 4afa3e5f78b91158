//! Whether messages of a partition stand in the order of their rows.

use std::collections::BTreeMap;

/// Where rows were found: by partition, their offsets and their rows.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<i32, Vec<(u64, u64)>>);

impl Found {
    /// One more row.
    pub(super) fn add(&mut self, partition: i32, offset: u64, row: u64) {
        self.0.entry(partition).or_default().push((offset, row));
    }

    /// The fewest rows without which all others are in order.
    pub(super) fn out_of_order(self) -> u64 {
        let of_partition = |mut rows: Vec<(u64, u64)>| {
            rows.sort_unstable();
            let rows: Vec<u64> = rows.into_iter().map(|(_, row)| row).collect();
            rows.len() - longest_rise(&rows)
        };
        self.0
            .into_values()
            .map(|rows| of_partition(rows) as u64)
            .sum()
    }
}

/// The length of the longest sequence of rows that do not fall: for each length, the least row that one of
/// it ends with.
fn longest_rise(rows: &[u64]) -> usize {
    let mut ends: Vec<u64> = Vec::new();
    for row in rows {
        let at = ends.partition_point(|end| end <= row);
        match ends.get_mut(at) {
            Some(end) => *end = *row,
            None => ends.push(*row),
        }
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_rows_are_out_of_order() {
        let count = |rows: &[u64]| {
            let mut found = Found::default();
            let rows = (0..).zip(rows);
            rows.for_each(|(offset, row)| found.add(3, offset, *row));
            found.add(4, 7, 0);
            found.out_of_order()
        };
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[1, 2, 2, 9]), 0);
        assert_eq!(count(&[2, 1, 3, 4]), 1);
        assert_eq!(count(&[4, 1, 2, 3]), 1);
        assert_eq!(count(&[2, 3, 4, 1]), 1);
        assert_eq!(count(&[4, 3, 2, 1]), 3);
    }
}
