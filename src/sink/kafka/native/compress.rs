//! The codecs of record batches, in the framings that Kafka's Java clients read.

use std::io::Write;

use super::super::options::Codec;

/// Appends the records of a batch, compressed.
///
/// # Errors
/// The compressor failed.
pub fn compress(codec: Codec, records: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    match codec {
        Codec::None => out.extend_from_slice(records),
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            encoder.write_all(records)?;
            encoder.finish()?;
        }
        Codec::Snappy => snappy(records, out)?,
        Codec::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
            encoder.write_all(records)?;
            encoder.finish().map_err(std::io::Error::other)?;
        }
        Codec::Zstd => {
            let level = zstd::DEFAULT_COMPRESSION_LEVEL;
            out.extend_from_slice(&zstd::bulk::compress(records, level)?);
        }
    }
    Ok(())
}

/// Blocks of Snappy, each after its length, in the framing of snappy-java.
fn snappy(records: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    const MAGIC: &[u8] = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01";
    const BLOCK: usize = 32 << 10;
    out.extend_from_slice(MAGIC);
    let mut encoder = snap::raw::Encoder::new();
    for block in records.chunks(BLOCK) {
        let block = encoder.compress_vec(block)?;
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    Ok(())
}
