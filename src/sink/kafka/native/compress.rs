//! The codecs of record batches, in the framings that Kafka's Java clients read.

use std::io::Write;

use super::super::options::Codec;

/// The records of a batch, compressed.
///
/// # Errors
/// The compressor failed.
pub fn compress(codec: Codec, records: &[u8]) -> std::io::Result<Vec<u8>> {
    match codec {
        Codec::None => Ok(records.to_vec()),
        Codec::Gzip => {
            let room = Vec::with_capacity(records.len() / 2);
            let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::default());
            encoder.write_all(records)?;
            encoder.finish()
        }
        Codec::Snappy => snappy(records),
        Codec::Lz4 => {
            let room = Vec::with_capacity(records.len() / 2);
            let mut encoder = lz4_flex::frame::FrameEncoder::new(room);
            encoder.write_all(records)?;
            encoder.finish().map_err(std::io::Error::other)
        }
        Codec::Zstd => zstd::bulk::compress(records, zstd::DEFAULT_COMPRESSION_LEVEL),
    }
}

/// Blocks of Snappy, each after its length, in the framing of snappy-java.
fn snappy(records: &[u8]) -> std::io::Result<Vec<u8>> {
    const MAGIC: &[u8] = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01";
    const BLOCK: usize = 32 << 10;
    let mut out = Vec::with_capacity(records.len() / 2);
    out.extend_from_slice(MAGIC);
    let mut encoder = snap::raw::Encoder::new();
    for block in records.chunks(BLOCK) {
        let block = encoder.compress_vec(block)?;
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    Ok(out)
}
