//! How blocks of an Avro container are compressed: they are unpacked here to be looked at.

use std::io::Read;

use arrow_avro::compression::CompressionCodec;

/// One that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCodec {
    Deflate,
    Snappy,
    Zstandard,
}

/// Bytes of the checksum behind a block of snappy.
const CHECKSUM: usize = 4;

impl FileCodec {
    /// That of the library; the name of one that is not read.
    ///
    /// # Errors
    /// It is none of these.
    pub fn of(codec: CompressionCodec) -> Result<Self, &'static str> {
        match codec {
            CompressionCodec::Deflate => Ok(Self::Deflate),
            CompressionCodec::Snappy => Ok(Self::Snappy),
            CompressionCodec::ZStandard => Ok(Self::Zstandard),
            CompressionCodec::Bzip2 => Err("bzip2"),
            CompressionCodec::Xz => Err("xz"),
        }
    }

    /// What a block holds.
    ///
    /// # Errors
    /// It is damaged.
    pub fn unpack(self, block: &[u8]) -> std::io::Result<Vec<u8>> {
        let broken = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
        match self {
            Self::Deflate => {
                let mut bytes = Vec::new();
                flate2::read::DeflateDecoder::new(block).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Self::Zstandard => zstd::stream::decode_all(block),
            // Avro's snappy is the raw format and the CRC-32 of what it holds, the highest byte
            // first; the framed format of snappy's own has other checksums.
            Self::Snappy => {
                let packed = block.len().checked_sub(CHECKSUM);
                let (packed, sum) = packed
                    .map(|length| block.split_at(length))
                    .ok_or_else(|| broken("it is too short"))?;
                let bytes = snap::raw::Decoder::new().decompress_vec(packed)?;
                let mut own = flate2::Crc::new();
                own.update(&bytes);
                match own.sum().to_be_bytes() == *sum {
                    true => Ok(bytes),
                    false => Err(broken("its checksum does not fit")),
                }
            }
        }
    }
}
