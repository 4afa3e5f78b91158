//! Places in a table of combinations, and what stands there: one row of a batch after the other.

use crate::dispatched;

dispatched! {
    /// Adds each key, `scale` times, to its row's place.
    pub fn add_keys(places: &mut [u32], keys: &[i32], scale: u32) {
        for (place, key) in places.iter_mut().zip(keys) {
            *place = place.wrapping_add((*key as u32).wrapping_mul(scale));
        }
    }

    /// Adds each number, `scale` times, to its row's place.
    pub fn add_numbers(places: &mut [u32], numbers: &[u32], scale: u32) {
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = place.wrapping_add(number.wrapping_mul(scale));
        }
    }

    /// Appends what stands at each place of `table`, of an empty one nothing; a place beyond it is
    /// taken for its last one.
    pub fn look_up(table: &[i32], places: &[u32], out: &mut Vec<i32>) {
        let Some(last) = table.len().checked_sub(1) else { return };
        debug_assert!(places.iter().all(|place| *place as usize <= last));
        // Held within the table instead of checked: a branch that panics would keep the loop from
        // being vectorised.
        out.extend(places.iter().map(|place| table[(*place as usize).min(last)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_gets_what_stands_at_its_place() {
        for rows in [0, 1, 7, 64, 1001] {
            let keys: Vec<i32> = (0..rows).map(|row| row % 3).collect();
            let numbers: Vec<u32> = (0..rows as u32).map(|row| row % 5).collect();
            let table: Vec<i32> = (0..15).map(|place| 100 - place).collect();
            let mut places = vec![0; keys.len()];
            add_keys(&mut places, &keys, 1);
            add_numbers(&mut places, &numbers, 3);
            let mut out = Vec::new();
            look_up(&table, &places, &mut out);
            let expected: Vec<i32> = (0..rows).map(|row| 100 - (row % 3 + row % 5 * 3)).collect();
            assert_eq!(out, expected);
        }
    }
}
