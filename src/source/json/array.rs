//! One JSON array of objects: an index of its elements, and the elements of any stretch of it.

use memchr::{memchr_iter, memrchr};

use super::scan::{ArrayScan, Misplaced, ScanEvent, ScanPlace};
use crate::error::{Error, Problem, Result};
use crate::source::file::OpenFile;
use crate::source::index::{RecordIndex, RecordStart, Stretch, parts};

/// Finds every element of the array whose bracket stands before `start`.
pub(super) fn index(file: &OpenFile, start: u64) -> Result<RecordIndex, Problem> {
    let mut scan = ArrayScan::new(ScanPlace::Before);
    let mut index = RecordIndex::default();
    // The array may begin behind blank lines.
    let (mut line, _) = position(file, start).map_err(|error| file.problem(error))?;
    // Where the element in hand begins.
    let mut begin = start;
    for part in parts(file, start) {
        let (offset, bytes) = part.map_err(|error| file.problem(error))?;
        let (mut at, mut counted) = (0, 0);
        loop {
            match scan.next(&bytes, &mut at) {
                Ok(None) => break,
                Ok(Some(ScanEvent::Begin(place))) => {
                    begin = offset + place as u64;
                    index.add(|| {
                        // Lines are counted only up to the records that the index keeps.
                        line += lines(&bytes[counted..place]);
                        counted = place;
                        RecordStart {
                            offset: begin,
                            line,
                        }
                    });
                }
                Ok(Some(ScanEvent::End(_))) => {}
                Ok(Some(ScanEvent::Close(place))) => index.end = offset + place as u64,
                Err(misplaced) => return Err(misplacement(file, misplaced, offset, begin)),
            }
        }
        line += lines(&bytes[counted..]);
    }
    match scan.place {
        ScanPlace::End => Ok(index),
        _ => Err(endless(file, scan.is_open().then_some(begin))),
    }
}

/// `count` elements of a stretch, those that stand before them left out, each with the line, from
/// 0, at which it begins.
///
/// # Errors
/// They are not there any more.
pub(super) fn split<'b>(
    file: &OpenFile,
    stretch: &'b Stretch,
    count: usize,
) -> Result<Vec<(u64, &'b [u8])>> {
    let bytes = stretch.bytes.as_slice();
    // A stretch begins at an element, as if behind a comma.
    let mut scan = ArrayScan::new(ScanPlace::Behind);
    let mut elements = Vec::with_capacity(count);
    let (mut before, mut line) = (stretch.before, stretch.line);
    let (mut at, mut begin, mut counted) = (0, 0, 0);
    while elements.len() < count {
        match scan.next(bytes, &mut at) {
            Ok(Some(ScanEvent::Begin(place))) => begin = place,
            Ok(Some(ScanEvent::End(_))) if before > 0 => before -= 1,
            Ok(Some(ScanEvent::End(end))) => {
                line += lines(&bytes[counted..begin]);
                counted = begin;
                elements.push((line, bytes[begin..end].trim_ascii_end()));
            }
            _ => return Err(changed(file)),
        }
    }
    Ok(elements)
}

fn lines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// The line and the column of a byte, both from 0.
fn position(file: &OpenFile, offset: u64) -> Result<(u64, u64)> {
    let (mut line, mut begin) = (0, 0);
    for part in parts(file, 0) {
        let (at, bytes) = part?;
        let length = (bytes.len() as u64).min(offset.saturating_sub(at));
        let before = &bytes[..length as usize];
        line += lines(before);
        if let Some(end) = memrchr(b'\n', before) {
            begin = at + end as u64 + 1;
        }
        if at + length >= offset {
            break;
        }
    }
    Ok((line, offset - begin))
}

/// The place of a byte as people count.
fn place(file: &OpenFile, offset: u64) -> String {
    match position(file, offset) {
        Ok((line, column)) => format!("line {}, column {}", line + 1, column + 1),
        Err(_) => format!("byte {offset}"),
    }
}

fn misplacement(file: &OpenFile, misplaced: Misplaced, offset: u64, begin: u64) -> Problem {
    let here = place(file, offset + misplaced.at as u64);
    let text = |bracket: u8| char::from(bracket);
    let (cause, hint) = match (misplaced.bracket.map(text), misplaced.wanted.map(text)) {
        (None, _) => (
            "something stands behind the array's end".to_string(),
            "a file holds one array, or one object a line".to_string(),
        ),
        (Some(bracket), wanted) => (
            match wanted {
                Some(wanted) => format!("expected `{wanted}`, found `{bracket}`"),
                None => format!("`{bracket}` closes nothing"),
            },
            format!(
                "a bracket or a quote is missing in the element that begins at {}",
                place(file, begin)
            ),
        ),
    };
    file.problem(format!("{here}: {cause}")).hint(hint)
}

/// The file ends in the element that begins at `open`, or between two.
fn endless(file: &OpenFile, open: Option<u64>) -> Problem {
    let (place, what, hint) = match open {
        Some(begin) => (
            place(file, begin),
            "the element that begins there has no end",
            "is the file complete, and every quote and bracket closed?",
        ),
        None => (
            place(file, file.length),
            "the file ends before its array does",
            "is the file complete?",
        ),
    };
    file.problem(format!("{place}: {what}")).hint(hint)
}

fn changed(file: &OpenFile) -> Error {
    let path = file.path.display();
    Error::run(format!("the elements of `{path}` are not where they were"))
        .hint("a file must not change while it is read")
}
