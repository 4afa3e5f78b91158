//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::{Store, StoreOptions};

/// A bucket, with what `GOOGLE_…` variables of the environment say: a service account, its key.
pub(super) fn open(bucket: &str, options: StoreOptions) -> object_store::Result<Arc<dyn Store>> {
    let store = GoogleCloudStorageBuilder::from_env()
        .with_client_options(options.client)
        .with_retry(options.retries)
        .with_bucket_name(bucket)
        .build()?;
    Ok(Arc::new(store))
}
