//! RabbitMQ: where the broker is, and how to be let in.

#[cfg(feature = "rabbitmq")]
mod driver;

#[cfg(feature = "rabbitmq")]
pub use driver::*;
