//! What rows are told apart by, and the buckets that follow from it: ranges of whole numbers, or of
//! hashes.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use super::hash::Hasher;
use super::side::ComparedRows;
use crate::error::Result;
use crate::sink::Slice;

/// What rows are told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keyed {
    /// A column of whole numbers between these, no value of which stands twice.
    Integer { column: usize, min: i64, max: i64 },
    /// A column no value of which stands twice.
    Column(usize),
    /// All of these columns: rows may be there more than once.
    Rows(Vec<usize>),
}

/// Buckets of rows: equal rows of both sides are in the same one.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    keyed: Keyed,
    /// How many there are.
    pub count: usize,
    /// Only rows of this share.
    share: Option<Slice>,
}

/// The rows of a piece, hashed.
pub(super) struct Hashed {
    /// What rows are told apart by.
    pub keys: Vec<u128>,
    /// All of each row.
    pub rows: Vec<u128>,
    /// The bucket of each row; none for those of other shares.
    pub buckets: Vec<Option<u32>>,
}

impl Keyed {
    /// The column, if it is one.
    pub(super) fn column(&self) -> Option<usize> {
        match self {
            Self::Integer { column, .. } | Self::Column(column) => Some(*column),
            Self::Rows(_) => None,
        }
    }
}

impl Buckets {
    /// Buckets for rows that are told apart like this.
    pub(super) fn new(keyed: Keyed, count: usize, share: Option<Slice>) -> Self {
        Self {
            keyed,
            count,
            share,
        }
    }

    /// Hashes the rows of a piece.
    pub(super) fn hash(&self, hasher: &Hasher, rows: &ComparedRows) -> Result<Hashed> {
        let all: Vec<usize> = (0..rows.columns.len()).collect();
        let whole = hasher.rows(rows, &all)?;
        let keys = self.keys(hasher, rows, &whole)?;
        let mut buckets = self.buckets(rows, &keys)?;
        // By the low bits of the key's hash, while the bucket below goes by the high ones: a share
        // has rows of every bucket, and any number of processes share the work evenly.
        if let Some(share) = self.share {
            for (bucket, key) in buckets.iter_mut().zip(&keys) {
                let own = *key as u64 % share.count == share.index - 1;
                *bucket = bucket.filter(|_| own);
            }
        }
        Ok(Hashed {
            keys,
            rows: whole,
            buckets,
        })
    }

    fn keys(&self, hasher: &Hasher, rows: &ComparedRows, whole: &[u128]) -> Result<Vec<u128>> {
        let column = match &self.keyed {
            Keyed::Rows(columns) if columns.len() == rows.columns.len() => {
                return Ok(whole.to_vec());
            }
            Keyed::Rows(columns) => return hasher.rows(rows, columns),
            Keyed::Integer { column, .. } | Keyed::Column(column) => *column,
        };
        // Keys are hashes of 128 bits whatever their type is: an entry has one size, and the order
        // of texts does not depend on a server's collation.
        let mut keys = hasher.rows(rows, &[column])?;
        // A row whose key is null gets a hash of its own number, so that it is never taken for
        // another row without a key.
        if let Some(nulls) = rows.columns[column].logical_nulls() {
            let without = (0..rows.count).filter(|row| nulls.is_null(*row));
            without.for_each(|row| keys[row] = hasher.alone(rows.place.row(row)));
        }
        Ok(keys)
    }

    fn buckets(&self, rows: &ComparedRows, keys: &[u128]) -> Result<Vec<Option<u32>>> {
        let count = self.count as u64;
        let Keyed::Integer { column, min, max } = self.keyed else {
            let high = |key: &u128| (*key >> 64) as u64;
            // Multiply and shift instead of a remainder, which is a division for each row.
            let bucket = |key: &u128| (u128::from(high(key)) * u128::from(count)) >> 64;
            return Ok(keys.iter().map(|key| Some(bucket(key) as u32)).collect());
        };
        // Ranges of the key itself where it is a whole number: rows of a range stand together in
        // the file, so that a bucket that differs is in a few pieces of it.
        let width = u128::from(max.abs_diff(min))
            .div_ceil(u128::from(count))
            .max(1);
        // A value outside the bounds belongs to no range: it goes to the first or the last one, and
        // differs there.
        let values = cast(&rows.columns[column], &DataType::Int64)?;
        let bucket = |value: i64| match value <= min {
            true => 0,
            false => (u128::from(value.abs_diff(min)) / width).min(u128::from(count) - 1) as u32,
        };
        let values = values.as_primitive::<Int64Type>().iter();
        Ok(values.map(|value| Some(value.map_or(0, bucket))).collect())
    }
}
