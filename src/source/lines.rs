//! Where records begin that end with their line, but for line ends within quotes.

use memchr::{memchr, memchr_iter, memchr2};

use super::file::OpenFile;
use super::index::{RecordIndex, RecordStart, parts};
use crate::error::Result;

/// What decides where a record ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// A line end between two of these belongs to a value, where one begins with it.
    pub quote: Option<u8>,
    /// What makes a quote, or itself, a part of a value within quotes.
    pub escape: Option<u8>,
    /// What separates values.
    pub delimiter: u8,
}

/// The lines of a file.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Where they begin.
    pub index: RecordIndex,
    /// How many lines have nothing in them: they are no records.
    pub blank: u64,
    /// The line, from 0, at which a value's quote is opened and never closed.
    pub open_quote: Option<u64>,
}

impl Lines {
    /// Finds every record from `start` on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(file: &OpenFile, start: u64, ends: Ends) -> Result<Self> {
        let mut scan = LineScan::new(start, ends);
        for part in parts(file, start) {
            let (offset, bytes) = part?;
            scan.chunk(&bytes, offset);
        }
        Ok(scan.finish(file.length))
    }
}

/// The state of a scan between two chunks.
struct LineScan {
    ends: Ends,
    index: RecordIndex,
    /// Where the record in hand begins.
    begin: RecordStart,
    line: u64,
    blank: u64,
    /// The line of the quote that is open.
    open: Option<u64>,
    /// The last byte was an escape: the next one is a part of the value, whatever it is.
    escaped: bool,
    /// Where the last quote was closed.
    closed: u64,
    previous: u8,
}

impl LineScan {
    fn new(start: u64, ends: Ends) -> Self {
        Self {
            ends,
            index: RecordIndex::default(),
            begin: RecordStart {
                offset: start,
                line: 0,
            },
            line: 0,
            blank: 0,
            open: None,
            escaped: false,
            // No byte yet. The one behind it is byte 0, where a quote opens a value anyway.
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
                // Outside of quotes only these two bytes matter, and `memchr2` looks for both in
                // vector instructions.
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
        if std::mem::take(&mut self.escaped) {
            self.line += u64::from(bytes[at] == b'\n');
            return at + 1;
        }
        let found = match self.ends.escape {
            Some(escape) => memchr2(quote, escape, &bytes[at..]),
            None => memchr(quote, &bytes[at..]),
        };
        let end = found.map_or(bytes.len(), |found| at + found);
        self.line += memchr_iter(b'\n', &bytes[at..end]).count() as u64;
        match bytes.get(end) {
            None => {}
            Some(byte) if *byte == quote => {
                self.open = None;
                self.closed = offset + end as u64;
            }
            Some(_) => self.escaped = true,
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
        // Anywhere else a quote is a letter: `a 5" disk`.
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
        self.begin = RecordStart {
            offset: here + 1,
            line: self.line,
        };
        end + 1
    }

    fn record(&mut self, length: u64) {
        match length {
            0 => self.blank += 1,
            _ => self.index.add(|| self.begin),
        }
    }

    fn finish(mut self, end: u64) -> Lines {
        // The last line may do without its end.
        if self.begin.offset < end {
            self.record(end - self.begin.offset);
        }
        self.index.end = end;
        Lines {
            index: self.index,
            blank: self.blank,
            open_quote: self.open,
        }
    }
}
