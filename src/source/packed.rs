//! A compressed file, read at any place as if it were not: members that begin often are unpacked by
//! themselves, on any thread; a long one is unpacked once, in order, with what was just unpacked kept
//! for threads that come late.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result};
use std::sync::{Arc, Mutex};

use super::raw::RawFile;
use super::unpack::{MemberStart, Packing, Unpacker};
use crate::sync::lock;

/// A file whose bytes are compressed as a whole.
pub struct Packed {
    raw: Arc<RawFile>,
    /// How it is compressed.
    pub packing: Packing,
    /// How many bytes it holds.
    pub length: u64,
    /// Where members begin, but for those that are short.
    starts: Vec<MemberStart>,
    stream: Mutex<UnpackedStream>,
}

/// What is unpacked in order.
#[derive(Default)]
struct UnpackedStream {
    unpacker: Option<Unpacker>,
    /// What it gave last, without a gap, up to where it stands.
    recent: VecDeque<Vec<u8>>,
    /// The first byte of that.
    from: u64,
}

/// Bytes that are unpacked at once.
const CHUNK: usize = 1 << 18;

/// A stretch between two starts of no more bytes is unpacked by whoever needs some of it.
// So much a worker unpacks sooner by itself than it would wait for the one that unpacks in order; a
// member of gigabytes must not be unpacked from its start by each of them.
const SHORT: u64 = 16 << 20;

/// Bytes of a stream that are kept: more than the batches that are under way span.
// A batch that asks for what has gone already starts the stream anew at the member's beginning: the
// window of batches under way is kept for as long as one of them may still ask.
const KEPT: u64 = 64 << 20;

impl Packed {
    /// Unpacks the whole file once, to learn how much it holds and where members begin.
    ///
    /// # Errors
    /// It is broken, or cut short.
    pub fn new(raw: Arc<RawFile>, packing: Packing) -> Result<Self> {
        let first = MemberStart { packed: 0, at: 0 };
        let mut stream = UnpackedStream::default();
        stream.turn_to(&raw, packing, first);
        // gzip says nowhere how much it holds, beyond the last 32 bits of it, and members begin
        // wherever the one before ends: one pass is the price of reading any place later.
        while stream.advance()? {}
        let length = stream.end();
        let unpacker = stream.unpacker.take();
        Ok(Self {
            raw,
            packing,
            length,
            starts: unpacker.map_or_else(|| vec![first], |unpacker| unpacker.starts),
            stream: Mutex::new(stream),
        })
    }

    /// Forgets what is kept, until it is read again.
    pub fn release(&self) {
        *lock(&self.stream) = UnpackedStream::default();
    }

    /// Fills the buffer with what stands at `start`.
    ///
    /// # Errors
    /// The file has changed, or the disk fails.
    pub fn read_exact_at(&self, buffer: &mut [u8], start: u64) -> Result<()> {
        let mut at = start;
        let mut rest = buffer;
        while !rest.is_empty() {
            let stretch = self.stretch(at);
            let here = (stretch.1 - at).min(rest.len() as u64) as usize;
            let (now, later) = rest.split_at_mut(here);
            match here {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                _ if stretch.1 - stretch.0.at <= SHORT => self.alone(stretch.0, now, at)?,
                _ => self.in_order(now, at)?,
            }
            at += here as u64;
            rest = later;
        }
        Ok(())
    }

    /// The start before a byte, and where the next one is.
    fn stretch(&self, at: u64) -> (MemberStart, u64) {
        let after = self.starts.partition_point(|start| start.at <= at);
        let end = self.starts.get(after).map_or(self.length, |start| start.at);
        (self.starts[after - 1], end)
    }

