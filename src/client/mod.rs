//! How servers are reached: one file or folder a protocol, shared by its sink and its source.

pub mod database;
pub mod kafka;
pub mod mongodb;
pub mod mysql;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod patience;
pub mod postgres;
pub mod rabbitmq;
pub mod registry;
#[cfg(feature = "sessions")]
pub mod runtime;
pub mod zeromq;
