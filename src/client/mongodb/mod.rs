//! MongoDB: where the server is, and how to be let in.

#[cfg(feature = "mongodb")]
mod driver;

#[cfg(feature = "mongodb")]
pub use driver::*;
