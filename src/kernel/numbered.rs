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
    match before {
        // The fewer bytes are copied, the fewer copies reach over a line of the cache.
        Before::One(block) if block.length <= 8 => put_one::<8>(block, numbers, out, ends),
        Before::One(block) if block.length <= 16 => put_one::<16>(block, numbers, out, ends),
        Before::One(block) => put_one::<SLACK>(block, numbers, out, ends),
        Before::Few(codes, blocks) => match longest(blocks) {
            0..=8 => put_few::<8>(codes, blocks, numbers, out, ends),
            9..=16 => put_few::<16>(codes, blocks, numbers, out, ends),
            _ => put_few::<SLACK>(codes, blocks, numbers, out, ends),
        },
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
    out: &mut Vec<u8>,
    ends: &mut Vec<i32>,
) {
    let (text, length) = (block.first::<N>(), block.length);
    let stride = length + width;
    let (first, mut made) = (out.len(), [0; CHUNK]);
    for (chunk, values) in values.chunks(CHUNK).enumerate() {
        let start = first + chunk * CHUNK * stride;
        // Zeroed just before it is written, while it is in the nearest cache.
        out.resize(start + values.len() * stride + SLACK + EIGHT, 0);
        let (out, mut at) = (&mut out[start..], 0);
        for digits in digits(values, width, &mut made) {
            out[at..at + N].copy_from_slice(text);
            out[at + length..at + length + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += stride;
        }
    }
    out.truncate(first + values.len() * stride);
    ends.extend((1..=values.len()).map(|rows| (first + rows * stride) as i32));
}

#[inline(never)]
fn put_few<const N: usize>(
    codes: &[i32],
    blocks: &[Block],
    Numbered { values, width }: Numbered<'_>,
    out: &mut Vec<u8>,
    ends: &mut Vec<i32>,
) {
    let (mut start, mut made) = (out.len(), [0; CHUNK]);
    let most = longest(blocks) + width;
    for (values, codes) in values.chunks(CHUNK).zip(codes.chunks(CHUNK)) {
        out.resize(start + values.len() * most + SLACK + EIGHT, 0);
        let (out, mut at) = (&mut out[start..], 0);
        let rows = digits(values, width, &mut made).iter().zip(codes);
        ends.extend(rows.map(|(digits, code)| {
            let block = &blocks[*code as usize];
            out[at..at + N].copy_from_slice(block.first::<N>());
            at += block.length;
            out[at..at + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += width;
            (start + at) as i32
        }));
        start += at;
    }
    out.truncate(start);
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
