//! Which rows of a table without end are behind those that are compared: only such ones that say so
//! themselves, by their key, or by their place where they have none.

use arrow::array::{Array, ArrayRef, BooleanArray, Scalar};
use arrow::compute::kernels::cmp::gt;

use super::columns::{Columns, From};
use super::expected::Expected;
use super::keyed::Keyed;
use super::side::{ComparedRows, Side};
use crate::column::arrays::plain;
use crate::domain::Order;
use crate::error::Result;
use crate::plan::SinkPlan;

/// What a row that is not compared is known by.
#[derive(Debug, Clone)]
pub(super) enum Behind {
    /// A key that is greater than the last one that is compared.
    After(usize, Scalar<ArrayRef>),
    /// A key that does not rise: which row has it is known only once all rows are made.
    Keyed(usize),
    /// Its place: this one and all behind it.
    From(u64),
    /// Nothing: a row that is not compared cannot be told from one that is wrong.
    Unknown,
}

impl Behind {
    /// What rows of a sink are known by; `in_order` if they stand there in the order of the table.
    ///
    /// # Errors
    /// The last row that is compared cannot be made.
    pub(super) fn of(
        columns: &Columns,
        (sink, expected): (&SinkPlan, &Expected<'_>),
        in_order: bool,
    ) -> Result<Self> {
        let Some(key) = columns.keyed.column() else {
            return Ok(match in_order {
                true => Self::From(expected.rows()),
                false => Self::Unknown,
            });
        };
        // A key that only rises says of each row whether it comes later; of any other key nobody
        // knows without making all rows up to it, so such a row is not judged.
        let grows = match columns.compared[key].from {
            From::Batch(index) => {
                sink.shape.written().domains[index].order == Order::StrictlyAscending
            }
            From::Folder(_) => false,
        };
        Ok(match expected.last(key)?.filter(|_| grows) {
            Some(last) => Self::After(key, Scalar::new(last)),
            None => Self::Keyed(key),
        })
    }

    /// What messages are known by.
    pub(super) fn of_messages(keyed: &Keyed) -> Self {
        keyed.column().map_or(Self::Unknown, Self::Keyed)
    }

    /// Which of these rows may be behind those that are compared.
    ///
    /// # Errors
    /// Keys cannot be compared.
    pub(super) fn among(&self, rows: &ComparedRows) -> Result<Vec<bool>> {
        if rows.count == 0 {
            return Ok(Vec::new());
        }
        Ok(match self {
            Self::After(key, last) => {
                let later = gt(&plain(&rows.columns[*key])?, last)?;
                all_of(&later)
            }
            Self::Keyed(key) => {
                let nulls = rows.columns[*key].logical_nulls();
                let is_there = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                (0..rows.count).map(is_there).collect()
            }
            Self::From(first) => (0..rows.count)
                .map(|row| rows.place.row(row) >= *first)
                .collect(),
            Self::Unknown => {
                // What cannot be read is no row of the table, wherever it stands.
                let mut readable = vec![true; rows.count];
                rows.odd.iter().for_each(|odd| readable[odd.row] = false);
                readable
            }
        })
    }

    /// True where rows that are there more often than they should be may be others that look like them.
    pub(super) fn has_equal_rows(&self) -> bool {
        matches!(self, Self::From(_))
    }
}

/// Null is not true.
fn all_of(values: &BooleanArray) -> Vec<bool> {
    values.iter().map(|value| value == Some(true)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::super::side::{Odd, Stands};
    use super::*;

    fn rows() -> ComparedRows {
        let keys = [Some(-3), Some(9), Some(10), Some(11), None];
        let texts = [Some("a"), None, Some("b"), Some("c"), Some("d")];
        let mut rows = ComparedRows::new(
            vec![
                Arc::new(Int64Array::from(keys.to_vec())),
                Arc::new(StringArray::from(texts.to_vec())),
            ],
            8,
        );
        rows.odd.push(Odd {
            row: 4,
            column: 0,
            stands: Stands::Text("zz".into()),
        });
        rows
    }

    #[test]
    fn rows_say_themselves_that_they_come_later() {
        let last: ArrayRef = Arc::new(Int64Array::from(vec![10]));
        for (behind, are) in [
            (
                Behind::After(0, Scalar::new(last)),
                [false, false, false, true, false],
            ),
            (Behind::Keyed(0), [true, true, true, true, false]),
            (Behind::Keyed(1), [true, false, true, true, true]),
            (Behind::From(10), [false, false, true, true, true]),
            (Behind::Unknown, [true, true, true, true, false]),
        ] {
            assert_eq!(behind.among(&rows()).unwrap(), are, "{behind:?}");
        }
    }
}
