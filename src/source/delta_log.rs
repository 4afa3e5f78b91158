//! Tables of Delta Lake are not read as files: some of theirs were replaced, or never committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::half::dataset;
use super::set::SetMember;
use crate::dataset::{DELTA_LOG, has_delta_log};
use crate::error::Problem;

/// What is wrong with the first file that belongs to a table of Delta Lake.
pub fn problem(files: &[SetMember]) -> Option<Problem> {
    let mut folders = folders(files).into_iter();
    let table = folders.find(|folder| has_delta_log(folder))?;
    Some(refused(&table))
}

/// The folders of which files are a part.
pub(super) fn folders(files: &[SetMember]) -> BTreeSet<PathBuf> {
    let folders = files.iter().map(|file| dataset(&file.path).to_path_buf());
    folders.collect()
}

/// Only its log says which files are its rows.
pub(super) fn refused(table: &Path) -> Problem {
    let shown = match table.as_os_str().is_empty() {
        true => Path::new(".").display(),
        false => table.display(),
    };
    let cause = format!(
        "`{DELTA_LOG}` says which of its files hold its rows; others were replaced or never committed"
    );
    let hint = format!(
        "write its rows as a file first: `python3 -c \"import deltalake, pyarrow.parquet as p; p.write_table(deltalake.DeltaTable('{shown}').to_pyarrow_table(), 'rows.parquet')\"`"
    );
    Problem::new(format!("`{shown}` is a table of Delta Lake"))
        .cause(cause)
        .hint(hint)
}
