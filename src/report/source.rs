//! What a run tells of a table that was read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::BadFile;

/// What happened to one table that was read.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// Its table.
    pub table: String,
    /// What was read.
    pub source: String,
    /// Rows that could not be read and were left out.
    pub rejected: u64,
    /// How many of them for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// The file that they are kept in.
    pub dead_letters: Option<PathBuf>,
    /// Files that could not be read and were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad_files: Vec<BadFile>,
    /// The file in which these are noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_file_letters: Option<PathBuf>,
    /// Rows that wait to be read, by partition, where whoever sends says so.
    pub lag: BTreeMap<i32, u64>,
    /// A warning for whoever runs it.
    pub warning: Option<String>,
}
