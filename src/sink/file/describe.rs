//! What a file sink will write, for `rowgen plan`: where, how, and about how many bytes.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{File, IfExists, parts};
use crate::batch::Batch;
use crate::error::Result;
use crate::format::{FileChunk, FormatKind, Shape};
use crate::sync::lock;
use crate::units::{show_bytes, show_count};

/// Counts bytes and throws them away.
struct CountingWriter(Arc<AtomicU64>);

impl Write for CountingWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lines that describe the sink's output.
pub(super) fn describe(file: &File, shape: &Shape) -> Vec<String> {
    let Ok(format) = file.format() else {
        return Vec::new();
    };
    let exists = match file
        .if_exists
        .as_ref()
        .map_or(IfExists::Error, |asked| asked.value)
    {
        IfExists::Error => "error",
        IfExists::Replace => "replace",
        IfExists::ReplacePartitions => "replace_partitions",
        IfExists::Skip => "skip",
        IfExists::Append => "append",
    };
    let safe = match file.path.is_object() {
        true => "uploaded in parts, published once all of it is there".to_string(),
        false => format!("fsync: {}", file.fsync()),
    };
    let mut lines = vec![format!(
        "{} as {}, if it exists: {exists}, {safe}",
        file.path.as_str(),
        format.kind(),
    )];
    lines.extend(files(file, shape));
    if file.path.is_object() {
        lines.push(parts::describe(file, shape));
    }
    if let Some(bytes) = bytes_a_row(&format, shape) {
        let all = of_all(bytes, shape).map_or(String::new(), |bytes| {
            format!(", about {} in all", show_bytes(bytes))
        });
        lines.push(format!("{bytes:.1} bytes a row{all}"));
    }
    lines.extend(format.describe(shape));
    lines
}

/// How many files `files` makes, when it asks for more than there are rows.
fn files(file: &File, shape: &Shape) -> Option<String> {
    let asked = file.files.as_ref()?.0;
    let made = shape.file_starts.len() as u64 + 1;
    let shown = match made {
        1 => "1 file".to_string(),
        made => format!("{} files", show_count(made)),
    };
    if made >= asked {
        return Some(shown);
    }
    let asked = show_count(asked);
    Some(format!("{shown}, not {asked}: none is empty"))
}

/// The bytes that all rows take once they are encoded, by the trial batch.
pub(super) fn about_bytes(format: &FormatKind, shape: &Shape) -> Option<u64> {
    of_all(bytes_a_row(format, shape)?, shape)
}

fn of_all(bytes_a_row: f64, shape: &Shape) -> Option<u64> {
    shape.rows.map(|rows| (bytes_a_row * rows as f64) as u64)
}

/// The bytes that a row of the trial batch takes once it is encoded.
pub(super) fn bytes_a_row(format: &FormatKind, shape: &Shape) -> Option<f64> {
    let trial = shape.trial.as_ref().filter(|trial| trial.num_rows() > 0)?;
    let bytes = encoded(format, shape).ok()?;
    Some(bytes as f64 / trial.num_rows() as f64)
}

fn encoded(format: &FormatKind, shape: &Shape) -> Result<u64> {
    let count = Arc::new(AtomicU64::new(0));
    let encoder = format.open(shape)?;
    let mut file = encoder.begin(Box::new(CountingWriter(count.clone())))?;
    let chunks: Mutex<Vec<FileChunk>> = Mutex::default();
    let put = |_, chunk| lock(&chunks).push(chunk);
    if let Some(batch) = &shape.trial {
        encoder.encode(&Batch::new(0, 0, batch.clone()), &put)?;
    }
    encoder.end(1, &put)?;
    for chunk in std::mem::take(&mut *lock(&chunks)) {
        file.write(chunk)?;
    }
    file.finish()?;
    Ok(count.load(Ordering::Relaxed))
}
