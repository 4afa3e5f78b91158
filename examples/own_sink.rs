//! A sink of one's own: it is handed every batch of the shop's orders, in any order, from many threads.
//!
//! `cargo run --example own_sink`

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use rowgen::engine::{self, Stop};
use rowgen::error::{Problem, Result};
use rowgen::format::Shape;
use rowgen::plan::{self, Overrides};
use rowgen::sink::{Connected, Lane, Sink, Target, lane};
use rowgen::spec::{self, Given};

#[derive(Debug)]
struct Counting;

impl Sink for Counting {
    fn check(&self, _: &Shape) -> Vec<Problem> {
        Vec::new()
    }
    fn connect(&self, _: &Target) -> Result<Connected> {
        Ok(Connected::Ready)
    }
    fn open(&self, target: Target) -> Result<Arc<dyn Lane>> {
        lane::each(&target, |number, batch: &RecordBatch| {
            println!("batch {number}: {} rows", batch.num_rows())
        })
    }
}

fn main() -> Result<()> {
    let given = Given {
        run_date: "2026-01-15".into(),
        ..Given::default()
    };
    let pipeline = spec::read(Path::new("pipelines/casino.yaml"), &given)?;
    let references = rowgen::load::references(&pipeline)?;
    let mut plan = plan::make(&pipeline, references, &Overrides::default(), false)?;
    plan.jobs[0].sinks.truncate(1);
    plan.jobs[0].sinks[0].options = Arc::new(Counting);
    println!(
        "{}",
        engine::start(&plan, &engine::Options::default(), Stop::default())?.run()
    );
    Ok(())
}
