//! Text put together from parts, a whole batch into one buffer: no allocation for a value.

use std::borrow::Cow;

use arrow::array::StringArray;
use arrow::buffer::NullBuffer;

use super::block::{Block, SLACK, TOO_LONG, array};
use super::digits;
use super::extremes::of_i64;

/// Numbers whose digits are made together.
const CHUNK: usize = 256;

/// A part of the text of every row.
pub enum Part<'a> {
    /// The same for every row.
    Literal(Cow<'a, str>),
    /// One of a few texts, by its index.
    Coded {
        /// Each row's index; anything where the row is null.
        codes: Cow<'a, [i32]>,
        /// The texts.
        texts: Vec<String>,
    },
    /// A number from 0 in at least so many digits.
    Number {
        /// Each row's number; anything where the row is null.
        values: Cow<'a, [i64]>,
        /// The least number of digits.
        width: usize,
    },
    /// Each row's own text.
    Own(StringArray),
}

/// A part, ready to be copied.
enum Ready<'a> {
    Block(Block),
    Blocks(&'a [i32], Vec<Block>),
    Long(&'a str),
    Longs(&'a [i32], &'a [String]),
    /// Numbers below 10^8 that all have exactly so many digits, at most eight.
    Short(&'a [i64], usize),
    /// Numbers, the least digits, and the digits of the longest one.
    Number(&'a [i64], usize, usize),
    Own(&'a StringArray),
}

/// The parts side by side, row by row; rows that `nulls` says are null.
///
/// # Errors
/// The batch's text is longer than 2 GiB.
pub fn compose(
    rows: usize,
    parts: Vec<Part<'_>>,
    nulls: Option<NullBuffer>,
) -> Result<StringArray, String> {
    let parts = fuse(parts, rows);
    let ready: Vec<Ready<'_>> = parts.iter().map(|part| prepare(part, &nulls)).collect();
    let room: usize = ready.iter().map(|part| part.room(rows, &nulls)).sum();
    if i32::try_from(room).is_err() {
        return Err(TOO_LONG.into());
    }
    let mut out = vec![0; room + SLACK + digits::SLACK];
    let mut offsets = vec![0; rows + 1];
    let ends = &mut offsets[1..];
    match (ready.as_slice(), &nulls) {
        ([Ready::Block(block), Ready::Short(values, width)], None) => {
            put_numbered(|_| block, values, *width, &mut out, ends);
        }
        ([Ready::Blocks(codes, blocks), Ready::Short(values, width)], None) => {
            put_numbered(
                |row| &blocks[codes[row] as usize],
                values,
                *width,
                &mut out,
                ends,
            );
        }
        _ => put_all(&ready, &nulls, &mut out, ends),
    }
    out.truncate(offsets.last().map_or(0, |last| *last as usize));
    Ok(array(out, offsets, nulls))
}

/// A block and a short number, the most frequent shape: `TXN-20260115-00000001`.
#[inline(always)]
fn put_numbered<'a>(
    block: impl Fn(usize) -> &'a Block,
    values: &[i64],
    width: usize,
    out: &mut [u8],
    ends: &mut [i32],
) {
    let mut at = 0;
    let mut digits = [0; CHUNK];
    for (index, (values, ends)) in values.chunks(CHUNK).zip(ends.chunks_mut(CHUNK)).enumerate() {
        digits::all_eight(values, &mut digits);
        for (row, (digits, end)) in digits.iter().zip(ends).enumerate() {
            at = block(index * CHUNK + row).put(out, at);
            at = digits::put_eight(out, at, *digits, width);
            *end = at as i32;
        }
    }
}

fn put_all(parts: &[Ready<'_>], nulls: &Option<NullBuffer>, out: &mut [u8], ends: &mut [i32]) {
    let mut at = 0;
    for (row, end) in ends.iter_mut().enumerate() {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            for part in parts {
                at = part.put(out, at, row);
            }
        }
        *end = at as i32;
    }
}

/// Joins literals with the few texts beside them.
fn fuse<'a>(parts: Vec<Part<'a>>, rows: usize) -> Vec<Part<'a>> {
    let mut fused: Vec<Part<'a>> = Vec::with_capacity(parts.len());
    for part in parts {
        match (fused.pop(), part) {
            (None, part) => fused.push(part),
            (Some(Part::Literal(before)), Part::Literal(text)) => {
                fused.push(Part::Literal(Cow::Owned(format!("{before}{text}"))));
            }
            (Some(Part::Literal(before)), Part::Coded { codes, mut texts })
                if texts.len() <= rows =>
            {
                texts
                    .iter_mut()
                    .for_each(|text| text.insert_str(0, &before));
                fused.push(Part::Coded { codes, texts });
            }
            (Some(Part::Coded { codes, mut texts }), Part::Literal(after))
                if texts.len() <= rows =>
            {
                texts.iter_mut().for_each(|text| text.push_str(&after));
                fused.push(Part::Coded { codes, texts });
            }
            (Some(before), part) => fused.extend([before, part]),
        }
    }
    fused
}

fn prepare<'a>(part: &'a Part<'_>, nulls: &Option<NullBuffer>) -> Ready<'a> {
    match part {
        Part::Literal(text) => Block::new(text).map_or(Ready::Long(text), Ready::Block),
        Part::Coded { codes, texts } => {
            let blocks: Option<Vec<Block>> = texts.iter().map(|text| Block::new(text)).collect();
            match blocks {
                Some(blocks) => Ready::Blocks(codes, blocks),
                None => Ready::Longs(codes, texts),
            }
        }
        Part::Number { values, width } => match longest_number(values) {
            most if nulls.is_none() && most <= *width && *width <= 8 => {
                Ready::Short(values, *width)
            }
            most => Ready::Number(values, *width, most),
        },
        Part::Own(texts) => Ready::Own(texts),
    }
}

/// The most digits among the numbers; those of an unsigned one where one is negative.
fn longest_number(values: &[i64]) -> usize {
    match of_i64(values) {
        None => 1,
        Some((least, _)) if least < 0 => digits::count(u64::MAX),
        Some((_, most)) => digits::count(most as u64),
    }
}

impl Ready<'_> {
    /// Bytes that the part needs at most for all rows.
    fn room(&self, rows: usize, nulls: &Option<NullBuffer>) -> usize {
        match self {
            Ready::Block(block) => block.length * rows,
            Ready::Blocks(_, blocks) => {
                let longest = blocks.iter().map(|block| block.length).max();
                longest.unwrap_or_default() * rows
            }
            Ready::Long(text) => text.len() * rows,
            Ready::Longs(codes, texts) => (0..rows)
                .filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)))
                .map(|row| texts[codes[row] as usize].len())
                .sum(),
            Ready::Short(_, width) => width * rows,
            Ready::Number(_, width, most) => most.max(width) * rows,
            Ready::Own(texts) => texts.value_data().len(),
        }
    }

    /// Writes the row's part at `at`; says where it ends.
    #[inline(always)]
    fn put(&self, out: &mut [u8], at: usize, row: usize) -> usize {
        match self {
            Ready::Block(block) => block.put(out, at),
            Ready::Blocks(codes, blocks) => blocks[codes[row] as usize].put(out, at),
            Ready::Short(values, width) => digits::put_short(out, at, values[row] as u64, *width),
            Ready::Number(values, width, _) => digits::put(out, at, values[row] as u64, *width),
            Ready::Long(text) => copy(text, out, at),
            Ready::Longs(codes, texts) => copy(&texts[codes[row] as usize], out, at),
            Ready::Own(texts) => copy(texts.value(row), out, at),
        }
    }
}

