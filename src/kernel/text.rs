//! Text put together from parts, a whole batch into one buffer: no allocation for a value.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Mutex;

use arrow::array::{Array, StringArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};

use super::digits;
use super::extremes::of_i64;
use super::numbered::{Numbered, after_few, between_two};
use super::short_text::{SLACK, ShortText, TOO_LONG, array, longest};
use crate::sync::lock;

/// A part of the text of every row.
pub enum TextPart<'a> {
    /// The same for every row.
    Literal(Cow<'a, str>),
    /// One of a few texts, by its index.
    Dictionary {
        /// Each row's index; anything where the row is null.
        keys: Cow<'a, [i32]>,
        /// The texts.
        texts: Vec<String>,
    },
    /// A number from 0 in at least so many digits.
    Number(RowNumbers<'a>),
    /// Each row's own text.
    Own(StringArray),
}

/// A number for each row.
pub struct RowNumbers<'a> {
    values: Cow<'a, [i64]>,
    width: usize,
    extremes: Option<(i64, i64)>,
}

/// Where texts of one length begin and end: the same for every batch.
// Made once: batches of a template with a fixed width would each compute the same offsets.
#[derive(Default)]
pub struct EvenOffsets(Mutex<(usize, Option<ScalarBuffer<i32>>)>);

/// A part, ready to be copied.
enum PreparedPart<'a> {
    Block(ShortText),
    Blocks(&'a [i32], Vec<ShortText>),
    Long(&'a str),
    Longs(&'a [i32], &'a [String]),
    /// Numbers that are all written in as many digits, at most eight.
    Short(Numbered<'a>),
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
    parts: Vec<TextPart<'_>>,
    nulls: Option<NullBuffer>,
    steps: &EvenOffsets,
) -> Result<StringArray, String> {
    let lengths = parts.iter().filter_map(TextPart::rows);
    let lengths = lengths.chain(nulls.as_ref().map(NullBuffer::len));
    // Asserted in every build, not in tests only: what is text is trusted below without being
    // looked at, and a part with fewer rows once led it wrong.
    assert!(
        lengths.into_iter().all(|length| length == rows),
        "parts of a text have other rows than it"
    );
    let parts = fuse(parts, rows);
    let ready: Vec<PreparedPart<'_>> = parts.iter().map(|part| prepare(part, &nulls)).collect();
    let rooms = ready.iter().map(|part| part.room(rows, &nulls));
    let room = rooms.fold(0, usize::saturating_add);
    if i32::try_from(room).is_err() {
        return Err(TOO_LONG.into());
    }
    let (bytes, offsets) = match (ready.as_slice(), between(&ready), &nulls) {
        (_, Some((before, numbers, after)), None) => {
            let offsets = steps.of(rows, before.length() + numbers.width + after.length());
            (between_two(&before, numbers, &after), offsets)
        }
        (
            [
                PreparedPart::Blocks(keys, blocks),
                PreparedPart::Short(numbers),
            ],
            _,
            None,
        ) => {
            let (bytes, offsets) = after_few(keys, blocks, *numbers);
            (bytes, offsets.into())
        }
        _ => {
            let mut bytes = vec![0; room + SLACK + digits::SLACK];
            let offsets = put_all(&ready, &nulls, rows, &mut bytes);
            (bytes, offsets.into())
        }
    };
    assert!(
        bytes.len() <= room && offsets.last().copied() == i32::try_from(bytes.len()).ok(),
        "a text has other bytes than its parts"
    );
    // SAFETY: every part and `nulls` have as many rows as are asked for. Offsets start at 0 and each
    // is the one before it and the length of whole parts (`EvenOffsets`: all rows are equally long), so
    // they rise as far as an i32 goes, and the last one, the bytes' length, is at most `room`, which
    // an i32 holds. Every part is a `str` (`ShortText` holds one) or ASCII (`digits` makes nothing
    // else, whatever the number), copied whole, and each row begins where the one before it ended.
    #[allow(unsafe_code)]
    Ok(unsafe { array(bytes, offsets, nulls) })
}

fn put_all(
    parts: &[PreparedPart<'_>],
    nulls: &Option<NullBuffer>,
    rows: usize,
    out: &mut Vec<u8>,
) -> Vec<i32> {
    let mut at = 0;
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    offsets.extend((0..rows).map(|row| {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            for part in parts {
                at = part.put(out, at, row);
            }
        }
        at as i32
    }));
    out.truncate(at);
    offsets
}

/// One number in each row, and the same text before and after it.
fn between<'a>(parts: &[PreparedPart<'a>]) -> Option<(ShortText, Numbered<'a>, ShortText)> {
    match parts {
        [PreparedPart::Short(numbers)] => Some((ShortText::EMPTY, *numbers, ShortText::EMPTY)),
        [PreparedPart::Block(before), PreparedPart::Short(numbers)] => {
            Some((*before, *numbers, ShortText::EMPTY))
        }
        [PreparedPart::Short(numbers), PreparedPart::Block(after)] => {
            Some((ShortText::EMPTY, *numbers, *after))
        }
        [
            PreparedPart::Block(before),
            PreparedPart::Short(numbers),
            PreparedPart::Block(after),
        ] => Some((*before, *numbers, *after)),
        _ => None,
    }
}

