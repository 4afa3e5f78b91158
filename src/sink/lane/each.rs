//! A lane that hands every batch to a function and writes nothing.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Marks, Writer, start};
use crate::batch::Batch;
use crate::error::Result;
use crate::format::Encode;
use crate::sink::{FileReport, Found, Lane, Ready, Target};

struct Each<F>(Arc<F>);

/// A sink whose lanes call a function.
struct Calls<F> {
    target: Target,
    take: Arc<F>,
}

struct Nothing;

/// A sink that is ready to call `take` with every batch: on the worker that made it, in any order, from
/// many threads.
pub fn each<F>(target: &Target, take: F) -> Found
where
    F: Fn(&Batch) + Send + Sync + 'static,
{
    let (target, take) = (target.clone(), Arc::new(take));
    Found::ready(Calls { target, take })
}

impl<F: Fn(&Batch) + Send + Sync + 'static> Ready for Calls<F> {
    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        let each = Each(self.take.clone());
        start(&self.target, Arc::new(each), Box::new(Nothing))
    }
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
