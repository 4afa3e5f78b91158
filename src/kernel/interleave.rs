//! Rows from columns: the pieces of every row side by side, copied in blocks of fixed size.
//!
//! A short piece is copied as a whole block, and what follows overwrites what was too much of it:
//! that costs less than to copy as many bytes as are needed.

#[cfg(test)]
mod tests;

use arrow::array::{Array, StringArray};

use super::value_blocks::ValueBlocks;
use crate::dispatched;

/// Bytes that a piece may write beyond its end: the widest block.
const SLACK: usize = ValueBlocks::WIDEST;

/// Room is made for so many rows at once.
// Not for all rows at once: what each piece takes at most would be reserved for the whole batch.
const CHUNK: usize = 256;

/// The most bytes of a literal that goes with the text after it, and of one with that before it.
const BEFORE: usize = 32;
/// See `BEFORE`.
const AFTER: usize = 8;

/// The columns of some rows, from the first byte of a row to its last.
pub struct RowWriter<'a> {
    rows: usize,
    pieces: Vec<RowPiece<'a>>,
}

enum RowPiece<'a> {
    Literal(&'a [u8]),
    // One arm for each width, though they only differ in a constant: with it the copy is one, two
    // or four vector moves that are inlined; with the width in a variable it is a call of `memcpy`
    // for each piece of each row. Wider pieces are rare, and take that call.
    Keyed32(KeyedBlocks<'a>),
    Keyed64(KeyedBlocks<'a>),
    Keyed128(KeyedBlocks<'a>),
    KeyedWide(KeyedBlocks<'a>),
    Own32(&'a ValueBlocks),
    Own64(&'a ValueBlocks),
    Own128(&'a ValueBlocks),
    OwnWide(&'a ValueBlocks),
    /// Texts with a literal after each.
    Texts(FramedTexts<'a>),
    /// Texts with a literal before and one after each.
    Framed(FramedTexts<'a>),
    /// Texts with a literal and their length as a zigzag varint before each.
    Sized(FramedTexts<'a>),
    Values(&'a [usize], &'a [u8]),
    Picked(&'a [i32], &'a [usize], &'a [u8], usize),
}

#[derive(Clone, Copy)]
struct KeyedBlocks<'a> {
    keys: &'a [i32],
    blocks: &'a ValueBlocks,
}

struct FramedTexts<'a> {
    offsets: &'a [i32],
    bytes: &'a [u8],
    before: [u8; BEFORE],
    before_length: usize,
    after: [u8; AFTER],
    after_length: usize,
}

impl<'a> RowWriter<'a> {
    /// So many rows without any column.
    pub fn new(rows: usize) -> Self {
        Self {
            rows,
            pieces: Vec::new(),
        }
    }

    /// Adds what is the same in every row.
    pub fn literal(&mut self, bytes: &'a [u8]) {
        if !bytes.is_empty() {
            self.pieces.push(RowPiece::Literal(bytes));
        }
    }

    /// Adds one of a few blocks a row, by its key. A key beyond the blocks, which Arrow's
    /// dictionaries do not have, is taken for the last one.
    pub fn keyed(&mut self, keys: &'a [i32], blocks: &'a ValueBlocks) {
        assert!(keys.len() == self.rows && !blocks.is_empty());
        let keyed = KeyedBlocks { keys, blocks };
        self.pieces.push(match blocks.width() {
            32 => RowPiece::Keyed32(keyed),
            64 => RowPiece::Keyed64(keyed),
            128 => RowPiece::Keyed128(keyed),
            _ => RowPiece::KeyedWide(keyed),
        });
    }

    /// Adds each row's own block.
    pub fn own(&mut self, blocks: &'a ValueBlocks) {
        assert_eq!(blocks.len(), self.rows);
        self.pieces.push(match blocks.width() {
            32 => RowPiece::Own32(blocks),
            64 => RowPiece::Own64(blocks),
            128 => RowPiece::Own128(blocks),
            _ => RowPiece::OwnWide(blocks),
        });
    }

    /// Adds each row's text, whether null or not, between two literals; with `sized` its length
    /// stands before it.
    pub fn texts(&mut self, texts: &'a StringArray, frame: (&'a [u8], &'a [u8]), sized: bool) {
        assert_eq!(texts.len(), self.rows);
        let (mut before, mut after) = frame;
        if before.len() > BEFORE {
            self.literal(std::mem::take(&mut before));
        }
        let late = (after.len() > AFTER).then(|| std::mem::take(&mut after));
        let texts = FramedTexts::new(texts, before, after);
        self.pieces.push(match texts.before_length {
            _ if sized => RowPiece::Sized(texts),
            0 => RowPiece::Texts(texts),
            _ => RowPiece::Framed(texts),
        });
        self.literal(late.unwrap_or_default());
    }

    /// Adds each row's own bytes: those from `offsets[row]` to `offsets[row + 1]`. Panics where
    /// offsets fall, or lie beyond the bytes.
    pub fn values(&mut self, offsets: &'a [usize], bytes: &'a [u8]) {
        assert_eq!(offsets.len(), self.rows + 1);
        assert_ends(offsets, bytes);
        self.pieces.push(RowPiece::Values(offsets, bytes));
    }

    /// Adds one of a few values a row, by its key. Panics as `values` does.
    pub fn picked(&mut self, keys: &'a [i32], offsets: &'a [usize], bytes: &'a [u8]) {
        assert_eq!(keys.len(), self.rows);
        assert_ends(offsets, bytes);
        let longest = offsets.windows(2).map(|ends| ends[1] - ends[0]).max();
        let longest = longest.unwrap_or_default();
        self.pieces
            .push(RowPiece::Picked(keys, offsets, bytes, longest));
    }

    /// Appends the rows to `out`, and where each one ends to `ends`.
    pub fn append(&self, out: &mut Vec<u8>, ends: Option<&mut Vec<usize>>) {
        append(self, out, ends);
    }
}

/// Holds callers to offsets by which room can be made: the last one less the first one is only as
/// much as the values take where none falls, and only sums without an overflow where bytes are there.
fn assert_ends(offsets: &[usize], bytes: &[u8]) {
    // Offsets of (0, 1000, 0) once made a safe call write a value beyond the room that was made for
    // it.
    let mut rise = true;
    rises(offsets, &mut rise);
    let last = offsets.last().copied().unwrap_or_default();
    assert!(
        rise && last <= bytes.len(),
        "offsets of values fall, or lie beyond their bytes"
    );
}

dispatched! {
    /// True when no offset is less than the one before it. One answer at the end vectorises; to stop
    /// at the first that falls does not.
    fn rises(offsets: &[usize], rise: &mut bool) {
        let pairs = offsets.iter().zip(offsets.iter().skip(1));
        *rise = pairs.fold(true, |rise, (start, end)| rise & (start <= end));
    }

    fn append(rows: &RowWriter<'_>, out: &mut Vec<u8>, ends: Option<&mut Vec<usize>>) {
        let mut ends = ends;
        if let Some(ends) = &mut ends {
            ends.reserve(rows.rows);
        }
        for first in (0..rows.rows).step_by(CHUNK) {
            let last = (first + CHUNK).min(rows.rows);
            let rooms = rows.pieces.iter().map(|piece| piece.room(first, last));
            // What is too much for a `usize` must not come out small: `reserve` panics at it.
            let room = rooms.fold(0, usize::saturating_add);
            out.reserve(room.saturating_add(SLACK));
            let before = out.len();
            // SAFETY: `room` is at least what the pieces of these rows advance by, all together
            // (see `RowPiece::room`), and a piece writes at most `SLACK` bytes beyond where it ends.
            // So nothing is written beyond the room that was reserved, and all bytes up to the last
            // `at` have been written.
            #[allow(unsafe_code)]
            unsafe {
                // Not by way of a slice, whose pointer would hold for the bytes that are there alone.
                let start = out.as_mut_ptr().add(before);
                let mut at = start;
                for row in first..last {
                    for piece in &rows.pieces {
                        at = piece.put(row, at);
                    }
                    if let Some(ends) = &mut ends {
                        ends.push(before + at.offset_from_unsigned(start));
                    }
                }
                let written = at.offset_from_unsigned(start);
                debug_assert!(written <= room);
                out.set_len(before + written);
            }
        }
    }
}

impl RowPiece<'_> {
    /// At least as many bytes as the rows from `first` to `last` take.
    fn room(&self, first: usize, last: usize) -> usize {
        let rows = last - first;
        match self {
            RowPiece::Literal(bytes) => bytes.len().saturating_mul(rows),
            RowPiece::Keyed32(keyed)
            | RowPiece::Keyed64(keyed)
            | RowPiece::Keyed128(keyed)
            | RowPiece::KeyedWide(keyed) => keyed.blocks.longest().saturating_mul(rows),
            RowPiece::Own32(blocks)
            | RowPiece::Own64(blocks)
            | RowPiece::Own128(blocks)
            | RowPiece::OwnWide(blocks) => blocks.longest().saturating_mul(rows),
            RowPiece::Texts(texts) | RowPiece::Framed(texts) | RowPiece::Sized(texts) => {
                // A zigzag varint of 32 bits has at most five bytes.
                let around = texts.before_length + texts.after_length + 5;
                (texts.offsets[last] - texts.offsets[first]) as usize + around * rows
            }
            // Offsets rise: see `assert_ends`.
            RowPiece::Values(offsets, _) => offsets[last] - offsets[first],
            RowPiece::Picked(.., longest) => longest.saturating_mul(rows),
        }
    }

    /// Writes the row's piece at `at`; says where it ends.
    ///
    /// # Safety
    /// `row` is one of the rows, and at `at` there is room for the piece and `SLACK` bytes.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn put(&self, row: usize, at: *mut u8) -> *mut u8 {
        // SAFETY: passed on; keys, blocks and the offsets of texts have one entry a row (asserted
        // when the piece was added), and `KeyedBlocks::key` is a block's index.
        unsafe {
            match self {
                RowPiece::Literal(bytes) => put_exact(bytes, at),
                RowPiece::Keyed32(keyed) => keyed.blocks.put::<32>(keyed.key(row), at),
                RowPiece::Keyed64(keyed) => keyed.blocks.put::<64>(keyed.key(row), at),
                RowPiece::Keyed128(keyed) => keyed.blocks.put::<128>(keyed.key(row), at),
                RowPiece::KeyedWide(keyed) => put_exact(keyed.blocks.get(keyed.key(row)), at),
                RowPiece::Own32(blocks) => blocks.put::<32>(row, at),
                RowPiece::Own64(blocks) => blocks.put::<64>(row, at),
                RowPiece::Own128(blocks) => blocks.put::<128>(row, at),
                RowPiece::OwnWide(blocks) => put_exact(blocks.get(row), at),
                RowPiece::Texts(texts) => texts.put_after(texts.put_text(row, at)),
                RowPiece::Framed(texts) => {
                    let at = texts.put_before(at);
                    texts.put_after(texts.put_text(row, at))
                }
                RowPiece::Sized(texts) => {
                    let at = texts.put_before(at);
                    texts.put_text(row, texts.put_size(row, at))
                }
                RowPiece::Values(offsets, bytes) => {
                    put_exact(&bytes[offsets[row]..offsets[row + 1]], at)
                }
                RowPiece::Picked(keys, offsets, bytes, _) => {
                    let key = keys[row] as usize;
                    put_exact(&bytes[offsets[key]..offsets[key + 1]], at)
                }
            }
        }
    }
}

/// # Safety
/// At `at` there is room for the bytes.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn put_exact(bytes: &[u8], at: *mut u8) -> *mut u8 {
    // SAFETY: the caller's; `out` is not borrowed by any piece.
    unsafe {
        at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        at.add(bytes.len())
    }
}

impl KeyedBlocks<'_> {
    /// The index of the row's block.
    ///
    /// # Safety
    /// `row` is one of the rows.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn key(&self, row: usize) -> usize {
        debug_assert!(row < self.keys.len());
        // SAFETY: there is a key for every row.
        let key = unsafe { *self.keys.get_unchecked(row) };
        (key as u32 as usize).min(self.blocks.len() - 1)
    }
}

#[allow(unsafe_code)]
impl<'a> FramedTexts<'a> {
    fn new(texts: &'a StringArray, before: &[u8], after: &[u8]) -> Self {
        let mut all = Self {
            offsets: texts.value_offsets(),
            bytes: texts.values().as_slice(),
            before: [0; BEFORE],
            before_length: before.len(),
            after: [0; AFTER],
            after_length: after.len(),
        };
        all.before[..before.len()].copy_from_slice(before);
        all.after[..after.len()].copy_from_slice(after);
        all
    }

    /// # Safety
    /// At `at` there is room for a block.
    #[inline(always)]
    unsafe fn put_before(&self, at: *mut u8) -> *mut u8 {
        // SAFETY: the caller's, and `before` has at most `BEFORE` bytes.
        unsafe {
            at.copy_from_nonoverlapping(self.before.as_ptr(), BEFORE);
            at.add(self.before_length)
        }
    }

    /// # Safety
    /// At `at` there is room for eight bytes.
    #[inline(always)]
    unsafe fn put_after(&self, at: *mut u8) -> *mut u8 {
        // SAFETY: the caller's, and `after` has at most `AFTER` bytes.
        unsafe {
            at.copy_from_nonoverlapping(self.after.as_ptr(), AFTER);
            at.add(self.after_length)
        }
    }

    /// # Safety
    /// `row` is one of the rows, and at `at` there is room for five bytes.
    #[inline(always)]
    unsafe fn put_size(&self, row: usize, mut at: *mut u8) -> *mut u8 {
        // SAFETY: the caller's; a length has 31 bits, its double 32, which are five times seven.
        unsafe {
            let start = *self.offsets.get_unchecked(row);
            let mut size = (*self.offsets.get_unchecked(row + 1) - start) as u32 * 2;
            while size >= 0x80 {
                *at = size as u8 | 0x80;
                at = at.add(1);
                size >>= 7;
            }
            *at = size as u8;
            at.add(1)
        }
    }

    /// # Safety
    /// `row` is one of the rows, and at `at` there is room for its text and for a block.
    #[inline(always)]
    unsafe fn put_text(&self, row: usize, at: *mut u8) -> *mut u8 {
        const BLOCK: usize = 32;
        debug_assert!(row + 1 < self.offsets.len());
        // SAFETY: a string array has one offset more than rows, its offsets rise, and the last one
        // is within its bytes. A block is only read where so many bytes are left.
        unsafe {
            let start = *self.offsets.get_unchecked(row) as usize;
            let length = *self.offsets.get_unchecked(row + 1) as usize - start;
            debug_assert!(start + length <= self.bytes.len());
            let text = self.bytes.as_ptr().add(start);
            if length <= BLOCK && start + BLOCK <= self.bytes.len() {
                at.copy_from_nonoverlapping(text, BLOCK);
            } else {
                at.copy_from_nonoverlapping(text, length);
            }
            at.add(length)
        }
    }
}
