//! What is known of a column before its first row: writers use it instead of finding it out again.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

/// Inclusive bounds of a column's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Integers, and decimals, dates, times and timestamps as the integers that hold them.
    Integer {
        /// The least value.
        min: i128,
        /// The greatest value.
        max: i128,
    },
    /// Floating-point numbers.
    Float {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
}

/// How values follow each other from row to row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Order {
    /// Nothing is known.
    #[default]
    Unknown,
    /// No value is less than the one before it.
    Ascending,
    /// Every value is greater than the one before it.
    StrictlyAscending,
}

/// What is known of a column.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    /// Bounds of its values.
    pub range: Option<Range>,
    /// How they follow each other.
    pub order: Order,
    /// At most so many distinct values.
    pub distinct: Option<u64>,
    /// The dictionary that every batch shares, when the column is a dictionary.
    pub dictionary: Option<ArrayRef>,
    /// No value stands twice.
    pub unique: bool,
    /// Nulls can occur.
    pub nulls: bool,
    /// Values change when the table's row count changes.
    pub depends_on_rows: bool,
    /// Values depend on the moment of the run.
    pub depends_on_now: bool,
    /// Text is never longer than so many bytes.
    pub longest: Option<usize>,
    /// Text is never shorter than so many characters.
    pub shortest: usize,
    /// Of values that follow from all rows before: the bytes of the states between blocks of rows that are
    /// kept for them.
    pub states: u64,
    /// What a value is made of has at most so many bytes, as far as that is known: the items of a list,
    /// the fields of a struct, the texts that an expression makes on its way.
    pub bytes: u64,
}

impl Domain {
    /// Integers from `min` to `max`, both included.
    pub fn integers(min: impl Into<i128>, max: impl Into<i128>) -> Self {
        let (min, max) = (min.into(), max.into());
        Self {
            range: Some(Range::Integer { min, max }),
            distinct: u64::try_from(max - min + 1).ok(),
            ..Self::default()
        }
    }

    /// The bounds of values that are integers of 64 bits.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        match self.range {
            Some(Range::Integer { min, max }) => {
                i64::try_from(min).ok().zip(i64::try_from(max).ok())
            }
            _ => None,
        }
    }

    /// The values of a dictionary.
    pub fn dictionary(values: &ArrayRef) -> Self {
        Self {
            distinct: Some(values.len() as u64),
            dictionary: Some(values.clone()),
            ..Self::default()
        }
    }

    /// The most bytes of a value of this type, and of what it is made of, as far as that is known.
    pub fn most_bytes(&self, data_type: &DataType) -> u64 {
        let own = match data_type {
            DataType::Dictionary(_, values) => return self.most_bytes(values),
            DataType::Utf8 | DataType::Binary => self.longest.unwrap_or(0) as u64,
            DataType::FixedSizeBinary(width) => u64::try_from(*width).unwrap_or(0),
            other => other.primitive_width().unwrap_or(0) as u64,
        };
        own.max(self.bytes)
    }

    /// What `other` depends on, this depends on too.
    pub fn depend_on(&mut self, other: &Domain) {
        self.depends_on_rows |= other.depends_on_rows;
        self.depends_on_now |= other.depends_on_now;
    }
}
