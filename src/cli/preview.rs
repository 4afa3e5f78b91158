//! `rowgen preview`: rows as a table, without sinks.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::util::pretty::pretty_format_batches;

use super::arguments::PreviewOptions;
use super::check::{overrides, read};
use super::print;
use crate::column::rows::Rows;
use crate::error::{Error, Result};
use crate::{load, plan};

pub(super) fn run(options: &PreviewOptions) -> Result<u8> {
    let pipeline = read(&options.file)?;
    let references = load::references(&pipeline)?;
    let table = plan::preview(
        &pipeline,
        references,
        &overrides(&options.file)?,
        options.table.as_deref(),
        options.hidden,
    )?;
    let left = table
        .rows
        .map_or(u64::MAX, |rows| rows.saturating_sub(options.row));
    let count = usize::try_from(left)
        .unwrap_or(usize::MAX)
        .min(options.count);
    let program = table
        .program
        .get()
        .ok_or_else(|| Error::run("the table is not built"))?;
    let rows = Rows::Range {
        first: options.row,
        count,
    };
    let columns = program.evaluate(&program.select(table.nodes.clone()), rows, &[])?;
    let fields: Vec<_> = table
        .nodes
        .iter()
        .map(|node| program.node(*node).field.clone())
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    print(&format!("{}\n", pretty_format_batches(&[batch])?))
}
