//! How servers are reached: one file or folder a protocol, shared by its sink and its source.

pub mod address;
#[cfg(feature = "sessions")]
pub mod backoff;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod certificates;
pub mod database;
pub mod kafka;
pub mod mongodb;
pub mod mysql;
pub mod object;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod offsets;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod patience;
pub mod postgres;
pub mod rabbitmq;
#[cfg(any(feature = "mongodb", feature = "rabbitmq"))]
pub mod refused;
pub mod registry;
#[cfg(feature = "sessions")]
pub mod runtime;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod server;
pub mod table_name;
pub mod zeromq;

use crate::error::Problem;

/// What this build of rowgen lacks, and the feature that brings it.
pub fn missing(what: &str, feature: &str) -> Problem {
    Problem::new(format!("this rowgen was built without {what}"))
        .hint(format!("build it with `--features {feature}`"))
}
