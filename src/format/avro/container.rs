//! Avro's container file: a header with the schema, then blocks, each compressed by its worker.

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use schemars::json_schema;

use super::encode::{PresentRows, RecordEncoder};
use super::plan::RecordField;
use crate::batch::Batch;
use crate::error::{Error, Problem, Result};
use crate::format::block::BlockFormat;
use crate::format::cells::{Cells, Refusal};
use crate::format::compression::{with_level, zstd_frame};
use crate::format::rows::Memory;
use crate::kernel::varint::{LONG, write_bytes, write_long};
use crate::place::{Value, by_node};

/// How the blocks of a container are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BlockCodec {
    /// As they are.
    #[default]
    Null,
    /// Deflate without a header, at a level from 0 to 9.
    Deflate(u32),
    /// Snappy and a checksum.
    Snappy,
    /// Zstandard at a level from 1 to 22.
    Zstandard(i32),
}

/// A table's rows as an Avro file.
pub struct ContainerEncoder {
    /// The schema as JSON.
    pub schema: String,
    /// The fields of the record.
    pub members: Vec<RecordField>,
    /// What stands before every datum: nothing in files.
    pub lead: Vec<u8>,
    /// How blocks are compressed.
    pub codec: BlockCodec,
    /// What ends every block.
    pub sync: [u8; 16],
    /// Datums end to end, without header and blocks.
    pub bare: bool,
    /// What was made of dictionaries.
    pub memory: Memory,
    /// How many bytes the datums of some block before had.
    pub block_bytes: AtomicUsize,
}

impl ContainerEncoder {
    /// Appends the datums of `batch`, one a row. What is made of dictionaries is kept for the next
    /// batch of the same table.
    ///
    /// # Errors
    /// A value that the schema cannot hold.
    pub fn write_datums(&self, batch: &RecordBatch, out: &mut Cells) -> Result<(), Refusal> {
        self.append(batch, &mut out.bytes, Some(&mut out.offsets))
    }

    fn append(
        &self,
        batch: &RecordBatch,
        out: &mut Vec<u8>,
        ends: Option<&mut Vec<usize>>,
    ) -> Result<(), Refusal> {
        let (columns, rows) = (batch.columns(), batch.num_rows());
        let memory = Some(&self.memory);
        self.records(None).write(columns, rows, memory, out, ends)
    }

    /// As `write_datums`; what is written for rows that are not `shown` means nothing.
    ///
    /// # Errors
    /// A value in a shown row that the schema cannot hold.
    pub fn write_shown(
        &self,
        batch: &RecordBatch,
        shown: &NullBuffer,
        out: &mut Cells,
    ) -> Result<(), Refusal> {
        let (columns, rows) = (batch.columns(), batch.num_rows());
        let ends = Some(&mut out.offsets);
        let records = self.records(Some(shown));
        records.write(columns, rows, None, &mut out.bytes, ends)
    }

    fn records<'a>(&'a self, shown: PresentRows<'a>) -> RecordEncoder<'a> {
        RecordEncoder {
            members: &self.members,
            shown,
            lead: &self.lead,
        }
    }

    /// Writes the datums after a block's beginning, whose length a guess at theirs decides: where
    /// that is wrong they move.
    fn uncompressed(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let begin = |bytes: usize| {
            let mut begin = Vec::with_capacity(2 * LONG);
            write_long(&mut begin, batch.num_rows() as i64);
            write_long(&mut begin, bytes as i64);
            begin
        };
        let before = self.block_bytes.load(Ordering::Relaxed);
        let start = out.len();
        // A block begins with its length in bytes, which is known at its end. As many bytes as the
        // last block's length took are left free: blocks of one table nearly always have lengths of
        // as many digits, and only otherwise is the block moved.
        let guess = begin(before).len();
        out.resize(start + guess, 0);
        self.append(batch, out, None)?;
        let bytes = out.len() - start - guess;
        self.block_bytes.store(bytes, Ordering::Relaxed);
        let begin = begin(bytes);
        if begin.len() == guess {
            out[start..start + guess].copy_from_slice(&begin);
        } else {
            out.splice(start..start + guess, begin);
        }
        Ok(())
    }
}

impl BlockFormat for ContainerEncoder {
    fn header(&self) -> Vec<u8> {
        if self.bare {
            return Vec::new();
        }
        let mut header = b"Obj\x01".to_vec();
        write_long(&mut header, 2);
        write_bytes(&mut header, b"avro.schema");
        write_bytes(&mut header, self.schema.as_bytes());
        // Named also where it is `null`: some readers do not know the default.
        write_bytes(&mut header, b"avro.codec");
        write_bytes(&mut header, self.codec.name().as_bytes());
        write_long(&mut header, 0);
        header.extend_from_slice(&self.sync);
        header
    }

