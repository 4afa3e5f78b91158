//! A lane that hands every batch to a function and writes nothing.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Marks, Writer, start};
use crate::batch::Batch;
use crate::error::Result;
use crate::format::Encode;
use crate::sink::{FileReport, Lane, Target};

struct Each<F>(F);

struct Nothing;

/// Starts a lane that calls `take` with every batch: on the worker that made it, in any order, from
/// many threads.
///
/// # Errors
/// The system gives no thread.
pub fn each<F>(target: &Target, take: F) -> Result<Arc<dyn Lane>>
where
    F: Fn(&Batch) + Send + Sync + 'static,
{
    start(target, Arc::new(Each(take)), Box::new(Nothing))
}

impl<F: Fn(&Batch) + Send + Sync> Encode for Each<F> {
    /// How many rows were taken.
    type Chunk = u64;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, u64)) -> Result<()> {
        (self.0)(batch);
        put(batch.number, batch.rows.num_rows() as u64);
        Ok(())
    }
}

impl Writer<u64> for Nothing {
    fn write(&mut self, number: u64, rows: u64, marks: &Marks) -> Result<ControlFlow<()>> {
        marks.add(rows, 0);
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        Ok(Vec::new())
    }
}
