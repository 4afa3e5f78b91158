//! `rowgen preview`: rows as a table, without sinks.

use super::arguments::PreviewOptions;
use super::check::{overrides, read};
use super::{grid, print};
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
    print(&grid::show(&batch, options.row, width()))
}

/// How many characters a line of the terminal has: nothing where stdout is none, unless `COLUMNS` says it.
pub(super) fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|columns| columns.parse().ok());
    let terminal = console::Term::stdout();
    let asked = terminal.is_term().then(|| terminal.size_checked());
    let asked = asked.flatten().map(|(_, columns)| usize::from(columns));
    said.or(asked).filter(|width| *width > 0)
}
