//! Objects that are sent in parts.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::Error as StoreError;
use object_store::multipart::PartId;

use super::{AT_ONCE, Bucket, UploadedPart, failure, path};
use crate::error::Result;

impl Bucket {
    /// Begins an upload in parts: its id.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn begin(&self, key: &str) -> Result<String> {
        let begun = self.wait(async { self.store.create_multipart(&path(key)?).await })?;
        begun.map_err(|error| self.failed("writing", key, &error))
    }

    /// Sends a part of an upload.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub async fn send(
        &self,
        key: &str,
        id: &str,
        index: usize,
        bytes: Bytes,
    ) -> Result<UploadedPart> {
        let sent = async {
            let (path, id) = (path(key)?, id.to_string());
            let sent = self.store.put_part(&path, &id, index, bytes.into());
            sent.await
        };
        match sent.await {
            Ok(part) => Ok(UploadedPart(part.content_id)),
            Err(StoreError::NotFound { .. }) => Err(failure::taken(&self.url, key)),
            Err(error) => Err(self.failed("writing", key, &error)),
        }
    }

    /// Makes objects of uploads whose parts are all there, several at once. Those whose uploads are not
    /// there any more: they are objects already, or were ended.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn complete(&self, uploads: &[(&str, &str, &[UploadedPart])]) -> Result<Vec<bool>> {
        let each = uploads.iter().map(|(key, id, parts)| async move {
            let parts = parts.iter().map(|part| PartId {
                content_id: part.0.clone(),
            });
            let (path, id) = (path(key), id.to_string());
            let done = async {
                self.store
                    .complete_multipart(&path?, &id, parts.collect())
                    .await
            };
            match done.await {
                Ok(_) => Ok(true),
                // Some servers say so of an upload that they do not know.
                Err(StoreError::NotFound { .. } | StoreError::PermissionDenied { .. }) => Ok(false),
                Err(error) => Err(self.failed("writing", key, &error)),
            }
        });
        self.wait(stream::iter(each).buffered(AT_ONCE).try_collect())?
    }

    /// Ends uploads, those that are not there any more, too.
    ///
    /// # Errors
    /// The store refuses or is not there.
    pub fn abort(&self, uploads: &[(String, String)]) -> Result<()> {
        let each = uploads.iter().map(|(key, id)| async move {
            let aborted = async { self.store.abort_multipart(&path(key)?, id).await };
            match aborted.await {
                Ok(()) | Err(StoreError::NotFound { .. } | StoreError::PermissionDenied { .. }) => {
                    Ok(())
                }
                Err(error) => Err(self.failed("ending the upload of", key, &error)),
            }
        });
        self.wait(stream::iter(each).buffered(AT_ONCE).try_collect())?
    }
}