impl EvenOffsets {
    /// The offsets of so many texts of so many bytes each: fewer than 2 GiB in all.
    fn of(&self, rows: usize, length: usize) -> ScalarBuffer<i32> {
        let mut known = lock(&self.0);
        let enough = |offsets: &&ScalarBuffer<i32>| offsets.len() > rows;
        match known.1.as_ref().filter(enough) {
            Some(offsets) if known.0 == length => offsets.slice(0, rows + 1),
            _ => {
                let offsets = (0..=rows).map(|row| (row * length) as i32);
                let offsets: ScalarBuffer<i32> = offsets.collect();
                *known = (length, Some(offsets.clone()));
                offsets
            }
        }
    }
}

/// Joins literals with the few texts beside them.
fn fuse<'a>(parts: Vec<TextPart<'a>>, rows: usize) -> Vec<TextPart<'a>> {
    let mut fused: Vec<TextPart<'a>> = Vec::with_capacity(parts.len());
    for part in parts {
        match (fused.pop(), part) {
            (None, part) => fused.push(part),
            (Some(TextPart::Literal(before)), TextPart::Literal(text)) => {
                fused.push(TextPart::Literal(Cow::Owned(format!("{before}{text}"))));
            }
            (Some(TextPart::Literal(before)), TextPart::Dictionary { keys, mut texts })
                // Not where the texts are more than the rows: to join them would cost more than to
                // copy two parts a row.
                if texts.len() <= rows =>
            {
                texts
                    .iter_mut()
                    .for_each(|text| text.insert_str(0, &before));
                fused.push(TextPart::Dictionary { keys, texts });
            }
            (Some(TextPart::Dictionary { keys, mut texts }), TextPart::Literal(after))
                if texts.len() <= rows =>
            {
                texts.iter_mut().for_each(|text| text.push_str(&after));
                fused.push(TextPart::Dictionary { keys, texts });
            }
            (Some(before), part) => fused.extend([before, part]),
        }
    }
    fused
}

fn prepare<'a>(part: &'a TextPart<'_>, nulls: &Option<NullBuffer>) -> PreparedPart<'a> {
    match part {
        TextPart::Literal(text) => {
            ShortText::new(text).map_or(PreparedPart::Long(text), PreparedPart::Block)
        }
        TextPart::Dictionary { keys, texts } => {
            let blocks: Option<Vec<ShortText>> =
                texts.iter().map(|text| ShortText::new(text)).collect();
            match blocks {
                Some(blocks) => PreparedPart::Blocks(keys, blocks),
                None => PreparedPart::Longs(keys, texts),
            }
        }
        TextPart::Number(numbers) => {
            let values = &numbers.values;
            match numbers.same_digits() {
                Some(width) if nulls.is_none() && width <= digits::EIGHT => {
                    PreparedPart::Short(Numbered { values, width })
                }
                _ => PreparedPart::Number(values, numbers.width, numbers.digits()),
            }
        }
        TextPart::Own(texts) => PreparedPart::Own(texts),
    }
}

