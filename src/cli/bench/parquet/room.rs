//! Room on the disk for one cell at a time.

use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::units::show_bytes;

/// Refuses to write what finds no room: no cell takes much more than plain values do.
pub(super) fn check(folder: &Path, bytes: u64, force: bool) -> Result<()> {
    // Where the system does not say how much is free, a full disk is met while writing.
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Ok(());
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // By the plain values, which is too careful for any cell that compresses; how large that one is
    // shows only when it is written.
    if bytes <= free || force {
        return Ok(());
    }
    let what = format!(
        "a cell can take {}, and {} are free on the disk of `{}`",
        show_bytes(bytes),
        show_bytes(free),
        folder.parent().unwrap_or(folder).display()
    );
    let hint = "write elsewhere with `--out`, measure fewer rows with `--rows` or `--memory`, or go on with `--force`";
    Err(Error::user(Problem::new(what).hint(hint)))
}
