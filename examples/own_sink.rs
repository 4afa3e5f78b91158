//! A sink of one's own: it is handed every batch, in any order, from many threads.
//!
//! `cargo run --example own_sink`
use rowgen::engine;
use rowgen::error::{Problem, Result};
use rowgen::format::Shape;
use rowgen::sink::{Found, Sink, Target, lane};
use rowgen::{load, plan, spec};
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
struct Counting;

impl Sink for Counting {
    fn check(&self, _: &Shape) -> Vec<Problem> {
        Vec::new()
    }
    fn connect(&self, target: &Target) -> Result<Found> {
        Ok(lane::each(target, |batch| {
            println!("batch {}: {} rows", batch.number, batch.rows.num_rows());
        }))
    }
}

fn main() -> Result<()> {
    let pipeline = spec::read(
        Path::new("pipelines/casino.yaml"),
        &spec::GivenValues::default(),
    )?;
    let loaded = load::load(&pipeline, |_| true)?;
    let mut plan = plan::make(&pipeline, loaded, &plan::Overrides::default(), false)?;
    plan.jobs[0].sinks.truncate(1);
    plan.jobs[0].sinks[0].options = Arc::new(Counting);
    let running = engine::start(Arc::new(plan), engine::RunOptions::default());
    println!("{}", running.wait());
    Ok(())
}
