//! Arrow batches without sinks: any batch of the casino's transactions, made alone.
//!
//! `cargo run --example batches`

use std::path::Path;

use rowgen::plan::{self, Overrides};
use rowgen::source::Batches;
use rowgen::spec::{self, GivenValues};
use rowgen::{error, load};

fn main() -> error::Result<()> {
    let given = GivenValues {
        set: [("rows".into(), "1_000_000".into())].into(),
        run_date: "2026-01-15".into(),
        ..GivenValues::default()
    };
    let pipeline = spec::read(Path::new("pipelines/casino.yaml"), &given)?;
    let loaded = load::load(&pipeline, |_| true)?;
    let plan = plan::make(&pipeline, loaded, &Overrides::default(), false)?;
    let Batches::Made(table) = &plan.jobs[0].source else {
        return Err(error::Error::run("the casino's transactions are made"));
    };
    for number in [0, table.grid().batches().unwrap_or(1) - 1] {
        let batch = table.make(number)?;
        let (rows, first) = (batch.rows.num_rows(), batch.place.row(0));
        println!("batch {number}: {rows} rows from row {first}");
    }
    Ok(())
}
