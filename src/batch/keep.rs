//! Some of a batch's rows, which stay what they are: their numbers, and where they came from.

use arrow::array::{Array, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;

use super::{Batch, RowNumbers, Span};
use crate::error::Result;

impl Batch {
    /// The rows for which this is true, not null.
    ///
    /// # Errors
    /// The mask has another length.
    pub fn keep(&self, mask: &BooleanArray) -> Result<Self> {
        let kept = is_true(mask);
        if kept.count_set_bits() == kept.len() {
            return Ok(self.clone());
        }
        let numbers = kept.set_indices().map(|index| self.place.row(index));
        Ok(Self {
            number: self.number,
            place: RowNumbers::List(numbers.collect()),
            rows: filter_record_batch(&self.rows, &BooleanArray::new(kept.clone(), None))?,
            origin: self.origin.iter().map(|span| span.among(&kept)).collect(),
        })
    }
}

/// Where a mask is true, and not null.
pub fn is_true(mask: &BooleanArray) -> BooleanBuffer {
    match mask.nulls() {
        Some(nulls) => mask.values() & nulls.inner(),
        None => mask.values().clone(),
    }
}

impl Span {
    /// The span with those of its rows that are kept of its batch; what it passed over it still has passed.
    fn among(&self, kept: &BooleanBuffer) -> Self {
        let before = |row: usize| kept.slice(0, row).count_set_bits();
        let own = kept.slice(self.rows.start, self.rows.len());
        Self {
            offsets: self.offsets.among(own.set_indices()),
            rows: before(self.rows.start)..before(self.rows.end),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Offsets, Runs, Turn};
    use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
    use arrow::datatypes::Int32Type;
    use std::sync::Arc;

    #[test]
    fn kept_rows_have_their_numbers_and_offsets() {
        let turn = Arc::new(Turn::new());
        let span = |partition: i32, rows: std::ops::Range<usize>| {
            let mut runs = Runs::default();
            rows.clone().for_each(|row| runs.push(10 + row as i64));
            Span {
                turn: turn.clone(),
                partition,
                from: 0,
                to: 99,
                rows,
                offsets: Offsets::from(runs),
            }
        };
        let values: ArrayRef = Arc::new(Int32Array::from_iter_values(0..6));
        let batch = Batch {
            origin: [span(0, 0..3), span(1, 3..3), span(2, 3..6)].into(),
            ..Batch::new(7, 100, RecordBatch::try_from_iter([("v", values)]).unwrap())
        };
        let mask = [
            Some(true),
            None,
            Some(true),
            Some(false),
            Some(false),
            Some(true),
        ];
        let kept = batch.keep(&BooleanArray::from(mask.to_vec())).unwrap();
        assert_eq!(
            (kept.number, &kept.place),
            (7, &RowNumbers::List(Arc::from([100, 102, 105])))
        );
        let values = kept.rows.column(0).as_primitive::<Int32Type>();
        assert_eq!(values.values(), &[0, 2, 5]);
        let spans: Vec<_> = kept
            .origin
            .iter()
            .map(|span| (span.rows.clone(), span.to))
            .collect();
        assert_eq!(spans, [(0..2, 99), (2..2, 99), (2..3, 99)]);
        let offsets = |span: &Span| {
            (0..span.rows.len())
                .map(|row| span.offsets.of(row))
                .collect::<Vec<_>>()
        };
        assert_eq!(offsets(&kept.origin[0]), [Some(10), Some(12)]);
        assert_eq!(offsets(&kept.origin[2]), [Some(15)]);
        // All of them: the batch itself.
        let all = batch.keep(&BooleanArray::from(vec![true; 6])).unwrap();
        assert_eq!(all.place, RowNumbers::From(100));
    }
}
