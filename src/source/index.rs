//! An index of a file's records: where every 1024th begins, so that any of them can be read alone.

use super::file::OpenFile;
use crate::error::Result;

/// Records between two points of an index.
// A batch that begins between two points looks at 512 records in vain, on average: a thirtieth of a
// batch, where a point for each record would be as large as many a file.
const STEP: u64 = 1024;

/// Bytes that are read at once while an index is made.
const PART: u64 = 1 << 20;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordStart {
    /// Its first byte.
    pub offset: u64,
    /// Its line, from 0.
    pub line: u64,
}

/// Where records begin.
#[derive(Debug, Clone, Default)]
pub struct RecordIndex {
    points: Vec<RecordStart>,
    /// How many records there are.
    pub records: u64,
    /// Where the last one ends.
    pub end: u64,
}

/// Bytes that hold some records, and what stands before them.
#[derive(Debug)]
pub struct Stretch {
    /// The bytes, from the beginning of a record to the end of one.
    pub bytes: Vec<u8>,
    /// The line at which they begin, from 0.
    pub line: u64,
    /// Records before the first one wanted.
    pub before: usize,
}

impl RecordIndex {
    /// One more record; where it begins is asked only if it is to be known.
    #[inline]
    pub fn add(&mut self, begin: impl FnOnce() -> RecordStart) {
        // `begin` counts lines, so it is a closure: 1023 of 1024 records never ask.
        if self.records.is_multiple_of(STEP) {
            self.points.push(begin());
        }
        self.records += 1;
    }

    /// The bytes of `count` records from record `first` on, and of those between them and the
    /// points around them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, file: &OpenFile, first: u64, count: usize) -> Result<Stretch> {
        let nothing = RecordStart {
            offset: self.end,
            line: 0,
        };
        let from = self.points.get((first / STEP) as usize);
        let from = from.unwrap_or(&nothing);
        let after = (first + count as u64).div_ceil(STEP) as usize;
        let end = self
            .points
            .get(after)
            .map_or(self.end, |point| point.offset);
        Ok(Stretch {
            bytes: file.bytes(from.offset, end)?,
            line: from.line,
            before: (first % STEP) as usize,
        })
    }
}

/// The file's bytes from `start` on, part by part, each with its place in the file.
pub fn parts(file: &OpenFile, start: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>)>> {
    let places = (start..file.length).step_by(PART as usize);
    places.map(|at| Ok((at, file.bytes(at, file.length.min(at + PART))?)))
}