#[inline(always)]
fn copy(text: &str, out: &mut [u8], at: usize) -> usize {
    out[at..at + text.len()].copy_from_slice(text.as_bytes());
    at + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(codes: &[i32], texts: &[&str]) -> Part<'static> {
        Part::Coded {
            codes: codes.to_vec().into(),
            texts: texts.iter().map(ToString::to_string).collect(),
        }
    }

    fn number(values: &[i64], width: usize) -> Part<'static> {
        Part::Number {
            values: values.to_vec().into(),
            width,
        }
    }

    fn composed(rows: usize, parts: Vec<Part<'_>>) -> Vec<String> {
        let array = compose(rows, parts, None).unwrap();
        array.iter().map(|text| text.unwrap().to_string()).collect()
    }

    #[test]
    fn parts_stand_side_by_side() {
        let parts = vec![
            Part::Literal("EXT-".into()),
            coded(&[1, 0], &["EGT", "EVOLUTION"]),
            Part::Literal("-".into()),
            number(&[7, 8], 8),
        ];
        assert_eq!(
            composed(2, parts),
            ["EXT-EVOLUTION-00000007", "EXT-EGT-00000008"]
        );
        let parts = vec![Part::Literal("BET-".into()), number(&[99, 100], 2)];
        assert_eq!(composed(2, parts), ["BET-99", "BET-100"]);
    }

    #[test]
    fn long_texts_and_own_texts_are_whole() {
        let long = "x".repeat(40);
        let own = StringArray::from(vec!["ä", "", "own"]);
        let parts = vec![
            number(&[1, 123_456_789_012, 3], 0),
            coded(&[0, 1, 0], &[&long, "s"]),
            Part::Own(own.clone()),
            Part::Literal(long.as_str().into()),
        ];
        assert_eq!(
            composed(3, parts),
            [
                format!("1{long}ä{long}"),
                format!("123456789012s{long}"),
                format!("3{long}own{long}")
            ]
        );
    }

    #[test]
    fn null_rows_take_no_room_whatever_their_codes() {
        let nulls = NullBuffer::from(vec![true, false, true]);
        let parts = vec![coded(&[0, -5, 0], &["a"]), number(&[1, -1, 2], 2)];
        let array = compose(3, parts, Some(nulls)).unwrap();
        assert_eq!(
            array,
            StringArray::from(vec![Some("a01"), None, Some("a02")])
        );
        assert_eq!(array.value_data(), b"a01a02");
    }
}
