//! A file written from its start to its end: a long one gets its room on the disk in large pieces,
//! and goes past the page cache where it can. Where it cannot, the disk begins with each part of it
//! at once, and what the disk has does not stay in the page cache.
//!
//! A file system that is not asked for room counts each block of 4 KiB by itself while it is written,
//! which takes ext4 a third of the time that the writing takes.
//!
//! Left to itself the system lets unwritten pages pile up until the writer has to wait for the disk,
//! and looks for a free page for each one, which a file longer than the memory pays for with more
//! processor time than its copies. Pages that are free again soon are found at once.

use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate};

use super::direct::DirectWriter;

/// The system is given so many bytes at once, up to a multiple of it: it takes its pages from what was
/// freed just before. For more it looks for larger pieces of memory that nobody has touched, which
/// takes a fifth more time than all the writing.
const PIECE: u64 = 512 << 10;

/// Through the page cache a disk is given so many bytes at once.
// A choice: nothing smaller or larger was measured for this way.
const PART: u64 = 4 << 20;

/// A file that has a part gets room for so many bytes at once.
// With room that is asked for in pieces of this size, 10 M rows of JSON took 1.25 s instead of 1.66
// on ext4, and Avro 0.41 instead of 0.57.
const ROOM: u64 = 64 << 20;

/// Bytes of a file that stay in the page cache: its beginning, if the rest goes past the cache, or else its
/// end. A file that is shorter than this is left to the system, unless it is waited for.
// It was 256 MiB first. Where a host gives memory when it is first touched, each page more costs.
const KEPT: u64 = 32 << 20;

/// A file, and how much of it the disk was given.
pub(super) struct Sequential {
    file: File,
    written: u64,
    /// There is room up to here; 0 before any was asked for.
    room: u64,
    /// The file system refused to give more.
    refused: bool,
    given: u64,
    /// Otherwise nothing is given before more than `KEPT` bytes were written.
    waited_for: bool,
    way: WritePath,
}

/// The way of a file's next bytes.
enum WritePath {
    /// Through the page cache, while the file is short.
    Short,
    /// Past it.
    Direct(DirectWriter),
    /// Through it: there is no other way, or the disk is slow.
    Cached,
}

