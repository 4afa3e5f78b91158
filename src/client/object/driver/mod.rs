//! A bucket as its sink and its sources use it: few verbs, each of which waits for its answer.

#[cfg(feature = "azure")]
mod azure;
mod failure;
#[cfg(feature = "gcs")]
mod gcs;
#[cfg(feature = "s3")]
mod s3;
mod uploads;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error as StoreError, GetOptions, GetRange, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
};

use super::{Object, ObjectUrl, Version};
use crate::client::runtime::block_on;
use crate::error::Result;
use crate::sync::lock;
pub use failure::{innermost, is_no_object};

/// What is asked of a store at once, where much is asked.
// A choice; nothing was measured.
const AT_ONCE: usize = 16;

/// Before the first row a store has answered by then.
pub const LOOK: Duration = Duration::from_secs(10);

/// As `LOOK`, or less where the run says so.
pub fn look_for(said: Option<Duration>) -> Duration {
    said.map_or(LOOK, |said| said.min(LOOK))
}

/// Whoever makes a connection waits no longer than this for it.
const CONNECT: Duration = Duration::from_secs(5);

/// What every store can do.
trait Store: ObjectStore + MultipartStore {}

impl<T: ObjectStore + MultipartStore> Store for T {}

/// How a store is reached.
struct StoreOptions {
    retries: RetryConfig,
    client: ClientOptions,
}

/// Opens a store, by the scheme of its URLs.
type Opens = fn(&str, StoreOptions) -> object_store::Result<Arc<dyn Store>>;

/// Every kind of store.
const STORES: &[(&str, Opens)] = &[
    #[cfg(feature = "azure")]
    ("az", azure::open),
    #[cfg(feature = "gcs")]
    ("gs", gcs::open),
    #[cfg(feature = "s3")]
    ("s3", s3::open),
];

/// The buckets that were opened, with the seconds that each is waited for: thousands of objects share a
/// few connections.
static OPENED: Mutex<Option<HashMap<(String, u64), Bucket>>> = Mutex::new(None);

/// A bucket. It is cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<dyn Store>,
    /// Names it.
    url: ObjectUrl,
}

/// A part of an upload that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UploadedPart(String);

fn found(meta: ObjectMeta) -> Object {
    Object {
        key: meta.location.to_string(),
        bytes: meta.size,
        version: Version {
            tag: meta.e_tag,
            seconds: meta.last_modified.timestamp(),
        },
    }
}

fn path(key: &str) -> object_store::Result<Path> {
    Ok(Path::parse(key)?)
}

impl Bucket {
    /// The bucket of a URL. A store that does not answer is asked again until `patience` is over.
    ///
    /// # Errors
    /// What the environment says of it cannot be.
    pub fn open(url: &ObjectUrl, patience: Duration) -> Result<Self> {
        url.driver()?;
        let url = ObjectUrl {
            key: String::new(),
            ..url.clone()
        };
        let name = (url.url(""), patience.as_secs());
        let mut opened = lock(&OPENED);
        let opened = opened.get_or_insert_default();
        if let Some(bucket) = opened.get(&name) {
            return Ok(bucket.clone());
        }
        let options = StoreOptions {
            retries: RetryConfig {
                backoff: BackoffConfig {
                    max_backoff: Duration::from_secs(2),
                    ..BackoffConfig::default()
                },
                // The time alone bounds them.
                max_retries: usize::MAX,
                retry_timeout: patience,
            },
            client: ClientOptions::new()
                .with_timeout(patience)
                .with_connect_timeout(CONNECT.min(patience)),
        };
        let known = STORES.iter().find(|(scheme, _)| *scheme == url.scheme);
        let open = known.map(|(_, open)| open(&url.bucket, options));
        let store = match open {
            Some(Ok(store)) => store,
            Some(Err(error)) => return Err(failure::told(failure::OPENING, &url, "", &error)),
            None => return Err(failure::unknown(&url)),
        };
        let bucket = Self { store, url };
        opened.insert(name, bucket.clone());
        Ok(bucket)
    }

    /// The store itself, for what asks it in its own way.
    #[cfg(feature = "delta")]
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Every object whose key begins with the names of `folder`; an empty one has all.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn list(&self, folder: &str) -> Result<Vec<Object>> {
        let found = self.wait(async {
            let prefix = path(folder)?;
            let listed = self.store.list(Some(&prefix));
            listed.map_ok(found).try_collect().await
        })?;
        let mut found: Vec<Object> =
            found.map_err(|error| self.failed("listing", folder, &error))?;
        found.sort_by(|one, other| one.key.cmp(&other.key));
        // What other tools make of an empty folder: an empty object of its name.
        let is_above = |object: &Object, key: &str| {
            let below = key.strip_prefix(&object.key);
            object.bytes == 0 && below.is_some_and(|below| below.starts_with('/'))
        };
        let keys: Vec<String> = found.iter().map(|object| object.key.clone()).collect();
        found.retain(|object| {
            let behind = keys.partition_point(|key| *key <= format!("{}/", object.key));
            !keys.get(behind).is_some_and(|key| is_above(object, key))
        });
        Ok(found)
    }

