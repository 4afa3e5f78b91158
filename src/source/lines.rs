//! An index of a file's records: where every 1024th begins, so that any of them can be read alone.

use memchr::{memchr, memchr_iter, memchr2};

use super::file::OpenFile;
use crate::error::Result;

/// Records between two points of an index.
const STEP: u64 = 1024;

/// Bytes that are read at once while an index is made.
const CHUNK: u64 = 1 << 20;

/// What decides where a record ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// A line end between two of these belongs to a value, where one begins with it.
    pub quote: Option<u8>,
    /// What separates values.
    pub delimiter: u8,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    offset: u64,
    /// Its line, from 0.
    line: u64,
}

/// Where records begin.
#[derive(Debug, Clone)]
pub struct Index {
    points: Vec<Point>,
    /// How many records there are.
    pub records: u64,
    end: u64,
    /// The line, from 0, at which a value's quote is opened and never closed.
    pub open_quote: Option<u64>,
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

impl Index {
    /// Finds every record from `start` on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn make(file: &OpenFile, start: u64, ends: Ends) -> Result<Self> {
        let mut scan = Scan::new(start, ends);
        let mut at = start;
        while at < file.length {
            let end = file.length.min(at + CHUNK);
            scan.chunk(&file.bytes(at, end)?, at);
            at = end;
        }
        Ok(scan.finish(file.length))
    }

    /// The bytes of `count` records from record `first` on, and of those between them and the
    /// points around them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, file: &OpenFile, first: u64, count: usize) -> Result<Stretch> {
        let from = self.points[(first / STEP) as usize];
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

/// The state of a scan between two chunks.
struct Scan {
    ends: Ends,
    points: Vec<Point>,
    records: u64,
    /// Where the record in hand begins.
    begin: Point,
    line: u64,
    /// The line of the quote that is open.
    open: Option<u64>,
    /// Where the last quote was closed.
    closed: u64,
    previous: u8,
}

impl Scan {
    fn new(start: u64, ends: Ends) -> Self {
        Self {
            ends,
            points: Vec::new(),
            records: 0,
            begin: Point {
                offset: start,
                line: 0,
            },
            line: 0,
            open: None,
            closed: u64::MAX,
            previous: b'\n',
        }
    }

    /// Goes on with the bytes that stand at `offset`.
    fn chunk(&mut self, bytes: &[u8], offset: u64) {
        let mut at = 0;
        while at < bytes.len() {
            at = match (self.open, self.ends.quote) {
                (Some(_), Some(quote)) => self.within_quotes(bytes, at, offset, quote),
                (_, Some(quote)) => match memchr2(quote, b'\n', &bytes[at..]) {
                    Some(found) if bytes[at + found] == quote => {
                        self.quote(bytes, at + found, offset);
                        at + found + 1
                    }
                    found => self.line_end(bytes, at, found, offset),
                },
                (_, None) => self.line_end(bytes, at, memchr(b'\n', &bytes[at..]), offset),
            };
        }
        self.previous = bytes.last().copied().unwrap_or(self.previous);
    }

    fn within_quotes(&mut self, bytes: &[u8], at: usize, offset: u64, quote: u8) -> usize {
        let end = memchr(quote, &bytes[at..]).map_or(bytes.len(), |found| at + found);
        self.line += memchr_iter(b'\n', &bytes[at..end]).count() as u64;
        if end < bytes.len() {
            self.open = None;
            self.closed = offset + end as u64;
        }
        end + 1
    }

    /// A quote opens a value where one begins, and right after a quote that it makes one of two.
    fn quote(&mut self, bytes: &[u8], at: usize, offset: u64) {
        let here = offset + at as u64;
        let before = match at {
            0 => self.previous,
            at => bytes[at - 1],
        };
        let begins = here == self.begin.offset || before == self.ends.delimiter;
        if begins || here == self.closed.wrapping_add(1) {
            self.open = Some(self.line);
        }
    }

    fn line_end(&mut self, bytes: &[u8], at: usize, found: Option<usize>, offset: u64) -> usize {
        let Some(found) = found else {
            return bytes.len();
        };
        let end = at + found;
        let before = match end {
            0 => self.previous,
            end => bytes[end - 1],
        };
        let here = offset + end as u64;
        let length =
            here - self.begin.offset - u64::from(before == b'\r' && here > self.begin.offset);
        self.record(length);
        self.line += 1;
        self.begin = Point {
            offset: here + 1,
            line: self.line,
        };
        end + 1
    }

    fn record(&mut self, length: u64) {
        // A blank line is no record.
        if length == 0 {
            return;
        }
        if self.records.is_multiple_of(STEP) {
            self.points.push(self.begin);
        }
        self.records += 1;
    }

    fn finish(mut self, end: u64) -> Index {
        if self.begin.offset < end {
            self.record(end - self.begin.offset);
        }
        Index {
            points: self.points,
            records: self.records,
            end,
            open_quote: self.open,
        }
    }
}
