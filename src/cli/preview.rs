//! `rowgen preview`: rows as a table, without sinks.

use arrow::util::pretty::pretty_format_batches;

use super::arguments::PreviewOptions;
use super::check::{overrides, read};
use super::print;
use crate::error::Result;
use crate::{load, plan};

pub(super) fn run(options: &PreviewOptions) -> Result<u8> {
    let pipeline = read(&options.file)?;
    let loaded = load::load(&pipeline, |_| true)?;
    let table = plan::preview(
        &pipeline,
        loaded,
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
    let batch = table.batch(options.row, count)?;
    print(&format!("{}\n", pretty_format_batches(&[batch])?))
}
