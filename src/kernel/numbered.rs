//! A short text and a number in at most eight digits in each row, the most frequent shape of a
//! text: `TXN-20260115-00000001`.

use super::digits::{EIGHT, all_eight};
use super::short_text::{SLACK, ShortText, longest};

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

/// The rows one after the other, each with the same text before its number, and one after it.
// A loop of its own for this one shape: `user{id}` takes a fifth of the time that the general way
// of a template takes.
pub fn between_two(before: &ShortText, numbers: Numbered<'_>, after: &ShortText) -> Vec<u8> {
    let mut out = room(before.length() + after.length(), numbers);
    let texts = (before, after);
    // The fewer bytes are copied, the fewer copies reach over a line of the cache.
    let end = match (before.length(), after.length()) {
        (0..=8, 0) => put_one::<8, 0>(texts, numbers, &mut out),
        (9..=16, 0) => put_one::<16, 0>(texts, numbers, &mut out),
        (_, 0) => put_one::<SLACK, 0>(texts, numbers, &mut out),
        (0..=8, 0..=16) => put_one::<8, 16>(texts, numbers, &mut out),
        _ => put_one::<SLACK, SLACK>(texts, numbers, &mut out),
    };
    out.truncate(end);
    out
}

/// The rows one after the other, each with its one of a few texts before its number, and where each
/// of them begins and the last one ends.
pub fn after_few(keys: &[i32], blocks: &[ShortText], numbers: Numbered<'_>) -> (Vec<u8>, Vec<i32>) {
    let longest = longest(blocks);
    let mut out = room(longest, numbers);
    let mut offsets = vec![0; numbers.values.len() + 1];
    let ends = &mut offsets[1..];
    let end = match longest {
        0..=8 => put_few::<8>(keys, blocks, numbers, &mut out, ends),
        9..=16 => put_few::<16>(keys, blocks, numbers, &mut out, ends),
        _ => put_few::<SLACK>(keys, blocks, numbers, &mut out, ends),
    };
    out.truncate(end);
    (out, offsets)
}

fn room(longest: usize, numbers: Numbered<'_>) -> Vec<u8> {
    debug_assert!((1..=EIGHT).contains(&numbers.width));
    // All of it is zeroed at once: to zero some rows at a time, just before they are written, was
    // measured and gained nothing.
    let room = numbers.values.len() * (longest + numbers.width);
    vec![0; room + SLACK + EIGHT]
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
fn put_one<const BEFORE: usize, const AFTER: usize>(
    (before, after): (&ShortText, &ShortText),
    Numbered { values, width }: Numbered<'_>,
    out: &mut [u8],
) -> usize {
    let (text, length) = (before.first::<BEFORE>(), before.length());
    let (end, end_length) = (after.first::<AFTER>(), after.length());
    let (mut at, mut made) = (0, [0; CHUNK]);
    for values in values.chunks(CHUNK) {
        for digits in digits(values, width, &mut made) {
            out[at..at + BEFORE].copy_from_slice(text);
            at += length;
            out[at..at + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += width;
            out[at..at + AFTER].copy_from_slice(end);
            at += end_length;
        }
    }
    at
}

#[inline(never)]
fn put_few<const N: usize>(
    keys: &[i32],
    blocks: &[ShortText],
    Numbered { values, width }: Numbered<'_>,
    out: &mut [u8],
    ends: &mut [i32],
) -> usize {
    let (mut at, mut made) = (0, [0; CHUNK]);
    let chunks = values.chunks(CHUNK).zip(keys.chunks(CHUNK));
    for ((values, keys), ends) in chunks.zip(ends.chunks_mut(CHUNK)) {
        let rows = digits(values, width, &mut made).iter().zip(keys);
        for ((digits, code), end) in rows.zip(ends) {
            let block = &blocks[*code as usize];
            out[at..at + N].copy_from_slice(block.first::<N>());
            at += block.length();
            out[at..at + EIGHT].copy_from_slice(&digits.to_le_bytes());
            at += width;
            *end = at as i32;
        }
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
        let blocks: Vec<ShortText> = texts
            .iter()
            .filter_map(|text| ShortText::new(text))
            .collect();
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
                let keys: Vec<i32> = (0..rows)
                    .map(|row| (row % 7 % texts.len()) as i32)
                    .collect();
                for few in 1..=texts.len() {
                    let keys: Vec<i32> = keys.iter().map(|code| code % few as i32).collect();
                    let (bytes, offsets) = after_few(&keys, &blocks[..few], numbers);
                    let text = |row: usize| texts[keys[row] as usize];
                    assert_eq!((text_of(bytes), offsets), expected(numbers, text, ""));
                    for (after, text) in blocks.iter().zip(texts) {
                        let bytes = between_two(&blocks[few - 1], numbers, after);
                        let (expected, _) = expected(numbers, |_| texts[few - 1], text);
                        assert_eq!(text_of(bytes), expected);
                    }
                }
            }
        }
    }

    fn text_of(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    fn expected<'a>(
        numbers: Numbered<'_>,
        text: impl Fn(usize) -> &'a str,
        after: &str,
    ) -> (String, Vec<i32>) {
        let (mut expected, mut offsets) = (String::new(), vec![0]);
        for (row, value) in numbers.values.iter().enumerate() {
            let width = numbers.width;
            expected += &format!("{}{value:0width$}{after}", text(row));
            offsets.push(expected.len() as i32);
        }
        (expected, offsets)
    }
}
