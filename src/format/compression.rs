//! The compression of text files: each block is a gzip member or a zstd frame of its own.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use flate2::GzBuilder;
use schemars::json_schema;

use crate::error::{Error, Result};
use crate::place::{by_node, parsed};

/// How the bytes of a file are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// gzip at a level from 0 to 9.
    Gzip(u32),
    /// Zstandard at a level from 1 to 22.
    Zstd(i32),
}

// The levels that both tools have themselves where none is asked for.
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

impl Compression {
    /// What the end of a file name says, and the name without it.
    pub fn of_name(name: &str) -> (Option<Self>, &str) {
        if let Some(inner) = name.strip_suffix(".gz") {
            (Some(Self::Gzip(GZIP_LEVEL)), inner)
        } else if let Some(inner) = name.strip_suffix(".zst") {
            (Some(Self::Zstd(ZSTD_LEVEL)), inner)
        } else {
            (None, name)
        }
    }

    /// What it adds to a file name: `.gz`, `.zst` or nothing.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip(_) => ".gz",
            Self::Zstd(_) => ".zst",
        }
    }

    /// Compresses `bytes` into one whole member or frame. Nothing stays nothing.
    ///
    /// # Errors
    /// The compressor failed.
    pub fn compress(self, bytes: &[u8]) -> Result<Vec<u8>> {
        match bytes {
            // No member for nothing: batches without rows would each add an empty one.
            [] => Ok(Vec::new()),
            _ => self.member(bytes),
        }
    }

    /// One member or frame, even of nothing: what a file without any bytes must hold.
    ///
    /// # Errors
    /// The compressor failed.
    pub fn member(self, bytes: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::None => Ok(bytes.to_vec()),
            Self::Gzip(level) => gzip(bytes, level),
            Self::Zstd(level) => zstd_frame(bytes, level),
        }
    }
}

/// A gzip member without a time and without an operating system, so that equal input gives equal bytes.
fn gzip(bytes: &[u8], level: u32) -> Result<Vec<u8>> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let room = Vec::with_capacity(bytes.len() / 3 + 64);
    let mut encoder = GzBuilder::new()
        // The same rows give the same bytes: no time and no system stand in the file.
        .mtime(0)
        .operating_system(UNKNOWN_SYSTEM)
        .write(room, flate2::Compression::new(level));
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::because("compressing a block with gzip", error))
}

/// A zstd frame that knows its length and ends with a checksum.
pub(super) fn zstd_frame(bytes: &[u8], level: i32) -> Result<Vec<u8>> {
    zstd::bulk::Compressor::new(level)
        .and_then(|mut compressor| {
            // Without it a wrong byte may be read as another value: a test changes bytes and asks
            // other readers.
            compressor.include_checksum(true)?;
            compressor.compress(bytes)
        })
        .map_err(|error| Error::because("compressing a block with zstd", error))
}

/// Splits `zstd(3)` into `zstd` and its level, if it has one. Nothing when it is not of this form.
pub(super) fn with_level(text: &str) -> Option<(&str, Option<u32>)> {
    let Some((name, rest)) = text.split_once('(') else {
        return Some((text, None));
    };
    let level = rest.strip_suffix(')')?.trim().parse().ok()?;
    Some((name.trim_end(), Some(level)))
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match with_level(text) {
            Some(("none", None)) => Ok(Self::None),
            Some(("gzip", None)) => Ok(Self::Gzip(GZIP_LEVEL)),
            Some(("gzip", Some(level))) if level <= 9 => Ok(Self::Gzip(level)),
            Some(("zstd", None)) => Ok(Self::Zstd(ZSTD_LEVEL)),
            Some(("zstd", Some(level @ 1..=22))) => Ok(Self::Zstd(level as i32)),
            _ => Err(format!(
                "expected `none`, `gzip`, `gzip(0..9)`, `zstd` or `zstd(1..22)`, found `{text}`"
            )),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Gzip(level) => write!(f, "gzip({level})"),
            Self::Zstd(level) => write!(f, "zstd({level})"),
        }
    }
}

by_node!(inline, Compression, |node| parsed(node, str::parse), |_| {
    json_schema!({
        "type": "string",
        "pattern": r"^(none|gzip(\([0-9]\))?|zstd(\(([1-9]|1[0-9]|2[0-2])\))?|.*\$\{.*)$",
        "description": "none, gzip, gzip(0..9), zstd or zstd(1..22)"
    })
});

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn levels_are_read_and_checked() {
        for (text, compression) in [
            ("none", Compression::None),
            ("gzip", Compression::Gzip(6)),
            ("gzip(9)", Compression::Gzip(9)),
            ("zstd", Compression::Zstd(3)),
            ("zstd(19)", Compression::Zstd(19)),
        ] {
            assert_eq!(text.parse(), Ok(compression));
        }
        for text in ["gzip(10)", "zstd(0)", "zstd(23)", "lz4", "none(1)", "gzip("] {
            assert_eq!(
                text.parse::<Compression>(),
                Err(format!(
                    "expected `none`, `gzip`, `gzip(0..9)`, `zstd` or `zstd(1..22)`, found `{text}`"
                ))
            );
        }
    }

    #[test]
    fn a_name_says_its_compression() {
        assert_eq!(
            Compression::of_name("a.csv.gz"),
            (Some(Compression::Gzip(6)), "a.csv")
        );
        assert_eq!(
            Compression::of_name("a.csv.zst"),
            (Some(Compression::Zstd(3)), "a.csv")
        );
        assert_eq!(Compression::of_name("a.csv"), (None, "a.csv"));
    }

    #[test]
    fn members_and_frames_join_into_one_file() {
        let mut gzipped = Compression::Gzip(6).compress(b"one,").unwrap();
        assert_eq!(gzipped[4..8], [0; 4], "no time in it");
        gzipped.extend(Compression::Gzip(1).compress(b"two").unwrap());
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&gzipped[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one,two");

        let mut frames = Compression::Zstd(3).compress(b"one,").unwrap();
        assert_eq!(frames[4] & 0b100, 0b100, "it has a checksum");
        frames.extend(Compression::Zstd(1).compress(b"two").unwrap());
        assert_eq!(zstd::decode_all(&frames[..]).unwrap(), b"one,two");
    }
}
