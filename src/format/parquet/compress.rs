//! Pages compressed, with contexts that are kept from page to page.

use std::io::Write;

use flate2::{Compress, Crc, FlushCompress, Status};
use parquet::basic::Compression;

use crate::error::{Error, Result};
use crate::kernel::delta::varint;
use crate::kernel::snappy_rows::SnappyRows;

/// A worker's contexts.
#[derive(Default)]
pub(super) struct Compressors {
    /// One for each codec it has met.
    contexts: Vec<(Compression, CompressionContext)>,
    rows: SnappyRows,
    head: Vec<u8>,
}

enum CompressionContext {
    Snappy(Box<snap::raw::Encoder>),
    Gzip(Compress),
    Lz4,
    Zstd(Box<zstd::bulk::Compressor<'static>>),
    Brotli(u32),
}

/// The header of a gzip member without a time and of an unknown system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Brotli's window of 4 MiB, as the library has it.
const BROTLI_WINDOW: u32 = 22;

impl Compressors {
    /// What `bytes` are with this codec, in place of what `out` was.
    ///
    /// # Errors
    /// The compressor failed.
    pub(super) fn compress(
        &mut self,
        codec: Compression,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        // A list, not a map: files rarely have more than two codecs. A context of zstd
        // has tables of its own, which each worker allocates once.
        let known = self.contexts.iter().position(|(known, _)| *known == codec);
        let place = match known {
            Some(place) => place,
            None => {
                self.contexts.push((codec, CompressionContext::new(codec)?));
                self.contexts.len() - 1
            }
        };
        let done = self.contexts[place].1.compress(bytes, out);
        done.map_err(|error| Error::because("compressing a page", error))
    }

    /// What `head` and then the texts that `offsets` mark in `texts` are with Snappy, which looks
    /// only at where a text begins for what repeats.
    ///
    /// # Errors
    /// The compressor failed.
    pub(super) fn compress_rows(
        &mut self,
        head: &[u8],
        texts: &[u8],
        offsets: &[i32],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let mut first = std::mem::take(&mut self.head);
        self.compress(Compression::SNAPPY, head, &mut first)?;
        out.clear();
        let ends = offsets.first().zip(offsets.last());
        let length = ends.map_or(0, |(first, last)| (last - first) as usize);
        varint((head.len() + length) as u64, out);
        // Snappy begins with the length of everything. The one of the head alone is cut off, and
        // that of head and texts together stands in its place: two blocks behind each other are one
        // valid stream.
        let mut own_length = Vec::new();
        varint(head.len() as u64, &mut own_length);
        out.extend_from_slice(&first[own_length.len()..]);
        self.head = first;
        out.extend_from_slice(self.rows.compress(texts, offsets));
        Ok(())
    }
}

impl CompressionContext {
    fn new(codec: Compression) -> Result<Self> {
        Ok(match codec {
            Compression::SNAPPY => Self::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::GZIP(level) => {
                let level = flate2::Compression::new(level.compression_level());
                Self::Gzip(Compress::new(level, false))
            }
            Compression::LZ4_RAW => Self::Lz4,
            Compression::ZSTD(level) => {
                let context = zstd::bulk::Compressor::new(level.compression_level());
                let context = context.and_then(|mut context| {
                    // zstd checks its own frames on reading where they have a checksum: a flipped
                    // bit is then an error of the page and no other value.
                    context.include_checksum(true)?;
                    Ok(context)
                });
                let doing = "making a context of zstd";
                Self::Zstd(Box::new(
                    context.map_err(|error| Error::because(doing, error))?,
                ))
            }
            Compression::BROTLI(level) => Self::Brotli(level.compression_level()),
            other => {
                let what = format!("pages cannot be compressed with {other}");
                return Err(Error::run(what));
            }
        })
    }

    fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        match self {
            Self::Snappy(context) => {
                let most = snap::raw::max_compress_len(bytes.len());
                grow(out, most);
                let length = context.compress(bytes, out)?;
                out.truncate(length);
            }
            Self::Gzip(context) => gzip(context, bytes, out)?,
            Self::Lz4 => {
                grow(out, lz4_flex::block::get_maximum_output_size(bytes.len()));
                let length = lz4_flex::block::compress_into(bytes, out);
                out.truncate(length.map_err(std::io::Error::other)?);
            }
            Self::Zstd(context) => {
                out.clear();
                out.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                context.compress_to_buffer(bytes, out)?;
            }
            Self::Brotli(level) => {
                out.clear();
                let room = bytes.len().clamp(1, 1 << 16);
                let mut writer = brotli::CompressorWriter::new(out, room, *level, BROTLI_WINDOW);
                writer.write_all(bytes)?;
                writer.flush()?;
            }
        }
        Ok(())
    }
}

