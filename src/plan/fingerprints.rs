//! Digests of what decides the data: equal for plans that make equal rows.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::Overrides;
use super::make::duration;
use crate::spec::Pipeline;

/// Equal for pipelines that make equal rows of all their tables. `read` is a digest of what they read,
/// and `reads_now` is true where the moment of the run is in them.
pub fn fingerprint(
    pipeline: &Pipeline,
    overrides: &Overrides,
    read: &str,
    reads_now: bool,
) -> String {
    let lasting = Fingerprints::new(pipeline, overrides).of(read);
    match reads_now {
        true => digest(&[&lasting, &overrides.now_micros.to_string()]),
        false => lasting,
    }
}

/// Digests of what decides the data. The file is hashed once, not for each table.
pub(super) struct Fingerprints {
    file: Sha256,
    rows: String,
    duration: String,
}

impl Fingerprints {
    pub(super) fn new(pipeline: &Pipeline, overrides: &Overrides) -> Self {
        let shown = |range: &Range<u64>| format!("{} to {}", range.start, range.end);
        let rows = overrides.rows.map(|rows| rows.to_string());
        let mut rows = rows
            .or(overrides.range.as_ref().map(shown))
            .unwrap_or_default();
        for (table, count) in &overrides.table_rows {
            rows.push_str(&format!(" {table}: {count}"));
        }
        for (table, range) in &overrides.table_ranges {
            rows.push_str(&format!(" {table}: {}", shown(range)));
        }
        let duration = duration(pipeline, overrides).map(|time| time.as_nanos().to_string());
        let mut file = Sha256::new();
        add_parts(&mut file, &[&pipeline.canonical, &pipeline.seed]);
        Self {
            file,
            rows,
            duration: duration.unwrap_or_default(),
        }
    }

    /// The fingerprint of a plan whose tables are read from what `references` is a digest of.
    pub(super) fn of(&self, references: &str) -> String {
        self.lasting(references, &self.duration)
    }

    /// The same however long the run takes: a load goes on where a shorter run of it ended.
    pub(super) fn of_load(&self, references: &str) -> String {
        // While `--for` was a part of it, a load that was run again with another time added its
        // rows once more.
        self.lasting(references, "")
    }

    fn lasting(&self, references: &str, duration: &str) -> String {
        let mut hasher = self.file.clone();
        // Until the first release values may change between versions, and output of an older one is
        // not the same.
        let version = env!("CARGO_PKG_VERSION");
        add_parts(&mut hasher, &[references, &self.rows, duration, version]);
        crate::units::hexadecimal(&hasher.finalize()[..16])
    }
}

/// 128 bits in hexadecimal that are equal for equal parts.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    add_parts(&mut hasher, parts);
    crate::units::hexadecimal(&hasher.finalize()[..16])
}

fn add_parts(hasher: &mut Sha256, parts: &[&str]) {
    for part in parts {
        // Lengths between the parts: `ab` and `c` must not look like `a` and `bc`.
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}
