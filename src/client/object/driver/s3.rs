//! Amazon S3, and servers that speak as it does.

use std::sync::Arc;

use object_store::aws::AmazonS3Builder;

use super::{Store, StoreOptions};

/// A bucket, with what `AWS_…` variables of the environment say: keys, region, endpoint.
pub(super) fn open(bucket: &str, options: StoreOptions) -> object_store::Result<Arc<dyn Store>> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    // Who names an endpoint without TLS wants none.
    let endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"];
    let plain = endpoints
        .iter()
        .any(|name| variable(name).starts_with("http:"));
    let client = options.client.with_allow_http(plain);
    let store = AmazonS3Builder::from_env()
        .with_client_options(client)
        .with_retry(options.retries)
        .with_bucket_name(bucket)
        .build()?;
    Ok(Arc::new(store))
}
