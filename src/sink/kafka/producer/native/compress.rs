//! The codecs of record batches, in the framings that Kafka's Java clients read.

use std::io::{self, Write};

use super::super::super::options::Codec;

/// Bytes of a block of Snappy and of LZ4, as Java clients have them: both sides stay in the cache.
const BLOCK: usize = 64 << 10;

/// What begins a frame of LZ4 (<https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>):
/// version 1, blocks of at most 64 KiB that are independent, no checksum but that of this header.
const LZ4_FRAME: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

/// Says of a block of LZ4 that it is as it was.
const LZ4_STORED: u32 = 1 << 31;

/// Compresses one run of records after the other, in the same memory.
pub struct Compressor {
    /// What it was made for.
    pub codec: Codec,
    /// None for records as they are.
    coder: Option<Coder>,
    records: Vec<u8>,
    packed: Vec<u8>,
    block: Vec<u8>,
}

enum Coder {
    Gzip,
    Snappy(Box<snap::raw::Encoder>),
    Lz4,
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// One for this codec.
    ///
    /// # Errors
    /// The library has no memory.
    pub fn new(codec: Codec) -> io::Result<Self> {
        let coder = match codec {
            Codec::None => None,
            Codec::Gzip => Some(Coder::Gzip),
            Codec::Snappy => Some(Coder::Snappy(Box::new(snap::raw::Encoder::new()))),
            Codec::Lz4 => Some(Coder::Lz4),
            Codec::Zstd => {
                let level = zstd::DEFAULT_COMPRESSION_LEVEL;
                Some(Coder::Zstd(zstd::bulk::Compressor::new(level)?))
            }
        };
        Ok(Self {
            codec,
            coder,
            records: Vec::new(),
            packed: Vec::new(),
            block: Vec::new(),
        })
    }

    /// Appends what `write` writes, at most about `room` bytes, compressed.
    ///
    /// # Errors
    /// The compressor failed.
    pub fn append(
        &mut self,
        out: &mut Vec<u8>,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        let Self {
            coder,
            records,
            packed,
            block,
            ..
        } = self;
        let Some(coder) = coder else {
            out.reserve_exact(room);
            write(out);
            return Ok(());
        };
        records.clear();
        records.reserve(room);
        write(records);
        packed.clear();
        match coder {
            Coder::Gzip => gzip(records, packed)?,
            Coder::Snappy(encoder) => snappy(encoder, records, block, packed)?,
            Coder::Lz4 => lz4(records, block, packed)?,
            Coder::Zstd(compressor) => {
                packed.reserve(zstd::zstd_safe::compress_bound(records.len()));
                compressor.compress_to_buffer(records.as_slice(), packed)?;
            }
        }
        out.reserve_exact(packed.len());
        out.extend_from_slice(packed);
        Ok(())
    }
}

fn gzip(records: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    encoder.write_all(records)?;
    encoder.finish()?;
    Ok(())
}

/// Blocks of Snappy, each after its length, in the framing of snappy-java.
fn snappy(
    encoder: &mut snap::raw::Encoder,
    records: &[u8],
    block: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    // snappy-java's stream: a byte that no text has, the name, and twice the version 1. Kafka's
    // Java clients read Snappy in no other framing.
    const MAGIC: &[u8] = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01";
    out.extend_from_slice(MAGIC);
    block.resize(snap::raw::max_compress_len(BLOCK), 0);
    for plain in records.chunks(BLOCK) {
        let size = encoder.compress(plain, block)?;
        out.extend_from_slice(&(size as u32).to_be_bytes());
        out.extend_from_slice(&block[..size]);
    }
    Ok(())
}

/// A frame of LZ4. Not the library's writer, which copies all records first and has 4 MiB of new
/// memory for each frame.
fn lz4(records: &[u8], block: &mut Vec<u8>, out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(&LZ4_FRAME);
    block.resize(lz4_flex::block::get_maximum_output_size(BLOCK), 0);
    for plain in records.chunks(BLOCK) {
        let size = lz4_flex::block::compress_into(plain, block).map_err(io::Error::other)?;
        // The frame's specification: what compression made no smaller is stored as it is.
        let (said, bytes) = match size < plain.len() {
            true => (size as u32, &block[..size]),
            false => (plain.len() as u32 | LZ4_STORED, plain),
        };
        out.extend_from_slice(&said.to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(&[0; 4]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Blocks that shrink, one that does not, and a rest; again in the same memory.
    #[test]
    fn many_blocks_of_lz4_and_snappy_are_what_their_libraries_read() {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        let text = b"{\"id\":1,\"name\":\"anna\"}".iter().copied().cycle();
        let records: Vec<u8> = text.take(2 * BLOCK).chain(noise.take(BLOCK + 5)).collect();
        for codec in [Codec::Lz4, Codec::Snappy] {
            let mut compressor = Compressor::new(codec).unwrap();
            for records in [&records[..], &records[..1], &[], &records[BLOCK + 7..]] {
                let mut packed = Vec::new();
                let write = |out: &mut Vec<u8>| out.extend_from_slice(records);
                compressor.append(&mut packed, 0, write).unwrap();
                let read = match codec {
                    Codec::Lz4 => {
                        let mut read = Vec::new();
                        let mut reader = lz4_flex::frame::FrameDecoder::new(&packed[..]);
                        reader.read_to_end(&mut read).unwrap();
                        read
                    }
                    _ => unframed(&packed),
                };
                assert!(read == records, "{codec:?}");
                assert!(packed.len() < records.len() + 100, "{codec:?}");
            }
        }
    }

    fn unframed(mut packed: &[u8]) -> Vec<u8> {
        packed = &packed[16..];
        let mut read = Vec::new();
        while let Some((size, rest)) = packed.split_first_chunk::<4>() {
            let (block, rest) = rest.split_at(u32::from_be_bytes(*size) as usize);
            read.extend(snap::raw::Decoder::new().decompress_vec(block).unwrap());
            packed = rest;
        }
        read
    }
}
