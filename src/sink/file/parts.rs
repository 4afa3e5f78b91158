//! How large the parts are in which objects are sent, and the memory that they take.

use super::File;
use super::describe::bytes_a_row;
use crate::format::Shape;
use crate::units::{show_bytes, show_count};

/// Parts of a sink that are on their way at once: what a slow store may hold back in memory, beside the part
/// that each open file gathers.
pub(super) const IN_FLIGHT: usize = 4;

/// The least bytes of a part that every store takes.
// S3's limit, for all parts but the last one.
const LEAST_PART: u64 = 5 << 20;

/// Bytes of a part where few files are open at once: the fewer requests, the faster.
// A choice between requests and memory; no store was measured.
const BEST_PART: u64 = 8 << 20;

/// So many files may be open at once with parts of the best size.
const FEW_FILES: usize = 4;

/// A store takes no more than 10 000 parts of an object: an estimate may be half of what comes.
const PLANNED_PARTS: u64 = 5_000;

/// How large the parts of each file are, by what the plan knows of the rows.
pub(super) fn part_bytes(file: &File, shape: &Shape) -> u64 {
    let format = file.format().ok();
    let a_row = format.and_then(|format| bytes_a_row(&format, shape));
    let files = shape.file_starts.len() as u64 + 1;
    let all = a_row.zip(shape.rows);
    let all = all.map(|(bytes, rows)| (bytes * rows as f64) as u64 / files);
    let wanted = file.target_file_size.as_ref().map(|size| size.value.0);
    let expected = match (all, wanted) {
        (Some(all), Some(wanted)) => all.min(wanted),
        (all, wanted) => all.or(wanted).unwrap_or_default(),
    };
    let least = if shape.open_files > FEW_FILES {
        LEAST_PART
    } else {
        BEST_PART
    };
    let mib = 1 << 20;
    least.max(expected.div_ceil(PLANNED_PARTS).div_ceil(mib) * mib)
}

/// The same for whoever plans.
pub(super) fn describe(file: &File, shape: &Shape) -> String {
    let bytes = part_bytes(file, shape);
    let open = shape.open_files as u64;
    let most = bytes * (IN_FLIGHT as u64 + open);
    let gathers = match open {
        1 => "the open file gathers one more".to_string(),
        open => format!("each of {} open files gathers one more", show_count(open)),
    };
    format!(
        "parts of {}: {IN_FLIGHT} are on their way at most, {gathers}; up to {} of memory",
        show_bytes(bytes),
        show_bytes(most),
    )
}