    fn encode(&self, batch: &Batch, out: &mut Vec<u8>) -> Result<()> {
        let refused = |refusal: Refusal| refusal.error(&batch.place);
        let batch = &batch.rows;
        if self.bare {
            return self.append(batch, out, None).map_err(refused);
        }
        if self.codec == BlockCodec::Null {
            self.uncompressed(batch, out).map_err(refused)?;
            out.extend_from_slice(&self.sync);
            return Ok(());
        }
        let mut datums = Vec::with_capacity(self.block_bytes.load(Ordering::Relaxed));
        self.append(batch, &mut datums, None).map_err(refused)?;
        self.block_bytes
            // The next block has the room at once.
            .fetch_max(datums.capacity(), Ordering::Relaxed);
        let data = self.codec.compress(datums)?;
        out.reserve(data.len() + 36);
        write_long(out, batch.num_rows() as i64);
        write_bytes(out, &data);
        out.extend_from_slice(&self.sync);
        Ok(())
    }
}

impl BlockCodec {
    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Deflate(_) => "deflate",
            Self::Snappy => "snappy",
            Self::Zstandard(_) => "zstandard",
        }
    }

    fn compress(self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        match self {
            Self::Null => Ok(bytes),
            Self::Deflate(level) => {
                let level = flate2::Compression::new(level);
                let room = Vec::with_capacity(bytes.len() / 3 + 64);
                let mut encoder = flate2::write::DeflateEncoder::new(room, level);
                encoder
                    .write_all(&bytes)
                    .and_then(|()| encoder.finish())
                    .map_err(|error| Error::because("compressing a block with deflate", error))
            }
            Self::Snappy => {
                let mut compressed = snap::raw::Encoder::new()
                    .compress_vec(&bytes)
                    .map_err(|error| Error::because("compressing a block with snappy", error))?;
                let mut checksum = flate2::Crc::new();
                checksum.update(&bytes);
                // Avro's specification: the CRC-32 of the bytes before they are compressed, the
                // highest byte first.
                compressed.extend_from_slice(&checksum.sum().to_be_bytes());
                Ok(compressed)
            }
            Self::Zstandard(level) => zstd_frame(&bytes, level),
        }
    }
}

// Avro names no level. These are the libraries' own defaults.
const DEFLATE_LEVEL: u32 = 6;
const ZSTANDARD_LEVEL: i32 = 3;

impl FromStr for BlockCodec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match with_level(text) {
            Some(("null", None)) => Ok(Self::Null),
            Some(("deflate", None)) => Ok(Self::Deflate(DEFLATE_LEVEL)),
            Some(("deflate", Some(level))) if level <= 9 => Ok(Self::Deflate(level)),
            Some(("snappy", None)) => Ok(Self::Snappy),
            Some(("zstandard", None)) => Ok(Self::Zstandard(ZSTANDARD_LEVEL)),
            Some(("zstandard", Some(level @ 1..=22))) => Ok(Self::Zstandard(level as i32)),
            _ => Err(format!(
                "expected `null`, `deflate`, `deflate(0..9)`, `snappy`, `zstandard` or `zstandard(1..22)`, found `{text}`"
            )),
        }
    }
}

impl fmt::Display for BlockCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deflate(level) => write!(f, "deflate({level})"),
            Self::Zstandard(level) => write!(f, "zstandard({level})"),
            _ => f.write_str(self.name()),
        }
    }
}

// `codec: null` without quotes is YAML's own null, and means the codec of that name.
by_node!(
    inline,
    BlockCodec,
    |node| {
        match &node.value {
            Value::Null => Ok(BlockCodec::Null),
            Value::Scalar { text, .. } => text.parse().map_err(|error: String| Problem::new(error)),
            _ => {
                let found = node.describe();
                Err(Problem::new(format!("expected a codec, found {found}")))
            }
        }
    },
    |_| {
        json_schema!({
            "type": ["string", "null"],
            "pattern": r"^(null|deflate(\([0-9]\))?|snappy|zstandard(\(([1-9]|1[0-9]|2[0-2])\))?|.*\$\{.*)$",
            "description": "null, deflate, deflate(0..9), snappy, zstandard or zstandard(1..22)"
        })
    }
);