impl TextPart<'_> {
    /// How many rows it has; none where it is the same for every row.
    fn rows(&self) -> Option<usize> {
        match self {
            Self::Literal(_) => None,
            Self::Dictionary { keys, .. } => Some(keys.len()),
            Self::Number(numbers) => Some(numbers.values.len()),
            Self::Own(texts) => Some(texts.len()),
        }
    }
}

impl<'a> RowNumbers<'a> {
    /// Each row's number, anything where the row is null, in at least so many digits.
    pub fn new(values: impl Into<Cow<'a, [i64]>>, width: usize) -> Self {
        let values = values.into();
        let extremes = of_i64(&values);
        Self {
            values,
            width,
            extremes,
        }
    }

    /// As `new`, when no number is less than the first of `extremes`, or greater than the second.
    pub fn within(values: &'a [i64], width: usize, extremes: (i64, i64)) -> Self {
        let (least, most) = extremes;
        debug_assert!(of_i64(values).is_none_or(|found| least <= found.0 && found.1 <= most));
        Self {
            values: values.into(),
            width,
            extremes: Some(extremes),
        }
    }

    /// True when some are below 0, those of null rows, too.
    pub fn any_negative(&self) -> bool {
        self.extremes.is_some_and(|(least, _)| least < 0)
    }

    /// The digits that each of them is written in, if all have as many.
    fn same_digits(&self) -> Option<usize> {
        let (least, _) = self.extremes.filter(|(least, _)| *least >= 0)?;
        let fewest = digits::count(least as u64).max(self.width);
        (fewest == self.digits().max(self.width)).then_some(fewest)
    }

    /// The most digits that one has; those of an unsigned one where one is negative.
    fn digits(&self) -> usize {
        match self.extremes {
            None => 1,
            Some((least, _)) if least < 0 => digits::count(u64::MAX),
            Some((_, most)) => digits::count(most as u64),
        }
    }
}

impl PreparedPart<'_> {
    /// Bytes that the part needs at most for all rows.
    fn room(&self, rows: usize, nulls: &Option<NullBuffer>) -> usize {
        match self {
            PreparedPart::Block(block) => block.length().saturating_mul(rows),
            PreparedPart::Blocks(_, blocks) => longest(blocks).saturating_mul(rows),
            PreparedPart::Long(text) => text.len().saturating_mul(rows),
            PreparedPart::Longs(keys, texts) => (0..rows)
                .filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)))
                .map(|row| texts[keys[row] as usize].len())
                .sum(),
            PreparedPart::Short(numbered) => numbered.width.saturating_mul(rows),
            PreparedPart::Number(_, width, most) => most.max(width).saturating_mul(rows),
            PreparedPart::Own(texts) => texts.value_data().len(),
        }
    }

    /// Writes the row's part at `at`; says where it ends.
    #[inline(always)]
    fn put(&self, out: &mut [u8], at: usize, row: usize) -> usize {
        match self {
            PreparedPart::Block(block) => block.put(out, at),
            PreparedPart::Blocks(keys, blocks) => blocks[keys[row] as usize].put(out, at),
            PreparedPart::Short(Numbered { values, width }) => {
                digits::put_short(out, at, values[row] as u64, *width)
            }
            PreparedPart::Number(values, width, _) => {
                digits::put(out, at, values[row] as u64, *width)
            }
            PreparedPart::Long(text) => copy(text, out, at),
            PreparedPart::Longs(keys, texts) => copy(&texts[keys[row] as usize], out, at),
            PreparedPart::Own(texts) => copy(texts.value(row), out, at),
        }
    }
}

#[inline(always)]
fn copy(text: &str, out: &mut [u8], at: usize) -> usize {
    out[at..at + text.len()].copy_from_slice(text.as_bytes());
    at + text.len()
}
