//! Cuts bytes of a CSV file into records and values, without copying them.

use memchr::{memchr, memchr2};

/// What separates and encloses values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// What makes a quote, or itself, a part of a value within quotes.
    pub(super) escape: Option<u8>,
}

/// Where one value stands in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    start: u32,
    end: u32,
    pub(super) form: CellForm,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellForm {
    Plain,
    Quoted,
    /// With quotes inside, each written twice or behind an escape.
    Escaped,
}

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordError {
    /// It has so many values.
    Width(usize),
    /// Something stands behind the closing quote of the value in this column.
    Quote(usize),
}

/// The records of some bytes.
#[derive(Debug)]
pub(super) struct RecordSplitter<'b> {
    pub(super) bytes: &'b [u8],
    width: usize,
    cells: Vec<Cell>,
    /// Where each record begins and ends.
    pub(super) records: Vec<(u32, u32)>,
    /// The records that cannot be read; their cells are empty.
    pub(super) wrong: Vec<(usize, RecordError)>,
    /// Where the first record that was not cut begins.
    pub(super) end: usize,
    /// The bytes end within quotes.
    pub(super) open: bool,
}

/// More bytes than a record may have, so that places fit 32 bits.
pub(super) const MOST_BYTES: usize = u32::MAX as usize;

impl Cell {
    pub(super) const EMPTY: Self = Self {
        start: 0,
        end: 0,
        form: CellForm::Plain,
    };

    /// The bytes between the quotes, if there are any.
    #[inline]
    pub(super) fn of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.start as usize..self.end as usize]
    }
}

impl<'b> RecordSplitter<'b> {
    /// Leaves out `before` records and cuts up to `count` records of `width` values. `bytes` are
    /// fewer than `MOST_BYTES`.
    pub(super) fn new(
        bytes: &'b [u8],
        dialect: Dialect,
        width: usize,
        before: usize,
        count: usize,
    ) -> Self {
        let mut split = Self {
            bytes,
            width,
            // Places, not copies: 12 bytes a value, and the texts stay where they were read.
            cells: Vec::with_capacity(count.min(bytes.len()) * width),
            records: Vec::with_capacity(count.min(bytes.len())),
            wrong: Vec::new(),
            end: 0,
            open: false,
        };
        let (mut at, mut left) = (0, before);
        while at < bytes.len() && split.records.len() < count {
            let start = at;
            let first = split.cells.len();
            let (end, next, quote) = split.record(dialect, at);
            at = next;
            let empty = end == start;
            // Empty lines are no records, as in every tool that writes or reads CSV; so they count
            // for none.
            if empty || left > 0 {
                left -= usize::from(!empty);
                split.cells.truncate(first);
                continue;
            }
            split.keep(first, quote);
            split.records.push((start as u32, end as u32));
        }
        split.end = at;
        split
    }

    /// Cuts the first record, whatever its width is.
    pub(super) fn first(bytes: &'b [u8], dialect: Dialect) -> Self {
        let mut split = Self::new(bytes, dialect, 1, 0, 0);
        while split.end < bytes.len() {
            let start = split.end;
            let (end, next, _) = split.record(dialect, start);
            split.end = next;
            if end > start {
                break;
            }
            split.cells.clear();
        }
        split
    }

    /// Every value, record by record.
    pub(super) fn all(&self) -> impl Iterator<Item = Cell> + '_ {
        self.cells.iter().copied()
    }

    /// The value of a record in a column.
    #[inline]
    pub(super) fn cells(&self, column: usize) -> impl ExactSizeIterator<Item = Cell> + '_ {
        let start = column.min(self.cells.len());
        self.cells[start..].iter().step_by(self.width).copied()
    }

    /// True for a record that cannot be read.
    pub(super) fn is_wrong(&self, record: usize) -> bool {
        let found = self
            .wrong
            .binary_search_by_key(&record, |(wrong, _)| *wrong);
        found.is_ok()
    }

    /// The bytes of a record.
    pub(super) fn record_bytes(&self, record: usize) -> &'b [u8] {
        let (start, end) = self.records[record];
        &self.bytes[start as usize..end as usize]
    }

    /// A record that is not as it should be keeps its place, with nothing in it.
    fn keep(&mut self, first: usize, quote: Option<usize>) {
        let found = self.cells.len() - first;
        let wrong = match quote {
            Some(column) => RecordError::Quote(column),
            None if found != self.width => RecordError::Width(found),
            None => return,
        };
        self.wrong.push((self.records.len(), wrong));
        self.cells.truncate(first);
        // Rows of one width make `cells` of a column a stride, also where a record was cut wrong.
        self.cells.resize(first + self.width, Cell::EMPTY);
    }

    /// Cuts the record at `at`: where it ends, where the next one begins, and the column in which
    /// something stands behind a closing quote.
    fn record(&mut self, dialect: Dialect, mut at: usize) -> (usize, usize, Option<usize>) {
        let bytes = self.bytes;
        let first = self.cells.len();
        let mut wrong = None;
        loop {
            let start = at;
            let quoted = bytes.get(at) == Some(&dialect.quote);
            let mut cell = match quoted {
                true => {
                    let (cell, after) = enclosed(bytes, dialect, at);
                    // A closing quote leaves a byte between the value's end and what comes behind.
                    self.open = after == cell.end as usize;
                    at = after;
                    cell
                }
                false => Cell {
                    start: start as u32,
                    ..Cell::EMPTY
                },
            };
            let found = memchr2(dialect.delimiter, b'\n', &bytes[at..]);
            let mut end = found.map_or(bytes.len(), |found| at + found);
            let last = found.is_none() || bytes[end] == b'\n';
            let next = end + usize::from(found.is_some());
            // Lines end as RFC 4180 has them, in `\r\n`, or as Unix does. A carriage return at the
            // very end of the file is a part of its value: no line feed says that it is a line's
            // end.
            if last && end > at && bytes[end - 1] == b'\r' && found.is_some() {
                end -= 1;
            }
            match quoted {
                true if end > at => wrong = wrong.or(Some(self.cells.len() - first)),
                true => {}
                false => cell.end = end as u32,
            }
            self.cells.push(cell);
            if last {
                return (end, next, wrong);
            }
            at = next;
        }
    }
}

