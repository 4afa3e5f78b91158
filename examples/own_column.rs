//! A column generator of one's own: a function of the rows and of other columns, nothing else.
//!
//! `cargo run --example own_column`

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Int64Type};
use rowgen::column::hash::{Key, unit};
use rowgen::column::rows::Rows;
use rowgen::column::{Node, Origin, Program};
use rowgen::domain::Domain;

/// A day's warmth, with noise that depends on the row alone.
fn temperature(key: Key) -> impl Fn(Rows<'_>, &[ArrayRef]) -> rowgen::error::Result<ArrayRef> {
    move |rows, inputs| {
        let hours = inputs[0].as_primitive::<Int64Type>().values();
        let noise = key.fill(rows).into_iter().map(unit);
        let values = hours
            .iter()
            .zip(noise)
            .map(|(hour, noise)| 12.0 + (hour % 24 - 12).abs() as f64 * -0.8 + noise);
        Ok(Arc::new(Float64Array::from_iter_values(values)))
    }
}

fn node(name: &str, data_type: DataType, inputs: Vec<usize>, origin: Origin) -> Node {
    let field = Field::new(name, data_type, false);
    Node {
        name: name.into(),
        field,
        domain: Domain::default(),
        inputs,
        origin,
        nulls: None,
    }
}

fn main() -> rowgen::error::Result<()> {
    let own = Origin::Fill(Arc::new(temperature(Key::new("weather"))));
    let program = Program::new(vec![
        node("hour", DataType::Int64, vec![], Origin::Row),
        node("temperature", DataType::Float64, vec![0], own),
    ]);
    let columns = program.evaluate(
        &program.select(vec![0, 1]),
        Rows::Range {
            first: 6,
            count: 12,
        },
        &[],
    )?;
    println!("{:?}", columns[1]);
    Ok(())
}
