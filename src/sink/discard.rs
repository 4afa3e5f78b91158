//! `discard`: counts rows and throws them away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Connected, Finished, Lane, Sink, Target};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::registry::Example;

/// Counts rows and throws them away: how fast rows are made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discard {}

impl Example for Discard {
    const EXAMPLE: &'static str = "discard: { table: bets }";
}

struct Nowhere {
    target: Target,
    taken: AtomicU64,
}

impl Sink for Discard {
    fn check(&self, _: &Shape) -> Vec<Problem> {
        Vec::new()
    }
    fn connect(&self, _: &Target) -> Result<Connected> {
        Ok(Connected::Ready)
    }
    fn open(&self, target: Target) -> Result<Arc<dyn Lane>> {
        Ok(Arc::new(Nowhere {
            target,
            taken: AtomicU64::new(0),
        }))
    }
}

impl Lane for Nowhere {
    fn submit(&self, _: u64, batch: &RecordBatch) -> Result<()> {
        self.target.counters.add(
            batch.num_rows() as u64,
            batch.get_array_memory_size() as u64,
        );
        self.taken.fetch_add(1, Ordering::Relaxed);
        (self.target.moved)();
        Ok(())
    }
    fn accepted(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
    fn durable(&self) -> u64 {
        self.accepted()
    }
    fn failed(&self) -> bool {
        false
    }
    fn finish(&self, _: u64) -> Result<Finished> {
        Ok(Finished::default())
    }
    fn abort(&self) {}
}
