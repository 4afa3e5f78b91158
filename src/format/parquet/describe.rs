//! What a Parquet file of some shape will look like, for `rowgen plan`.

use super::{OPEN_BYTES, Parquet, choose};
use crate::format::Shape;
use crate::units::{show_bytes, show_count};

/// The file's own settings in one line, then one line for each column.
pub(super) fn describe(options: &Parquet, shape: &Shape) -> Vec<String> {
    let Ok(files) = choose::files(options, shape) else {
        return Vec::new();
    };
    let mut lines = vec![row_groups(options, shape.open_files)];
    lines.extend(files.leaves.iter().map(choose::LeafSettings::describe));
    lines
}

/// Where row groups end; and why, where that is not as asked.
fn row_groups(options: &Parquet, open_files: usize) -> String {
    let (rows, asked) = (options.row_group_rows(), options.row_group_bytes());
    let bytes = options.open_bytes(open_files);
    let mut line = format!(
        "row groups of {} rows or {}",
        show_count(rows),
        show_bytes(bytes)
    );
    if bytes < asked {
        line += &format!(
            ", not {}: {open_files} are open at once and share {}",
            show_bytes(asked),
            show_bytes(OPEN_BYTES)
        );
    }
    line
}
