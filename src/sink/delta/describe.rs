//! What a Delta sink will write, for `rowgen plan`.

use super::{Delta, Mode, TypesMode, types};
use crate::format::Shape;
use crate::sink::Sink;

/// Lines that describe the sink's output.
pub(super) fn describe(delta: &Delta, shape: &Shape) -> Vec<String> {
    let what = match delta.mode() {
        Mode::Append => "rows are added to those that are there",
        Mode::Overwrite => "rows replace those that are there",
    };
    let mut lines = vec![format!(
        "{} as a table of Delta Lake: {what}, in one commit; the same run again adds nothing",
        delta.path.as_str()
    )];
    let names: Vec<&str> = shape
        .folders
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    if !names.is_empty() {
        lines.push(format!("partitioned by {}", names.join(", ")));
    }
    if delta.types() == TypesMode::Mapped {
        lines.extend(types::told(delta, shape));
    }
    // The first line says where, and what becomes of files that are there.
    let files = delta.files().describe(&types::written(delta, shape));
    lines.extend(files.into_iter().skip(1));
    lines
}
