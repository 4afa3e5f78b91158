//! Sending: a worker makes messages of rows, a thread hands them to a producer in order, and what the
//! brokers have is told to the lane.

mod bad_rows;
mod delivery;
mod encoder;
mod expected;
mod librdkafka;
mod measured;
mod messages;
mod native;
mod open;
mod partition;
mod retention;
mod rows;
mod times;
mod writer;

pub use expected::{ExpectedMessage, ExpectedTopic};
pub use open::connect;
