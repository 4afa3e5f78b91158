//! `rowgen preview`: rows as a table, without sinks.

use super::arguments::PreviewOptions;
use super::check::{overrides, read};
use super::{grid, print, say};
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
    let batch = table.shown(options.row, count)?;
    let left_out = count.saturating_sub(batch.num_rows());
    if table.rows.is_some() && left_out > 0 && !table.is_filtered() {
        let rows = if left_out == 1 { "row is" } else { "rows are" };
        say(&format!(
            "{left_out} {rows} left out: `on_bad_row` says so of what cannot be read"
        ));
    }
    print(&grid::show(&batch, options.row, width()))
}

/// How many characters a line of the terminal has: nothing where stdout is none, unless `COLUMNS` says it.
pub(super) fn width() -> Option<usize> {
    // Shells set it without exporting it, so where it is exported somebody means it, in a pipe,
    // too.
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|columns| columns.parse().ok());
    let terminal = console::Term::stdout();
    let asked = terminal.is_term().then(|| terminal.size_checked());
    let asked = asked.flatten().map(|(_, columns)| usize::from(columns));
    said.or(asked).filter(|width| *width > 0)
}
