//! A lane whose rows get the types of the table before they are encoded.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::super::types;
use crate::batch::Batch;
use crate::error::Result;
use crate::report::Clock;
use crate::sink::{Finished, Lane, Partition};

/// Casts what differs, on the worker that made the batch.
pub(super) struct CastLane {
    pub(super) schema: SchemaRef,
    pub(super) files: Arc<dyn Lane>,
}

impl Lane for CastLane {
    fn submit_timed(&self, batch: &Batch, clock: &mut Clock) -> Result<()> {
        let rows = types::cast_rows(&batch.rows, &self.schema)?;
        let batch = Batch {
            rows,
            ..batch.clone()
        };
        self.files.submit_timed(&batch, clock)
    }

    fn accepted(&self) -> u64 {
        self.files.accepted()
    }

    fn durable(&self) -> u64 {
        self.files.durable()
    }

    fn failed(&self) -> bool {
        self.files.failed()
    }

    fn announce(&self, partitions: Vec<Partition>) -> Result<()> {
        self.files.announce(partitions)
    }

    fn close(&self, batches: u64) {
        self.files.close(batches);
    }

    fn finish(&self, batches: u64) -> Result<Finished> {
        self.files.finish(batches)
    }

    fn abort(&self) {
        self.files.abort();
    }
}
