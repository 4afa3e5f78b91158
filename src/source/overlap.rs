//! Whether a place that is written is one that is read, whatever either is spelled like: a file by its
//! device and inode, a folder with all below it, a pattern with all that it would match.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use glob::Pattern;

use super::set::MATCH;
use crate::outlet::{led_to, resolved};

/// Why nothing can be written at `place`, a file or a `folder` of parts, while `read` is read, which is a
/// file, a folder or a pattern.
pub fn in_the_way(read: &Path, place: &Path, folder: bool) -> Option<String> {
    let shown = read.display();
    if read.exists() {
        return match above(place, read) {
            _ if above(read, place) => Some(format!("`{shown}` would be written over")),
            true => Some(format!("it is in `{shown}`, all of which is read")),
            false => None,
        };
    }
    let pattern = read.to_str()?;
    let found = glob::glob_with(pattern, MATCH).ok()?;
    if let Some(file) = found.flatten().find(|file| above(file, place)) {
        return Some(format!("`{}` would be written over", file.display()));
    }
    would_match(read, place, folder)
        .then(|| format!("the next run would read it as one of `{shown}`"))
}

/// True if what is written at one path would be written at the other, or in it if that is a folder.
pub fn is_within(path: &Path, of: &Path, folder: bool) -> bool {
    let (inner, outer) = (resolved(&led_to(path)), resolved(&led_to(of)));
    inner == outer || folder && inner.starts_with(&outer) || path.exists() && above(of, path)
}

/// The same file or folder as `place`, or one below it.
fn above(path: &Path, place: &Path) -> bool {
    let identity = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
    let Some(wanted) = identity(place) else {
        return false;
    };
    resolved(path)
        .ancestors()
        .any(|above| identity(above) == Some(wanted))
}

/// True if what is written at `place`, a file or a folder of parts, would be among the files of a pattern.
fn would_match(pattern: &Path, place: &Path, folder: bool) -> bool {
    let is_fixed = |name: &&Path| !name.to_string_lossy().contains(['*', '?', '[']);
    let Some(fixed) = pattern.ancestors().find(is_fixed) else {
        return false;
    };
    let Ok(open) = pattern.strip_prefix(fixed) else {
        return false;
    };
    let fixed = if fixed.as_os_str().is_empty() {
        Path::new(".")
    } else {
        fixed
    };
    let base = Pattern::escape(&resolved(fixed).to_string_lossy());
    let Ok(pattern) = Pattern::new(&Path::new(&base).join(open).to_string_lossy()) else {
        return false;
    };
    let last = open.file_name().unwrap_or_default().to_string_lossy();
    let end = last.rsplit(['*', '?', ']']).next().unwrap_or_default();
    let place = resolved(place);
    let written = match folder {
        // A pattern is asked with the name that a first part would have.
        true => place.join(format!("part-00000{end}")),
        false => place,
    };
    pattern.matches_path_with(&written, MATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("in/day=1")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        std::fs::write(at("in/day=1/a.csv"), "x").unwrap();
        std::fs::hard_link(at("in/day=1/a.csv"), at("other/hard.csv")).unwrap();
        std::os::unix::fs::symlink(at("in"), at("link")).unwrap();
        let way = |read: &str, place: &str| {
            let folder = !place.contains('.');
            in_the_way(&at(read), &at(place), folder).is_some()
        };
        for (read, place) in [
            ("in/day=1/a.csv", "in/day=1/a.csv"),
            ("in/day=1/a.csv", "other/hard.csv"),
            ("in/day=1/a.csv", "in"),
            ("in/day=1/a.csv", "link"),
            ("in", "in"),
            ("in", "in/new.csv"),
            ("in", "link/day=2/new/x.csv"),
            ("link/day=1", "in/day=1/b.csv"),
            ("in/*/*.csv", "in/day=1/a.csv"),
            ("in/*/*.csv", "in/day=1"),
            ("in/*/*.csv", "in/day=2"),
            ("in/*/*.csv", "link/day=1/new.csv"),
            ("in/**/*.csv", "in/x.csv"),
            ("no/*.csv", "no/x.csv"),
        ] {
            assert!(way(read, place), "{read} {place}");
        }
        for (read, place) in [
            ("in/day=1/a.csv", "in/day=1/b.csv"),
            ("in/day=1/a.csv", "other"),
            ("in", "other/x.csv"),
            ("in", "in2"),
            ("in/*/*.csv", "in/day=1/a.parquet"),
            ("in/*.csv", "in/day=1/x.csv"),
            ("in/*.csv", "other/x.csv"),
            ("missing.csv", "other/x.csv"),
            ("**/part-*.csv", "other/x.jsonl"),
        ] {
            assert!(!way(read, place), "{read} {place}");
        }
    }
}
