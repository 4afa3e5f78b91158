//! Rows that were read, and those of them that could not be.

use arrow::array::{ArrayRef, BooleanArray, new_empty_array};
use arrow::compute::filter;
use arrow::datatypes::Schema;

use super::Rejected;
use super::reject::BadRow;
use crate::error::Result;

/// The columns of messages, and the messages that are not in them.
pub type Columns = (Vec<ArrayRef>, Vec<(usize, BadRow)>);

/// Rows that were read.
#[derive(Debug, Default)]
pub struct Piece {
    /// The columns asked for, in that order.
    pub columns: Vec<ArrayRef>,
    /// The numbers of the rows that are there, when some are not.
    pub kept: Option<Vec<u64>>,
    /// The rows that are not.
    pub rejected: Vec<Rejected>,
    /// Values that their columns' types do not have, which are null there. Only told where rows are only read
    /// (`Asked::only_read`): a run ends at the first one.
    pub odd: Vec<OddValue>,
}

/// A value that is there and that its column's type does not have: `NaN` in a decimal's place.
#[derive(Debug)]
pub struct OddValue {
    /// Its row among those of the piece.
    pub row: usize,
    /// Its column among those of the piece.
    pub column: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Piece {
    /// Every row is there.
    pub fn whole(columns: Vec<ArrayRef>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// No rows of these columns.
    pub fn empty(schema: &Schema, columns: &[usize]) -> Self {
        let empty = |column: &usize| new_empty_array(schema.field(*column).data_type());
        Self::whole(columns.iter().map(empty).collect())
    }

    /// Of `count` rows from row `first` on, those that are not rejected. `rejected` names them by
    /// their place among the rows, in order.
    ///
    /// # Errors
    /// The arrays are not of one length.
    pub fn without(
        columns: Vec<ArrayRef>,
        first: u64,
        count: usize,
        rejected: Vec<(usize, Rejected)>,
    ) -> Result<Self> {
        let keep = BooleanArray::from(present(count, &rejected));
        let columns = columns
            .iter()
            .map(|column| Ok(filter(column, &keep)?))
            .collect::<Result<_>>()?;
        Ok(Self::among(columns, first, count, rejected))
    }

    /// As `without`, where the columns lack those rows already.
    pub fn among(
        columns: Vec<ArrayRef>,
        first: u64,
        count: usize,
        rejected: Vec<(usize, Rejected)>,
    ) -> Self {
        if rejected.is_empty() {
            return Self::whole(columns);
        }
        let keep = (first..).zip(present(count, &rejected));
        Self {
            columns,
            kept: Some(keep.filter(|(_, keep)| *keep).map(|(row, _)| row).collect()),
            rejected: rejected.into_iter().map(|(_, rejected)| rejected).collect(),
            odd: Vec::new(),
        }
    }
}

/// Which of `count` rows are not rejected.
fn present(count: usize, rejected: &[(usize, Rejected)]) -> Vec<bool> {
    let mut keep = vec![true; count];
    rejected.iter().for_each(|(row, _)| keep[*row] = false);
    keep
}
