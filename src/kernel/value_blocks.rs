//! Short values, each at the start of a block of its own, all blocks of one width.
//!
//! Values of one width are written without knowing where the one before them ended, and are copied
//! as whole blocks (`interleave`).

use std::cell::RefCell;

/// Values in blocks.
#[derive(Debug, Clone, Default)]
pub struct ValueBlocks {
    width: usize,
    /// Value `i` is at `i * width`.
    bytes: Vec<u8>,
    lengths: Vec<u32>,
    longest: usize,
}

/// Blocks are copied in parts of so many bytes.
const PART: usize = 32;

/// More buffers than this are not kept by a thread.
const SPARE: usize = 16;

thread_local! {
    /// Buffers to be used again: new ones would have to be zeroed.
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

impl ValueBlocks {
    /// The widest block that is copied whole.
    pub const WIDEST: usize = 128;

    /// The least width for values of so many bytes.
    // Few widths: the interleaver has a copy of its own for each of the first three.
    pub fn width_for(bytes: usize) -> usize {
        match bytes {
            ..=32 => 32,
            33..=64 => 64,
            _ => bytes.next_multiple_of(Self::WIDEST),
        }
    }

    /// Writes `count` values of at most `room` bytes; `write` gets the row and its block, which
    /// begins with `start`, and says where the value ends.
    #[inline(always)]
    pub fn fill(
        room: usize,
        count: usize,
        start: &[u8],
        mut write: impl FnMut(usize, &mut [u8]) -> usize,
    ) -> Self {
        let width = Self::width_for(room);
        let mut blocks = Self::new(width, count);
        let mut first = vec![0; width];
        first[..start.len()].copy_from_slice(start);
        let lengths = blocks.lengths.iter_mut().enumerate();
        for (block, (row, length)) in blocks.bytes.chunks_exact_mut(width).zip(lengths) {
            // Without a call: most blocks have one part.
            let parts = block.as_chunks_mut::<PART>().0.iter_mut();
            parts
                .zip(first.as_chunks().0)
                .for_each(|(to, from)| *to = *from);
            let end = write(row, block).min(width);
            *length = end as u32;
            blocks.longest = blocks.longest.max(end);
        }
        blocks
    }

    /// Blocks with anything in them.
    fn new(width: usize, count: usize) -> Self {
        let mut bytes = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
        // What is too much for a `usize` must not come out small: `put` trusts that it is there.
        bytes.resize(count.saturating_mul(width), 0);
        Self {
            width,
            bytes,
            lengths: vec![0; count],
            longest: 0,
        }
    }

    /// Blocks of the values that `offsets` tells apart in `bytes`, unless one is too long.
    pub fn of(offsets: &[usize], bytes: &[u8]) -> Option<Self> {
        let longest = offsets.windows(2).map(|ends| ends[1] - ends[0]).max();
        let longest = longest.unwrap_or_default();
        let count = offsets.len() - 1;
        (longest <= Self::WIDEST).then(|| {
            Self::fill(longest, count, b"", |index, block| {
                let value = &bytes[offsets[index]..offsets[index + 1]];
                block[..value.len()].copy_from_slice(value);
                value.len()
            })
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The width of the blocks.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The length of the longest value.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The bytes of value `index`.
    pub fn get(&self, index: usize) -> &[u8] {
        let start = index * self.width;
        &self.bytes[start..start + self.lengths[index] as usize]
    }

    /// Copies block `index` to `at`; says where its value ends.
    ///
    /// # Safety
    /// The blocks are `WIDTH` wide, there are more than `index`, and there is room for one at `at`.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(super) unsafe fn put<const WIDTH: usize>(&self, index: usize, at: *mut u8) -> *mut u8 {
        debug_assert!(WIDTH == self.width && index < self.lengths.len());
        debug_assert_eq!(self.bytes.len(), self.lengths.len() * WIDTH);
        // SAFETY: the caller's; `bytes` has a block for each length, which is at most `WIDTH`.
        unsafe {
            let block = self.bytes.as_ptr().add(index * WIDTH);
            at.copy_from_nonoverlapping(block, WIDTH);
            at.add(*self.lengths.get_unchecked(index) as usize)
        }
    }
}

impl Drop for ValueBlocks {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        // At the end of a thread there is nobody left to keep it for.
        let _ = BUFFERS.try_with(|buffers| {
            let mut buffers = buffers.borrow_mut();
            if buffers.len() < SPARE && bytes.capacity() > 0 {
                buffers.push(bytes);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_was_written_after_its_start() {
        for (width, start) in [(32, "x="), (64, ""), (128, "key: "), (256, "long")] {
            let blocks = ValueBlocks::fill(width - 1, 3, start.as_bytes(), |row, block| {
                let at = start.len();
                block[at..at + 8].fill(b'0' + row as u8);
                at + row
            });
            assert_eq!((blocks.len(), blocks.width()), (3, width));
            assert_eq!(blocks.longest(), start.len() + 2);
            assert_eq!(blocks.get(0), start.as_bytes());
            assert_eq!(blocks.get(2), format!("{start}22").as_bytes());
        }
    }

    #[test]
    fn values_are_told_apart_and_long_ones_refused() {
        let blocks = ValueBlocks::of(&[0, 1, 1, 3], b"abc").unwrap();
        assert_eq!(
            [0, 1, 2].map(|index| blocks.get(index)),
            [&b"a"[..], b"", b"bc"]
        );
        assert_eq!(ValueBlocks::of(&[0, 128], &[7; 128]).unwrap().width(), 128);
        assert!(ValueBlocks::of(&[0, 129], &[7; 129]).is_none());
        assert!(ValueBlocks::of(&[0], b"").unwrap().is_empty());
    }
}
