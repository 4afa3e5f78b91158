//! What the first bytes of a file say that it is, whatever its name says.

/// Bytes that tell every kind apart.
// A tar archive has its magic word at byte 257; no other kind needs more than a few.
pub const ENOUGH: u64 = 512;

/// What a file is, as far as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstBytes {
    /// Compressed by gzip.
    Gzip,
    /// Compressed by Zstandard.
    Zstd,
    /// Compressed by bzip2.
    Bzip2,
    /// Compressed by xz.
    Xz,
    /// Compressed by LZ4.
    Lz4,
    /// A zip archive, as spreadsheets are inside.
    Zip,
    /// A tar archive.
    Tar,
    /// Rows in a format that is not read, by its name.
    Foreign(&'static str),
    /// A Parquet file.
    Parquet,
    /// An Avro container file.
    Avro,
    /// Text in UTF-16, the low byte first.
    Utf16Low,
    /// Text in UTF-16, the high byte first.
    Utf16High,
    /// Text in UTF-32, whichever byte is first.
    Utf32,
    /// Something else: text, mostly.
    Other,
}

impl FirstBytes {
    /// What begins with these bytes; `ENOUGH` of them, or all there are.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A frame that readers skip, as parallel compressors write it first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => {
                Self::Foreign("a document of an old office program")
            }
            // A header may begin with the three letters.
            [b'O', b'R', b'C', ..=0x1f, ..] => Self::Foreign("an ORC file"),
            _ if bytes.starts_with(b"SQLite format 3\0") => Self::Foreign("an SQLite database"),
            _ if bytes.starts_with(b"%PDF-") => Self::Foreign("a PDF document"),
            _ if bytes.get(257..262) == Some(b"ustar") => Self::Tar,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'O', b'b', b'j', 1, ..] => Self::Avro,
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Self::Utf32,
            [0xff, 0xfe, ..] => Self::Utf16Low,
            [0xfe, 0xff, ..] => Self::Utf16High,
            _ => without_mark(bytes),
        }
    }

    /// Its name, as people say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
            Self::Zip => "a zip archive",
            Self::Tar => "a tar archive",
            Self::Foreign(name) => name,
            Self::Parquet => "a Parquet file",
            Self::Avro => "an Avro file",
            Self::Utf16Low | Self::Utf16High => "UTF-16",
            Self::Utf32 => "UTF-32",
            Self::Other => "text",
        }
    }

    /// The command that unpacks it, if it is compressed.
    pub fn unpack(self) -> Option<&'static str> {
        Some(match self {
            Self::Gzip => "gunzip -c",
            Self::Zstd => "zstd -dc",
            Self::Bzip2 => "bunzip2 -c",
            Self::Xz => "xz -dc",
            Self::Lz4 => "lz4 -dc",
            Self::Zip => "unzip -p",
            _ => return None,
        })
    }

    /// The encoding of its text as `iconv` calls it, where it is none that readers take.
    pub fn encoding(self) -> Option<&'static str> {
        Some(match self {
            Self::Utf16Low => "UTF-16LE",
            Self::Utf16High => "UTF-16BE",
            Self::Utf32 => "UTF-32",
            _ => return None,
        })
    }
}

/// UTF-16 without a byte order mark: letters of ASCII, each beside a zero. No text has zeros.
fn without_mark(bytes: &[u8]) -> FirstBytes {
    let zero = |at: usize| bytes.get(at).map(|byte| *byte == 0);
    match [0, 1, 2, 3].map(zero) {
        [Some(false), Some(true), Some(false), Some(true)] => FirstBytes::Utf16Low,
        [Some(true), Some(false), Some(true), Some(false)] => FirstBytes::Utf16High,
        _ => FirstBytes::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_by_its_first_bytes() {
        let cases: &[(&[u8], FirstBytes)] = &[
            (b"\x1f\x8b\x08\0", FirstBytes::Gzip),
            (b"\x28\xb5\x2f\xfd\x04", FirstBytes::Zstd),
            (b"\x50\x2a\x4d\x18\x04", FirstBytes::Zstd),
            (b"BZh91AY&", FirstBytes::Bzip2),
            (b"\xfd7zXZ\0\0", FirstBytes::Xz),
            (b"\x04\x22\x4d\x18\x64", FirstBytes::Lz4),
            (b"PK\x03\x04\x14\0", FirstBytes::Zip),
            (b"PK\x05\x06\0\0", FirstBytes::Zip),
            (b"PAR1\x15\x04", FirstBytes::Parquet),
            (b"ORC\x03\x05", FirstBytes::Foreign("an ORC file")),
            (b"ORCID,name\n", FirstBytes::Other),
            (b"%PDF-1.7\n", FirstBytes::Foreign("a PDF document")),
            (b"Obj\x01\x04", FirstBytes::Avro),
            (b"\xff\xfea\0", FirstBytes::Utf16Low),
            (b"\xfe\xff\0a", FirstBytes::Utf16High),
            (b"a\0,\0b\0", FirstBytes::Utf16Low),
            (b"\0a\0,\0b", FirstBytes::Utf16High),
            (b"\xff\xfe\0\0a\0\0\0", FirstBytes::Utf32),
            (b"\0\0\xfe\xff\0\0\0a", FirstBytes::Utf32),
            (b"\xef\xbb\xbfa,b", FirstBytes::Other),
            (b"BZh9,x", FirstBytes::Other),
            (b"PK,id", FirstBytes::Other),
            (b"{\"a\":1}", FirstBytes::Other),
            (b"a", FirstBytes::Other),
            (b"", FirstBytes::Other),
        ];
        for (bytes, kind) in cases {
            assert_eq!(FirstBytes::of(bytes), *kind, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_compressed_can_be_unpacked_and_what_is_text_converted() {
        assert_eq!(FirstBytes::Xz.unpack(), Some("xz -dc"));
        assert_eq!(FirstBytes::Utf16High.encoding(), Some("UTF-16BE"));
        assert_eq!(FirstBytes::Other.unpack(), None);
        assert_eq!(FirstBytes::Other.encoding(), None);
        assert_eq!(FirstBytes::Zip.name(), "a zip archive");
    }
}
