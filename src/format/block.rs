//! Files of independent blocks: one encoder and one file writer for CSV, JSON and Avro.

use std::io::Write;
use std::sync::Arc;

use super::buffers::Buffers;
use super::compression::Compression;
use super::{Body, Encode, FileChunk, FileEncoder, FileWriter};
use crate::batch::Batch;
use crate::error::{Error, Result};

/// A format whose files are a header, blocks with something between them, and a footer.
pub trait BlockFormat: Send + Sync + 'static {
    /// What every file begins with.
    fn header(&self) -> Vec<u8> {
        Vec::new()
    }

    /// What stands between two blocks.
    fn separator(&self) -> Vec<u8> {
        Vec::new()
    }

    /// What every file ends with.
    fn footer(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Appends the rows of `batch`.
    ///
    /// # Errors
    /// A value that the format cannot hold, naming column and row.
    fn encode(&self, batch: &Batch, out: &mut Vec<u8>) -> Result<()>;
}

/// The parts of a file that are the same in every file, compressed.
struct FileFrame {
    header: Vec<u8>,
    separator: Vec<u8>,
    footer: Vec<u8>,
    /// What a file of no bytes at all holds: an empty member or frame.
    nothing: Vec<u8>,
}

struct BlockEncoder<F> {
    format: F,
    compression: Compression,
    frame: Arc<FileFrame>,
    buffers: Arc<Buffers>,
}

struct BlockFile {
    out: Box<dyn Write + Send>,
    bytes: u64,
    blocks: u64,
    frame: Arc<FileFrame>,
    buffers: Arc<Buffers>,
}

/// An encoder of `format`, each of whose blocks is compressed by the worker that made it.
///
/// # Errors
/// The compressor failed.
pub fn encoder<F: BlockFormat>(
    format: F,
    compression: Compression,
) -> Result<Arc<dyn FileEncoder>> {
    let frame = FileFrame {
        // Members of gzip and frames of zstd may follow one another, so each block is compressed by
        // the worker that made it, and what is the same in every file once.
        header: compression.compress(&format.header())?,
        separator: compression.compress(&format.separator())?,
        footer: compression.compress(&format.footer())?,
        // A compressed file without rows is an empty member: a file of no bytes is an error to
        // gunzip and to most readers.
        nothing: compression.member(&[])?,
    };
    Ok(Arc::new(BlockEncoder {
        format,
        compression,
        frame: Arc::new(frame),
        buffers: Arc::default(),
    }))
}

impl<F: BlockFormat> Encode for BlockEncoder<F> {
    type Chunk = FileChunk;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, FileChunk)) -> Result<()> {
        let mut bytes = self.buffers.take();
        // A batch may have no rows: of a stream that was idle, or of which all were left out.
        if batch.rows.num_rows() > 0 {
            self.format.encode(batch, &mut bytes)?;
        }
        if self.compression != Compression::None {
            let compressed = self.compression.compress(&bytes)?;
            self.buffers.give(std::mem::replace(&mut bytes, compressed));
        }
        let chunk = FileChunk {
            rows: batch.rows.num_rows() as u64,
            body: Body::Block(bytes),
        };
        put(batch.number, chunk);
        Ok(())
    }
}

impl<F: BlockFormat> FileEncoder for BlockEncoder<F> {
    fn begin(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn FileWriter>> {
        let mut file = BlockFile {
            out,
            bytes: 0,
            blocks: 0,
            frame: self.frame.clone(),
            buffers: self.buffers.clone(),
        };
        let frame = self.frame.clone();
        file.put(&frame.header)?;
        Ok(Box::new(file))
    }
}

impl BlockFile {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.out
            .write_all(bytes)
            .map_err(|error| Error::because("writing a block", error))
    }
}

impl FileWriter for BlockFile {
    fn write(&mut self, chunk: FileChunk) -> Result<()> {
        let Body::Block(bytes) = chunk.body else {
            return Err(Error::run(
                "a chunk of another format reached a file of blocks",
            ));
        };
        // No separator without a block behind it.
        if chunk.rows > 0 {
            if self.blocks > 0 {
                let frame = self.frame.clone();
                self.put(&frame.separator)?;
            }
            self.put(&bytes)?;
            self.blocks += 1;
        }
        self.buffers.give(bytes);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let frame = self.frame.clone();
        self.put(&frame.footer)?;
        if self.bytes == 0 {
            self.put(&frame.nothing)?;
        }
        self.out
            .flush()
            .map_err(|error| Error::because("writing the end of the file", error))
    }
}
