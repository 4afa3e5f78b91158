//! The codecs and encodings of Parquet as a pipeline file names them.

use std::str::FromStr;

use crate::place::{by_node, parsed};
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageCodec {
    /// What suits each column.
    #[default]
    Auto,
    /// This one, on every page.
    Named(Compression),
}

/// How values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnEncoding {
    /// What suits the column.
    #[default]
    Auto,
    /// As they are.
    Plain,
    /// As places in a dictionary.
    Dictionary,
    /// Integers as bit-packed differences.
    DeltaBinaryPacked,
    /// Text with its lengths apart.
    DeltaLengthByteArray,
    /// Text without what it shares with the text before it.
    DeltaByteArray,
    /// The first bytes of all values, then the second ones, …; Spark cannot read it.
    ByteStreamSplit,
}

impl PageCodec {
    /// The codec of a column that nobody chose one for.
    pub fn compression(self) -> Compression {
        match self {
            // Read by everybody, and cheap: `auto` decides for each column whether pages are worth
            // compressing at all.
            Self::Auto => Compression::SNAPPY,
            Self::Named(compression) => compression,
        }
    }
}

impl ColumnEncoding {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Plain,
        Self::Dictionary,
        Self::DeltaBinaryPacked,
        Self::DeltaLengthByteArray,
        Self::DeltaByteArray,
        Self::ByteStreamSplit,
    ];

    /// The page encoding of the format; none for those that are more than that.
    pub fn page_encoding(self) -> Option<Encoding> {
        match self {
            Self::Auto | Self::Dictionary => None,
            Self::Plain => Some(Encoding::PLAIN),
            Self::DeltaBinaryPacked => Some(Encoding::DELTA_BINARY_PACKED),
            Self::DeltaLengthByteArray => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            Self::DeltaByteArray => Some(Encoding::DELTA_BYTE_ARRAY),
            Self::ByteStreamSplit => Some(Encoding::BYTE_STREAM_SPLIT),
        }
    }

    /// As a pipeline file says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Dictionary => "dictionary",
            Self::DeltaBinaryPacked => "delta_binary_packed",
            Self::DeltaLengthByteArray => "delta_length_byte_array",
            Self::DeltaByteArray => "delta_byte_array",
            Self::ByteStreamSplit => "byte_stream_split",
        }
    }
}

impl FromStr for PageCodec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "expected one of `auto`, `none`, `snappy`, `gzip`, `gzip(6)`, `lz4`, `zstd`, `zstd(3)`, `brotli`, `brotli(4)`, found `{text}`"
            )
        };
        let (name, level) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, level)) => (name, Some(level.parse::<u32>().map_err(|_| expected())?)),
            None => (text, None),
        };
        let compression = match (name, level) {
            ("auto", None) => return Ok(Self::Auto),
            ("none", None) => Compression::UNCOMPRESSED,
            ("snappy", None) => Compression::SNAPPY,
            // The deprecated `LZ4` codec has no single framing; every reader of today knows this one.
            ("lz4", None) => Compression::LZ4_RAW,
            ("gzip", level) => Compression::GZIP(
                level
                    .map_or(Ok(GzipLevel::default()), GzipLevel::try_new)
                    .map_err(|_| "the levels of `gzip` are 0 to 9".to_string())?,
            ),
            ("zstd", level) => Compression::ZSTD(
                level
                    .map_or(Ok(ZstdLevel::default()), |level| {
                        ZstdLevel::try_new(level as i32)
                    })
                    .map_err(|_| "the levels of `zstd` are 1 to 22".to_string())?,
            ),
            ("brotli", level) => Compression::BROTLI(
                level
                    .map_or(Ok(BrotliLevel::default()), BrotliLevel::try_new)
                    .map_err(|_| "the levels of `brotli` are 0 to 11".to_string())?,
            ),
            _ => return Err(expected()),
        };
        Ok(Self::Named(compression))
    }
}

by_node!(inline, PageCodec, |node| parsed(node, str::parse), |_| {
    json_schema!({
        "type": "string",
        "pattern": r"^(auto|none|snappy|lz4|(gzip|zstd|brotli)(\([0-9]+\))?)$"
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_read_with_their_levels() {
        assert_eq!("auto".parse(), Ok(PageCodec::Auto));
        assert_eq!(
            "lz4".parse(),
            Ok(PageCodec::Named(Compression::LZ4_RAW)),
            "the deprecated LZ4 is never written"
        );
        assert_eq!(
            "zstd(3)".parse(),
            Ok(PageCodec::Named(Compression::ZSTD(
                ZstdLevel::try_new(3).unwrap()
            )))
        );
    }

    #[test]
    fn unknown_codecs_and_levels_are_refused() {
        assert_eq!(
            "zip".parse::<PageCodec>(),
            Err("expected one of `auto`, `none`, `snappy`, `gzip`, `gzip(6)`, `lz4`, `zstd`, `zstd(3)`, `brotli`, `brotli(4)`, found `zip`".into())
        );
        assert_eq!(
            "zstd(23)".parse::<PageCodec>(),
            Err("the levels of `zstd` are 1 to 22".into())
        );
        assert!("snappy(1)".parse::<PageCodec>().is_err());
        assert!("gzip(x)".parse::<PageCodec>().is_err());
    }
}
