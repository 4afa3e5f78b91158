//! A small pipeline to build columns in, and the measures of how well numbers follow a law.
//!
//! Reference `countries {code, name, weight}`; table `customers {customer_id, created_at, name}`
//! of 100 rows; their `orders {customer_id, order_id, country, ordered_at, quantity, price}`, where
//! `country` is a hidden pick; the orders' `lines {order_id}`. The example of a kind may name all
//! of these; it is built as the column `example` of `orders`, or of the table that `mod.rs` says.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Schema};

use crate::column::Reference;
use crate::column::rows::Rows;
use crate::column::testing::{Tables, tables_with};
use crate::column::values::arrays::plain;
use crate::error::Problem;
use crate::place::{Node, Source, parse};

/// Each table has at least so many rows.
pub const ROWS: u64 = 100;

const CUSTOMERS: &str = r#"customers:
  rows: 100
  columns:
    customer_id: sequence
    created_at: { type: "timestamp(us, UTC)", uniform: { min: 2020-01-01, max: 2024-12-31 } }
    name: { choice: [Ada, Grace, Edsger] }
"#;

const ORDERS: &str = r#"orders:
  columns:
    customer_id: { foreign_key: { ref: customers.customer_id, per_parent: { uniform: { min: 1, max: 5 } } } }
    order_id: sequence
    country: { reference: { from: countries }, hidden: true }
    ordered_at: { type: "timestamp(us, UTC)", uniform: { min: 2025-01-01, max: 2025-12-31 } }
    quantity: { uniform: { min: 1, max: 7 } }
    price: { type: "decimal(10,2)", uniform: { min: 0.50, max: 99.99 } }
"#;

const LINES: &str = r#"lines:
  columns:
    order_id: { foreign_key: { ref: orders.order_id, per_parent: { choice: { 1: 5, 2: 3 } } } }
"#;

/// The pipeline with the column `example`, written as `text`, in one of its tables.
pub fn build_in(table: &str, text: &str) -> Result<Tables, Problem> {
    let with = |name: &str, columns: &str| match name == table {
        true => format!("{columns}    example:\n      {text}\n"),
        false => columns.to_string(),
    };
    let yaml = with("customers", CUSTOMERS) + &with("orders", ORDERS) + &with("lines", LINES);
    tables_with(&yaml, vec![countries()])
}

/// The first `count` values of a column written as `text`, as floats.
pub fn floats(text: &str, count: usize) -> Vec<f64> {
    let tables = build_in("orders", text).unwrap();
    let values = plain(&tables.at("orders", "example", Rows::Range { first: 0, count }));
    let mut values = values.unwrap();
    if values.data_type().is_temporal() {
        values = cast(&values, &DataType::Int64).unwrap();
    }
    let floats = cast(&values, &DataType::Float64).unwrap();
    floats.as_primitive::<Float64Type>().values().to_vec()
}

/// A node of YAML, from a file named `p.yaml`.
pub fn node(text: &str) -> Node {
    let source = Arc::new(Source::new("p.yaml", text));
    parse(&source).unwrap()
}

/// The Kolmogorov–Smirnov distance times the root of the count: above 2.226 with a chance of
/// one in 10 000 when the values follow `below`, their distribution function.
pub fn kolmogorov_smirnov(values: &[f64], below: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distance = |(index, value): (usize, &f64)| {
        let (share, index) = (below(*value), index as f64);
        (share - index / count).max((index + 1.0) / count - share)
    };
    sorted.iter().enumerate().map(distance).fold(0.0, f64::max) * count.sqrt()
}

/// Pearson's statistic as a multiple of standard deviations (Wilson and Hilferty's cube root):
/// above 3.72 with a chance of one in 10 000 when `counts` follow `shares`, which sum to 1.
/// Neighbouring cells are joined until each expects 10.
pub fn chi_square(counts: &[u64], shares: &[f64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let (mut statistic, mut cells) = (0.0, 0.0);
    let (mut found, mut expected, mut left) = (0.0, 0.0, total);
    for (index, (count, share)) in counts.iter().zip(shares).enumerate() {
        found += *count as f64;
        expected += share * total;
        left -= share * total;
        if (expected >= 10.0 && left >= 10.0) || index + 1 == counts.len() {
            statistic += (found - expected) * (found - expected) / expected;
            cells += 1.0;
            (found, expected) = (0.0, 0.0);
        }
    }
    let ninth = 2.0 / (9.0 * (cells - 1.0));
    ((statistic / (cells - 1.0)).cbrt() - (1.0 - ninth)) / ninth.sqrt()
}

fn countries() -> Reference {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let schema = Schema::new(vec![
        text("code"),
        text("name"),
        Field::new("weight", DataType::Float64, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["DE", "IT", "JP"])),
        Arc::new(StringArray::from(vec!["Germany", "Italy", "Japan"])),
        Arc::new(Float64Array::from(vec![83.0, 59.0, 124.0])),
    ];
    Reference {
        name: "countries".into(),
        path: "countries.json".into(),
        rows: RecordBatch::try_new(Arc::new(schema), columns).unwrap(),
    }
}
