//! A large file written from its start to its end: through the page cache, or around it where the
//! whole run is as fast that way.
//!
//! The page cache takes short files at the speed of memory, but of long ones it takes no more than the
//! disk does, at the cost of copying and of finding free pages: time of a processor that workers could
//! have. Which way is better is measured while the file is written; the bytes are the same.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Below so many bytes a file is the page cache's own business.
const SHORT: u64 = 256 << 20;

/// Bytes after which the ways are compared.
const WINDOW: u64 = 64 << 20;

/// Windows after which the other way is tried again, twice as many each time.
const PATIENCE: u32 = 32;

/// The page cache costs the processor's time, so it has to be faster by more than what a window's
/// measure may be off.
const WORTH_COPYING: f64 = 1.1;

/// Bytes that go around the cache at once, and what their place and number are multiples of.
const BLOCK: usize = 4 << 20;
const ALIGNMENT: usize = 4096;

/// A file, and the way that its next bytes take.
pub(super) struct Sequential {
    file: File,
    /// Bytes that were given so far.
    given: u64,
    way: Way,
    /// The bytes a second that came while the page cache and the disk took them, when they were last
    /// tried: with the time in which no bytes came, as that is longer where writing takes the
    /// processor from those that make them.
    rates: [Option<f64>; 2],
    /// What was written since the ways were compared, and since when.
    window: (u64, Option<Instant>),
    windows: u32,
    patience: u32,
    /// The file is waited for in the end: what lies in the cache then was not fast.
    waited_for: bool,
    /// The file system writes only through the cache.
    refused: bool,
    buffer: Option<Buffer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Cached,
    Direct,
}

/// Bytes that wait for a whole block, from an address that the disk takes.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    filled: usize,
}

impl Sequential {
    /// An empty file. One that is `waited_for` is flushed before it is taken for written.
    pub(super) fn new(file: File, waited_for: bool) -> Self {
        Self {
            file,
            given: 0,
            way: Way::Cached,
            rates: [None; 2],
            window: (0, None),
            windows: 0,
            patience: PATIENCE,
            waited_for,
            refused: false,
            buffer: None,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let start = *self.window.1.get_or_insert_with(Instant::now);
        match self.way {
            Way::Cached => self.file.write_all(bytes)?,
            Way::Direct => self.write_direct(bytes)?,
        }
        self.given += bytes.len() as u64;
        self.window.0 += bytes.len() as u64;
        if self.given >= SHORT && self.window.0 >= WINDOW && !self.refused {
            self.compare(start.elapsed())?;
        }
        Ok(())
    }

    /// Hands the file over, when all of its bytes were given to it.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn finish(&mut self) -> io::Result<&File> {
        self.turn(Way::Cached)?;
        Ok(&self.file)
    }

    /// Takes the better way, or one of which nothing is known yet.
    fn compare(&mut self, took: Duration) -> io::Result<()> {
        let rate = self.window.0 as f64 / took.as_secs_f64().max(1e-9);
        self.rates[self.way as usize] = Some(rate);
        self.window = (0, Some(Instant::now()));
        self.windows += 1;
        if self.windows == self.patience {
            self.windows = 0;
            self.patience = self.patience.saturating_mul(2);
            let other = 1 - self.way as usize;
            self.rates[other] = None;
        }
        let way = choose(self.rates, self.waited_for);
        self.turn(way)
    }

    fn turn(&mut self, way: Way) -> io::Result<()> {
        if way == self.way {
            return Ok(());
        }
        if way == Way::Direct {
            self.refused = go_around_the_cache(&self.file, true).is_err();
            if !self.refused {
                self.way = way;
                self.align()?;
            }
            return Ok(());
        }
        go_around_the_cache(&self.file, false)?;
        self.way = way;
        match &mut self.buffer {
            Some(buffer) => self.file.write_all(buffer.take()),
            None => Ok(()),
        }
    }