    /// True if there is an object whose key begins with the names of `folder`: no other is asked for.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn has(&self, folder: &str) -> Result<bool> {
        let first = self.wait(async {
            let prefix = path(folder)?;
            self.store.list(Some(&prefix)).next().await.transpose()
        })?;
        let first = first.map_err(|error| self.failed("listing", folder, &error))?;
        Ok(first.is_some())
    }

    /// The place of the first key of which there is an object; all are asked for at once.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn first_of(&self, keys: &[String]) -> Result<Option<usize>> {
        let each = keys
            .iter()
            .map(|key| async move { self.store.head(&path(key)?).await.map(found) });
        let all = self.wait(stream::iter(each).buffered(AT_ONCE).collect::<Vec<_>>())?;
        for (at, (key, one)) in keys.iter().zip(all).enumerate() {
            if self.unless_absent("looking at", key, one)?.is_some() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// What is known of an object; nothing if there is none.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn look(&self, key: &str) -> Result<Option<Object>> {
        let found = self.wait(async { self.store.head(&path(key)?).await.map(found) })?;
        self.unless_absent("looking at", key, found)
    }

    /// Bytes of an object that is still the one that was looked at.
    ///
    /// # Errors
    /// The store refuses or is not there, or the object was written since.
    pub fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            // An object that was written anew since it was looked at would give bytes of another
            // file.
            if_match: object.version.tag.clone(),
            ..GetOptions::default()
        };
        let read = self.wait(async {
            let found = self.store.get_opts(&path(&object.key)?, options).await?;
            found.bytes().await
        })?;
        read.map_err(|error| self.failed("reading", &object.key, &error))
    }

    /// A small object as text; nothing if there is none.
    ///
    /// # Errors
    /// The store refuses or is not there, or it is no text.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        let read = self.wait(async { self.store.get(&path(key)?).await?.bytes().await })?;
        let bytes = self.unless_absent("reading", key, read)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Writes a small object.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn put(&self, key: &str, text: &str) -> Result<()> {
        let written = self.write(key, text, PutMode::Overwrite)?;
        written.map_err(|error| self.failed("writing", key, &error))
    }

    /// Writes a small object if there is none of that key yet: false if there is.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn put_new(&self, key: &str, text: &str) -> Result<bool> {
        match self.write(key, text, PutMode::Create)? {
            Ok(()) => Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                // An answer that was lost: what is there may be what was written.
                Ok(self.text(key)?.as_deref() == Some(text))
            }
            Err(error) => Err(self.failed("writing", key, &error)),
        }
    }

    /// Writes a small object again, if it is the last one of its folder: false if it is not.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub async fn renew(&self, folder: &str, key: &str, text: &str) -> Result<bool> {
        let renewed = async {
            let listed = self.store.list(Some(&path(folder)?));
            let listed: Vec<ObjectMeta> = listed.try_collect().await?;
            let last = listed.iter().map(|meta| meta.location.as_ref()).max();
            let is_last = last == Some(key);
            if is_last {
                let bytes = Bytes::copy_from_slice(text.as_bytes());
                self.store.put(&path(key)?, bytes.into()).await?;
            }
            Ok(is_last)
        };
        let renewed = renewed.await;
        renewed.map_err(|error| self.failed("writing", key, &error))
    }

    fn write(&self, key: &str, text: &str, mode: PutMode) -> Result<object_store::Result<()>> {
        let options = PutOptions::from(mode);
        self.wait(async {
            let (path, bytes) = (path(key)?, Bytes::copy_from_slice(text.as_bytes()));
            let written = self.store.put_opts(&path, bytes.into(), options);
            written.await.map(drop)
        })
    }

    /// Removes objects, those that are not there, too.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn remove(&self, keys: &[String]) -> Result<()> {
        let removed = self.wait(async {
            let paths: Vec<_> = keys.iter().map(|key| path(key)).collect();
            let mut removed = self.store.delete_stream(stream::iter(paths).boxed());
            while let Some(one) = removed.next().await {
                match one {
                    Ok(_) | Err(StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })?;
        let first = keys.first().map_or("", |key| key.as_str());
        removed.map_err(|error| self.failed("removing", first, &error))
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        block_on(work)
    }

    fn unless_absent<T>(
        &self,
        doing: &str,
        key: &str,
        found: object_store::Result<T>,
    ) -> Result<Option<T>> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if failure::is_no_object(&error) => Ok(None),
            Err(error) => Err(self.failed(doing, key, &error)),
        }
    }

    /// Why doing something with an object has failed, and what helps.
    pub fn failed(&self, doing: &str, key: &str, error: &StoreError) -> crate::error::Error {
        failure::told(doing, &self.url, key, error)
    }
}
