//! Which rows are wanted: a range, or a list of row numbers.

/// Row numbers of a table, from 0.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// `count` rows from `first` on.
    Range {
        /// The first row.
        first: u64,
        /// How many.
        count: usize,
    },
    /// These rows, in this order.
    List(&'a [u64]),
}

impl Rows<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Range { count, .. } => *count,
            Rows::List(rows) => rows.len(),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row number at `index`.
    pub fn at(&self, index: usize) -> u64 {
        match self {
            Rows::Range { first, .. } => first + index as u64,
            Rows::List(rows) => rows[index],
        }
    }

    /// `make` of every row.
    #[inline(always)]
    pub fn map<T>(&self, make: impl Fn(u64) -> T) -> Vec<T> {
        match self {
            Rows::Range { first, count } => (*first..first + *count as u64).map(make).collect(),
            Rows::List(rows) => rows.iter().map(|row| make(*row)).collect(),
        }
    }

    /// Every row number.
    pub fn numbers(&self) -> Vec<u64> {
        self.map(|row| row)
    }
}
