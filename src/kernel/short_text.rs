//! Short texts as blocks of 32 bytes, and the text arrays that are written with them.
//!
//! A block is copied whole, and what follows overwrites what was too much of it: that costs less
//! than to copy as many bytes as are needed.

use arrow::array::StringArray;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::digits;

/// Bytes that `ShortText::put` may write beyond the text.
pub const SLACK: usize = 32;

/// A text of at most 32 bytes.
#[derive(Debug, Clone, Copy)]
pub struct ShortText {
    bytes: [u8; SLACK],
    // Not public: `array` takes on trust that so many of the bytes are whole characters.
    length: usize,
}

/// Writes the texts of a batch one after the other.
pub struct ShortTextWriter {
    bytes: Vec<u8>,
    at: usize,
    offsets: Vec<i32>,
    too_long: bool,
}

impl ShortText {
    /// The block of no text.
    pub const EMPTY: Self = Self {
        bytes: [0; SLACK],
        length: 0,
    };

    /// The block of a text, unless that is too long.
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; SLACK];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        Some(Self {
            bytes,
            length: text.len(),
        })
    }

    /// The block of a text, or of as many of its characters as fit.
    pub fn cut(text: &str) -> Self {
        let mut bytes = [0; SLACK];
        let length = text.floor_char_boundary(SLACK);
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self { bytes, length }
    }

    /// A capital letter, by its place in the alphabet from 0.
    pub fn letter(place: u8) -> Self {
        let mut bytes = [0; SLACK];
        bytes[0] = b'A' + place % 26;
        Self { bytes, length: 1 }
    }

    /// The text's length in bytes.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Writes the text at `at`, and anything after it; says where it ends.
    #[inline(always)]
    pub fn put(&self, out: &mut [u8], at: usize) -> usize {
        out[at..at + SLACK].copy_from_slice(&self.bytes);
        at + self.length
    }

    /// The first `N` bytes: the text, which is not longer, and anything after it.
    #[inline(always)]
    pub(super) fn first<const N: usize>(&self) -> &[u8; N] {
        debug_assert!(self.length <= N);
        const { assert!(N <= SLACK) };
        self.bytes.first_chunk().unwrap_or(&[0; N])
    }
}

/// The bytes of the longest block.
pub fn longest(blocks: &[ShortText]) -> usize {
    let lengths = blocks.iter().map(|block| block.length);
    lengths.max().unwrap_or_default()
}

impl ShortTextWriter {
    /// A writer of so many texts, of so many bytes each as a first guess.
    pub fn new(rows: usize, bytes_per_row: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            bytes: vec![0; rows * bytes_per_row + SLACK],
            at: 0,
            offsets,
            too_long: false,
        }
    }

    /// Adds a block to the text in hand.
    #[inline(always)]
    pub fn put(&mut self, block: &ShortText) {
        self.make_room(SLACK);
        self.at = block.put(&mut self.bytes, self.at);
    }

    /// Adds a number in at least so many digits to the text in hand.
    #[inline(always)]
    pub fn put_number(&mut self, value: u64, width: usize) {
        self.make_room(width.max(20).saturating_add(digits::SLACK));
        self.at = digits::put(&mut self.bytes, self.at, value, width);
    }

    /// Has room for so many more bytes. Panics where a `usize` cannot count them: with what is left
    /// of such a sum, texts would end before they begin.
    #[inline(always)]
    fn make_room(&mut self, room: usize) {
        let needed = self.at.saturating_add(room);
        if self.bytes.len() < needed {
            self.bytes.resize(needed.saturating_mul(2), 0);
        }
    }

    /// Ends the text in hand.
    #[inline(always)]
    pub fn end(&mut self) {
        self.too_long |= i32::try_from(self.at).is_err();
        self.offsets.push(self.at as i32);
    }

    /// The texts that were ended.
    ///
    /// # Errors
    /// They are longer than 2 GiB.
    pub fn finish(mut self) -> Result<StringArray, String> {
        if self.too_long {
            return Err(TOO_LONG.into());
        }
        let end = self.offsets.last().map_or(0, |end| *end as usize);
        self.bytes.truncate(end);
        // SAFETY: the offsets start at 0; `end` puts each at `at`, which only grows and is at most
        // the bytes' length: it is counted on by what was written there. That is whole texts:
        // blocks, which hold a `str` each, and ASCII digits. There are no nulls.
        #[allow(unsafe_code)]
        Ok(unsafe { array(self.bytes, self.offsets.into(), None) })
    }
}

/// What is said of more text than the offsets of one array can tell apart.
pub const TOO_LONG: &str = "the text of one batch is longer than 2 GiB";

/// Text from bytes that were written as whole texts, one after the other: `offsets` say where.
///
/// # Safety
/// The offsets start at 0, never fall, and end at the bytes' length. From each to the next one the
/// bytes are UTF-8. Nulls have a bit for each row.
// It was safe once, and safe callers could lead it wrong: a length that was public, parts with
// fewer rows than the text. Whoever calls it now says why the bytes are right.
#[allow(unsafe_code)]
pub(super) unsafe fn array(
    bytes: Vec<u8>,
    offsets: ScalarBuffer<i32>,
    nulls: Option<NullBuffer>,
) -> StringArray {
    debug_assert!(std::str::from_utf8(&bytes).is_ok());
    debug_assert!(offsets.windows(2).all(|pair| pair[0] <= pair[1]));
    debug_assert_eq!(offsets.last().map(|last| *last as usize), Some(bytes.len()));
    debug_assert!(nulls.iter().all(|nulls| nulls.len() + 1 == offsets.len()));
    let bytes = Buffer::from_vec(bytes);
    // SAFETY: the caller's.
    unsafe {
        let offsets = OffsetBuffer::new_unchecked(offsets);
        StringArray::new_unchecked(offsets, bytes, nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_follow_each_other() {
        let block = |text| ShortText::new(text).unwrap();
        let mut writer = ShortTextWriter::new(3, 0);
        for texts in [&["one ", "two"][..], &[], &["ärger", ""]] {
            texts.iter().for_each(|text| writer.put(&block(text)));
            writer.end();
        }
        let texts = writer.finish().unwrap();
        assert_eq!(texts, StringArray::from(vec!["one two", "", "ärger"]));
        assert!(ShortText::new(&"x".repeat(33)).is_none());
        let mut writer = ShortTextWriter::new(1, 0);
        writer.put(&ShortText::cut(&"ä".repeat(20)));
        writer.put_number(7, 3);
        writer.put(&ShortText::letter(25));
        writer.end();
        let text = format!("{}007Z", "ä".repeat(16));
        writer.put(&ShortText::letter(0));
        assert_eq!(writer.finish().unwrap(), StringArray::from(vec![text]));
    }

    /// Where sums wrap, the text in hand would end before the one before it.
    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_number_of_more_digits_than_there_is_memory_is_refused() {
        let mut writer = ShortTextWriter::new(2, 8);
        writer.put(&ShortText::cut("before"));
        writer.end();
        writer.put_number(u64::MAX, usize::MAX);
    }
}
