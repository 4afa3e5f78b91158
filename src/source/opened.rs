//! What a table is read from: rows that are there, or rows that come.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::{BadFiles, OnBadRow, Records, Stream};

/// What a table is read from.
#[derive(Clone)]
pub enum Opened {
    /// Rows that are there.
    Records(Arc<dyn Records>),
    /// Rows that come.
    Stream(Arc<dyn Stream>),
}

impl Opened {
    /// True for rows that come, which do not come again.
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// The columns, in their order.
    pub fn schema(&self) -> SchemaRef {
        match self {
            Self::Records(records) => records.schema(),
            Self::Stream(stream) => stream.schema(),
        }
    }

    /// How many rows there are; none when that is not known.
    pub fn rows(&self) -> Option<u64> {
        match self {
            Self::Records(records) => Some(records.rows()),
            Self::Stream(_) => None,
        }
    }

    /// What becomes of rows that cannot be read.
    pub fn on_bad_row(&self) -> OnBadRow {
        match self {
            Self::Records(records) => records.on_bad_row(),
            Self::Stream(stream) => stream.on_bad_row(),
        }
    }

    /// The files of its set that are left out, where there may be such.
    pub fn bad_files(&self) -> Option<&BadFiles> {
        match self {
            Self::Records(records) => records.bad_files(),
            Self::Stream(_) => None,
        }
    }

    /// What is read, in one line.
    pub fn describe(&self) -> String {
        match self {
            Self::Records(records) => records.describe(),
            Self::Stream(stream) => stream.describe(),
        }
    }

    /// Equal while the rows are the same.
    pub fn digest(&self) -> String {
        match self {
            Self::Records(records) => records.digest(),
            Self::Stream(stream) => stream.describe(),
        }
    }
}