    /// The bytes of the last, incomplete block of the file are written again, with those after them.
    fn align(&mut self) -> io::Result<()> {
        let over = self.given as usize % ALIGNMENT;
        let buffer = self.buffer.get_or_insert_with(Buffer::new);
        buffer.filled = over;
        if over > 0 {
            go_around_the_cache(&self.file, false)?;
            let first = self.file.seek(SeekFrom::Start(self.given - over as u64))?;
            self.file.read_exact(buffer.room(over))?;
            self.file.seek(SeekFrom::Start(first))?;
            go_around_the_cache(&self.file, true)?;
        }
        Ok(())
    }

    fn write_direct(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.way == Way::Cached {
                return self.file.write_all(bytes);
            }
            let buffer = self.buffer.get_or_insert_with(Buffer::new);
            let taken = buffer.fill(bytes);
            bytes = &bytes[taken..];
            if buffer.filled == BLOCK {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Writes a whole block around the cache, or through it if the file system will not have it so.
    fn write_block(&mut self) -> io::Result<()> {
        let Some(buffer) = &mut self.buffer else {
            return Ok(());
        };
        let place = self.file.stream_position()?;
        let block = buffer.take();
        match self.file.write_all(block) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.refused = true;
                self.way = Way::Cached;
                go_around_the_cache(&self.file, false)?;
                self.file.seek(SeekFrom::Start(place))?;
                self.file.write_all(block)
            }
            written => written,
        }
    }
}

fn go_around_the_cache(file: &File, around: bool) -> io::Result<()> {
    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, around);
    Ok(fcntl_setfl(file, flags)?)
}

/// The way around the cache, unless the run is faster through it.
fn choose([cached, direct]: [Option<f64>; 2], waited_for: bool) -> Way {
    match (cached, direct) {
        _ if waited_for => Way::Direct,
        (None, Some(_)) => Way::Cached,
        (Some(cached), Some(direct)) if cached > direct * WORTH_COPYING => Way::Cached,
        _ => Way::Direct,
    }
}

impl Buffer {
    fn new() -> Self {
        let bytes = vec![0; BLOCK + ALIGNMENT];
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        Self {
            start: start.min(ALIGNMENT),
            bytes,
            filled: 0,
        }
    }

    /// Takes as many bytes as there is room for, and says how many.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(BLOCK - self.filled);
        let at = self.start + self.filled;
        self.bytes[at..at + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        taken
    }

    fn room(&mut self, length: usize) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + length]
    }

    /// What it holds, which it then holds no more.
    fn take(&mut self) -> &[u8] {
        let filled = std::mem::take(&mut self.filled);
        &self.bytes[self.start..self.start + filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_same_whichever_way_they_take() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let mut output = Sequential::new(file.unwrap(), false);
        let mut expected = Vec::new();
        let pieces = [
            1,
            4095,
            5000,
            1 << 20,
            4096,
            BLOCK,
            3 * BLOCK + 17,
            10,
            0,
            8192,
        ];
        for (number, length) in pieces.iter().cycle().take(40).enumerate() {
            let bytes: Vec<u8> = (0..*length).map(|at| (at * 7 + number) as u8).collect();
            output.write_all(&bytes).unwrap();
            expected.extend(bytes);
            let way = [Way::Cached, Way::Direct, Way::Direct][number % 3];
            output.turn(way).unwrap();
        }
        output.finish().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn the_cache_is_taken_where_it_is_worth_its_copies() {
        let way = |cached, direct| choose([cached, direct], false);
        assert_eq!(way(Some(5e9), None), Way::Direct, "tried first");
        assert_eq!(way(Some(2e9), Some(2e9)), Way::Direct, "costs less");
        assert_eq!(way(Some(2.1e9), Some(2e9)), Way::Direct, "hardly faster");
        assert_eq!(way(Some(3e9), Some(2e9)), Way::Cached);
        assert_eq!(way(None, Some(3e9)), Way::Cached, "tried again");
        let flushed = choose([Some(5e9), Some(1e9)], true);
        assert_eq!(flushed, Way::Direct, "flushed in the end");
    }
}
