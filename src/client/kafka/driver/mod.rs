//! What speaks to brokers: librdkafka, and Kafka's own protocol where that is faster.

mod admin;
mod config;
pub mod consume;
mod leaving;
mod look;
pub mod patience;
pub mod produce_batch;
pub mod stretch;
pub mod wire;

pub use admin::{Admin, Topic};
pub use config::{Events, config, no_client};
pub use leaving::wait_for_clients;
pub use look::topic as look;
