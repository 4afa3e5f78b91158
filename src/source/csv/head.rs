//! The names of a CSV file's columns, and where its records begin.

use super::split::{Dialect, Split};
use crate::error::Problem;
use crate::source::Types;
use crate::source::file::OpenFile;

/// Bytes in which the first record must end.
const LONGEST: u64 = 1 << 20;

/// What stands before the records.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) names: Vec<String>,
    /// Bytes and lines before the first record.
    pub(super) bytes: u64,
    pub(super) lines: u64,
}

/// Reads the names from the first line, or takes those of `types`.
pub(super) fn head(
    file: &OpenFile,
    dialect: Dialect,
    header: bool,
    types: &Types,
) -> Result<Head, Problem> {
    let length = file.length.min(LONGEST);
    let bytes = file.bytes(0, length).map_err(|error| file.problem(error))?;
    let mark = usize::from(bytes.starts_with(b"\xef\xbb\xbf")) * 3;
    let (values, end) = first_record(&bytes[mark..], dialect);
    let end = mark + end;
    if has_bare_return(&bytes[mark..end], dialect.quote) {
        let shown = file.path.display();
        return Err(file
            .problem("its lines end in carriage returns without line feeds")
            .hint(format!(
                "make another file of it first: `tr '\\r' '\\n' < {shown} > lines.csv`"
            )));
    }
    if !header {
        let names: Vec<String> = types.iter().map(|(name, _)| name.value.clone()).collect();
        check_width(file, &names, &values)?;
        let (bytes, lines) = (mark as u64, 0);
        return Ok(Head {
            names,
            bytes,
            lines,
        });
    }
    if values.is_empty() {
        return Err(
            file.problem("it is empty: its first line should have the names of the columns")
        );
    }
    let lines = memchr::memchr_iter(b'\n', &bytes[..end]).count() as u64;
    let names = named(file, values)?;
    Ok(Head {
        names,
        bytes: end as u64,
        lines,
    })
}

/// The values of the first record, and where it ends.
fn first_record(bytes: &[u8], dialect: Dialect) -> (Vec<String>, usize) {
    // The width is not known yet: whatever is found is taken as it is.
    let split = Split::first(bytes, dialect);
    let mut values = Vec::new();
    for cell in split.all() {
        let mut value = Vec::new();
        super::cells::unescape(cell, bytes, dialect.quote, &mut value);
        values.push(String::from_utf8_lossy(&value).into_owned());
    }
    (values, split.end)
}

/// True for a carriage return outside quotes that no line feed follows.
fn has_bare_return(bytes: &[u8], quote: u8) -> bool {
    let mut quoted = false;
    bytes.iter().enumerate().any(|(at, byte)| {
        quoted ^= *byte == quote;
        *byte == b'\r' && !quoted && bytes.get(at + 1) != Some(&b'\n')
    })
}

fn named(file: &OpenFile, values: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let name = match value.trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_string(),
        };
        if names.contains(&name) {
            return Err(file
                .problem(format!("two columns are named `{name}`"))
                .hint("say `header: false` and name the columns in `types`, if its first line has no names"));
        }
        names.push(name);
    }
    Ok(names)
}

fn check_width(file: &OpenFile, names: &[String], values: &[String]) -> Result<(), Problem> {
    if names.is_empty() {
        return Err(file
            .problem("it has no header, and no names are given")
            .hint("name all columns, in their order, in the table's `types`: `types: { id: int64, name: utf8 }`"));
    }
    if values.len() != names.len() && !values.is_empty() {
        return Err(file.problem(format!(
            "`types` name {} columns, its first line has {}",
            names.len(),
            values.len()
        )));
    }
    Ok(())
}