/// The value whose opening quote stands at `at`, and what comes behind its closing one.
fn enclosed(bytes: &[u8], dialect: Dialect, at: usize) -> (Cell, usize) {
    let start = at + 1;
    let mut form = CellForm::Quoted;
    let mut from = start;
    loop {
        let rest = &bytes[from.min(bytes.len())..];
        let found = match dialect.escape {
            Some(escape) => memchr2(dialect.quote, escape, rest),
            None => memchr(dialect.quote, rest),
        };
        let Some(found) = found else {
            return (cell(start, bytes.len(), form), bytes.len());
        };
        let end = from + found;
        let closes = bytes[end] == dialect.quote && bytes.get(end + 1) != Some(&dialect.quote);
        if closes {
            return (cell(start, end, form), end + 1);
        }
        form = CellForm::Escaped;
        from = end + 2;
    }
}

fn cell(start: usize, end: usize, form: CellForm) -> Cell {
    Cell {
        start: start as u32,
        end: end as u32,
        form,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect {
        delimiter: b',',
        quote: b'"',
        escape: None,
    };

    fn texts(split: &RecordSplitter<'_>) -> Vec<String> {
        let cell = |cell: &Cell| String::from_utf8_lossy(cell.of(split.bytes)).into_owned();
        split.cells.iter().map(cell).collect()
    }

    #[test]
    fn records_are_cut_at_line_ends_outside_quotes() {
        let bytes = b"1,\"a\nb\"\r\n\n2,\"say \"\"hi\"\"\"\n3,x";
        let split = RecordSplitter::new(bytes, DIALECT, 2, 0, 9);
        assert_eq!(
            texts(&split),
            ["1", "a\nb", "2", "say \"\"hi\"\"", "3", "x"]
        );
        let forms: Vec<CellForm> = split.cells(1).map(|cell| cell.form).collect();
        assert_eq!(
            forms,
            [CellForm::Quoted, CellForm::Escaped, CellForm::Plain]
        );
        assert_eq!(split.record_bytes(1), b"2,\"say \"\"hi\"\"\"");
        assert_eq!(
            texts(&RecordSplitter::new(bytes, DIALECT, 2, 1, 1)),
            ["2", "say \"\"hi\"\""]
        );
    }

    #[test]
    fn an_escape_makes_quotes_and_itself_parts_of_a_value() {
        let dialect = Dialect {
            escape: Some(b'\\'),
            ..DIALECT
        };
        let bytes = br#""a\"b,","c\\",d
"e""f","\n",\"#;
        let split = RecordSplitter::new(bytes, dialect, 3, 0, 9);
        assert_eq!(split.wrong, []);
        assert_eq!(
            texts(&split),
            [r#"a\"b,"#, r"c\\", "d", r#"e""f"#, r"\n", r"\"]
        );
        assert!(!split.open);
        assert!(RecordSplitter::new(br#""a\""#, dialect, 1, 0, 9).open);
    }

    #[test]
    fn records_that_are_wrong_keep_their_place() {
        let split = RecordSplitter::new(b"1,2\n3\n4,5,6\n\"7\"x,8\n,\n", DIALECT, 2, 0, 9);
        assert_eq!(
            split.wrong,
            [
                (1, RecordError::Width(1)),
                (2, RecordError::Width(3)),
                (3, RecordError::Quote(0))
            ]
        );
        assert_eq!(texts(&split).join("|"), "1|2|||||||||".split_at(11).0);
    }

    #[test]
    fn blank_lines_are_no_records() {
        let split = RecordSplitter::new(b"\na\n\r\nb\r\n\n", DIALECT, 1, 0, 9);
        assert_eq!(texts(&split), ["a", "b"]);
    }
}
