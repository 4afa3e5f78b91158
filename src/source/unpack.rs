//! Unpacks gzip members and zstd frames, one after the other, as long as there are any.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::first_bytes::FirstBytes;
use super::raw::{RawBytes, RawFile};

/// How a file is compressed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// The beginning of a member or a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberStart {
    /// Its first byte in the file.
    pub packed: u64,
    /// Its first byte in what the file holds.
    pub at: u64,
}

/// What a file holds, from the beginning of a member on.
pub struct Unpacker {
    packing: Packing,
    state: UnpackState,
    /// The next byte that it gives.
    pub at: u64,
    /// Where members began, each at least `STEP` behind the one before.
    pub starts: Vec<MemberStart>,
}

enum UnpackState {
    Between(BufReader<RawBytes>),
    Gzip(Box<GzDecoder<BufReader<RawBytes>>>),
    Zstd(Box<ZstdDecoder<'static, BufReader<RawBytes>>>),
    /// Nothing comes any more.
    Ended,
}

/// Bytes that are read of a file at once.
// A choice; nothing was measured.
const ROOM: usize = 1 << 16;

/// Bytes between two starts that are remembered.
// BGZF begins a member every 64 KiB: a start for each would be as long a list as an index of the
// file.
const STEP: u64 = 1 << 20;

impl Packing {
    /// What the first bytes of a file say.
    pub fn of_kind(kind: FirstBytes) -> Option<Self> {
        match kind {
            FirstBytes::Gzip => Some(Self::Gzip),
            FirstBytes::Zstd => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What an extension says.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The command that unpacks it.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Gzip => "gunzip -c",
            Self::Zstd => "zstd -dc",
        }
    }

    fn begins(self, first: u8) -> bool {
        match self {
            Self::Gzip => first == 0x1f,
            // A frame, or one of the sixteen skippable frames, by the first byte of their magic
            // numbers.
            Self::Zstd => first == 0x28 || first & 0xf0 == 0x50,
        }
    }
}

impl Unpacker {
    /// From the member on that begins at `start`.
    pub fn new(packing: Packing, raw: &Arc<RawFile>, start: MemberStart) -> Self {
        let input = BufReader::with_capacity(ROOM, RawBytes::new(raw, start.packed));
        Self {
            packing,
            state: UnpackState::Between(input),
            at: start.at,
            starts: vec![start],
        }
    }

    /// Begins the next member; false where there is none.
    fn begin(&mut self, mut input: BufReader<RawBytes>) -> Result<bool> {
        let Some(first) = input.fill_buf()?.first().copied() else {
            return Ok(false);
        };
        // Tools that write to tapes fill the last block with zeros, and gunzip takes them, too.
        if !self.packing.begins(first) {
            return padding(input, self.packing).map(|()| false);
        }
        if self
            .starts
            .last()
            .is_none_or(|last| self.at >= last.at + STEP)
        {
            self.starts.push(MemberStart {
                // The reader is ahead of what was unpacked by what it holds.
                packed: input.get_ref().at - input.buffer().len() as u64,
                at: self.at,
            });
        }
        self.state = match self.packing {
            Packing::Gzip => UnpackState::Gzip(Box::new(GzDecoder::new(input))),
            Packing::Zstd => {
                // One frame at a time, as members of gzip: only so it is known where each begins.
                UnpackState::Zstd(Box::new(ZstdDecoder::with_buffer(input)?.single_frame()))
            }
        };
        Ok(true)
    }
}

/// What is wrong with what a file holds, without the words of the library.
fn broken(error: Error, packing: Packing) -> Error {
    // What the disk or the end of the file says is told as it is.
    if error.raw_os_error().is_some() || error.kind() == ErrorKind::UnexpectedEof {
        return error;
    }
    let name = packing.name();
    let what = match error.to_string().contains("too much memory") {
        true => format!("its {name} data looks back further than 128 MiB"),
        false => format!("its {name} data is broken"),
    };
    Error::new(ErrorKind::InvalidData, what)
}

/// Zeros behind the last member are those of a tape; anything else is no part of the file.
fn padding(input: BufReader<RawBytes>, packing: Packing) -> Result<()> {
    for byte in input.bytes() {
        if byte? != 0 {
            let what = format!("something stands behind its {} data", packing.name());
            return Err(Error::new(ErrorKind::InvalidData, what));
        }
    }
    Ok(())
}

impl Read for Unpacker {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match &mut self.state {
                UnpackState::Gzip(decoder) => decoder.read(buffer),
                UnpackState::Zstd(decoder) => decoder.read(buffer),
                UnpackState::Between(_) | UnpackState::Ended => Ok(0),
            };
            let read = read.map_err(|error| broken(error, self.packing))?;
            if read > 0 {
                self.at += read as u64;
                return Ok(read);
            }
            let input = match std::mem::replace(&mut self.state, UnpackState::Ended) {
                UnpackState::Between(input) => input,
                UnpackState::Gzip(decoder) => decoder.into_inner(),
                UnpackState::Zstd(decoder) => decoder.finish(),
                UnpackState::Ended => return Ok(0),
            };
            if !self.begin(input)? {
                return Ok(0);
            }
        }
    }
}
