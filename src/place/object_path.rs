//! Paths of rows: those of this machine, and the URLs of objects in a store.

use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer};

use super::path::{path_of, placeholder, time_format};
use super::{FilePath, Node, Placed, carry};
use crate::error::Problem;

/// Schemes of URLs of objects: where rows are read and written, those are paths, too. What opens a store
/// of each stands in `client/object`.
pub const OBJECT_SCHEMES: &[&str] = &["az", "gs", "s3"];

impl FilePath {
    /// The path of rows, in a pipeline: also that of objects, which is a URL.
    ///
    /// # Errors
    /// As `said`, or nobody can tell which object it is.
    pub fn of_rows(text: &str) -> Result<Self, Problem> {
        if !is_object(Path::new(text)) {
            return Self::said(text);
        }
        let unfilled = placeholder(text).or_else(|| time_format(text));
        if let Some(problem) = unfilled.or_else(|| no_object(text)) {
            return Err(problem);
        }
        Ok(Self(text.to_string()))
    }

    /// True for the URL of objects.
    pub fn is_object(&self) -> bool {
        is_object(Path::new(&self.0))
    }

    /// Where it leads, if relative ones start at `folder`.
    pub fn from(&self, folder: &Path) -> PathBuf {
        match self.is_object() {
            // Not joined: a URL is no name below a folder.
            true => PathBuf::from(&self.0),
            false => folder.join(&self.0),
        }
    }
}

/// True for the URL of objects: whoever joins names to one gets another one.
pub fn is_object(path: &Path) -> bool {
    let text = path.to_str().and_then(|text| text.split_once("://"));
    text.is_some_and(|(scheme, _)| OBJECT_SCHEMES.contains(&scheme))
}

/// A URL that names no bucket, or nothing in it, or has empty names.
fn no_object(text: &str) -> Option<Problem> {
    let (scheme, rest) = text.split_once("://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let what = match key.trim_end_matches('/') {
        _ if bucket.is_empty() => format!("`{text}` names no bucket"),
        "" => format!("`{text}` is a whole bucket"),
        // Stores take such names as they are, while paths step up or drop them: which object is
        // meant could not be told.
        key if key.split('/').any(|name| matches!(name, "" | "." | "..")) => {
            format!("`{text}` has a name that no object may have: an empty one, `.` or `..`")
        }
        _ => return None,
    };
    let bucket = if bucket.is_empty() { "bucket" } else { bucket };
    let hint = format!("name objects in it, such as `{scheme}://{bucket}/orders/`");
    Some(Problem::new(what).hint(hint))
}

/// The path of rows: one of this machine, or the URL of objects.
///
/// # Errors
/// It is neither.
pub fn of_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Placed<FilePath>, D::Error> {
    let Placed { value, place } = Placed::<RowsPath>::deserialize(deserializer)?;
    let value = value.0;
    Ok(Placed { value, place })
}

/// As `FilePath`, or the URL of objects.
struct RowsPath(FilePath);

impl<'de> Deserialize<'de> for RowsPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        path_of(&node, FilePath::of_rows).map(Self).map_err(carry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match FilePath::of_rows(text) {
            Ok(path) => format!("{} {}", path.is_object(), path.names_folder()),
            Err(problem) => format!("{}: {}", problem.message, problem.hint.unwrap_or_default()),
        }
    }

    #[test]
    fn objects_are_named_by_urls() {
        assert_eq!(said("s3://bucket/orders"), "true true");
        assert_eq!(said("gs://bucket/orders/"), "true true");
        assert_eq!(said("az://container/a/orders.parquet"), "true false");
        assert_eq!(said("s3/orders.csv"), "false false");
        assert_eq!(
            said("s3://bucket"),
            "`s3://bucket` is a whole bucket: name objects in it, such as `s3://bucket/orders/`"
        );
        assert_eq!(
            said("s3:///orders"),
            "`s3:///orders` names no bucket: name objects in it, such as `s3://bucket/orders/`"
        );
        assert_eq!(
            said("s3://b/x//y"),
            "`s3://b/x//y` has a name that no object may have: an empty one, `.` or `..`: name objects in it, such as `s3://b/orders/`"
        );
        assert!(said("s3://b/{day}").starts_with("unknown placeholder `{day}` in a path"));
        assert_eq!(
            said("s3a://b/x"),
            "`s3a://b/x` is not on this machine, nor in a store that is read or written: objects are named `s3://BUCKET/KEY`"
        );
    }

    #[test]
    fn a_url_starts_in_no_folder() {
        let from = |text: &str| FilePath(text.into()).from(Path::new("out"));
        assert_eq!(from("s3://b/x"), Path::new("s3://b/x"));
        assert_eq!(from("x"), Path::new("out/x"));
    }
}