/// Makes `out` of this length; what stands in it does not matter.
fn grow(out: &mut Vec<u8>, length: usize) {
    if out.len() < length {
        // Once: later pages of no more bytes find the room zeroed already, and no page is zeroed
        // twice.
        out.resize(length.max(out.capacity()), 0);
    }
}

/// One gzip member.
fn gzip(context: &mut Compress, bytes: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    out.clear();
    out.extend_from_slice(&GZIP_HEADER);
    context.reset();
    loop {
        out.reserve(bytes.len() / 2 + 64);
        let taken = context.total_in() as usize;
        let status = context.compress_vec(&bytes[taken..], out, FlushCompress::Finish);
        if status.map_err(std::io::Error::other)? == Status::StreamEnd {
            break;
        }
    }
    let mut check = Crc::new();
    check.update(bytes);
    out.extend_from_slice(&check.sum().to_le_bytes());
    out.extend_from_slice(&check.amount().to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};

    use super::*;

    /// What the codec's own reader makes of it.
    fn read(codec: Compression, bytes: &[u8], length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        match codec {
            Compression::SNAPPY => out = snap::raw::Decoder::new().decompress_vec(bytes).unwrap(),
            Compression::GZIP(_) => {
                flate2::read::GzDecoder::new(bytes)
                    .read_to_end(&mut out)
                    .unwrap();
            }
            Compression::LZ4_RAW => out = lz4_flex::block::decompress(bytes, length).unwrap(),
            Compression::ZSTD(_) => out = zstd::bulk::decompress(bytes, length).unwrap(),
            _ => {
                brotli::Decompressor::new(bytes, 4096)
                    .read_to_end(&mut out)
                    .unwrap();
            }
        }
        out
    }

    #[test]
    fn what_is_compressed_can_be_read_again() {
        let codecs = [
            Compression::SNAPPY,
            Compression::GZIP(GzipLevel::default()),
            Compression::GZIP(GzipLevel::try_new(1).unwrap()),
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::try_new(3).unwrap()),
            Compression::BROTLI(BrotliLevel::default()),
        ];
        let text: Vec<u8> = (0..20_000_u32)
            .flat_map(|n| (n % 1000).to_le_bytes())
            .collect();
        let noise: Vec<u8> = (0..9999_u64)
            .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8)
            .collect();
        let mut compressors = Compressors::default();
        let mut out = Vec::new();
        for codec in codecs {
            for bytes in [&text[..], &[], b"x", &noise, &text[..9]] {
                compressors.compress(codec, bytes, &mut out).unwrap();
                assert_eq!(read(codec, &out, bytes.len()), bytes, "{codec}");
            }
        }
    }

    #[test]
    fn rows_follow_what_is_before_them() {
        let texts: Vec<String> = (0..1000)
            .map(|n| format!("a text like others {n}"))
            .collect();
        let ends = texts.iter().scan(0, |at, text| {
            *at += text.len() as i32;
            Some(*at)
        });
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        let texts = texts.concat().into_bytes();
        let (mut out, mut compressors) = (Vec::new(), Compressors::default());
        for head in [&[][..], &[7; 300]] {
            compressors
                .compress_rows(head, &texts, &offsets, &mut out)
                .unwrap();
            assert_eq!(read(Compression::SNAPPY, &out, 0), [head, &texts].concat());
        }
    }

    #[test]
    fn zstd_frames_have_a_checksum() {
        let codec = Compression::ZSTD(ZstdLevel::default());
        let mut out = Vec::new();
        Compressors::default()
            .compress(codec, &[7; 1000], &mut out)
            .unwrap();
        assert_eq!(out[4] & 0b100, 0b100);
        let last = out.len() - 1;
        out[last] ^= 1;
        assert!(zstd::bulk::decompress(&out, 1000).is_err());
    }
}
