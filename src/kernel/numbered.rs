//! A short text and a number in at most eight digits in each row, the most frequent shape of a
//! text: `TXN-20260115-00000001`.

use super::block::{Block, SLACK, longest};
use super::digits::{EIGHT, all_eight};

/// Rows whose digits are made together.
const CHUNK: usize = 256;

/// Numbers below 10^8, none of which has more digits than the width.
#[derive(Clone, Copy)]
pub struct Numbered<'a> {
    /// Each row's number.
    pub values: &'a [i64],
    /// The digits that each has: from one to eight.
    pub width: usize,
}

/// The texts before the numbers.
pub enum Before<'a> {
    /// The same in every row.
    One(&'a Block),
    /// Each row's one of a few.
    Few(&'a [i32], &'a [Block]),
}

/// Appends the rows one after the other, and where each of them ends.
pub fn put_numbered(
    before: &Before<'_>,
    numbers: Numbered<'_>,
    out: &mut Vec<u8>,
    ends: &mut Vec<i32>,
) {
    debug_assert!((1..=EIGHT).contains(&numbers.width));
    let (start, longest) = (out.len(), before.longest());
    let room = numbers.values.len() * (longest + numbers.width);
    out.resize(start + room + SLACK + EIGHT, 0);
    // The fewer bytes are copied, the fewer copies reach over a line of the cache.
    let end = match longest {
        0..=8 => put::<8>(before, numbers, out, start, ends),
        9..=16 => put::<16>(before, numbers, out, start, ends),
        _ => put::<SLACK>(before, numbers, out, start, ends),
    };
    out.truncate(end);
}

/// Writes rows whose texts have at most `N` bytes from `at` on; says where they end.
fn put<const N: usize>(
    before: &Before<'_>,
    numbers: Numbered<'_>,
    out: &mut [u8],
    at: usize,
    ends: &mut Vec<i32>,
) -> usize {
    match before {
        Before::One(block) => put_one::<N>(block, numbers, out, at, ends),
        Before::Few(codes, blocks) => put_few::<N>(codes, blocks, numbers, out, at, ends),
    }
}

impl Before<'_> {
    /// The bytes of the longest text.
    fn longest(&self) -> usize {
        match self {
            Before::One(block) => block.length,
            Before::Few(_, blocks) => longest(blocks),
        }
    }
}

/// The digits of some rows, the first of each lowest.
fn digits<'a>(values: &[i64], width: usize, out: &'a mut [u64; CHUNK]) -> &'a [u64] {
    let out = &mut out[..values.len()];
    all_eight(values, out);
    let leading = 8 * (EIGHT - width);
    out.iter_mut().for_each(|digits| *digits >>= leading);
    out
}

/// Every row has as many bytes. Not inlined: on its own it keeps everything in registers.
#[inline(never)]
fn put_one<const N: usize>(
    block: &Block,
    Numbered { values, width }: Numbered<'_>,
    out: &mut [u8],
    start: usize,
    ends: &mut Vec<i32>,
) -> usize {
    let (text, length) = (block.first::<N>(), block.length);
    let (mut at, mut made) = (start, [0; CHUNK]);
    for values in values.chunks(CHUNK) {
        for digits in digits(values, width, &mut made) {
            out[at..at + N].copy_from_slice(text);
            out[at + length..at + length + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += length + width;
        }
    }
    ends.extend((1..=values.len()).map(|rows| (start + rows * (length + width)) as i32));
    at
}

#[inline(never)]
fn put_few<const N: usize>(
    codes: &[i32],
    blocks: &[Block],
    Numbered { values, width }: Numbered<'_>,
    out: &mut [u8],
    mut at: usize,
    ends: &mut Vec<i32>,
) -> usize {
    let mut made = [0; CHUNK];
    for (values, codes) in values.chunks(CHUNK).zip(codes.chunks(CHUNK)) {
        let rows = digits(values, width, &mut made).iter().zip(codes);
        ends.extend(rows.map(|(digits, code)| {
            let block = &blocks[*code as usize];
            out[at..at + N].copy_from_slice(block.first::<N>());
            at += block.length;
            out[at..at + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += width;
            at as i32
        }));
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_texts_and_numbers_of_one_width() {
        let texts = [
            "",
            "a",
            "eight by",
            "sixteen bytes ok",
            "of more than sixteen bytes: 32 .",
        ];
        let blocks: Vec<Block> = texts.iter().filter_map(|text| Block::new(text)).collect();
        for rows in [0usize, 1, 255, 256, 257, 1000] {
            for width in 1..=EIGHT {
                let most = 10i64.pow(width as u32);
                let values: Vec<i64> = (0..rows as i64)
                    .map(|row| (most - 1 - row).max(0))
                    .collect();
                let numbers = Numbered {
                    values: &values,
                    width,
                };
                let codes: Vec<i32> = (0..rows)
                    .map(|row| (row % 7 % texts.len()) as i32)
                    .collect();
                for few in 1..=texts.len() {
                    let codes: Vec<i32> = codes.iter().map(|code| code % few as i32).collect();
                    check(&Before::Few(&codes, &blocks[..few]), numbers, |row| {
                        texts[codes[row] as usize]
                    });
                    check(&Before::One(&blocks[few - 1]), numbers, |_| texts[few - 1]);
                }
            }
        }
    }

    fn check<'a>(before: &Before<'_>, numbers: Numbered<'_>, text: impl Fn(usize) -> &'a str) {
        let (mut out, mut ends) = (b"before".to_vec(), Vec::new());
        put_numbered(before, numbers, &mut out, &mut ends);
        let (mut expected, mut expected_ends) = ("before".to_string(), Vec::new());
        for (row, value) in numbers.values.iter().enumerate() {
            let width = numbers.width;
            expected += &format!("{}{value:0width$}", text(row));
            expected_ends.push(expected.len() as i32);
        }
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(ends, expected_ends);
    }
}
