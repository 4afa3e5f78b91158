//! The least and the greatest of many integers.

use crate::dispatched;

dispatched! {
    fn widen(values: &[i64], least: &mut i64, most: &mut i64) {
        let (mut low, mut high) = (*least, *most);
        for value in values {
            low = low.min(*value);
            high = high.max(*value);
        }
        (*least, *most) = (low, high);
    }
}

/// The least and the greatest of the values; the greatest and the least `i64` without any.
pub fn bounds(values: &[i64]) -> (i64, i64) {
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    widen(values, &mut least, &mut most);
    (least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_found_wherever_they_stand() {
        assert_eq!(bounds(&[]), (i64::MAX, i64::MIN));
        for length in [1, 7, 8, 31, 64, 1000] {
            for place in [0, length / 2, length - 1] {
                let mut values = vec![3; length];
                values[place] = -5;
                assert_eq!(bounds(&values), (-5, if length > 1 { 3 } else { -5 }));
                values[place] = i64::MAX;
                assert_eq!(bounds(&values).1, i64::MAX);
            }
        }
    }
}
