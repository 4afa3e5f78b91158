//! A part of a file in memory, as a disk takes it: aligned, and a huge page where there are any.

use std::io;

use memmap2::{Advice, MmapMut};

/// The size of a part is that of a huge page. Of small pages a request to the disk holds 1 MiB, at
/// about half the speed. Larger parts do not stay in the cache until the disk has them: where other
/// machines share it, a file in parts of 4 MiB takes a sixth more time.
pub(super) const SIZE: usize = 2 << 20;

/// One that is being filled.
pub(super) struct DiskBuffer {
    memory: MmapMut,
    /// Where in the memory it begins.
    from: usize,
    filled: usize,
}

impl DiskBuffer {
    /// An empty one.
    ///
    /// # Errors
    /// There is no memory.
    pub(super) fn new() -> io::Result<Self> {
        // Twice as much, so that an aligned part lies within: `mmap` promises alignment to pages of
        // 4 KiB only.
        let mut memory = MmapMut::map_anon(2 * SIZE)?;
        let from = memory.as_ptr().align_offset(SIZE);
        // For these pages alone. It once was switched on for the whole process (`prctl`) and off
        // again.
        let _ = memory.advise_range(Advice::HugePage, from, SIZE);
        // Touched after the advice, so that the system gives one huge page and not 512 small ones.
        memory[from..from + SIZE].fill(0);
        Ok(Self {
            memory,
            from,
            filled: 0,
        })
    }

    /// Takes as many of the bytes as there is room for; how many.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(SIZE - self.filled);
        let from = self.from + self.filled;
        self.memory[from..from + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        taken
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == SIZE
    }

    /// What was taken.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.from..self.from + self.filled]
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_what_it_has_room_for_and_lies_where_a_disk_can_take_it() {
        let mut part = DiskBuffer::new().unwrap();
        let bytes: Vec<u8> = (0..SIZE + 5).map(|at| (at % 253) as u8).collect();
        assert_eq!(part.take(&bytes[..3]), 3);
        assert!(!part.is_full() && part.bytes() == &bytes[..3]);
        assert_eq!(part.take(&bytes[3..]), SIZE - 3);
        assert!(part.is_full() && part.bytes() == &bytes[..SIZE]);
        assert!(part.bytes().as_ptr().addr().is_multiple_of(SIZE));
        part.clear();
        assert!(part.bytes().is_empty());
    }
}
