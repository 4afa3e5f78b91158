//! Where the pages of a batch end.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

/// The row after each page. Values are `width` bytes long, texts as long as they are.
pub(super) fn pages(array: &ArrayRef, width: usize, rows: usize, bytes: usize) -> Vec<usize> {
    match array.data_type() {
        DataType::Utf8 => by_offsets(array.as_string::<i32>().value_offsets(), rows, bytes),
        DataType::LargeUtf8 => by_offsets(array.as_string::<i64>().value_offsets(), rows, bytes),
        DataType::Binary => by_offsets(array.as_binary::<i32>().value_offsets(), rows, bytes),
        DataType::LargeBinary => by_offsets(array.as_binary::<i64>().value_offsets(), rows, bytes),
        DataType::Utf8View => by_views(array.as_string_view().views(), rows, bytes),
        DataType::BinaryView => by_views(array.as_binary_view().views(), rows, bytes),
        _ => {
            let rows = rows.min(bytes / width.max(1)).max(1);
            let ends = (rows..array.len()).step_by(rows);
            ends.chain([array.len()]).collect()
        }
    }
}

/// A page ends before the text that would be too much, but has one in any case.
fn by_offsets<O: Copy + Into<i64>>(offsets: &[O], rows: usize, bytes: usize) -> Vec<usize> {
    let all = offsets.len().saturating_sub(1);
    let mut ends = Vec::new();
    let mut start = 0;
    loop {
        let most = &offsets[start..=(start + rows).min(all)];
        let first: i64 = most[0].into();
        // Four bytes a text: its length, as `PLAIN` has it.
        let fits = |place: usize| (most[place].into() - first) as usize + 4 * place <= bytes;
        // By halves, as offsets only rise: a page of short texts may have thousands.
        let (mut low, mut high) = (1, most.len());
        while low < high {
            let middle = low.midpoint(high);
            match fits(middle) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        start = (start + (low - 1).max(1)).min(all);
        ends.push(start);
        if start >= all {
            return ends;
        }
    }
}

fn by_views(views: &[u128], rows: usize, bytes: usize) -> Vec<usize> {
    let lengths = views.iter().map(|view| i64::from(*view as u32));
    let sums = lengths.scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    let offsets: Vec<i64> = std::iter::once(0).chain(sums).collect();
    by_offsets(&offsets, rows, bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray, StringViewArray};

    use super::*;

    #[test]
    fn pages_end_near_what_is_asked() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![0; 10]));
        assert_eq!(pages(&numbers, 8, 4, 1000), [4, 8, 10]);
        assert_eq!(pages(&numbers, 8, 100, 16), [2, 4, 6, 8, 10]);
        assert_eq!(pages(&numbers, 8, 100, 1), (1..=10).collect::<Vec<_>>());
        assert_eq!(pages(&numbers, 8, 10, 1000), [10]);
        let texts = vec!["1234", "", "1234567890", "a", "b", "c"];
        let arrays: [ArrayRef; 2] = [
            Arc::new(StringArray::from(texts.clone())),
            Arc::new(StringViewArray::from(texts)),
        ];
        for texts in &arrays {
            assert_eq!(pages(texts, 8, 100, 12), [2, 3, 5, 6]);
            assert_eq!(pages(texts, 8, 2, 1000), [2, 4, 6]);
            assert_eq!(pages(texts, 8, 100, 1000), [6]);
            assert_eq!(pages(&texts.slice(2, 2), 8, 100, 14), [1, 2]);
        }
        let none: ArrayRef = Arc::new(StringArray::new_null(0));
        assert_eq!(pages(&none, 8, 100, 12), [0]);
    }
}
