//! For tests: a small pipeline to build columns in, and the tests that distributions must pass.
//!
//! Reference `countries {code, name, weight}`; table `customers {customer_id, created_at, name}`
//! of 100 rows; table `orders {order_id, country, customer_id, ordered_at, quantity, price}` of
//! 1000 rows, where `country` is a hidden pick. A registry's example may name all of these; it is
//! built as the column `example` of `orders`, or of the table that `tests.rs` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Schema};

use super::arrays::plain;
use super::hash::Key;
use super::rows::Rows;
use super::{Builder, Column, Program, ProgramCell, Reference, Selection, TableOptions};
use crate::domain::Domain;
use crate::error::Problem;
use crate::place::{Node, Source, Value, decode, parse};

const TABLES: &str = r#"
customers:
  rows: 100
  columns:
    customer_id: sequence
    created_at: { type: "timestamp(us, UTC)", uniform: { min: 2020-01-01, max: 2024-12-31 } }
    name: { choice: [Ada, Grace, Edsger] }
orders:
  rows: 1000
  columns:
    order_id: sequence
    country: { reference: { from: countries }, hidden: true }
    customer_id: { uniform: { min: 1, max: 100 } }
    ordered_at: { type: "timestamp(us, UTC)", uniform: { min: 2025-01-01, max: 2025-12-31 } }
    quantity: { uniform: { min: 1, max: 7 } }
    price: { type: "decimal(10,2)", uniform: { min: 0.50, max: 99.99 } }
"#;

/// A column that was built in the small pipeline.
pub struct Built {
    program: Arc<ProgramCell>,
    selection: Selection,
    /// Its type.
    pub data_type: DataType,
    /// What is known of it.
    pub domain: Domain,
}

/// A node of YAML, from a file named `p.yaml`.
pub fn node(text: &str) -> Node {
    let source = Arc::new(Source {
        name: "p.yaml".into(),
        text: text.into(),
    });
    parse(&source).unwrap()
}

/// The column written as `text` (`normal: { … }`, or with `type:` before it) in table `orders`.
pub fn build(text: &str) -> Result<Built, Problem> {
    build_in("orders", text)
}

/// The column written as `text` in a table of the fixture.
pub fn build_in(table: &str, text: &str) -> Result<Built, Problem> {
    let node = node(text);
    let column = Arc::new(decode::<Column>(&node)?);
    let mut tables = tables();
    let host = tables.iter_mut().find(|known| known.name == table).unwrap();
    let name = decode(&self::node("example"))?;
    host.columns.push((name, column));
    let references = BTreeMap::from([("countries".to_string(), Arc::new(countries()))]);
    let mut builder = Builder::new(tables, references, 1_750_000_000_000_000);
    let index = builder.column(table, "example", &node.place)?;
    let program = builder.finish()[table].clone();
    let built: &Program = program.get().unwrap();
    Ok(Built {
        selection: built.select(vec![index]),
        data_type: built.node(index).field.data_type().clone(),
        domain: built.node(index).domain.clone(),
        program,
    })
}

/// The whole text of what is wrong with a column.
pub fn problem(text: &str) -> String {
    match build(text) {
        Ok(_) => "nothing is wrong".into(),
        Err(problem) => problem.to_string(),
    }
}

impl Built {
    /// The values at `rows`.
    pub fn at(&self, rows: Rows<'_>) -> ArrayRef {
        let program = self.program.get().unwrap();
        let mut values = program.evaluate(&self.selection, rows, &[]).unwrap();
        values.remove(0)
    }

    /// The first `count` values, dictionaries unpacked.
    pub fn values(&self, count: usize) -> ArrayRef {
        plain(&self.at(Rows::Range { first: 0, count })).unwrap()
    }

    /// The first `count` values as floats.
    pub fn floats(&self, count: usize) -> Vec<f64> {
        let mut values = self.values(count);
        if values.data_type().is_temporal() && values.data_type() != &DataType::Date32 {
            values = cast(&values, &DataType::Int64).unwrap();
        }
        if values.data_type() == &DataType::Date32 {
            values = cast(&values, &DataType::Int32).unwrap();
        }
        let floats = cast(&values, &DataType::Float64).unwrap();
        floats.as_primitive::<Float64Type>().values().to_vec()
    }
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

fn tables() -> Vec<TableOptions> {
    let Value::Map(tables) = node(TABLES).value else {
        unreachable!("the tables are a map");
    };
    let table = |(name, options): (crate::place::Key, Node)| {
        let Value::Map(parts) = options.value else {
            unreachable!("a table is a map");
        };
        let Value::Map(columns) = &parts[1].1.value else {
            unreachable!("columns are a map");
        };
        let column = |(name, column): &(crate::place::Key, Node)| {
            let name = decode(&node(&name.name)).unwrap();
            (name, Arc::new(decode(column).unwrap()))
        };
        TableOptions {
            key: Key::new("fixture").child(&name.name),
            place: name.place,
            name: name.name,
            rows: Some(decode(&parts[0].1).unwrap()),
            columns: columns.iter().map(column).collect(),
        }
    };
    tables.into_iter().map(table).collect()
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
