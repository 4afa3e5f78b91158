//! The least that a generator could do: allocate the buffers of each batch, fill every byte, free them.

use std::collections::HashSet;
use std::hint::black_box;

use arrow::array::{ArrayData, RecordBatch};
use arrow::buffer::Buffer;

use crate::Result;
use crate::batches::Batches;
use crate::ordered::on_each;

/// Bytes that each thread fills again and again.
const BEYOND_CACHES: usize = 32 << 20;

/// The rows of a batch and the lengths of its buffers: `16384:65536,65540`. What two batches share
/// (the values of dictionaries) is not made for each, and does not count.
pub fn buffers(batches: &Batches) -> Result<String> {
    let (first, second) = (own(&batches.make(0)?), own(&batches.make(1)?));
    let shared: HashSet<_> = second.iter().map(Buffer::as_ptr).collect();
    let lengths: Vec<String> = first
        .iter()
        .filter(|buffer| !shared.contains(&buffer.as_ptr()))
        .map(|buffer| buffer.len().to_string())
        .collect();
    Ok(format!("{}:{}", batches.rows_each(), lengths.join(",")))
}

fn own(batch: &RecordBatch) -> Vec<Buffer> {
    let mut found = Vec::new();
    for column in batch.columns() {
        gather(&column.to_data(), &mut found);
    }
    found
}

fn gather(data: &ArrayData, found: &mut Vec<Buffer>) {
    found.extend(data.buffers().iter().cloned());
    found.extend(data.nulls().map(|nulls| nulls.buffer().clone()));
    data.child_data()
        .iter()
        .for_each(|child| gather(child, found));
}

/// Fills what batches of `rows` rows in all would hold, each batch's buffers allocated and freed.
pub fn fill_batches(rows: u64, threads: usize, buffers: &str) -> Result<()> {
    let (each, lengths) = parse(buffers)?;
    let count = rows.div_ceil(each);
    on_each(threads, |thread| {
        for _ in (thread as u64..count).step_by(threads) {
            let batch: Vec<Vec<u8>> = lengths.iter().map(|length| vec![1; *length]).collect();
            black_box(&batch);
        }
        Ok(())
    })
}

/// Fills as many bytes in memory that no cache holds.
pub fn fill_memory(rows: u64, threads: usize, buffers: &str) -> Result<()> {
    let (each, lengths) = parse(buffers)?;
    let bytes = rows as usize * lengths.iter().sum::<usize>() / each as usize / threads;
    on_each(threads, |_| {
        let mut memory = vec![0_u8; BEYOND_CACHES];
        for start in (0..bytes).step_by(BEYOND_CACHES) {
            let length = BEYOND_CACHES.min(bytes - start);
            black_box(&mut memory)[..length].fill(1);
        }
        Ok(())
    })
}

/// Rows of a batch and the lengths of its buffers, as `buffers` gives them.
fn parse(buffers: &str) -> Result<(u64, Vec<usize>)> {
    let (rows, lengths) = buffers.split_once(':').ok_or("expected ROWS:LENGTH,…")?;
    let lengths: std::result::Result<_, _> = lengths.split(',').map(str::parse).collect();
    Ok((rows.parse()?, lengths?))
}
