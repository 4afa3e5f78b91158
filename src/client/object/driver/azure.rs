//! Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::MicrosoftAzureBuilder;

use super::{Store, StoreOptions};

/// A container, with what `AZURE_…` variables of the environment say: an account, its key.
pub(super) fn open(container: &str, options: StoreOptions) -> object_store::Result<Arc<dyn Store>> {
    let endpoint = std::env::var("AZURE_STORAGE_ENDPOINT").unwrap_or_default();
    let client = options
        .client
        .with_allow_http(endpoint.starts_with("http:"));
    let store = MicrosoftAzureBuilder::from_env()
        .with_client_options(client)
        .with_retry(options.retries)
        .with_container_name(container)
        .build()?;
    Ok(Arc::new(store))
}
