//! The header of an Avro container file: what is read of it, and one for the library.

use std::io::BufReader;

use arrow_avro::reader::read_header_info;

use super::avro_codec::FileCodec;
use super::avro_schema::check;
use super::avro_shape::AvroShape;
use super::file::OpenFile;
use crate::error::Problem;
use crate::kernel::varint;

/// A header that can be read.
#[derive(Debug)]
pub struct AvroHeader {
    /// Where the blocks begin.
    pub length: u64,
    /// What the library reads before blocks that are not compressed, in the place of the file's own.
    pub bytes: Vec<u8>,
    /// How blocks are compressed.
    pub codec: Option<FileCodec>,
    /// How datums are laid out, where one could have a branch that there is not.
    pub shape: Option<AvroShape>,
    /// What ends a block.
    pub sync: [u8; 16],
    /// The fields that are UUIDs as texts.
    pub uuids: Vec<String>,
}

impl AvroHeader {
    /// The file's.
    ///
    /// # Errors
    /// It is broken, or says something that cannot be read.
    pub fn read(file: &OpenFile) -> Result<Self, Problem> {
        let broken = || {
            file.problem("its header is broken")
                .hint("is the file complete?")
        };
        let info = read_header_info(BufReader::new(file.reading(0))).map_err(|_| broken())?;
        let codec = info.compression().map_err(|_| {
            file.problem("its blocks are compressed by something that is not read")
                .hint(AGAIN)
        })?;
        let codec = codec.map(FileCodec::of).transpose();
        let codec = codec.map_err(|name| not_read(file, name))?;
        let schema = info.writer_schema().map_err(|_| broken())?;
        let checked = check(&schema.json_string).map_err(|refused| file.problem(refused))?;
        Ok(Self {
            length: info.header_len(),
            // The library is given blocks that are unpacked already (they had to be looked at), so
            // it must not unpack them again.
            bytes: bytes(&checked.with_texts, "null", info.sync()),
            codec,
            shape: AvroShape::of(&schema.json_string),
            sync: info.sync(),
            uuids: checked.uuids,
        })
    }
}

const AGAIN: &str =
    "write it again with `deflate`, `snappy` or `zstandard`, or without compression";

fn not_read(file: &OpenFile, codec: &str) -> Problem {
    file.problem(format!(
        "its blocks are compressed by {codec}, which is not read"
    ))
    .hint(AGAIN)
}

/// A header with this schema.
fn bytes(schema: &str, codec: &str, sync: [u8; 16]) -> Vec<u8> {
    let mut bytes = b"Obj\x01".to_vec();
    let entries = [("avro.schema", schema), ("avro.codec", codec)];
    varint::write_long(&mut bytes, entries.len() as i64);
    for text in entries.iter().flat_map(|(key, value)| [key, value]) {
        varint::write_bytes(&mut bytes, text.as_bytes());
    }
    varint::write_long(&mut bytes, 0);
    bytes.extend(sync);
    bytes
}
