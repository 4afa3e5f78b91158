//! A lane that hands every batch to a function and writes nothing.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::{Marks, Writer, start};
use crate::error::Result;
use crate::format::{Body, Chunk, Encoder};
use crate::sink::{FileReport, Lane, Target};

struct Each<F>(F);

struct Nothing;

/// Starts a lane that calls `take` with every batch's number and the batch: on the worker that made
/// it, in any order, from many threads.
///
/// # Errors
/// The system gives no thread.
pub fn each<F>(target: &Target, take: F) -> Result<Arc<dyn Lane>>
where
    F: Fn(u64, &RecordBatch) + Send + Sync + 'static,
{
    start(target, Arc::new(Each(take)), Box::new(Nothing))
}

impl<F: Fn(u64, &RecordBatch) + Send + Sync> Encoder for Each<F> {
    fn encode(&self, number: u64, batch: &RecordBatch, put: &dyn Fn(u64, Chunk)) -> Result<()> {
        (self.0)(number, batch);
        let rows = batch.num_rows() as u64;
        let body = Body::Block(Vec::new());
        put(number, Chunk { rows, body });
        Ok(())
    }
}

impl Writer for Nothing {
    fn write(&mut self, number: u64, _chunk: Chunk, marks: &Marks) -> Result<ControlFlow<()>> {
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        Ok(Vec::new())
    }
}
