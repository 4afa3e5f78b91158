//! arrow-csv and arrow-json: every batch becomes a block on the thread that made it, blocks are
//! written in order.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow_csv::WriterBuilder;
use arrow_json::LineDelimitedWriter;

use crate::Result;
use crate::batches::Batches;
use crate::ordered::in_order;

/// CSV with a header.
pub fn write_csv(batches: &Batches, path: &Path) -> Result<()> {
    write(batches, path, |number, batch, block| {
        let header = number == 0;
        let mut writer = WriterBuilder::new().with_header(header).build(block);
        Ok(writer.write(batch)?)
    })
}

/// JSON, an object a line.
pub fn write_json(batches: &Batches, path: &Path) -> Result<()> {
    write(batches, path, |_, batch, block| {
        let mut writer = LineDelimitedWriter::new(block);
        writer.write(batch)?;
        Ok(writer.finish()?)
    })
}

fn write(
    batches: &Batches,
    path: &Path,
    format: impl Fn(u64, &RecordBatch, &mut Vec<u8>) -> Result<()> + Sync,
) -> Result<()> {
    let mut file = File::create(path)?;
    // A block is about as long as the one before.
    let length = AtomicUsize::new(0);
    in_order(
        batches.threads,
        batches.count(),
        |number| {
            let batch = batches.make(number)?;
            let mut block = Vec::with_capacity(length.load(Ordering::Relaxed));
            format(number, &batch, &mut block)?;
            length.store(block.len() + block.len() / 64, Ordering::Relaxed);
            Ok(block)
        },
        |block| Ok(file.write_all(&block)?),
    )
}
