//! rowgen makes rows in parallel and hands them to sinks in order.

pub mod column;
pub mod domain;
pub mod error;
pub mod format;
pub mod kernel;
pub mod place;
pub mod registry;
pub mod report;
pub mod sink;
pub mod units;