    /// Unpacks a short stretch, unless the stream has it or comes to it next.
    fn alone(&self, start: MemberStart, buffer: &mut [u8], at: u64) -> Result<()> {
        if let Ok(mut stream) = self.stream.try_lock()
            // Only if nobody holds it: a worker that would wait for the lock unpacks its own piece
            // sooner.
            && (at == 0 || stream.has(at) || stream.is_next(at))
        {
            return self.of_stream(&mut stream, buffer, at);
        }
        let mut unpacker = Unpacker::new(self.packing, &self.raw, start);
        let before = at - start.at;
        let skipped = std::io::copy(&mut (&mut unpacker).take(before), &mut std::io::sink())?;
        match skipped == before {
            true => unpacker.read_exact(buffer),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    fn in_order(&self, buffer: &mut [u8], at: u64) -> Result<()> {
        self.of_stream(&mut lock(&self.stream), buffer, at)
    }

    fn of_stream(&self, stream: &mut UnpackedStream, buffer: &mut [u8], at: u64) -> Result<()> {
        let start = self.stretch(at).0;
        let ahead = start.at > stream.end() + KEPT;
        if stream.unpacker.is_none() && !stream.has(at) || at < stream.from || ahead {
            stream.turn_to(&self.raw, self.packing, start);
        }
        let end = at + buffer.len() as u64;
        let mut done = at;
        while done < end {
            if !stream.has(done) {
                if stream.unpacker.is_none() {
                    stream.turn_to(&self.raw, self.packing, self.stretch(done).0);
                }
                if !stream.advance()? {
                    return Err(Error::from(ErrorKind::UnexpectedEof));
                }
                continue;
            }
            done += stream.copy(done, &mut buffer[(done - at) as usize..]) as u64;
        }
        Ok(())
    }
}

impl UnpackedStream {
    fn turn_to(&mut self, raw: &Arc<RawFile>, packing: Packing, start: MemberStart) {
        self.recent.clear();
        self.from = start.at;
        self.unpacker = Some(Unpacker::new(packing, raw, start));
    }

    /// The byte behind the last one that is kept.
    fn end(&self) -> u64 {
        let kept: usize = self.recent.iter().map(Vec::len).sum();
        self.from + kept as u64
    }

    fn has(&self, at: u64) -> bool {
        self.from <= at && at < self.end()
    }

    /// It would give this byte soon.
    fn is_next(&self, at: u64) -> bool {
        let end = self.end();
        self.unpacker.is_some() && (end..end + CHUNK as u64).contains(&at)
    }

    /// Unpacks some more; false at the end.
    fn advance(&mut self) -> Result<bool> {
        let Some(unpacker) = &mut self.unpacker else {
            return Ok(false);
        };
        let mut chunk = Vec::with_capacity(CHUNK);
        unpacker.take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(false);
        }
        // The last one of a member may have a few bytes in 256 KiB, and up to 256 chunks are kept.
        chunk.shrink_to_fit();
        self.recent.push_back(chunk);
        while self.end() - self.from > KEPT {
            self.from += self
                .recent
                .pop_front()
                .map_or(0, |chunk| chunk.len() as u64);
        }
        Ok(true)
    }

    /// Copies what is kept from `at` on, and says how much that was.
    fn copy(&self, at: u64, to: &mut [u8]) -> usize {
        let mut skip = (at - self.from) as usize;
        let mut done = 0;
        for chunk in &self.recent {
            if skip >= chunk.len() {
                skip -= chunk.len();
                continue;
            }
            let here = &chunk[skip..];
            let length = here.len().min(to.len() - done);
            to[done..done + length].copy_from_slice(&here[..length]);
            done += length;
            skip = 0;
            if done == to.len() {
                break;
            }
        }
        done
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (packing, length) = (self.packing, self.length);
        f.debug_struct("Packed")
            .field("packing", &packing)
            .field("length", &length)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn open(packed: &[u8], packing: Packing) -> Packed {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(packed).unwrap();
        let (file, path) = file.into_parts();
        let raw = RawFile::new(&path, file, true).unwrap();
        Packed::new(Arc::new(raw), packing).unwrap()
    }

    /// Longer than what is kept, and other bytes everywhere.
    fn long() -> Vec<u8> {
        let numbers = (0..(KEPT + KEPT / 4) / 8).map(|number| number * 7919);
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    fn check(packed: &Packed, bytes: &[u8], places: &[usize]) {
        assert_eq!(packed.length, bytes.len() as u64);
        for at in places {
            let end = (at + (3 << 20)).min(bytes.len());
            let mut found = vec![0; end - at];
            packed.read_exact_at(&mut found, *at as u64).unwrap();
            assert!(found == bytes[*at..end], "{at}");
        }
    }

    #[test]
    fn any_bytes_are_read_in_any_order() {
        let bytes = long();
        let last = bytes.len() - 10;
        let places = [0, 1 << 20, 40 << 20, 2 << 20, last, 77, 70 << 20, 0];
        let members = |pack: fn(&[u8]) -> Vec<u8>, size: usize| -> Vec<u8> {
            bytes.chunks(size).flat_map(pack).collect()
        };
        for (packing, packed) in [
            (Packing::Zstd, zstd(&bytes)),
            (Packing::Zstd, members(zstd, 100_000)),
            (Packing::Zstd, members(zstd, 20 << 20)),
            (Packing::Gzip, gzip(&bytes)),
            (Packing::Gzip, members(gzip, 5 << 20)),
        ] {
            let packed = open(&packed, packing);
            check(&packed, &bytes, &places);
            packed.release();
            check(&packed, &bytes, &places);
            std::thread::scope(|scope| {
                for part in 0..3 {
                    let (packed, bytes) = (&packed, &bytes);
                    let places = (part..25).step_by(3).map(|place| place * (3 << 20));
                    scope.spawn(move || check(packed, bytes, &places.collect::<Vec<_>>()));
                }
            });
        }
    }

    #[test]
    fn what_stands_behind_the_end_is_no_part() {
        let packed = open(&gzip(b"abc"), Packing::Gzip);
        let mut buffer = [0; 4];
        let error = packed.read_exact_at(&mut buffer, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        packed.read_exact_at(&mut buffer[..3], 0).unwrap();
        assert_eq!(&buffer[..3], b"abc");
        let nothing = open(&zstd(b""), Packing::Zstd);
        assert_eq!(nothing.length, 0);
    }
}
