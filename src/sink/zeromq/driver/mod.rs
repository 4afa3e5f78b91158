//! Sending: a worker spells messages, a thread sends each when it is due, another one times the replies.

mod encoder;
mod names;
mod open;
mod replies;
mod results;
mod window;
mod writer;

pub use open::connect;