impl Sequential {
    /// An empty file. One that is `waited_for` is flushed before it is taken for written.
    pub(super) fn new(file: File, waited_for: bool) -> Self {
        Self {
            file,
            written: 0,
            room: 0,
            refused: false,
            given: 0,
            waited_for,
            way: WritePath::Short,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.make_room(bytes.len() as u64);
        let mut rest = bytes;
        while !rest.is_empty() {
            self.choose()?;
            let taken = match &mut self.way {
                WritePath::Direct(direct) => direct.take(rest)?,
                WritePath::Short | WritePath::Cached => self.cached(rest)?,
            };
            self.written += taken as u64;
            self.give();
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Up to the next multiple of a piece.
    fn cached(&self, bytes: &[u8]) -> io::Result<usize> {
        let room = (PIECE - self.written % PIECE) as usize;
        let piece = &bytes[..bytes.len().min(room)];
        (&self.file).write_all(piece)?;
        Ok(piece.len())
    }

    /// A long file goes past the page cache, unless a slow disk would keep those waiting who did not
    /// ask to.
    fn choose(&mut self) -> io::Result<()> {
        match &self.way {
            // Exactly at `KEPT`, which is a multiple of a block: O_DIRECT takes no file that ends
            // between two.
            WritePath::Short if self.written == KEPT => {
                self.way =
                    DirectWriter::start(&self.file).map_or(WritePath::Cached, WritePath::Direct);
            }
            // A run that syncs its files waits for the disk anyway.
            WritePath::Direct(direct) if direct.is_slow() && !self.waited_for => self.cache()?,
            _ => {}
        }
        Ok(())
    }

    /// From here on through the page cache.
    fn cache(&mut self) -> io::Result<()> {
        if let WritePath::Direct(direct) = std::mem::replace(&mut self.way, WritePath::Cached) {
            direct.end()?;
            self.given = self.written - self.written % PART;
        }
        Ok(())
    }

    /// Gives the disk what are whole parts by now.
    fn give(&mut self) {
        let direct = matches!(self.way, WritePath::Direct(_));
        let from = if self.waited_for { 0 } else { KEPT };
        if !direct && self.written > from && self.written - self.given >= PART {
            let end = self.written - self.written % PART;
            self.let_go(self.given, end);
            // Again from the beginning: pages that were not on the disk yet when it was asked
            // before are by now.
            self.let_go(0, end.saturating_sub(KEPT));
            self.given = end;
        }
    }

    /// Nothing more comes: room that was not needed is given back.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.cache()?;
        // One that is refused may have been given in part.
        match self.room > 0 || self.refused {
            // Room beyond the length is given back by setting the length that it has.
            true => self.file.set_len(self.written),
            false => Ok(()),
        }
    }

    /// Room for these bytes and more, if there is any to be had: if not, writing says what is wrong.
    fn make_room(&mut self, bytes: u64) {
        let end = self.written + bytes;
        if !self.refused && end >= PART && end > self.room {
            let (from, room) = (self.written, end.next_multiple_of(ROOM));
            // Room is kept beyond the length of the file (`KEEP_SIZE`), or a killed run would leave
            // a file that seems longer than what was written.
            let given = fallocate(&self.file, FallocateFlags::KEEP_SIZE, from, room - from);
            self.refused = given.is_err();
            self.room = room;
        }
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Linux begins to write those of the pages that are not on the disk, and frees those that are.
    /// A system that does not heed the advice loses nothing but time.
    fn let_go(&self, start: u64, end: u64) {
        if let Some(length) = NonZeroU64::new(end - start) {
            let _ = fadvise(&self.file, start, Some(length), Advice::DontNeed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_arrives_whatever_was_let_go() {
        let folder = tempfile::tempdir().unwrap();
        for waited_for in [false, true] {
            let path = folder.path().join("file");
            let mut output = Sequential::new(File::create(&path).unwrap(), waited_for);
            let mut expected = Vec::new();
            let lengths = [
                1,
                4095,
                5000,
                PART as usize,
                17,
                3 * PART as usize + 1,
                0,
                8192,
            ];
            for (number, length) in lengths.iter().cycle().take(40).enumerate() {
                let bytes: Vec<u8> = (0..*length).map(|at| (at * 7 + number) as u8).collect();
                output.write_all(&bytes).unwrap();
                expected.extend(bytes);
            }
            output.end().unwrap();
            let length = expected.len() as u64;
            assert!(length > KEPT && output.given == length - length % PART);
            output.file().sync_all().unwrap();
            assert!(std::fs::read(&path).unwrap() == expected);
        }
    }

    #[test]
    fn room_that_was_not_needed_is_given_back() {
        use std::os::unix::fs::MetadataExt;
        let file = tempfile::tempfile().unwrap();
        let mut output = Sequential::new(file, false);
        let blocks = |output: &Sequential| output.file().metadata().unwrap().blocks() * 512;
        output.write_all(&vec![1; PART as usize]).unwrap();
        assert!(output.refused || blocks(&output) >= ROOM);
        output.end().unwrap();
        output.file().sync_all().unwrap();
        assert_eq!(output.file().metadata().unwrap().len(), PART);
        assert!(blocks(&output) < 2 * PART);
    }

    #[test]
    fn a_short_file_is_given_to_the_disk_only_when_it_is_waited_for() {
        for (waited_for, given) in [(false, 0), (true, PART)] {
            let file = tempfile::tempfile().unwrap();
            let mut output = Sequential::new(file, waited_for);
            output.write_all(&vec![1; PART as usize + 5]).unwrap();
            assert_eq!(output.given, given);
        }
    }
}
