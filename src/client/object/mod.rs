//! Object stores: what holds objects under keys, in buckets that a URL names.

#[cfg(feature = "object")]
mod driver;

use std::path::Path;

use serde::{Deserialize, Serialize};

#[cfg(feature = "object")]
pub use driver::{Bucket, LOOK, UploadedPart, innermost, is_no_object, look_for};

use super::missing;
use crate::error::{Error, Result};
use crate::place::is_object;

/// A URL of objects: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectUrl {
    /// The scheme, which says what kind of store it is.
    pub scheme: String,
    /// The bucket, or the container.
    pub bucket: String,
    /// The key, or what keys begin with, without `/` at its end.
    pub key: String,
}

/// An object, as a store lists it.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Changes when it is written again.
    pub version: Version,
}

/// What tells an object from what had its key before, or has it later.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Of its bytes, where the store says it.
    pub tag: Option<String>,
    /// When it was written, in seconds since 1970: what is listed may know it better than what is read.
    pub seconds: i64,
}

impl Version {
    /// Nothing says that they are two.
    pub fn may_be(&self, other: &Self) -> bool {
        let tags = self.tag.as_ref().zip(other.tag.as_ref());
        self.seconds == other.seconds && tags.is_none_or(|(one, other)| one == other)
    }
}

impl ObjectUrl {
    /// What a path says, if it is one.
    pub fn of(path: &Path) -> Option<Self> {
        let text = path.to_str().filter(|_| is_object(path))?;
        let (scheme, rest) = text.split_once("://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self {
            scheme: scheme.into(),
            bucket: bucket.into(),
            key: key.trim_end_matches('/').into(),
        })
    }

    /// The URL of another object of its bucket.
    pub fn url(&self, key: &str) -> String {
        format!("{}://{}/{key}", self.scheme, self.bucket)
    }

    /// What this build has no driver for.
    ///
    /// # Errors
    /// It has none for this store: it names the feature.
    pub fn driver(&self) -> Result<()> {
        let (name, feature, there) = match self.scheme.as_str() {
            "s3" => ("Amazon S3", "s3", cfg!(feature = "s3")),
            "gs" => ("Google Cloud Storage", "gcs", cfg!(feature = "gcs")),
            _ => ("Azure Blob Storage", "azure", cfg!(feature = "azure")),
        };
        match there {
            true => Ok(()),
            false => Err(Error::user(missing(name, feature))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_store_a_bucket_and_a_key() {
        let url = ObjectUrl::of(Path::new("s3://bucket/a/b c/")).unwrap();
        assert_eq!((&*url.bucket, &*url.key), ("bucket", "a/b c"));
        assert_eq!(url.url("x"), "s3://bucket/x");
        assert_eq!(ObjectUrl::of(Path::new("s3/bucket")), None);
    }
}
