//! The names of a CSV file's columns, and where its records begin.

use std::collections::HashSet;

use super::encoding::Encoding;
use super::split::{Dialect, RecordSplitter};
use crate::error::Problem;
use crate::source::Types;
use crate::source::file::OpenFile;

/// Bytes that are looked at first, and in which the first record must end.
const USUAL: u64 = 1 << 20;
// A choice: more than that is a quote that is never closed.
const LONGEST: u64 = 1 << 28;

/// What stands before the records.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) names: Vec<String>,
    /// Bytes and lines before the first record.
    pub(super) bytes: u64,
    pub(super) lines: u64,
}

/// The first record.
struct FirstRecord {
    /// What stands before it, and it.
    bytes: Vec<u8>,
    /// Bytes of a byte order mark.
    mark: usize,
    /// Where it ends.
    end: usize,
    /// Its values; those that are no text are none.
    values: Vec<Option<String>>,
    /// A quote in it is never closed.
    open: bool,
}

/// What the first line says of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderNames {
    /// Nothing: it is a record.
    None,
    /// Names, with whatever blanks around them.
    Trimmed,
    /// Names as rowgen has written them; those of `types` are as they are.
    Written,
}

/// Reads the names from the first line, or takes those of `types`.
pub(super) fn head(
    file: &OpenFile,
    (dialect, encoding): (Dialect, Encoding),
    kind: HeaderNames,
    types: &Types,
) -> Result<Head, Problem> {
    let first = FirstRecord::find(file, dialect, encoding)?;
    if has_bare_return(&first.bytes[first.mark..first.end], dialect) {
        let shown = file.path.display();
        return Err(file
            .problem("its lines end in carriage returns without line feeds")
            .hint(format!(
                "make another file of it first: `tr '\\r' '\\n' < {shown} > lines.csv`"
            )));
    }
    // Without names in the file only `types` can name its columns, all of them and in order.
    if kind == HeaderNames::None {
        let names: Vec<String> = types.iter().map(|(name, _)| name.value.clone()).collect();
        check_width(file, &names, first.values.len())?;
        return Ok(Head {
            names,
            bytes: first.mark as u64,
            lines: 0,
        });
    }
    if first.values.is_empty() {
        return Err(
            file.problem("it is empty: its first line should have the names of the columns")
        );
    }
    if first.open {
        return Err(file
            .problem("line 1: a quote that opens there is never closed")
            .hint("say which character encloses values with `quote:`"));
    }
    let lines = memchr::memchr_iter(b'\n', &first.bytes[..first.end]).count() as u64;
    let mark = first.mark > 0;
    let Some(mut values) = first.values.into_iter().collect::<Option<Vec<String>>>() else {
        return Err(file.problem(format!("line 1: {}", encoding.problem().1)));
    };
    if kind == HeaderNames::Written {
        as_written(&mut values, mark, types);
    }
    Ok(Head {
        names: named(file, values, kind)?,
        bytes: first.end as u64,
        lines,
    })
}

impl FirstRecord {
    /// Finds the record, in more bytes each time that it does not end in those.
    fn find(file: &OpenFile, dialect: Dialect, encoding: Encoding) -> Result<Self, Problem> {
        let mut length = USUAL;
        loop {
            let bytes = file.bytes(0, file.length.min(length));
            let bytes = bytes.map_err(|error| file.problem(error))?;
            // Excel begins UTF-8 with a byte order mark, which would be a part of the first name.
            let mark = usize::from(bytes.starts_with(b"\xef\xbb\xbf")) * 3;
            let first = Self::cut(bytes, mark, dialect, encoding);
            if first.end < first.bytes.len() || length >= file.length {
                return Ok(first);
            }
            if length >= LONGEST {
                return Err(file.problem("its first line is longer than 256 MiB"));
            }
            // Few headers are longer than a mebibyte; a quote that is never closed would read a
            // whole file otherwise.
            length *= 4;
        }
    }

    fn cut(bytes: Vec<u8>, mark: usize, dialect: Dialect, encoding: Encoding) -> Self {
        // The width is not known yet: whatever is found is taken as it is.
        let split = RecordSplitter::first(&bytes[mark..], dialect);
        let value = |cell| {
            let mut value = Vec::new();
            super::cells::unescape(cell, split.bytes, dialect, &mut value);
            String::from_utf8(encoding.decode(value)).ok()
        };
        // Values are decoded and not the bytes: positions in the file stay those of its own
        // encoding.
        let values = split.all().map(value).collect();
        let (end, open) = (mark + split.end, split.open);
        Self {
            bytes,
            mark,
            end,
            values,
            open,
        }
    }
}

/// True for a carriage return outside quotes that no line feed follows.
fn has_bare_return(bytes: &[u8], dialect: Dialect) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    bytes.iter().enumerate().any(|(at, byte)| {
        let behind_escape = std::mem::take(&mut escaped);
        quoted ^= *byte == dialect.quote && !behind_escape;
        escaped = quoted && !behind_escape && Some(*byte) == dialect.escape;
        *byte == b'\r' && !quoted && bytes.get(at + 1) != Some(&b'\n')
    })
}

/// Names that nobody asks for as they stand, but without what stands around them, are those: another
/// program may have written the file again. A mark may be the beginning of the first name.
fn as_written(values: &mut [String], mark: bool, types: &Types) {
    let is_known = |name: &str| types.iter().any(|(known, _)| known.value == name);
    if let Some(first) = values.first_mut().filter(|_| mark) {
        let marked = format!("\u{feff}{first}");
        if is_known(&marked) {
            *first = marked;
        }
    }
    for value in values {
        if !is_known(value) && is_known(value.trim()) {
            *value = value.trim().to_string();
        }
    }
}

fn named(file: &OpenFile, values: Vec<String>, kind: HeaderNames) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    let mut known = HashSet::new();
    for (index, value) in values.into_iter().enumerate() {
        let written = kind == HeaderNames::Written;
        let is_odd = |letter: char| letter.is_control() && !letter.is_whitespace();
        if !written && value.contains(is_odd) {
            return Err(file
                .problem("line 1: a name holds control characters, as files of other kinds do")
                .hint("export its rows as CSV first"));
        }
        let name = match value.trim() {
            _ if written => value.clone(),
            // A column without a name could not be used.
            "" => format!("column_{}", index + 1),
            name => name.to_string(),
        };
        if !known.insert(name.clone()) {
            return Err(file
                .problem(format!("two columns are named `{name}`"))
                .hint("say `header: false` and name the columns in `types`, if its first line has no names"));
        }
        names.push(name);
    }
    Ok(names)
}

fn check_width(file: &OpenFile, names: &[String], found: usize) -> Result<(), Problem> {
    if names.is_empty() {
        return Err(file
            .problem("it has no header, and no names are given")
            .hint("name all columns, in their order, in the table's `types`: `types: { id: int64, name: utf8 }`"));
    }
    if found != names.len() && found > 0 {
        return Err(file.problem(format!(
            "`types` name {} columns, its first line has {found}",
            names.len()
        )));
    }
    Ok(())
}
