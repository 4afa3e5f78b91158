//! Counters during the run, the report after it.

mod counters;

pub use counters::Counters;
