//! What a Parquet file of some shape will look like, for `rowgen plan`.

use super::{Parquet, choose};
use crate::format::Shape;
use crate::units::{show_bytes, show_count};

/// The file's own settings in one line, then one line for each column.
pub(super) fn describe(options: &Parquet, shape: &Shape) -> Vec<String> {
    let Ok(files) = choose::files(options, shape) else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "row groups of {} rows or {}",
        show_count(options.row_group_rows()),
        show_bytes(options.row_group_bytes())
    )];
    lines.extend(files.leaves.iter().map(choose::Leaf::describe));
    lines
}
