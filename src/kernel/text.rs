//! Text put together from parts, a whole batch into one buffer: no allocation for a value.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use arrow::array::StringArray;
use arrow::buffer::{NullBuffer, ScalarBuffer};

use super::block::{Block, SLACK, TOO_LONG, array, longest};
use super::digits;
use super::extremes::of_i64;
use super::numbered::{Numbered, after_few, between_two};

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
    Number(Numbers<'a>),
    /// Each row's own text.
    Own(StringArray),
}

/// A number for each row.
pub struct Numbers<'a> {
    values: Cow<'a, [i64]>,
    width: usize,
    extremes: Option<(i64, i64)>,
}

/// Where texts of one length begin and end: the same for every batch.
#[derive(Default)]
pub struct Steps(Mutex<(usize, Option<ScalarBuffer<i32>>)>);

/// A part, ready to be copied.
enum Ready<'a> {
    Block(Block),
    Blocks(&'a [i32], Vec<Block>),
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
    parts: Vec<Part<'_>>,
    nulls: Option<NullBuffer>,
    steps: &Steps,
) -> Result<StringArray, String> {
    let parts = fuse(parts, rows);
    let ready: Vec<Ready<'_>> = parts.iter().map(|part| prepare(part, &nulls)).collect();
    let room: usize = ready.iter().map(|part| part.room(rows, &nulls)).sum();
    if i32::try_from(room).is_err() {
        return Err(TOO_LONG.into());
    }
    let (bytes, offsets) = match (ready.as_slice(), between(&ready), &nulls) {
        (_, Some((before, numbers, after)), None) => {
            let offsets = steps.of(rows, before.length + numbers.width + after.length);
            (between_two(&before, numbers, &after), offsets)
        }
        ([Ready::Blocks(codes, blocks), Ready::Short(numbers)], _, None) => {
            let (bytes, offsets) = after_few(codes, blocks, *numbers);
            (bytes, offsets.into())
        }
        _ => {
            let mut bytes = vec![0; room + SLACK + digits::SLACK];
            let offsets = put_all(&ready, &nulls, rows, &mut bytes);
            (bytes, offsets.into())
        }
    };
    Ok(array(bytes, offsets, nulls))
}

fn put_all(
    parts: &[Ready<'_>],
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
fn between<'a>(parts: &[Ready<'a>]) -> Option<(Block, Numbered<'a>, Block)> {
    match parts {
        [Ready::Short(numbers)] => Some((Block::EMPTY, *numbers, Block::EMPTY)),
        [Ready::Block(before), Ready::Short(numbers)] => Some((*before, *numbers, Block::EMPTY)),
        [Ready::Short(numbers), Ready::Block(after)] => Some((Block::EMPTY, *numbers, *after)),
        [
            Ready::Block(before),
            Ready::Short(numbers),
            Ready::Block(after),
        ] => Some((*before, *numbers, *after)),
        _ => None,
    }
}

impl Steps {
    /// The offsets of so many texts of so many bytes each: fewer than 2 GiB in all.
    fn of(&self, rows: usize, length: usize) -> ScalarBuffer<i32> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        Part::Number(numbers) => {
            let values = &numbers.values;
            match numbers.same_digits() {
                Some(width) if nulls.is_none() && width <= digits::EIGHT => {
                    Ready::Short(Numbered { values, width })
                }
                _ => Ready::Number(values, numbers.width, numbers.digits()),
            }
        }
        Part::Own(texts) => Ready::Own(texts),
    }
}

impl<'a> Numbers<'a> {
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

impl Ready<'_> {
    /// Bytes that the part needs at most for all rows.
    fn room(&self, rows: usize, nulls: &Option<NullBuffer>) -> usize {
        match self {
            Ready::Block(block) => block.length * rows,
            Ready::Blocks(_, blocks) => longest(blocks) * rows,
            Ready::Long(text) => text.len() * rows,
            Ready::Longs(codes, texts) => (0..rows)
                .filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)))
                .map(|row| texts[codes[row] as usize].len())
                .sum(),
            Ready::Short(numbered) => numbered.width * rows,
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
            Ready::Short(Numbered { values, width }) => {
                digits::put_short(out, at, values[row] as u64, *width)
            }
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
        Part::Number(Numbers::new(values.to_vec(), width))
    }

    fn composed(rows: usize, parts: Vec<Part<'_>>) -> Vec<String> {
        let array = compose(rows, parts, None, &Steps::default()).unwrap();
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
        assert_eq!(composed(0, vec![number(&[], 0)]), [""; 0]);
    }

    #[test]
    fn numbers_of_as_many_digits_stand_between_texts_as_others_do() {
        let all: [&[i64]; 5] = [
            &[10, 99, 57],
            &[9, 10, 100],
            &[0, 7, 3],
            &[100_000_000, 999_999_999, 100_000_001],
            &[12_345_678, 99_999_999, 10_000_000],
        ];
        for (values, width) in all
            .iter()
            .flat_map(|values| [0, 2, 9].map(|width| (values, width)))
        {
            for (before, after) in [("", ""), ("user", ""), ("", "!"), ("u", "@example.com")] {
                let text = |value: &i64| format!("{before}{value:0width$}{after}");
                let expected: Vec<String> = values.iter().map(text).collect();
                let mut parts = vec![number(values, width)];
                if !before.is_empty() {
                    parts.insert(0, Part::Literal(before.into()));
                }
                if !after.is_empty() {
                    parts.push(Part::Literal(after.into()));
                }
                assert_eq!(composed(3, parts), expected);
            }
        }
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
        let array = compose(3, parts, Some(nulls), &Steps::default()).unwrap();
        assert_eq!(
            array,
            StringArray::from(vec![Some("a01"), None, Some("a02")])
        );
        assert_eq!(array.value_data(), b"a01a02");
    }
}
