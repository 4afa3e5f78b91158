//! A column generator of one's own: a function of the rows and of other columns, nothing else.
//!
//! `cargo run --example own_column`
use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Int64Type};
use rowgen::column::hash::{Key, unit};
use rowgen::column::{Origin, Program, ProgramNode, rows::Rows};
use rowgen::error::Result;
use std::sync::Arc;

/// Warmest at noon, with noise that depends on the row alone.
fn warmth(rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
    let hours = inputs[0].as_primitive::<Int64Type>().values().iter();
    let noise = Key::new("weather").fill(rows).into_iter().map(unit);
    let degrees = hours
        .zip(noise)
        .map(|(hour, noise)| 20.0 - (hour % 24 - 12).abs() as f64 + noise);
    Ok(Arc::new(Float64Array::from_iter_values(degrees)))
}

fn main() -> Result<()> {
    let hour = ProgramNode::new("hour", DataType::Int64, vec![], Origin::Row);
    let own = ProgramNode::new(
        "warmth",
        DataType::Float64,
        vec![0],
        Origin::Fill(Arc::new(warmth)),
    );
    let program = Program::new(vec![hour, own]);
    let rows = Rows::Range {
        first: 6,
        count: 12,
    };
    println!(
        "{:?}",
        program.evaluate(&program.select(vec![1]), rows, &[])?[0]
    );
    Ok(())
}
